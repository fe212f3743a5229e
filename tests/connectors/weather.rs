//! The same bad weather for each HTTP connector: every failure is named, and an outage never becomes «not found».

use pontile::connectors::error::{Kind, Retry};
use serde_json::json;

use crate::asking::Town;
use crate::simulators::Simulators;

/// A fault, with what must come of it.
const FAULTS: [(&str, &[Kind]); 11] = [
    ("not_found", &[Kind::NotFound]),
    ("ambiguous", &[Kind::Ambiguous]),
    ("auth_fail", &[Kind::CredentialsRefused]),
    ("hang", &[Kind::TimedOut]),
    ("html_502", &[Kind::Unavailable]),
    ("truncated_body", &[Kind::Unintelligible]),
    ("maintenance", &[Kind::Unavailable]),
    ("huge", &[Kind::Oversized]),
    ("drop", &[Kind::Unreachable]),
    ("garbage", &[Kind::Unintelligible]),
    ("wrong_charset", &[Kind::Unintelligible]),
];

async fn endure(
    simulators: &Simulators,
    town: impl Fn() -> Town,
    dialect: &str,
    ente: &str,
    code: &str,
) {
    for (fault, kinds) in FAULTS {
        simulators.mend().await;
        // A fresh instance: neither its breaker nor its token remembers the last fault.
        let town = town();
        simulators
            .fault(json!({"dialect": dialect, "ente": ente, "fault": fault}))
            .await;
        // Either charset is known to these adapters: by its bytes, whatever the header says.
        if matches!((dialect, fault), ("d3" | "d4" | "d7", "wrong_charset")) {
            let answer = town.persona(code).await.expect("either charset");
            let shown = crate::asking::shown(&answer).to_string();
            assert!(shown.contains(['Ù', 'Ò', 'À', 'È', 'Ì']), "an accent");
            assert!(!shown.contains('\u{FFFD}'), "no letter was lost");
            continue;
        }
        let error = town.persona(code).await.expect_err(fault);
        assert!(kinds.contains(&error.kind), "{dialect} {fault}: {error}");
        let spoken = error.to_string();
        assert!(
            !spoken.contains(code),
            "{dialect} {fault}: a code in «{spoken}»"
        );
        if fault == "maintenance" {
            assert_eq!(
                error.retry,
                Retry::After(std::time::Duration::from_mins(10))
            );
        }
    }
    simulators.mend().await;
    town().persona(code).await.expect("the sun shines again");
}

/// People with an accented name: only their answers show a wrong charset.
fn accented(ente: &str) -> String {
    let output = std::process::Command::new(crate::process::program("simulators"))
        .args(["people", "--ente", ente])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let people = text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let mut accented = people.filter(|person| {
        let name = format!("{}{}", person["cognome"], person["nome"]);
        !name.is_ascii() && person["codice_fiscale"].is_string() && person["persona"].is_number()
    });
    let person = accented.next().expect("someone with an accent");
    person["codice_fiscale"]
        .as_str()
        .unwrap()
        .trim()
        .to_uppercase()
}

#[tokio::test]
async fn the_soap_connector_names_every_failure() {
    let simulators = Simulators::start();
    let town = || Town::cantu(simulators.address("d1"));
    endure(&simulators, town, "d1", "B639", &accented("B639")).await;
}

#[tokio::test]
async fn datasets_name_every_failure() {
    let simulators = Simulators::start();
    let town = || Town::como_datasets(&simulators.address("d2"));
    endure(&simulators, town, "d2", "C933", &accented("C933")).await;
    let town = town();
    simulators
        .fault(json!({"dialect": "d2", "fault": "schema_change"}))
        .await;
    let error = town.persona(&accented("C933")).await.expect_err("upgraded");
    assert_eq!(error.kind, Kind::Unintelligible, "never «not found»");
}

#[tokio::test]
async fn xml_within_strings_names_every_failure() {
    let simulators = Simulators::start();
    let town = || Town::cantu_token(simulators.address("d3"));
    endure(&simulators, town, "d3", "B639", &accented("B639")).await;
    let town = town();
    simulators
        .fault(json!({"dialect": "d3", "fault": "internal_error"}))
        .await;
    let error = town.persona(&accented("B639")).await.expect_err("992");
    assert_eq!(error.kind, Kind::Unavailable);
}

#[tokio::test]
async fn rpc_names_every_failure() {
    let simulators = Simulators::start();
    let town = || Town::como_rpc(simulators.address("d4"));
    endure(&simulators, town, "d4", "C933", &accented("C933")).await;
    let town = || Town::erba_literal(&simulators.address("d4b"));
    endure(&simulators, town, "d4b", "D416", &accented("D416")).await;
}

#[tokio::test]
async fn screens_name_every_failure() {
    let simulators = Simulators::start();
    let town = || Town::screens(simulators.address("d7"), ("013095", "D416"));
    endure(&simulators, town, "d7", "D416", &accented("D416")).await;
    let town = town();
    simulators
        .fault(json!({"dialect": "d7", "fault": "internal_error"}))
        .await;
    let error = town.persona(&accented("D416")).await.expect_err("999");
    assert_eq!(error.kind, Kind::Unavailable);
}

#[tokio::test]
async fn the_rest_connector_names_every_failure() {
    let simulators = Simulators::start();
    let town = || Town::erba(simulators.address("d6"));
    endure(&simulators, town, "d6", "D416", &accented("D416")).await;
    let town = town();
    simulators
        .fault(json!({"dialect": "d6", "fault": "too_many_requests"}))
        .await;
    let error = town.persona(&accented("D416")).await.expect_err("too many");
    assert_eq!(error.kind, Kind::TooManyCalls);
    assert_eq!(error.retry, Retry::After(std::time::Duration::from_secs(2)));
}

#[tokio::test]
async fn a_slow_answer_within_the_deadline_is_an_answer() {
    let simulators = Simulators::start();
    let town = Town::cantu(simulators.address("d1"));
    simulators
        .fault(json!({"dialect": "d1", "fault": "slow", "ms": 700}))
        .await;
    assert!(town.persona(&accented("B639")).await.is_ok());
}

#[tokio::test]
async fn a_doubled_answer_is_one_person() {
    let simulators = Simulators::start();
    for (dialect, ente, town) in [
        ("d1", "B639", Town::cantu(simulators.address("d1"))),
        ("d6", "D416", Town::erba(simulators.address("d6"))),
        ("d2", "C933", Town::como_datasets(&simulators.address("d2"))),
        ("d3", "B639", Town::cantu_token(simulators.address("d3"))),
        (
            "d7",
            "D416",
            Town::screens(simulators.address("d7"), ("013095", "D416")),
        ),
    ] {
        simulators
            .fault(json!({"dialect": dialect, "fault": "duplicate"}))
            .await;
        let answer = town.persona(&accented(ente)).await;
        assert!(answer.is_ok(), "{dialect}: {answer:?}");
    }
}

#[tokio::test]
async fn nobody_listening_is_unreachable() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    for town in [Town::cantu(address.clone()), Town::erba(address)] {
        let error = town.persona("RSSMRA80A01C933H").await.expect_err("nobody");
        assert_eq!(error.kind, Kind::Unreachable, "{error}");
    }
}
