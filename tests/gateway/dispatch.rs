//! Stage 5: bad weather at one town hall is named for what it is, and the others do not notice.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::province::Province;

const CANTU: (&str, &str) = ("013041", "BNCNNA75T71B639E");
const ERBA: (&str, &str) = ("013095", "FOXLAX01B28D416I");

#[tokio::test]
async fn a_back_end_that_hangs_becomes_a_504_and_slows_no_other_municipality() {
    let province = Province::start();
    province
        .simulators
        .fault(json!({ "dialect": "d1", "fault": "hang" }))
        .await;
    let portal = province.portal("portale-uno");
    let hanging = futures_util::future::join_all((0..12).map(|_| portal.persona(CANTU.0, CANTU.1)));
    let others = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let started = Instant::now();
        let answer = portal.persona(ERBA.0, ERBA.1).await;
        (answer.status, started.elapsed())
    };
    let (hung, (status, elapsed)) = futures_util::future::join(hanging, others).await;
    assert_eq!(status, 200);
    assert!(
        elapsed < Duration::from_secs(1),
        "the neighbour waited {elapsed:?}"
    );
    for answer in hung {
        assert!(
            [503, 504].contains(&answer.status),
            "{} {}",
            answer.status,
            answer.body
        );
        assert_eq!(answer.body["lato"], "ente");
    }
}

#[tokio::test]
async fn several_under_one_code_are_a_409_over_soap_and_over_rest_that_counts_them_where_the_product_does()
 {
    // At Como another product, which answers with rows over SOAP.
    let province = Province::with(|files| {
        let mut known = files.back_ends.others.iter();
        let (_, address) = known.find(|(port, _)| *port == 18102).expect("d2");
        let instance = format!(
            "[[instance]]\nname = \"como-dataset\"\nadapter = \"dataset-due-passi\"\naddress = \"{address}/c933\"\nvalues = {{ utente = \"gw\" }}\n\
             secrets = {{ password = {{ file = \"../segreti/como-dataset\" }} }}\n[instance.bounds]\nconnect_deadline = \"1s\"\nanswer_deadline = \"2s\"\n"
        );
        files
            .append("istanze/prove.toml", &instance)
            .put("segreti/como-dataset", "d2-prova-c933".to_owned())
            .replace(
                "enti/prove.toml",
                "[ente.servizi.anagrafe]\ninstance = \"como-vista\"",
                "[ente.servizi.anagrafe]\ninstance = \"como-dataset\"",
            );
    });
    let portal = province.portal("portale-uno");
    let como = ("013075", "RSSMRA80A01C933H");
    // The product of Cantù says only that there are several.
    for (dialect, person, told) in [
        ("d1", CANTU, "Più soggetti"),
        ("d2", como, "2 soggetti"),
        ("d6", ERBA, "2 soggetti"),
    ] {
        let order = json!({ "dialect": dialect, "fault": "ambiguous" });
        province.simulators.fault(order).await;
        let answer = portal.persona(person.0, person.1).await;
        assert_eq!(
            (answer.status, answer.slug()),
            (409, "soggetto-ambiguo"),
            "{}",
            answer.body
        );
        let detail = answer.body["detail"].as_str().unwrap_or_default();
        assert!(detail.starts_with(told), "{dialect}: {detail}");
        assert!(
            !answer.body.to_string().contains(person.1),
            "{}",
            answer.body
        );
    }
}

#[tokio::test]
async fn each_kind_of_bad_weather_is_named_and_never_becomes_not_found() {
    for (fault, status, problem) in [
        ("html_502", 503, "gestionale-non-disponibile"),
        ("truncated_body", 502, "risposta-incomprensibile"),
        ("maintenance", 503, "gestionale-non-disponibile"),
        ("auth_fail", 502, "gestionale-in-errore"),
        ("drop", 503, "gestionale-non-disponibile"),
        ("garbage", 502, "risposta-incomprensibile"),
        ("huge", 502, "risposta-incomprensibile"),
        ("ambiguous", 409, "soggetto-ambiguo"),
        ("not_found", 404, "soggetto-non-trovato"),
    ] {
        for (dialect, person) in [("d1", CANTU), ("d6", ERBA)] {
            let province = Province::start();
            province
                .simulators
                .fault(json!({ "dialect": dialect, "fault": fault, "mb": 16 }))
                .await;
            let answer = province
                .portal("portale-uno")
                .persona(person.0, person.1)
                .await;
            let kind = answer.body["type"].as_str().unwrap_or_default();
            assert!(
                answer.status == status && kind.ends_with(problem),
                "{dialect} {fault}: {} {}",
                answer.status,
                answer.body
            );
            if fault == "auth_fail" {
                let pause: u64 = answer
                    .header("retry-after")
                    .parse()
                    .expect("when to come again");
                assert!((1..=30).contains(&pause), "{dialect}: {pause}");
            }
            if answer.status >= 500 {
                // Refused credentials are for the gateway's operator to mend; all else is the ente's.
                let side = if fault == "auth_fail" {
                    "gateway"
                } else {
                    "ente"
                };
                assert_eq!(
                    answer.body["lato"], side,
                    "{dialect} {fault}: {}",
                    answer.body
                );
                assert!(
                    !answer.body.to_string().contains(person.1),
                    "{dialect} {fault} leaks the code"
                );
            }
            let log = log_with_an_exchange(&province).await;
            assert!(
                !log.contains(person.1),
                "{dialect} {fault}: the log holds a fiscal code"
            );
            only_documented_fields(&log);
        }
    }
}

/// The log, once the exchange has been written to it.
async fn log_with_an_exchange(province: &Province) -> String {
    for _ in 0..50 {
        let log = province.log();
        if log.contains("pontile::exchange") {
            return log;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no exchange in the log: {}", province.log());
}

/// The log holds what `docs/logging.md` lists and nothing else.
fn only_documented_fields(log: &str) {
    let documented = include_str!("../../docs/logging.md");
    for line in log.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        for field in line.as_object().unwrap().keys() {
            assert!(
                documented.contains(&format!("| `{field}` |")),
                "docs/logging.md does not list {field}: {line}"
            );
        }
    }
}

#[tokio::test]
async fn the_breaker_opens_after_repeated_failures_and_closes_after_a_good_probe() {
    let province = Province::with(|files| {
        files.replace(
            "istanze/prove.toml",
            "connect_deadline = \"900ms\"",
            "connect_deadline = \"900ms\"\nbreaker_failures = 4\nbreaker_pause = \"3s\"",
        );
    });
    let portal = province.portal("portale-uno");
    province
        .simulators
        .fault(json!({ "dialect": "d1", "fault": "drop" }))
        .await;
    // Each question is tried twice.
    for _ in 0..2 {
        assert!(portal.persona(CANTU.0, CANTU.1).await.status >= 500);
    }
    province.simulators.forget_calls().await;
    let asked = Instant::now();
    let open = portal.persona(CANTU.0, CANTU.1).await;
    assert!(
        asked.elapsed() < Duration::from_secs(1),
        "an open breaker answers at once, not after {:?}",
        asked.elapsed()
    );
    assert_eq!(open.status, 503, "{}", open.body);
    assert!(open.header("retry-after").parse::<u64>().is_ok());
    assert_eq!(
        province
            .simulators
            .count("d1", "ByCodiceFiscaleETipoPersona")
            .await,
        0,
        "the back end is left alone"
    );
    province.simulators.mend().await;
    tokio::time::sleep(Duration::from_millis(3200)).await;
    assert_eq!(portal.persona(CANTU.0, CANTU.1).await.status, 200);
    // The log is written every 200 ms.
    tokio::time::sleep(Duration::from_millis(500)).await;
    for change in ["interruttore aperto", "interruttore chiuso"] {
        assert_eq!(province.log().matches(change).count(), 1, "{change}");
    }
}

#[tokio::test]
async fn an_expired_token_costs_one_new_login_however_many_wait() {
    let province = Province::start();
    let portal = province.portal("portale-uno");
    assert_eq!(portal.persona(ERBA.0, ERBA.1).await.status, 200);
    province
        .simulators
        .fault(json!({ "dialect": "d6", "fault": "expired_token", "times": 1 }))
        .await;
    province.simulators.forget_calls().await;
    let answers = futures_util::future::join_all(
        (0..8).map(|year| portal.posizione(ERBA.0, ERBA.1, "IMU", 2018 + year)),
    )
    .await;
    assert!(
        answers
            .iter()
            .all(|answer| [200, 404].contains(&answer.status)),
        "{:?}",
        answers
            .iter()
            .map(|answer| answer.status)
            .collect::<Vec<_>>()
    );
    let calls = province.simulators.calls().await;
    assert_eq!(calls["tokens_issued"][0]["count"], 1, "{calls}");
    assert!(calls["tokens_issued"][1].is_null(), "{calls}");
}

#[tokio::test]
async fn a_secret_that_changes_on_disk_is_taken_up_by_a_reload() {
    let mut province = Province::start();
    let portal = province.portal("portale-uno");
    assert_eq!(portal.persona(ERBA.0, ERBA.1).await.status, 200);
    let secret = province.path("segreti/erba-next");
    let right = std::fs::read_to_string(&secret).expect("the secret");
    std::fs::write(&secret, "di un altro\n").expect("another secret");
    province.reload();
    let refused = portal.famiglia(ERBA.0, ERBA.1).await;
    assert_eq!(
        (refused.status, refused.slug(), &refused.body["lato"]),
        (502, "gestionale-in-errore", &json!("gateway")),
        "the new secret was used at once"
    );
    std::fs::write(&secret, right).expect("the secret again");
    province.reload();
    assert_eq!(portal.famiglia(ERBA.0, ERBA.1).await.status, 200);
}
