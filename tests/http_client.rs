//! The thin HTTP client against a server that behaves as told, over real sockets.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on must say so at once"
)]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use pontile::config::instance::{BackendTls, Bounds, InstanceSettings};
use pontile::config::units::{Size, Span};
use pontile::connectors::error::ConnectorError;
use pontile::connectors::error::Kind;
use pontile::connectors::http::{HttpClient, HttpRequest, HttpResponse};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// What the server does with one request on a connection.
#[derive(Clone, Copy)]
enum Deed {
    /// Writes these bytes and waits for the next request.
    Say(&'static [u8]),
    /// Writes these bytes and closes.
    SayAndClose(&'static [u8]),
    /// Waits for ever.
    Hang,
}

/// Serves connections one after the other, each with its own list of deeds; gives the address.
async fn server(connections: Vec<Vec<Deed>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/base", listener.local_addr().unwrap());
    tokio::spawn(async move {
        for deeds in connections {
            let (mut socket, _) = listener.accept().await.unwrap();
            for deed in deeds {
                let mut head = Vec::new();
                while !head.windows(4).any(|window| window == b"\r\n\r\n") {
                    if socket.read_buf(&mut head).await.unwrap_or(0) == 0 {
                        break;
                    }
                }
                match deed {
                    Deed::Say(bytes) => socket.write_all(bytes).await.unwrap(),
                    Deed::SayAndClose(bytes) => {
                        socket.write_all(bytes).await.unwrap();
                        break;
                    }
                    Deed::Hang => std::future::pending().await,
                }
            }
        }
    });
    address
}

fn client(address: &str) -> HttpClient {
    let bounds = Bounds {
        connect_deadline: Span(Duration::from_millis(500)),
        answer_size: Size(1000),
        ..Bounds::default()
    };
    HttpClient::new(&InstanceSettings {
        calendar: pontile::config::calendar::Calendar::default(),
        deferred: pontile::config::instance::Deferred::default(),
        name: "prova".to_owned(),
        adapter: "prova".to_owned(),
        address: address.to_owned(),
        values: BTreeMap::default(),
        per_portal: BTreeMap::default(),
        secrets: BTreeMap::default(),
        tls: BackendTls::default(),
        modi: None,
        pdnd: None,
        night: None,
        bounds,
    })
    .unwrap()
}

async fn ask(client: &HttpClient, repeatable: bool) -> Result<HttpResponse, ConnectorError> {
    let request = HttpRequest {
        method: http::Method::POST,
        path: "/cosa?x=1".to_owned(),
        headers: Vec::new(),
        body: Bytes::from_static(b"{}"),
        repeatable,
    };
    client
        .send(request, Instant::now() + Duration::from_millis(700))
        .await
}

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nsi";

#[tokio::test]
async fn a_connection_is_used_again() {
    let client = client(&server(vec![vec![Deed::Say(OK), Deed::Say(OK)]]).await);
    for _ in 0..2 {
        assert_eq!(ask(&client, false).await.unwrap().body, "si");
    }
}

#[tokio::test]
async fn a_connection_closed_while_idle_costs_one_more_try() {
    let client = client(&server(vec![vec![Deed::SayAndClose(OK)], vec![Deed::Say(OK)]]).await);
    assert_eq!(ask(&client, true).await.unwrap().status, 200);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(ask(&client, true).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_chunked_answer_is_put_together() {
    let chunked: &[u8] =
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nsi\r\n3\r\n no\r\n0\r\n\r\n";
    let client = client(&server(vec![vec![Deed::Say(chunked)]]).await);
    assert_eq!(ask(&client, false).await.unwrap().body, "si no");
}

#[tokio::test]
async fn each_kind_of_failure_has_its_name() {
    let cases: Vec<(&str, Deed, Kind)> = vec![
        (
            "cut body",
            Deed::SayAndClose(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsi"),
            Kind::Unintelligible,
        ),
        (
            "cut chunk",
            Deed::SayAndClose(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nsi"),
            Kind::Unintelligible,
        ),
        (
            "announced too large",
            Deed::Say(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"),
            Kind::Oversized,
        ),
        (
            "no HTTP",
            Deed::Say(b"220 smtp.example ESMTP\r\n\r\n"),
            Kind::Unintelligible,
        ),
        (
            "closed without a word",
            Deed::SayAndClose(b""),
            Kind::Unreachable,
        ),
        ("hanging", Deed::Hang, Kind::TimedOut),
    ];
    for (case, deed, kind) in cases {
        let client = client(&server(vec![vec![deed]]).await);
        let failure = ask(&client, false).await.unwrap_err();
        assert_eq!(failure.kind, kind, "{case}: {failure}");
        assert!(failure.is_outage(), "{case}");
    }
}

#[tokio::test]
async fn an_unannounced_flood_is_cut_at_the_bound() {
    let mut flood = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_vec();
    flood.extend(vec![b'x'; 5000]);
    let client = client(&server(vec![vec![Deed::SayAndClose(flood.leak())]]).await);
    assert_eq!(ask(&client, false).await.unwrap_err().kind, Kind::Oversized);
}

#[tokio::test]
async fn nobody_listening_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    assert_eq!(
        ask(&client(&address), false).await.unwrap_err().kind,
        Kind::Unreachable
    );
}
