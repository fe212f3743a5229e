//! Each adapter's examples show everything that can come of a question.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use pontile::connectors::adapter::{Adapter, Connector};
use pontile::contract::operation::Operation;
use serde_json::Value;

use crate::replay::adapters;

/// Every outcome that examples must show.
const OUTCOMES: [&str; 7] = [
    "found",
    "not found",
    "ambiguous",
    "deceased",
    "credentials refused",
    "unavailable",
    "unintelligible answer",
];

/// What the answers of an adapter cannot show, with the reason.
fn beyond(adapter: &Adapter) -> BTreeSet<&'static str> {
    let mut beyond = BTreeSet::new();
    // An officer answers on a page: there is no wire to show.
    if matches!(adapter.connector(), Connector::Manual) {
        beyond.extend(OUTCOMES);
    }
    // Where a certificate opens the door, TLS refuses before anything is said.
    if adapter.declared().secrets.is_empty() {
        beyond.insert("credentials refused");
    }
    // A database refuses and fails by its driver's word, not in rows: tests/sql.
    // A night copy is there or not, whoever asks for what: tests/files.
    if matches!(adapter.connector(), Connector::Sql | Connector::Files(_)) {
        beyond.extend(["credentials refused", "unavailable"]);
    }
    // A tax office knows taxpayers; who has died is for the registry to say.
    if adapter.operation(Operation::RicercaPersona).is_none() {
        beyond.insert("deceased");
    }
    beyond
}

/// Every answer of an example below a folder.
fn answers(folder: &Path) -> Vec<Value> {
    let entries = folder.read_dir().unwrap();
    let paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            found.extend(answers(&path));
        } else if path
            .file_name()
            .unwrap()
            .to_string_lossy()
            .starts_with("4-")
        {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push(serde_json::from_str(&text).unwrap());
        }
    }
    found
}

fn outcome(answer: &Value) -> &str {
    match answer["errore"].as_str() {
        Some(error) => error,
        None if answer["stato_anagrafico"] == "deceduto" => "deceased",
        None => "found",
    }
}

#[test]
fn the_examples_of_every_adapter_show_every_outcome() {
    let mut lacking = Vec::new();
    for folder in adapters() {
        let is_template = folder.components().any(|part| {
            let name = part.as_os_str().to_string_lossy();
            name.starts_with("_template")
        });
        if is_template {
            continue;
        }
        let adapter = Adapter::load(&folder).unwrap();
        let answers = answers(&folder.join("examples"));
        let shown: BTreeSet<&str> = answers.iter().map(outcome).collect();
        let beyond = beyond(&adapter);
        let lacks = OUTCOMES
            .iter()
            .filter(|outcome| !shown.contains(*outcome) && !beyond.contains(*outcome));
        lacking.extend(lacks.map(|outcome| format!("{}: {outcome}", adapter.name())));
    }
    assert!(lacking.is_empty(), "{}", lacking.join("\n"));
}
