//! Every fault of every dialect, as a client meets it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use simulators::dialects::LISTENING;
use simulators::dialects::d6::RESOURCE;
use simulators::faults::FaultKind;

use crate::client::{Answer, Outcome, Town, header, town};
use crate::{d0, d1, d2, d3, d4, d4b, d5, d6, d7, d8, pdnd};

/// What a dialect's calls need first, if anything.
async fn token(town: &Town, dialect: &str) -> String {
    match dialect {
        "d3" => d3::token(town).await,
        "d6" => d6::token(town, d6::ERBA).await,
        "pdnd" => pdnd::token(town).await,
        _ => String::new(),
    }
}

/// A quoted person of the dialect's municipality.
async fn ask(town: &Town, dialect: &str, token: &str) -> Outcome {
    match dialect {
        "d0" => d0::ask(town).await,
        "d1" => d1::ask(town, "BNCNNA75T71B639E").await,
        "d2" => d2::ask(town, "RSSMRA80A01C933H").await,
        "d3" => d3::ask(town, token).await,
        "d4" => d4::ask(town).await,
        "d4b" => d4b::ask(town).await,
        "d5" => d5::ask(town).await,
        "d6" => d6::ask(town, token).await,
        "d7" => d7::ask(town).await,
        "d8" => d8::ask(town).await,
        "pdnd" => pdnd::ask(town, token).await,
        other => panic!("no question for {other}"),
    }
}

/// What the client must see of a fault in the dialect's own language.
fn assert_own(dialect: &str, fault: FaultKind, answer: &Answer, plain: &Answer) {
    match dialect {
        "d0" => d0::assert_shown(fault, answer),
        "d1" => d1::assert_shown(fault, answer),
        "d2" => d2::assert_shown(fault, answer),
        "d3" => d3::assert_shown(fault, answer),
        "d4" => d4::assert_shown(fault, answer),
        "d4b" => d4b::assert_shown(fault, answer),
        "d5" => d5::assert_shown(fault, answer, plain),
        "d6" => d6::assert_shown(fault, answer),
        "d7" => d7::assert_shown(fault, answer),
        "d8" => d8::assert_shown(fault, answer, plain),
        "pdnd" => pdnd::assert_shown(fault, answer),
        other => panic!("nothing known of {other} with {fault:?} instead of {plain:?}"),
    }
}

fn status(outcome: &Outcome) -> Option<u16> {
    match outcome {
        Outcome::Answer(answer) => Some(answer.status),
        _ => None,
    }
}

/// What the client must see.
fn assert_shown(dialect: &str, fault: FaultKind, outcome: Outcome, plain: &Answer) {
    match fault {
        FaultKind::Slow | FaultKind::SingleSession => assert_eq!(outcome.answer().body, plain.body),
        FaultKind::Hang | FaultKind::HangAfterCommit => assert_eq!(outcome, Outcome::Silence),
        FaultKind::Html502 => assert!(outcome.answer().text().starts_with("<html>")),
        FaultKind::TruncatedBody => assert_eq!(outcome, Outcome::Truncated),
        FaultKind::WrongCharset => assert_eq!(status(&outcome), Some(200)),
        FaultKind::Maintenance => {
            let answer = outcome.answer();
            assert_eq!(
                (answer.status, header(&answer.head, "retry-after")),
                (503, Some("600"))
            );
        }
        FaultKind::Huge => {
            let answer = outcome.answer();
            assert!(answer.body.len() > 1024 * 1024);
            let squeezed = answer.text().replace(&" ".repeat(64 * 1024), "");
            assert_eq!(squeezed, plain.text());
        }
        FaultKind::Drop => assert_eq!(outcome, Outcome::Closed),
        FaultKind::Garbage => assert!(String::from_utf8(outcome.answer().body).is_err()),
        own => assert_own(dialect, own, &outcome.answer(), plain),
    }
}

#[actix_web::test]
async fn every_dialect_shows_every_fault_it_promises_and_then_recovers() {
    let town = town().await;
    for dialect in LISTENING {
        let token = token(&town, dialect.name).await;
        let plain = ask(&town, dialect.name, &token).await.answer();
        for fault in dialect.possible_faults() {
            let order =
                json!({"dialect": dialect.name, "fault": fault, "ms": 300, "mb": 1, "times": 1});
            town.fault(&order.to_string()).await;
            let began = Instant::now();
            let outcome = ask(&town, dialect.name, &token).await;
            if fault == FaultKind::Slow {
                assert!(began.elapsed() >= Duration::from_millis(300));
            }
            assert_shown(dialect.name, fault, outcome, &plain);
            let again = ask(&town, dialect.name, &token).await.answer();
            assert_eq!(again.body, plain.body, "{} after {fault:?}", dialect.name);
        }
    }
}

#[actix_web::test]
async fn a_wrong_charset_is_not_utf_8_although_the_header_says_so() {
    let town = town().await;
    town.fault(r#"{"dialect":"d1","fault":"wrong_charset"}"#)
        .await;
    let answer = d1::ask(&town, &crate::client::code_of("accenti", "B639"))
        .await
        .answer();
    assert!(answer.head.contains("charset=utf-8"));
    assert!(String::from_utf8(answer.body.clone()).is_err());
    assert!(answer.body.windows(5).any(|window| window == b"CANT\xD9"));
}

#[actix_web::test]
async fn bad_credentials_on_demand_reach_the_token_endpoint() {
    let town = town().await;
    town.fault(r#"{"dialect":"d6","ente":"D416","fault":"auth_fail"}"#)
        .await;
    let refused = d6::token_reply(&town, d6::ERBA, d6::ERBA.secret, RESOURCE).await;
    assert_eq!(refused.status, 401);
}

#[actix_web::test]
async fn the_control_port_refuses_what_makes_no_sense_and_clears_what_it_took() {
    let town = town().await;
    for order in [
        r#"{"dialect":"d1","fault":"expired_token"}"#,
        r#"{"dialect":"d99","fault":"slow"}"#,
        r#"{"dialect":"d1","fault":"slow","ente":"X999"}"#,
        r#"{"dialect":"d1","fault":"slow","share":2}"#,
        r#"{"dialect":"d1","fault":"slow","shares":1}"#,
    ] {
        assert_eq!(
            town.control("POST /control/faults", order).await.status,
            400,
            "{order}"
        );
    }
    town.fault(r#"{"dialect":"d1","fault":"drop"}"#).await;
    let listed = town.control("GET /control/faults", "").await.json();
    assert_eq!(
        (&listed[0]["fault"], &listed[0]["share"]),
        (&json!("drop"), &json!(1.0))
    );
    assert_eq!(town.control("DELETE /control/faults", "").await.status, 204);
    assert_eq!(status(&d1::ask(&town, "BNCNNA75T71B639E").await), Some(200));
}

#[actix_web::test]
async fn calls_tokens_and_crowds_are_counted_without_personal_data() {
    let town = town().await;
    let token = d6::token(&town, d6::ERBA).await;
    town.fault(r#"{"dialect":"d6","fault":"slow","ms":200}"#)
        .await;
    let calls = (0..3).map(|_| ask(&town, "d6", &token));
    futures_util::future::join_all(calls).await;
    let report = town.control("GET /control/calls", "").await;
    assert!(!report.text().contains("FOXLAX"));
    let report: Value = report.json();
    let searches =
        json!({"dialect": "d6", "operation": "RicercaIndividui", "ente": "D416", "count": 3});
    assert!(report["calls"].as_array().unwrap().contains(&searches));
    assert_eq!(
        report["tokens_issued"][0],
        json!({"dialect": "d6", "ente": "D416", "count": 1})
    );
    assert_eq!(
        report["max_concurrency"][0],
        json!({"dialect": "d6", "ente": "D416", "max": 3})
    );
    town.control("DELETE /control/calls", "").await;
    let empty = town.control("GET /control/calls", "").await.json();
    assert_eq!(
        empty,
        json!({"calls": [], "executed": [], "tokens_issued": [], "max_concurrency": []})
    );
}

#[actix_web::test]
async fn stopping_lets_a_slow_call_end() {
    let town = town().await;
    town.fault(r#"{"dialect":"d1","fault":"slow","ms":500}"#)
        .await;
    let d1 = town.address("d1");
    let stream = tokio::net::TcpStream::connect(d1).await.unwrap();
    let call = tokio::spawn(crate::client::exchange(stream, d1::ENDPOINT, "", ""));
    tokio::time::sleep(Duration::from_millis(100)).await;
    town.running.stop().await;
    assert_eq!(status(&call.await.unwrap()), Some(500));
}
