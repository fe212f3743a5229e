//! `pontile openapi`: the published documents, written from the code.

use std::path::Path;

use crate::api::documents::documents;

use super::{Failure, say};

/// Writes each domain's document into the folder, which is made if there is none.
pub fn run(folder: &Path) -> Result<(), Failure> {
    let cannot = |path: &Path| {
        let what = path.display().to_string();
        move |error: std::io::Error| Failure::because(&what, error)
    };
    std::fs::create_dir_all(folder).map_err(cannot(folder))?;
    for document in documents() {
        let path = folder.join(format!("{}.yaml", document.domain.name()));
        std::fs::write(&path, &document.yaml).map_err(cannot(&path))?;
        say(path.display())?;
    }
    Ok(())
}
