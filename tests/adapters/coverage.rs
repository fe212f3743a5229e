//! Each adapter's examples show everything that can come of a question.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

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

/// What begins the reason, in an adapter's notes, why something cannot be shown.
const NONE: &str = "No example of ";

/// What the answers of an adapter cannot show, each with a reason that its notes give.
fn beyond(folder: &Path) -> BTreeSet<&'static str> {
    let notes = fs::read_to_string(folder.join("notes.md")).unwrap();
    let mut beyond = BTreeSet::new();
    for line in notes.lines().filter_map(|line| line.strip_prefix(NONE)) {
        let (what, why) = line.split_once(": ").unwrap_or((line, ""));
        let place = folder.display();
        assert!(
            why.split_whitespace().count() >= 5,
            "{place}: no reason why there is no example of {what}"
        );
        if let Some(outcome) = OUTCOMES.into_iter().find(|outcome| *outcome == what) {
            beyond.insert(outcome);
        } else {
            assert_eq!(what, "anything", "{place}: no such outcome");
            beyond.extend(OUTCOMES);
        }
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
        let beyond = beyond(&folder);
        let needless = beyond.iter().filter(|outcome| shown.contains(**outcome));
        lacking.extend(needless.map(|outcome| {
            format!(
                "{}: its notes excuse {outcome}, which it shows",
                adapter.name()
            )
        }));
        // Whom an adapter knows may have died, and whoever has a password may have the wrong one.
        let knows_persons = adapter.operation(Operation::RicercaPersona).is_some();
        let answers = matches!(adapter.connector(), Connector::Soap(_) | Connector::Rest(_));
        let has_password = answers && !adapter.declared().secrets.is_empty();
        let inexcusable = [
            ("found", true),
            ("not found", true),
            ("ambiguous", true),
            ("unintelligible answer", true),
            ("deceased", knows_persons),
            ("credentials refused", has_password),
            ("unavailable", answers),
        ];
        let is_manual = matches!(adapter.connector(), Connector::Manual);
        let excused = inexcusable
            .iter()
            .filter(|(outcome, always)| *always && !is_manual && beyond.contains(outcome));
        lacking.extend(
            excused.map(|(outcome, _)| format!("{}: nothing excuses {outcome}", adapter.name())),
        );
        let lacks = OUTCOMES
            .iter()
            .filter(|outcome| !shown.contains(**outcome) && !beyond.contains(*outcome));
        lacking.extend(lacks.map(|outcome| format!("{}: {outcome}", adapter.name())));
    }
    assert!(lacking.is_empty(), "{}", lacking.join("\n"));
}
