//! The record: every exchange, the refused ones too, durable before its answer; without a body or a code in clear.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::harness::portal::Portal;
use crate::harness::province::Province;

const CANTU: (&str, &str) = ("013041", "BNCNNA75T71B639E");

/// The recorded exchange with that number.
async fn recorded(operator: &Portal, scambio: &str) -> Value {
    let answer = operator.get(&format!("/record?scambio={scambio}")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["items"]
        .as_array()
        .and_then(|items| items.first())
        .cloned()
        .unwrap_or(Value::Null)
}

#[tokio::test]
async fn answered_and_refused_exchanges_are_on_record_with_what_decided_them() {
    let province = Province::start();
    let operator = province.operator("operatore-uno");
    let portal = province.portal("portale-due");

    let answered = portal.persona(CANTU.0, CANTU.1).await;
    let row = recorded(&operator, answered.header("x-correlation-id")).await;
    for (column, value) in [
        ("portal", json!("portale-due")),
        ("ente", json!(CANTU.0)),
        ("operation", json!("anagrafe.ricerche-persona")),
        ("purpose", json!("prova")),
        ("grant_id", json!("solo-nomi-di-cantu")),
        ("grant_version", json!(3)),
        ("outcome", json!("risposto")),
        ("status", json!(200)),
        ("cache", json!("fresca")),
        ("adapter", json!("civilia-soap")),
    ] {
        assert_eq!(row[column], value, "{column} in {row}");
    }

    let refused = portal.persona("013095", CANTU.1).await;
    let row = recorded(
        &operator,
        refused.body["scambio"].as_str().expect("a number"),
    )
    .await;
    assert_eq!(
        (row["status"].clone(), row["side"].clone()),
        (json!(403), json!("portale")),
        "{row}"
    );

    let unknown = province
        .portal("sconosciuto")
        .persona(CANTU.0, CANTU.1)
        .await;
    let row = recorded(
        &operator,
        unknown.body["scambio"].as_str().expect("a number"),
    )
    .await;
    assert_eq!(
        (row["portal"].clone(), row["status"].clone()),
        (Value::Null, json!(403)),
        "{row}"
    );

    let nowhere = portal.get("/rest/nessuna/v1/cosa").await;
    let row = recorded(
        &operator,
        nowhere.body["scambio"].as_str().expect("a number"),
    )
    .await;
    assert_eq!(row["status"], json!(404), "{row}");
}

#[tokio::test]
async fn no_fiscal_code_and_no_name_stands_in_any_file_of_the_gateway() {
    let mut province = Province::start();
    let portal = province.portal("portale-uno");
    for _ in 0..3 {
        assert_eq!(portal.persona(CANTU.0, CANTU.1).await.status, 200);
    }
    portal.persona(CANTU.0, "NTNNCL70P05M335A").await;
    portal
        .post(
            "/rest/anagrafe/v1/enti/013041/ricerche-persona",
            &json!({ "codice_fiscale": CANTU.1, "RSSMRA80A01C933H": 1 }),
        )
        .await;
    province.gateway().signal(libc::SIGTERM);
    assert_eq!(
        province.gateway().wait(std::time::Duration::from_secs(20)),
        Some(0)
    );
    let mut read = 0;
    for entry in std::fs::read_dir(province.path("record"))
        .expect("the record's folder")
        .flatten()
    {
        let bytes = std::fs::read(entry.path()).expect("readable");
        for text in [CANTU.1, "NTNNCL70P05M335A", "RSSMRA80A01C933H", "BIANCHI"] {
            assert!(
                !bytes
                    .windows(text.len())
                    .any(|window| window == text.as_bytes()),
                "{} holds {text}",
                entry.path().display()
            );
        }
        read += 1;
    }
    assert!(read > 0, "the record left no file");
    let log = province.log();
    assert!(
        log.lines().count() > 3
            && !log.contains(CANTU.1)
            && !log.contains("RSSMRA80A01C933H")
            && !log.contains("BIANCHI"),
        "{log}"
    );
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one story, told in one place")]
async fn kill_nine_under_load_loses_no_acknowledged_exchange() {
    let mut province = Province::start();
    let stop = Arc::new(AtomicBool::new(false));
    let mut writers = Vec::new();
    for _ in 0..16 {
        let (portal, stop) = (province.portal("portale-uno"), Arc::clone(&stop));
        writers.push(tokio::spawn(async move {
            let mut acknowledged = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let request = portal
                    .request(
                        reqwest::Method::POST,
                        "/rest/anagrafe/v1/enti/013041/ricerche-persona",
                    )
                    .header("Purpose-Id", crate::harness::portal::PURPOSE)
                    .json(&json!({ "codice_fiscale": CANTU.1 }));
                let Ok(response) = request.send().await else {
                    break;
                };
                if response.status() == 200 {
                    acknowledged.push(
                        response.headers()["x-correlation-id"]
                            .to_str()
                            .expect("text")
                            .to_owned(),
                    );
                }
            }
            acknowledged
        }));
    }
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    province.gateway().kill();
    stop.store(true, Ordering::Relaxed);
    let mut acknowledged = Vec::new();
    for writer in writers {
        acknowledged.extend(writer.await.expect("a writer"));
    }
    assert!(
        acknowledged.len() > 200,
        "only {} exchanges were acknowledged",
        acknowledged.len()
    );
    province.crash_and_restart();
    let listed = province.pontile(&[
        "record",
        "export",
        "--ente",
        CANTU.0,
        "--reason",
        "prova di un guasto",
    ]);
    assert!(
        listed.status.success(),
        "{}",
        String::from_utf8_lossy(&listed.stderr)
    );
    let listed = String::from_utf8(listed.stdout).expect("UTF-8");
    let found: std::collections::HashSet<String> = listed
        .lines()
        .filter_map(|line| {
            serde_json::from_str::<Value>(line).ok()?["scambio"]
                .as_str()
                .map(str::to_owned)
        })
        .collect();
    let lost: Vec<&String> = acknowledged
        .iter()
        .filter(|scambio| !found.contains(*scambio))
        .collect();
    assert!(
        lost.is_empty(),
        "{} of {} acknowledged exchanges are lost",
        lost.len(),
        acknowledged.len()
    );
}

#[tokio::test]
async fn a_record_removed_while_it_is_written_ends_the_service_until_an_operator_begins_it_anew() {
    let province = Province::start();
    let portal = province.portal("portale-uno");
    assert_eq!(portal.persona(CANTU.0, CANTU.1).await.status, 200);
    for entry in std::fs::read_dir(province.path("record"))
        .expect("the record's folder")
        .flatten()
    {
        std::fs::remove_file(entry.path()).expect("removed");
    }
    for _ in 0..3 {
        let refused = portal.persona(CANTU.0, CANTU.1).await;
        assert_eq!(
            (refused.status, refused.slug()),
            (503, "scambio-non-registrato"),
            "{}",
            refused.body
        );
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    }
    let ready = province.operator("operatore-uno").get("/pronto").await;
    assert_eq!(ready.status, 503, "{}", ready.body);

    assert!(!province.pontile(&["migrate"]).status.success());
    let anew = province.pontile(&["migrate", "--begin-anew", "--reason", "prova di un guasto"]);
    assert!(anew.status.success());
    let until = std::time::Instant::now() + std::time::Duration::from_secs(5);
    while portal.persona(CANTU.0, CANTU.1).await.status != 200 {
        assert!(
            std::time::Instant::now() < until,
            "the record was made anew and nothing is answered"
        );
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn what_left_is_summed_up_and_only_the_entes_key_tells_who_was_concerned() {
    let province = Province::start();
    let why = ["--reason", "prova di una violazione"];
    for portal in ["portale-uno", "portale-due"] {
        let answer = province.portal(portal).persona(CANTU.0, CANTU.1).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    let nobody = province.portal("portale-uno");
    let nobody = nobody.persona(CANTU.0, "RSSMRA80A01H501U").await;
    assert_eq!(nobody.status, 404, "{}", nobody.body);
    let since = [
        "breach",
        "report",
        "--from",
        "2026-01-01T00:00:00Z",
        "--ente",
        CANTU.0,
    ];
    let report = [&since[..], &["--json"], &why].concat();
    let told = province.pontile(&report);
    assert!(
        told.status.success(),
        "{}",
        String::from_utf8_lossy(&told.stderr)
    );
    let told: Value = serde_json::from_slice(&told.stdout).expect("JSON");
    let groups = told["gruppi"].as_array().expect("groups");
    let of = |portal: &str, outcome: &str| {
        let mut groups = groups.iter();
        let found = groups.find(|one| one["portal"] == portal && one["outcome"] == outcome);
        found
            .unwrap_or_else(|| panic!("{portal} {outcome}: {told}"))
            .clone()
    };
    for portal in ["portale-uno", "portale-due"] {
        let group = of(portal, "risposto");
        assert_eq!(
            (&group["scambi"], &group["persone"]),
            (&json!(1), &json!(1)),
            "{group}"
        );
        assert_eq!(group["dati"], "dati anagrafici di una persona");
    }
    assert_eq!(of("portale-uno", "soggetto-non-trovato")["scambi"], 1);
    assert_eq!(told["persone"], 2);

    let key = province.path("cantu.key").display().to_string();
    let export = [
        &["keys", "export", "--ente", CANTU.0, "--output", &key][..],
        &why,
    ]
    .concat();
    assert!(province.pontile(&export).status.success());
    let resolve = [
        &since[..],
        &["--portal", "portale-due", "--ente-key", &key],
        &why,
    ]
    .concat();
    let candidates = format!("RSSMRA80A01H501U\n{}\n", CANTU.1);
    let told = province.pontile_told(&resolve, &candidates);
    let printed = String::from_utf8(told.stdout).expect("UTF-8");
    let concerned: Vec<&str> = printed.lines().skip(2).collect();
    assert_eq!(concerned, [CANTU.1], "{printed}");
}
