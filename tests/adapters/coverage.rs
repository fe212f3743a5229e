//! Each adapter's examples show everything that can come of a question.

use std::collections::BTreeSet;

use pontile::connectors::adapter::{Adapter, Connector};
use pontile::connectors::examples::setting::Setting;
use pontile::connectors::examples::{examples_of, play};
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

/// Names of cases, and what they must show.
const CLAIMS: [(&str, &str); 9] = [
    ("found", "found"),
    ("not-found", "not found"),
    ("ambiguous", "ambiguous"),
    ("several", "ambiguous"),
    ("deceased", "deceased"),
    ("credentials-refused", "credentials refused"),
    ("maintenance", "unavailable"),
    ("broken", "unintelligible answer"),
    ("not-yet", "not answered yet"),
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

fn outcome(answer: &Value) -> &str {
    match answer["errore"].as_str() {
        Some(error) => error,
        None if answer["stato_anagrafico"] == "deceduto" => "deceased",
        None => "found",
    }
}

/// What the name of an example says that it shows.
fn claimed(name: &str) -> Option<&'static str> {
    let case = name.rsplit('/').next().unwrap_or(name);
    CLAIMS
        .iter()
        .find(|(start, _)| case == *start || case.starts_with(&format!("{start}-")))
        .map(|(_, outcome)| *outcome)
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
        let mut shown = BTreeSet::new();
        for example in examples_of(&folder).unwrap() {
            // What the adapter makes of it now, not what a file claims.
            let setting = Setting::of_example(&folder, &adapter, &example).unwrap();
            let played = play::play(&adapter, &setting, &example).unwrap();
            let outcome = outcome(&played.answer);
            if let Some(claimed) = claimed(&example.name()) {
                let same = claimed == outcome || (claimed == "found" && outcome == "deceased");
                if !same {
                    lacking.push(format!(
                        "{}/{}: it shows «{outcome}»",
                        adapter.name(),
                        example.name()
                    ));
                }
            }
            shown.insert(outcome.to_owned());
        }
        let beyond = beyond(&adapter);
        let lacks = OUTCOMES
            .iter()
            .filter(|outcome| !shown.contains(**outcome) && !beyond.contains(*outcome));
        lacking.extend(lacks.map(|outcome| format!("{}: {outcome}", adapter.name())));
    }
    assert!(lacking.is_empty(), "{}", lacking.join("\n"));
}
