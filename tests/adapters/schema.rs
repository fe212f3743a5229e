//! The published schema of `adapter.toml` says what the reader knows: no key more, no key less.

use std::collections::BTreeSet;
use std::path::Path;

use pontile::connectors::adapter::Adapter;
use pontile::connectors::adapter::schema::{FILE, schema};
use serde_json::Value;

use crate::replay::adapters;

/// A key that no reader knows and that resembles none.
const UNKNOWN: &str = "zzzzzzzzzzzzzzzzzzzzzzzzzzzz";

/// What every adapter has, its connector aside.
const COMMON: &str = r#"
vendor = "Prova"
product = "Prova"
version = "1"
[instance.a]
about = "a"
[ente.b]
about = "b"
[secret.c]
about = "c"
[now]
date = "dd/MM/yyyy"
time = "HH:mm:ss"
tolerance = "5m"
[operations."anagrafe.ricerche-persona"]
repeatable = true
"#;

/// For each connector: its own tables, a login and a step.
const FORMS: [(&str, &str, &str, &str); 4] = [
    (
        "soap",
        "[connector.soap]\npath = \"/x\"\n[connector.soap.basic]\nuser = \"u\"\npassword = \"p\"\n",
        "[token]\nrequest = \"r.xml\"\nresponse = \"login.toml\"\n",
        "name = \"uno\"\nrequest = \"r.xml\"\nresponse = \"r.toml\"\n",
    ),
    (
        "rest",
        "[connector.rest]\n[connector.rest.basic]\nuser = \"u\"\npassword = \"p\"\n",
        "[token]\npath = \"/x\"\nresponse = \"login.toml\"\n",
        "name = \"uno\"\npath = \"/x\"\nresponse = \"r.toml\"\n",
    ),
    (
        "sql",
        "[connector.sql]\n",
        "",
        "name = \"uno\"\nstatement = \"r.sql\"\nresponse = \"r.toml\"\n",
    ),
    (
        "files",
        "[connector.files]\n[[connector.files.file]]\ntable = \"v\"\nnames = [\"yyyyMMdd\"]\nlayout = \"l.toml\"\n",
        "",
        "name = \"uno\"\nfrom = \"v\"\nwhere = { cf = \"{{codice_fiscale}}\" }\nresponse = \"r.toml\"\n",
    ),
];

const STEPS: &str = "[[operations.\"anagrafe.ricerche-persona\".steps]]\n";

/// The mistakes of an adapter of that text.
fn mistakes(text: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("adapter.toml", text),
        ("r.xml", "<a/>"),
        ("r.sql", "SELECT cf FROM v WHERE cf = :codice_fiscale"),
        (
            "r.toml",
            "rows = \".\"\nnone = \"not_found\"\n[fields]\ncodice_fiscale = \"cf\"\n",
        ),
        (
            "l.toml",
            "form = \"delimited\"\nfields = [\"cf\"]\nkeys = [\"cf\"]\n",
        ),
        ("login.toml", "[captures]\ntoken = { path = \"t\" }\n"),
    ] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    match Adapter::load(folder.path()) {
        Ok(_) => Vec::new(),
        Err(mistakes) => mistakes.iter().map(ToString::to_string).collect(),
    }
}

/// The keys that the reader knows in the table that begins with that header.
fn known_by_reader(text: &str, header: &str) -> BTreeSet<String> {
    let line = format!("{header}{UNKNOWN} = 1\n");
    let spoilt = if header.is_empty() {
        line + text
    } else {
        text.replacen(header, &line, 1)
    };
    assert_ne!(spoilt, text, "{header}");
    let told = mistakes(&spoilt);
    let listed = told
        .iter()
        .find_map(|told| told.split_once(&format!("«{UNKNOWN}»: qui si conoscono ")));
    let Some((_, keys)) = listed else {
        panic!("{header}: {told:#?}");
    };
    keys.split(", ")
        .filter(|key| !key.is_empty())
        .map(str::to_owned)
        .collect()
}

fn keys(schema: &Value, place: &str) -> BTreeSet<String> {
    let object = schema.pointer(place).unwrap_or_else(|| panic!("{place}"));
    assert_eq!(object["additionalProperties"], false, "{place}");
    object["properties"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect()
}

#[test]
fn every_key_of_the_schema_is_known_by_the_reader_and_the_other_way_round() {
    let schema = schema();
    for (connector, tables, login, step) in FORMS {
        let text = format!("{COMMON}{STEPS}{step}{tables}{login}");
        let good = mistakes(&text);
        assert!(
            good.iter().all(|told| told.contains("nessun passo")),
            "{good:#?}"
        );
        let form = format!("/definitions/{connector}");
        let mut places = vec![
            (String::new(), form.clone()),
            (
                format!("[connector.{connector}]\n"),
                format!("{form}/properties/connector/properties/{connector}"),
            ),
            (
                "[instance.a]\n".to_owned(),
                "/definitions/declared".to_owned(),
            ),
            ("[now]\n".to_owned(), "/definitions/now".to_owned()),
            (
                "[operations.\"anagrafe.ricerche-persona\"]\n".to_owned(),
                format!("{form}-operation"),
            ),
            (STEPS.to_owned(), format!("{form}-step")),
        ];
        if !login.is_empty() {
            places.push(("[token]\n".to_owned(), format!("{form}-login")));
            places.push((
                format!("[connector.{connector}.basic]\n"),
                "/definitions/basic".to_owned(),
            ));
        }
        for (header, place) in places {
            let mut known = known_by_reader(&text, &header);
            if ["sql", "files"].contains(&connector) && header.is_empty() {
                // A database has no login: the reader says so of the table, not of its name.
                known.remove("token");
            }
            assert_eq!(keys(&schema, &place), known, "{connector} {header}");
        }
        let one_of = known_by_reader(&format!("{text}[connector]\n"), "[connector]\n");
        assert!(one_of.contains(connector));
    }
}

#[test]
fn the_connectors_of_the_schema_are_those_of_the_reader() {
    let text = format!("{COMMON}{STEPS}name = \"uno\"\n[connector]\n");
    let known = known_by_reader(&text, "[connector]\n");
    let schema = schema();
    let forms = schema["oneOf"].as_array().unwrap();
    let named: BTreeSet<String> = forms
        .iter()
        .map(|form| form["$ref"].as_str().unwrap().replace("#/definitions/", ""))
        .collect();
    assert_eq!(named, known);
}

#[test]
fn the_schema_of_an_officers_answers_is_what_the_reader_knows() {
    let header = "[operations.\"anagrafe.ricerche-persona\"]\n";
    let deferred = "[operations.\"anagrafe.ricerche-persona\".deferred]\n";
    let text = format!(
        "vendor = \"Prova\"\nproduct = \"Prova\"\nversion = \"1\"\n[connector.manual]\n\
         {header}fields = [\"cognome\"]\n{deferred}gives_up = \"10d\"\n"
    );
    let good = mistakes(&text);
    assert!(
        good.iter().all(|told| told.contains("nessun passo")),
        "{good:#?}"
    );
    let schema = schema();
    let operation = "/definitions/manual-operation";
    for (header, place) in [
        (header, operation.to_owned()),
        (deferred, format!("{operation}/properties/deferred")),
        (
            "[connector.manual]\n",
            "/definitions/manual/properties/connector/properties/manual".to_owned(),
        ),
    ] {
        assert_eq!(keys(&schema, &place), known_by_reader(&text, header));
    }
    assert!(fits(&schema, &toml::from_str(&text).unwrap()));
}

#[test]
fn the_schema_of_answers_that_come_later_is_what_the_reader_knows() {
    let (connector, tables, login, step) = FORMS[0];
    let deferred = "[operations.\"anagrafe.ricerche-persona\".deferred]\n";
    let times = "first = \"1s\"\nleast = \"1s\"\nmost = \"1m\"\ngives_up = \"1d\"\n";
    let text = format!("{COMMON}{deferred}accept = \"uno\"\n{times}{STEPS}{step}{tables}{login}");
    let place = format!("/definitions/{connector}-operation/properties/deferred");
    assert_eq!(keys(&schema(), &place), known_by_reader(&text, deferred));
    for line in times.lines() {
        let without = text.replacen(&format!("{line}\n"), "", 1);
        assert!(
            !fits(&schema(), &toml::from_str(&without).unwrap()),
            "{line}"
        );
        assert!(!mistakes(&without).is_empty(), "{line}");
    }
}

#[test]
fn what_the_schema_demands_the_reader_demands_too() {
    for (connector, tables, login, step) in FORMS {
        let text = format!("{COMMON}{STEPS}{step}{tables}{login}");
        for line in text.lines().filter(|line| line.contains(" = ")) {
            let without = text.replacen(&format!("{line}\n"), "", 1);
            let key = line.split(' ').next().unwrap();
            let told = mistakes(&without);
            assert!(
                told.iter().any(|told| told.contains(&format!("«{key}»"))),
                "{connector} {line}: {told:#?}"
            );
            assert!(
                !fits(&schema(), &toml::from_str(&without).unwrap()),
                "{connector} {line}"
            );
        }
        assert!(
            fits(&schema(), &toml::from_str(&text).unwrap()),
            "{connector}"
        );
    }
}

#[test]
fn every_adapter_fits_the_schema_and_names_it_in_its_first_line() {
    for folder in adapters() {
        let file = folder.join("adapter.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        let written: Value = toml::from_str(&text).unwrap();
        assert!(fits(&schema(), &written), "{}", file.display());
        let root = folder.parent().unwrap();
        let deeper = if root.ends_with("_template") {
            "../"
        } else {
            ""
        };
        let first = format!("#:schema {deeper}../{FILE}\n");
        assert!(
            text.starts_with(&first),
            "{}: the first line must be {first}",
            file.display()
        );
    }
}

#[test]
fn the_committed_schema_is_the_one_that_the_code_writes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("adapters")
        .join(FILE);
    let committed = std::fs::read_to_string(path).unwrap();
    assert_eq!(
        committed,
        format!("{:#}\n", schema()),
        "write it anew: make schema"
    );
}

/// Whether a value fits a schema of the few words that ours uses; another word is a fault of this test.
fn fits(root: &Value, value: &Value) -> bool {
    check(root, root, value)
}

fn check(root: &Value, schema: &Value, value: &Value) -> bool {
    schema
        .as_object()
        .unwrap()
        .iter()
        .all(|(word, rule)| match word.as_str() {
            "$ref" => check(
                root,
                root.pointer(rule.as_str().unwrap().trim_start_matches('#'))
                    .unwrap(),
                value,
            ),
            "oneOf" => {
                rule.as_array()
                    .unwrap()
                    .iter()
                    .filter(|one| check(root, one, value))
                    .count()
                    == 1
            }
            "enum" => rule.as_array().unwrap().contains(value),
            "type" => match rule.as_str().unwrap() {
                "object" => value.is_object(),
                "array" => value.is_array(),
                "string" => value.is_string(),
                "boolean" => value.is_boolean(),
                "integer" => value.is_i64(),
                other => panic!("{other}"),
            },
            "minLength" => value.as_str().is_some_and(|text| !text.is_empty()),
            "minItems" => value.as_array().is_some_and(|items| !items.is_empty()),
            "minimum" => value.as_i64() >= rule.as_i64(),
            "required" => rule
                .as_array()
                .unwrap()
                .iter()
                .all(|key| value.get(key.as_str().unwrap()).is_some()),
            "properties" => rule
                .as_object()
                .unwrap()
                .iter()
                .all(|(key, rule)| value.get(key).is_none_or(|value| check(root, rule, value))),
            "additionalProperties" => value.as_object().unwrap().iter().all(|(key, value)| {
                let named = schema
                    .get("properties")
                    .and_then(|known| known.get(key))
                    .is_some();
                named || (rule.is_object() && check(root, rule, value))
            }),
            "items" => value
                .as_array()
                .unwrap()
                .iter()
                .all(|value| check(root, rule, value)),
            // Forms of texts are the reader's to judge; the rest says nothing about a value.
            "pattern" | "description" | "title" | "definitions" | "$schema" => true,
            other => panic!("the schema uses «{other}», which this test does not know"),
        })
}
