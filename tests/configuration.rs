//! Configuration: good examples load, broken ones give exactly the mistakes in their `expected.txt`.
//!
//! A new case is a new folder of data below `tests/configuration/`; `UPDATE_EXPECTED=1` writes its expectation.

use std::path::{Path, PathBuf};

use pontile::snapshot::{self, Kept};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn mistakes_in(folder: &Path) -> String {
    let kept = Kept::new().expect("keys for resumption");
    let Err(mistakes) = snapshot::build(&folder.join("pontile.toml"), &[], 1, &kept) else {
        return "no mistake".to_owned();
    };
    let prefix = format!("{}/", folder.display());
    let lines = mistakes
        .iter()
        .map(|mistake| mistake.to_string().replace(&prefix, "") + "\n");
    lines.collect()
}

fn folders_of_cases() -> Vec<PathBuf> {
    let entries = root()
        .join("tests/configuration")
        .read_dir()
        .expect("the cases are there");
    let mut folders: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    folders.sort();
    folders
}

#[test]
fn a_broken_configuration_gives_every_mistake_with_its_place() {
    let mut differing = Vec::new();
    for folder in folders_of_cases() {
        let found = mistakes_in(&folder);
        let expected = folder.join("expected.txt");
        if std::env::var_os("UPDATE_EXPECTED").is_some() {
            std::fs::write(&expected, &found).expect("the expectation is written");
        }
        if std::fs::read_to_string(&expected).unwrap_or_default() != found {
            differing.push(format!("{}:\n{found}", folder.display()));
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}
