//! What the fuzz targets share: the project's adapters, loaded once, and the shapes that their answers have.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use pontile::connectors::adapter::Adapter;
use pontile::connectors::extract::shape::{Format, Shape};

/// Every adapter of the project, in the order of their names.
pub static ADAPTERS: LazyLock<Vec<Adapter>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../adapters");
    let mut folders: Vec<PathBuf> = std::fs::read_dir(&root)
        .expect("the adapters' folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|folder| folder.join("adapter.toml").is_file())
        .collect();
    folders.sort();
    folders
        .iter()
        .map(|folder| {
            Adapter::load(folder).unwrap_or_else(|mistakes| panic!("{}: {mistakes:?}", folder.display()))
        })
        .collect()
});

/// The shapes of all answers of that format, of every step of every adapter.
pub fn shapes(format: Format) -> Vec<&'static Shape> {
    ADAPTERS
        .iter()
        .flat_map(|adapter| {
            let login = adapter.token();
            let operations = adapter.operations().iter().flat_map(|operation| operation.steps());
            login.into_iter().chain(operations)
        })
        .map(|step| &step.mapping.shape)
        .filter(|shape| shape.format() == format)
        .collect()
}

/// One of them as the first byte chooses, and the rest of the bytes as text.
pub fn chosen<'a, T>(all: &'a [T], data: &'a [u8]) -> Option<(&'a T, &'a str)> {
    let (choice, rest) = data.split_first()?;
    let text = std::str::from_utf8(rest).ok()?;
    Some((&all[usize::from(*choice) % all.len()], text))
}
