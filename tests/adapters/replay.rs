//! Replays the examples of every adapter: what is sent for a question, and what becomes of the answer.

use std::path::{Path, PathBuf};

use pontile::connectors::adapter::{Adapter, Connector};
use pontile::connectors::examples::setting::Setting;
use pontile::connectors::examples::{Subject, adapter_folders, compare, examples_of, play};

/// The adapters of the project and those that new ones start from.
pub fn adapters() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("adapters");
    let mut folders = adapter_folders(&root).unwrap();
    folders.extend(adapter_folders(&root.join("_template")).unwrap());
    folders
}

fn load(folder: &Path) -> Adapter {
    Adapter::load(folder).unwrap_or_else(|mistakes| {
        let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        panic!("{}", lines.join("\n"))
    })
}

#[test]
fn every_adapter_of_the_project_is_without_mistakes() {
    let folders = adapters();
    assert!(folders.len() >= 4, "three adapters and the templates");
    for folder in folders {
        let adapter = load(&folder);
        assert_eq!(adapter.digest().len(), 64);
        assert!(
            folder.join("notes.md").is_file(),
            "{}: notes.md",
            folder.display()
        );
    }
}

#[test]
fn every_example_of_every_adapter_is_as_written() {
    let mut played = 0;
    let mut wrong = Vec::new();
    for folder in adapters() {
        let adapter = load(&folder);
        for example in examples_of(&folder).unwrap() {
            let setting = Setting::of_example(&folder, &adapter, &example).unwrap();
            let outcome = play::play(&adapter, &setting, &example)
                .and_then(|played| compare::differences(&example, &played));
            let place = example.folder.display();
            match outcome {
                Ok(differences) => {
                    wrong.extend(differences.iter().map(|one| format!("{place}: {one}")));
                }
                Err(mistake) => wrong.push(mistake.to_string()),
            }
            played += 1;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(played >= 20, "only {played} examples");
}

#[test]
fn every_operation_of_every_adapter_has_an_example_of_finding_and_of_not_finding() {
    for folder in adapters() {
        let adapter = load(&folder);
        // Nothing is sent to an officer.
        if matches!(adapter.connector(), Connector::Manual) {
            continue;
        }
        let examples = examples_of(&folder).unwrap();
        for operation in adapter.operations() {
            let of_it = Subject::Operation(operation.operation());
            let has = |found| {
                let mut of_it = examples.iter().filter(|example| example.of == of_it);
                of_it.any(|example| compare::finds(example) == Some(found))
            };
            assert!(
                has(true) && has(false),
                "{}: {}",
                folder.display(),
                operation.operation()
            );
        }
    }
}
