//! What is told of an example is what happens in it: every value of the answer, and none that is not there.

use std::collections::BTreeMap;

use pontile::connectors::adapter::Adapter;
use pontile::connectors::examples::explain::{Explanation, explain};
use pontile::connectors::examples::setting::Setting;
use pontile::connectors::examples::{Subject, examples_of, read_json};
use serde_json::Value;

use crate::replay::adapters;

/// Values of an answer by their paths: places and amounts count as one value.
fn leaves(path: &str, value: &Value, found: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(entries) if !is_one_value(path, entries) => {
            for (key, value) in entries {
                let inner = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                leaves(&inner, value, found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                leaves(&format!("{path}[{index}]"), item, found);
            }
        }
        value => {
            found.insert(path.to_owned(), value.clone());
        }
    }
}

fn is_one_value(path: &str, entries: &serde_json::Map<String, Value>) -> bool {
    path.ends_with("luogo_nascita") || path.ends_with("comune") || entries.contains_key("valuta")
}

fn explained(explanation: &Explanation, is_list: bool) -> BTreeMap<String, Value> {
    let fields = explanation
        .exchanges
        .iter()
        .flat_map(|exchange| &exchange.fields);
    let named = fields.filter_map(|field| {
        let path = if is_list && !field.field.starts_with('[') {
            format!("[0].{}", field.field)
        } else {
            field.field.clone()
        };
        Some((path, field.value.clone()?))
    });
    named.collect()
}

#[test]
fn every_value_of_every_example_is_explained_as_it_came_about() {
    let mut values = 0;
    for folder in adapters() {
        let adapter = Adapter::load(&folder).unwrap();
        for example in examples_of(&folder).unwrap() {
            if !matches!(example.of, Subject::Operation(_)) {
                continue;
            }
            let setting = Setting::of_example(&folder, &adapter, &example).unwrap();
            let explanation = explain(&adapter, &setting, &example).unwrap();
            let answer = read_json(&example.answer_file()).unwrap();
            assert_eq!(explanation.answer, answer);
            if answer.get("errore").is_some() {
                continue;
            }
            // What several exchanges give together is judged together; each is told by itself.
            let repeated = explanation
                .exchanges
                .iter()
                .any(|exchange| exchange.exchange.ends_with("-2"));
            let mut expected = BTreeMap::new();
            leaves("", &answer, &mut expected);
            let told = explained(&explanation, answer.is_array());
            values += expected.len();
            if repeated {
                continue;
            }
            for (path, value) in &expected {
                assert_eq!(
                    told.get(path),
                    Some(value),
                    "{}: {path}",
                    example.folder.display()
                );
            }
            assert_eq!(
                told.len(),
                expected.len(),
                "{}: {told:#?}",
                example.folder.display()
            );
        }
    }
    assert!(values > 500, "{values}");
}

#[test]
fn each_step_is_told_with_what_came_of_it_and_what_nothing_reads_is_named() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("adapters/docarea-token");
    let adapter = Adapter::load(&root).unwrap();
    let setting = Setting::read(&root, &adapter).unwrap();
    let examples = examples_of(&root).unwrap();
    let example = examples
        .iter()
        .find(|example| example.name() == "anagrafe.ricerche-persona/found")
        .unwrap();
    let explanation = explain(&adapter, &setting, example).unwrap();
    let exchange = &explanation.exchanges[0];
    let field = |name: &str| {
        exchange
            .fields
            .iter()
            .find(|field| field.field == name)
            .unwrap()
    };
    let born = &field("data_nascita").from[0];
    assert_eq!(
        (born.place.as_str(), born.text.as_deref()),
        ("DataNascita", Some("31/12/1975"))
    );
    assert_eq!(born.steps[0].step, "date dd/MM/yyyy");
    assert_eq!(born.value.as_deref(), Some("1975-12-31"));
    let istat = field("luogo_nascita")
        .from
        .iter()
        .find(|trace| trace.part.as_deref() == Some("istat"))
        .unwrap();
    assert_eq!(istat.steps[0].step, "pad 6");
    let ignored: Vec<&str> = exchange
        .ignored
        .iter()
        .map(|ignored| ignored.place.as_str())
        .collect();
    assert_eq!(
        ignored,
        [
            "InterrogazioneResponse/InterrogazioneResult/strErrString",
            "InterrogazioneResponse/InterrogazioneResult/strRisposta/Risposta/Soggetto/DataMatrimonio",
        ]
    );
}
