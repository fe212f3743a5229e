//! Results are delivered to the address that the portal registered: at least once, and tried again until it acknowledges.

use std::time::Duration;

use pontile::jose::{Algorithm, Expected, PublicKey, Token};
use pontile::modi::digest_of;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::harness::portal::PURPOSE;
use crate::harness::province::Province;

/// Reads one request of a delivery and answers it with the status; its head in lower case and its body.
async fn take_one(listener: &TcpListener, status: &str) -> (String, Value) {
    let (head, body) = take_whole(listener, status).await;
    let body = serde_json::from_str(&body).unwrap_or(Value::Null);
    (head.to_lowercase(), body)
}

/// The same as it was sent.
async fn take_whole(listener: &TcpListener, status: &str) -> (String, String) {
    let (mut socket, _) = listener.accept().await.expect("a delivery");
    let mut text = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        let read = socket.read(&mut chunk).await.expect("bytes");
        text.extend_from_slice(&chunk[..read]);
        let so_far = String::from_utf8_lossy(&text).into_owned();
        let Some((head, body)) = so_far.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head
            .lines()
            .find_map(|line| {
                line.to_lowercase()
                    .strip_prefix("content-length:")
                    .map(str::to_owned)
            })
            .and_then(|length| length.trim().parse::<usize>().ok())
            .unwrap_or(0);
        if body.len() >= length {
            let answer =
                format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            socket.write_all(answer.as_bytes()).await.expect("answered");
            return (head.to_owned(), body.to_owned());
        }
    }
}

#[tokio::test]
async fn what_is_delivered_to_a_portal_that_wants_signed_answers_is_signed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}/risposte", listener.local_addr().expect("bound"));
    let province = Province::with(|files| {
        files.erba_answers_later("1h").replace(
            "portali/prove.toml",
            "\n[[portal]]\nname = \"portale-due\"",
            &format!(
                "\n[portal.modi]\naudience = [\"https://pontile.example\"]\nanswers_signed = true\npatterns = [\"ID_AUTH_REST_02\"]\n\
                 [portal.modi.operations]\n\"anagrafe.ricerche-persona\" = []\n\n[[portal.reply_to]]\naddress = \"{address}\"\n\n\
                 [[portal]]\nname = \"portale-due\""
            ),
        )
        .append(
            "pontile.toml",
            "[signer]\nissuer = \"pontile.provincia.example.it\"\nkey = { file = \"pki/server.key\" }\ncertificate = \"pki/server.pem\"\n",
        );
    });
    let portal = province.portal("portale-uno");
    let request = portal
        .request(
            Method::POST,
            "/rest/anagrafe/v1/enti/013095/ricerche-persona",
        )
        .header("Purpose-Id", PURPOSE)
        .header("X-ReplyTo", &address)
        .json(&json!({ "codice_fiscale": "FOXLAX01B28D416I" }));
    let taken_on = portal.send(request).await;
    assert_eq!(taken_on.status, 202, "{:?}", taken_on.body);
    let delivery = tokio::time::timeout(Duration::from_secs(40), take_whole(&listener, "200 OK"));
    let (head, body) = delivery.await.expect("it is delivered");
    let header = |name: &str| {
        let line = head.lines().find_map(|line| {
            let (known, value) = line.split_once(": ")?;
            known.eq_ignore_ascii_case(name).then_some(value)
        });
        line.unwrap_or_else(|| panic!("no {name}: {head}"))
            .to_owned()
    };
    assert_eq!(header("digest"), digest_of(body.as_bytes()));
    let expected = Expected {
        algorithms: &Algorithm::ALL,
        types: &["JWT"],
        untyped: false,
    };
    let signature = header("agid-jwt-signature");
    let token = Token::read(&signature, &expected).expect("readable");
    let own = PublicKey::of_pem(&province.pki.read("server.pem")).expect("a key");
    let claims = token.verify(&own).expect("signed by the gateway");
    assert_eq!(claims.required("aud"), Ok("portale-uno"));
    let signed = json!([{ "digest": header("digest") }, { "content-type": "application/json" }]);
    assert_eq!(claims.get("signed_headers"), Some(&signed));
}

#[tokio::test]
async fn a_result_is_delivered_again_until_the_portal_acknowledges_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}/risposte", listener.local_addr().expect("bound"));
    let province = Province::with(|files| {
        files.erba_answers_later("1h").replace(
            "portali/prove.toml",
            "\n[[portal]]\nname = \"portale-due\"",
            &format!(
                "\n[[portal.reply_to]]\naddress = \"{address}\"\n\n[[portal]]\nname = \"portale-due\""
            ),
        );
    });
    let portal = province.portal("portale-uno");
    let request = portal
        .request(
            Method::POST,
            "/rest/anagrafe/v1/enti/013095/ricerche-persona",
        )
        .header("Purpose-Id", PURPOSE)
        .header("X-ReplyTo", &address)
        .json(&json!({ "codice_fiscale": "FOXLAX01B28D416I" }));
    let taken_on = portal.send(request).await;
    assert_eq!(taken_on.status, 202, "{:?}", taken_on.body);
    let correlation = format!(
        "x-correlation-id: {}",
        taken_on.header("x-correlation-id").to_lowercase()
    );
    let deliveries = async {
        let failed = take_one(&listener, "503 Service Unavailable").await;
        (failed, take_one(&listener, "200 OK").await)
    };
    let deliveries = tokio::time::timeout(Duration::from_secs(40), deliveries).await;
    let (first, second) = deliveries.expect("it is tried again");
    for (head, body) in [&first, &second] {
        assert!(head.starts_with("post /risposte "), "{head}");
        assert!(head.contains(&correlation), "{head}");
        assert_eq!(body["persona"]["codice_fiscale"], json!("FOXLAX01B28D416I"));
    }
    let none = tokio::time::timeout(Duration::from_secs(7), listener.accept()).await;
    assert!(none.is_err(), "acknowledged is done");
}
