//! The committed documents are what the code says; `make openapi` writes them anew.

use std::fs;
use std::path::Path;

use pontile::api::documents::documents;

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi")
}

#[test]
fn the_committed_documents_are_what_the_code_says() {
    for document in documents() {
        let path = folder().join(format!("{}.yaml", document.domain.name()));
        let committed = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == document.yaml,
            "{} is not what the code says: run `make openapi` and look at the difference",
            path.display()
        );
    }
}

#[test]
fn no_other_document_is_published() {
    let mut files: Vec<String> = fs::read_dir(folder())
        .expect("openapi/")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("UTF-8")
        })
        .collect();
    files.sort();
    assert_eq!(
        files,
        [
            "accessi.yaml",
            "anagrafe.yaml",
            "anpr.yaml",
            "catalogo.yaml",
            "evidenze.yaml",
            "tributi.yaml"
        ]
    );
}
