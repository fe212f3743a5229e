//! Bad input of every kind gets a clear problem, in Italian, with whose fault it is; nothing of it is repeated.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use crate::harness::portal::{Answer, PURPOSE, Portal};
use crate::harness::province::Province;

const PATH: &str = "/rest/anagrafe/v1/enti/013041/ricerche-persona";

async fn send(portal: &Portal, body: impl Into<reqwest::Body>) -> Answer {
    let request = portal
        .request(Method::POST, PATH)
        .header("Purpose-Id", PURPOSE)
        .header("Content-Type", "application/json");
    portal.send(request.body(body)).await
}

fn refused(answer: &Answer, statuses: &[u16], case: &str) {
    assert!(
        statuses.contains(&answer.status),
        "{case}: {} {}",
        answer.status,
        answer.body
    );
    assert_eq!(
        answer.header("content-type"),
        "application/problem+json",
        "{case}"
    );
    assert_eq!(answer.body["lato"], "portale", "{case}: {}", answer.body);
    for member in ["type", "title", "detail", "scambio"] {
        assert!(
            answer.body[member].is_string(),
            "{case} lacks {member}: {}",
            answer.body
        );
    }
}

#[tokio::test]
async fn bodies_out_of_form_are_refused_by_name_and_never_repeated() {
    let province = Province::start();
    let portal = province.portal("portale-uno");
    let deep = format!(
        "{{\"codice_fiscale\":{}1{}}}",
        "[".repeat(5000),
        "]".repeat(5000)
    );
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("no JSON", b"<persona/>".to_vec()),
        ("cut JSON", b"{\"codice_fiscale\":\"BNCNNA75T".to_vec()),
        ("empty", Vec::new()),
        ("an array", b"[]".to_vec()),
        ("a missing field", b"{}".to_vec()),
        ("a wrong type", b"{\"codice_fiscale\":7}".to_vec()),
        (
            "an unknown field",
            b"{\"codice_fiscale\":\"BNCNNA75T71B639E\",\"SEGRETISSIMO\":1}".to_vec(),
        ),
        (
            "an unknown campo",
            b"{\"codice_fiscale\":\"BNCNNA75T71B639E\",\"campi\":[\"SEGRETISSIMO\"]}".to_vec(),
        ),
        (
            "a wrong check character",
            b"{\"codice_fiscale\":\"SGRTSS75T71B639X\"}".to_vec(),
        ),
        (
            "control characters",
            b"{\"codice_fiscale\":\"BNC\x00\x01A75T71B639E\"}".to_vec(),
        ),
        ("bad UTF-8", b"{\"codice_fiscale\":\"\xff\xfe\"}".to_vec()),
        (
            "a repeated key",
            b"{\"codice_fiscale\":\"BNCNNA75T71B639E\",\"codice_fiscale\":\"BNCNNA75T71B639E\"}"
                .to_vec(),
        ),
        ("deep nesting", deep.into_bytes()),
    ];
    for (case, body) in cases {
        let answer = send(&portal, body).await;
        refused(&answer, &[400, 422], case);
        assert!(
            !answer.body.to_string().contains("SGRTSS"),
            "{case} repeats a value: {}",
            answer.body
        );
    }
    let too_large = send(&portal, vec![b' '; 200_000]).await;
    refused(&too_large, &[413], "an oversized body");
    assert_eq!(
        portal.persona("013041", "BNCNNA75T71B639E").await.status,
        200,
        "the gateway goes on"
    );
}

#[tokio::test]
async fn wrong_paths_methods_and_media_types_have_problems_of_their_own() {
    let province = Province::start();
    let portal = province.portal("portale-uno");
    refused(
        &portal.get("/rest/nessuna").await,
        &[404],
        "an unknown path",
    );
    let method = portal.get(PATH).await;
    refused(&method, &[405], "a wrong method");
    assert!(method.header("allow").contains("POST"));
    let media = portal
        .send(
            portal
                .request(Method::POST, PATH)
                .header("Purpose-Id", PURPOSE)
                .header("Content-Type", "text/xml")
                .body("<a/>"),
        )
        .await;
    refused(&media, &[415], "a wrong media type");
    let ente = portal
        .post(
            "/rest/anagrafe/v1/enti/como/ricerche-persona",
            &json!({ "codice_fiscale": "BNCNNA75T71B639E" }),
        )
        .await;
    refused(&ente, &[400, 404], "an ente out of form");
    let tax = portal.post("/rest/tributi/v1/enti/013095/ricerche-posizione", &json!({ "codice_fiscale": "FOXLAX01B28D416I", "partita_iva": "00977350206", "tributo": "IMU", "anno": 2025 })).await;
    refused(&tax, &[400, 422], "two taxpayers");
    let year = portal
        .post(
            "/rest/tributi/v1/enti/013095/ricerche-posizione",
            &json!({ "codice_fiscale": "FOXLAX01B28D416I", "tributo": "IMU", "anno": 1800 }),
        )
        .await;
    refused(&year, &[400, 422], "a year out of range");
}

#[test]
fn a_client_that_never_ends_its_handshake_is_cut() {
    let province = Province::with(|files| {
        files.replace(
            "pontile.toml",
            "request_deadline = \"5s\"",
            "request_deadline = \"5s\"\nhandshake_timeout = \"1s\"\nslow_client_timeout = \"1s\"",
        );
    });
    let port = province
        .portal_door()
        .rsplit(':')
        .next()
        .expect("a port")
        .parse::<u16>()
        .expect("a number");
    let mut socket = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
    socket
        .set_read_timeout(Some(Duration::from_secs(10)))
        .expect("a time-out");
    socket
        .write_all(&[0x16, 0x03, 0x01])
        .expect("the beginning of a handshake");
    let started = Instant::now();
    let mut rest = Vec::new();
    let _ = socket.read_to_end(&mut rest);
    assert!(
        started.elapsed() < Duration::from_secs(8),
        "the slow client was left alone for {:?}",
        started.elapsed()
    );
}
