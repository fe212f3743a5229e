//! The same bad weather for every adapter: every failure is named, and an outage never becomes «not found».

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use futures_util::StreamExt as _;
use pontile::config::units::Span;
use pontile::connectors::adapter::{Adapter, AdapterOperation};
use pontile::connectors::error::{Kind, Retry};
use pontile::contract::operation::Operation;
use serde_json::json;

use crate::asking::{Town, shown};
use crate::simulators::Simulators;

/// Somewhere an adapter meets its dialect.
struct Site {
    adapter: &'static str,
    dialect: &'static str,
    ente: &'static str,
    town: fn(&Simulators) -> Town,
}

const SITES: [Site; 10] = [
    Site {
        adapter: "civilia-soap",
        dialect: "d1",
        ente: "B639",
        town: |simulators| Town::cantu(simulators.address("d1")),
    },
    Site {
        adapter: "dataset-due-passi",
        dialect: "d2",
        ente: "C933",
        town: |simulators| Town::como_datasets(&simulators.address("d2")),
    },
    Site {
        adapter: "docarea-token",
        dialect: "d3",
        ente: "B639",
        town: |simulators| Town::cantu_token(simulators.address("d3")),
    },
    Site {
        adapter: "docarea-delphi",
        dialect: "d3",
        ente: "B639",
        town: |simulators| Town::cantu_delphi(simulators.address("d3")),
    },
    Site {
        adapter: "sici-rpc",
        dialect: "d4",
        ente: "C933",
        town: |simulators| Town::como_rpc(simulators.address("d4")),
    },
    Site {
        adapter: "richiesta-letterale",
        dialect: "d4b",
        ente: "D416",
        town: |simulators| Town::erba_literal(&simulators.address("d4b")),
    },
    Site {
        adapter: "tributi-impronta",
        dialect: "d5",
        ente: "C933",
        town: |simulators| Town::tax_office(&simulators.address("d5"), ("013075", "C933")),
    },
    Site {
        adapter: "civilia-next",
        dialect: "d6",
        ente: "D416",
        town: |simulators| Town::erba(simulators.address("d6")),
    },
    Site {
        adapter: "schermate-rpc",
        dialect: "d7",
        ente: "D416",
        town: |simulators| Town::screens(simulators.address("d7"), ("013095", "D416")),
    },
    Site {
        adapter: "busta-people",
        dialect: "d8",
        ente: "D416",
        town: |simulators| Town::envelopes(simulators.address("d8")),
    },
];

/// Adapters that meet their weather elsewhere: views in `views.rs`, requests that outlive their call where the gateway carries
/// them on; nightly files in `tests/files`; an officer has none. The national registry, which wants vouchers: `tests/gateway/anpr.rs`.
const ELSEWHERE: [&str; 6] = [
    "anpr",
    "vista-comune",
    "richiesta-standard",
    "operatore-comunale",
    "tracciato-anagrafe",
    "tracciato-tributi",
];

/// What must come of a fault; `None`: the true answer.
fn outcome(dialect: &str, fault: &str) -> Option<Kind> {
    match (dialect, fault) {
        // Either charset is known to these adapters by its bytes, whatever the header says; the tax office's answers are ASCII, and so
        // is what is in base64.
        // Late, twice, elsewhere in the answer, with another session, changed where nobody reads, or about what is written: the answer is true.
        ("d3" | "d4" | "d5" | "d7" | "d8", "wrong_charset")
        | ("d6", "schema_change")
        | (
            _,
            "slow" | "duplicate" | "multiref" | "single_session" | "late_completion"
            | "never_completes" | "replay",
        ) => None,
        (_, "wrong_charset" | "truncated_body" | "garbage" | "schema_change") => {
            Some(Kind::Unintelligible)
        }
        (_, "not_found") => Some(Kind::NotFound),
        (_, "ambiguous") => Some(Kind::Ambiguous),
        (_, "auth_fail" | "expired_token") => Some(Kind::CredentialsRefused),
        (_, "too_many_requests") => Some(Kind::TooManyCalls),
        (_, "hang" | "hang_after_commit") => Some(Kind::TimedOut),
        (_, "html_502" | "maintenance") | ("d3" | "d5" | "d7", "internal_error") => {
            Some(Kind::Unavailable)
        }
        (_, "internal_error") => Some(Kind::Failed),
        (_, "huge") => Some(Kind::Oversized),
        (_, "drop") => Some(Kind::Unreachable),
        (_, "clock_skew") => Some(Kind::ClockSkew),
        _ => panic!("{dialect}: what must come of {fault}?"),
    }
}

/// The resident whom the documents quote.
fn quoted(ente: &str) -> &'static str {
    match ente {
        "C933" => "RSSMRA80A01C933H",
        "B639" => "BNCNNA75T71B639E",
        _ => "FOXLAX01B28D416I",
    }
}

/// Whether a name with an accent is there, whole.
fn has_its_accent(shown: &str) -> bool {
    shown.contains(['Ù', 'Ò', 'À', 'È', 'Ì']) && !shown.contains('\u{FFFD}')
}

/// Every fault that a dialect can show.
async fn possible_faults(simulators: &Simulators, dialect: &str) -> Vec<String> {
    // No dialect can show both: the refusal of one of them tells what it can.
    for fault in ["clock_skew", "single_session"] {
        let order = json!({ "dialect": dialect, "fault": fault });
        let answer = simulators.order(&order).await;
        if let Some(possible) = answer["possible"].as_array() {
            let names = possible.iter().map(|name| name.as_str().unwrap());
            return names.map(str::to_owned).collect();
        }
    }
    panic!("{dialect} shows whatever is asked for");
}

async fn endure(site: &Site) {
    let simulators = Simulators::start();
    let dialect = site.dialect;
    for fault in possible_faults(&simulators, dialect).await {
        let operations: Vec<Operation> = {
            let town = (site.town)(&simulators);
            let operations = town.adapter.operations().iter();
            let operations = operations.map(AdapterOperation::operation);
            // A write means something else by the same weather: tests/gateway/writes.rs.
            operations.filter(|one| !one.is_write()).collect()
        };
        for operation in operations {
            simulators.mend().await;
            let ms = if fault == "clock_skew" { 900_000 } else { 300 };
            simulators
                .fault(json!({"dialect": dialect, "ente": site.ente, "fault": fault, "ms": ms}))
                .await;
            // A fresh instance: neither its breaker nor its token remembers the last fault.
            let town = (site.town)(&simulators).with(|settings| {
                if fault.starts_with("hang") {
                    settings.bounds.answer_deadline = Span(Duration::from_secs(1));
                }
            });
            // Only their answers show a wrong charset.
            let code = match operation {
                Operation::RicercaPersona => accented(site.ente),
                _ => quoted(site.ente).to_owned(),
            };
            let answer = town.asked(operation, &code).await;
            let place = format!("{} {fault} {operation}", site.adapter);
            match (answer, outcome(dialect, &fault)) {
                (Ok(answer), None) => {
                    simulators.mend().await;
                    let sunny = town.asked(operation, &code).await.unwrap();
                    let (mut shown, mut sunny) = (shown(&answer), shown(&sunny));
                    if (dialect, &*fault) == ("d6", "duplicate") {
                        // Payments have no number there: twice the same may be two.
                        for side in [&mut shown, &mut sunny] {
                            side.get_mut("versamenti").map(serde_json::Value::take);
                        }
                    }
                    assert_eq!(shown, sunny, "{place}");
                    let shown = shown.to_string();
                    let named = operation == Operation::RicercaPersona;
                    assert!(!named || has_its_accent(&shown), "{place}: {shown}");
                }
                (Ok(_), Some(_)) if !tells(operation, &fault) => {}
                (Ok(_), Some(kind)) => panic!("{place}: an answer instead of «{kind}»"),
                // A member of a family with two numbers: whatever is wrong, somebody was found.
                (Err(error), _) if !tells(operation, &fault) => {
                    assert_ne!(error.kind, Kind::NotFound, "{place}: {error}");
                }
                (Err(error), kind) => {
                    assert_eq!(Some(error.kind), kind, "{place}: {error}");
                    let spoken = error.to_string();
                    assert!(!spoken.contains(&code), "{place}: a code in «{spoken}»");
                    if fault == "maintenance" {
                        assert_eq!(error.retry, Retry::After(Duration::from_mins(10)));
                    }
                }
            }
        }
    }
    simulators.mend().await;
    let town = (site.town)(&simulators);
    let operation = town.adapter.operations()[0].operation();
    let sunny = town.asked(operation, quoted(site.ente)).await;
    sunny.expect("the sun shines again");
}

/// Whether the answers of that operation can show the fault.
fn tells(operation: Operation, fault: &str) -> bool {
    // Families have several members, and the quoted people have no accent.
    !(matches!(fault, "ambiguous" | "wrong_charset") && operation != Operation::RicercaPersona)
}

#[tokio::test]
async fn every_adapter_names_every_failure_of_its_dialect() {
    futures_util::stream::iter(&SITES)
        .for_each_concurrent(4, endure)
        .await;
}

#[test]
fn every_adapter_of_the_project_is_out_in_the_weather() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("adapters");
    let folders = root.read_dir().unwrap().map(|entry| entry.unwrap().path());
    let names: BTreeSet<String> = folders
        .filter(|folder| folder.join("adapter.toml").is_file())
        .inspect(|folder| drop(Adapter::load(folder).unwrap()))
        .map(|folder| folder.file_name().unwrap().to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('_'))
        .collect();
    let sites = SITES.iter().map(|site| site.adapter);
    let known: BTreeSet<String> = sites.chain(ELSEWHERE).map(str::to_owned).collect();
    assert_eq!(names, known, "an adapter without a site has a clear sky");
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
async fn a_back_end_that_asks_for_fewer_calls_tells_when_to_come_back() {
    let simulators = Simulators::start();
    let town = Town::erba(simulators.address("d6"));
    simulators
        .fault(json!({"dialect": "d6", "fault": "too_many_requests"}))
        .await;
    let error = town.persona(&accented("D416")).await.expect_err("too many");
    assert_eq!(error.retry, Retry::After(Duration::from_secs(2)));
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
