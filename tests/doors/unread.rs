//! Requests that are no HTTP: each gets its problem document before the connection closes, and is counted.

use std::time::Duration;

use crate::harness::{Answer, Doors};

const SEARCH: &str = "/rest/anagrafe/v1/enti/013075/ricerche-persona";
const ENTI: &str = "/rest/catalogo/v1/enti";

/// What every refusal of what is no HTTP says.
fn says_why(answer: &Answer, status: u16, slug: &str, case: &str) {
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (status, "application/problem+json"),
        "{case}: {answer:?}"
    );
    assert_eq!(answer.slug(), slug, "{case}");
    assert_eq!(answer.header("connection"), "close", "{case}");
    assert_eq!(answer.header("cache-control"), "no-store", "{case}");
    for name in [
        "x-correlation-id",
        "x-ratelimit-limit",
        "x-ratelimit-remaining",
        "x-ratelimit-reset",
        "date",
    ] {
        assert!(!answer.header(name).is_empty(), "{case}: no {name}");
    }
    let problem = answer.json();
    assert_eq!(problem["status"], status, "{case}");
    assert_eq!(problem["lato"], "portale", "{case}");
    assert_eq!(
        problem["scambio"],
        answer.header("x-correlation-id"),
        "{case}"
    );
    for part in ["title", "detail", "rimedio"] {
        assert!(
            problem[part].as_str().is_some_and(|text| text.len() > 10),
            "{case}: {part}"
        );
    }
}

/// Requests that the parser refuses, each with a name.
#[expect(clippy::too_many_lines, reason = "a table")]
fn unreadable() -> Vec<(&'static str, Vec<u8>)> {
    let post = |headers: &str, body: &str| {
        format!(
            "POST {SEARCH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nPurpose-Id: prova\r\n{headers}\r\n{body}"
        )
        .into_bytes()
    };
    let get = |line: &str, headers: &[u8]| {
        let mut request = format!("{line}\r\n").into_bytes();
        request.extend_from_slice(headers);
        request.extend_from_slice(b"\r\n");
        request
    };
    let host = b"Host: localhost\r\n";
    vec![
        (
            "length and chunks together",
            post(
                "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
                "2\r\n{}\r\n0\r\n\r\n",
            ),
        ),
        (
            "two lengths",
            post("Content-Length: 2\r\nContent-Length: 3\r\n", "{} "),
        ),
        ("a length with a sign", post("Content-Length: +2\r\n", "{}")),
        (
            "an unknown encoding",
            post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"),
        ),
        ("no host", get(&format!("GET {ENTI} HTTP/1.1"), b"")),
        (
            "two hosts",
            get(&format!("GET {ENTI} HTTP/1.1"), b"Host: a\r\nHost: b\r\n"),
        ),
        ("no method", get(&format!(" {ENTI} HTTP/1.1"), host)),
        (
            "a method of other characters",
            get(&format!("G@T\x01 {ENTI} HTTP/1.1"), host),
        ),
        ("a version of the future", get("GET / HTTP/3.0", host)),
        (
            "HTTP/2 without agreement",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        ),
        (
            "a control character in a header",
            get(
                &format!("GET {ENTI} HTTP/1.1"),
                b"Host: localhost\r\nX-Prova: a\x00b\r\n",
            ),
        ),
        (
            "a blank in a header's name",
            get(
                &format!("GET {ENTI} HTTP/1.1"),
                b"Host: localhost\r\nX Prova: a\r\n",
            ),
        ),
        (
            "bytes that are no UTF-8 in the path",
            [
                b"GET /rest/\xff\xfe HTTP/1.1\r\n".as_slice(),
                b"Host: localhost\r\n\r\n",
            ]
            .concat(),
        ),
        (
            "a chunk without a size",
            post("Transfer-Encoding: chunked\r\n", "zz\r\n{}\r\n0\r\n\r\n"),
        ),
        (
            "a chunk longer than it says",
            post("Transfer-Encoding: chunked\r\n", "1\r\n{}\r\n0\r\n\r\n"),
        ),
        (
            "a chunk of endless size",
            post("Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\n{}"),
        ),
    ]
}

#[tokio::test]
async fn whatever_is_no_http_is_told_why() {
    let doors = Doors::open().await;
    let counted = ["requests_unread_total", "portal_door", "not_http"];
    for (count, (case, request)) in unreadable().into_iter().enumerate() {
        let mut line = doors.portal("portale-uno").await;
        line.write(request).await.expect("a request");
        let answer = line
            .answer()
            .await
            .unwrap_or_else(|error| panic!("{case}: {error}"));
        says_why(&answer, 400, "richiesta-non-leggibile", case);
        assert!(
            line.ends_in_order(Duration::from_secs(3)).await,
            "{case}: the connection stays open or is torn"
        );
        #[expect(clippy::cast_precision_loss, reason = "a few requests")]
        let expected = (count + 1) as f64;
        assert!(doors.metric_reaches(&counted, expected).await, "{case}");
    }
    assert_eq!(doors.gateway.store.health().records, 0);
}

#[tokio::test]
async fn the_operators_door_says_it_too() {
    let doors = Doors::open().await;
    for (case, request) in unreadable() {
        let mut line = doors.operator("operatore-uno").await;
        line.write(request).await.expect("a request");
        let answer = line
            .answer()
            .await
            .unwrap_or_else(|error| panic!("{case}: {error}"));
        // A resource that expects no body does not read one.
        if !case.contains("chunk") || answer.status == 400 {
            says_why(&answer, 400, "richiesta-non-leggibile", case);
        }
    }
}

#[tokio::test]
async fn a_head_without_end_is_told_why_although_it_is_not_read_whole() {
    let doors = Doors::open().await;
    for (case, headers) in [
        (
            "one header",
            format!("X-Enorme: {}\r\n", "a".repeat(300_000)),
        ),
        ("many headers", "X-Una: a\r\n".repeat(97)),
    ] {
        let mut line = doors.portal("portale-uno").await;
        line.write(format!(
            "GET {ENTI} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n"
        ))
        .await
        .expect("a request");
        let answer = line.answer().await.expect("an answer");
        says_why(&answer, 431, "intestazioni-troppo-grandi", case);
    }
    assert!(
        doors
            .metric_reaches(&["requests_unread_total", "head_too_large"], 2.0)
            .await
    );
}

#[tokio::test]
async fn what_came_before_is_answered_first() {
    let doors = Doors::open().await;
    let mut line = doors.portal("portale-uno").await;
    line.write(format!(
        "GET {ENTI}/013075 HTTP/1.1\r\nHost: localhost\r\n\r\nGET {ENTI}/013041 HTTP/1.1\r\nHost: localhost\r\n\r\nbasta\r\n\r\n"
    ))
    .await
    .expect("three requests");
    for name in ["Como", "Cantù"] {
        let answer = line.answer().await.expect("an answer");
        assert_eq!(answer.json()["denominazione"], name);
    }
    let answer = line.answer().await.expect("an answer");
    says_why(&answer, 400, "richiesta-non-leggibile", "the third");
    assert_eq!(doors.gateway.store.health().records, 2);
}

#[tokio::test]
async fn a_path_encoded_out_of_utf8_is_refused_as_any_other() {
    let doors = Doors::open().await;
    let mut line = doors.portal("portale-uno").await;
    for path in ["/rest/catalogo/v1/enti/%ff%fe", "/rest/%c3%28", "/%00"] {
        let answer = line.get(path).await.expect("an answer");
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert!(matches!(answer.status, 400 | 404), "{path}: {answer:?}");
    }
}

#[tokio::test]
async fn a_head_that_never_ends_is_told_that_it_was_slow() {
    let doors = Doors::with("slow_client_timeout = \"300ms\"").await;
    let mut line = doors.portal("portale-uno").await;
    let answer = line.answer().await.expect("an answer");
    says_why(&answer, 408, "richiesta-troppo-lenta", "silence");
}
