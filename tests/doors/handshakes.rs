//! Who comes in: at the handshake, on open connections, on resumed sessions, across reloads.

use std::time::Duration;

use rustls::HandshakeKind;
use rustls::version::{TLS12, TLS13};

use crate::harness::{Client, Doors};
use crate::pki;

const STATUS: &str = "/rest/catalogo/v1/status";

#[tokio::test]
async fn certificates_that_are_not_trusted_end_at_the_handshake_and_are_counted_by_reason() {
    let doors = Doors::open().await;
    for version in [&TLS13, &TLS12] {
        for (name, reason) in [
            ("scaduto", "expired"),
            ("revocato", "revoked"),
            ("estraneo", "unknown_authority"),
            ("non-cliente", "purpose"),
            ("senza-firma", "key_usage"),
        ] {
            let labels = ["handshakes", "portal_door", &format!("\"{reason}\"")];
            let before = doors.metric(&labels);
            let client = Client::new(&doors.pki, name, &[version]);
            let outcome = match client.connect(doors.portals.address).await {
                Ok(mut line) => line.get(STATUS).await.map(|_| ()),
                Err(error) => Err(error),
            };
            assert!(outcome.is_err(), "{name} was admitted");
            assert!(
                doors.metric_reaches(&labels, before + 1.0).await,
                "{name} was not counted"
            );
        }
    }
    assert_eq!(
        doors
            .portal("portale-uno")
            .await
            .get(STATUS)
            .await
            .expect("an answer")
            .status,
        200
    );
}

#[tokio::test]
async fn both_versions_of_tls_are_spoken() {
    let doors = Doors::open().await;
    for version in [&TLS13, &TLS12] {
        let client = Client::new(&doors.pki, "portale-uno", &[version]);
        let mut line = client
            .connect(doors.portals.address)
            .await
            .expect("a connection");
        assert_eq!(line.get(STATUS).await.expect("an answer").status, 200);
        assert_eq!(
            line.stream.get_ref().1.protocol_version(),
            Some(version.version)
        );
    }
}

#[tokio::test]
async fn a_valid_certificate_of_nobody_gets_a_problem_and_keeps_its_connection() {
    let doors = Doors::open().await;
    let mut line = doors.portal("sconosciuto").await;
    for path in ["/rest/catalogo/v1/enti", STATUS] {
        let answer = line.get(path).await.expect("an answer");
        assert_eq!(
            (answer.status, answer.slug().as_str()),
            (403, "certificato-sconosciuto"),
            "{path}"
        );
        assert_eq!(answer.json()["lato"], "portale");
    }
}

#[tokio::test]
async fn a_certificate_revoked_meanwhile_is_out_on_its_open_connection() {
    let doors = Doors::open().await;
    let mut line = doors.portal("portale-uno").await;
    assert_eq!(
        line.get("/rest/catalogo/v1/enti")
            .await
            .expect("an answer")
            .status,
        200
    );
    doors.revoke("portale-uno");
    for path in ["/rest/catalogo/v1/enti", STATUS, "/docs"] {
        let answer = line.get(path).await.expect("an answer");
        assert_eq!(
            (answer.status, answer.slug().as_str()),
            (403, "certificato-non-attendibile"),
            "{path}"
        );
        assert!(answer.body.contains("revocato"), "{}", answer.body);
    }
}

#[tokio::test]
async fn a_certificate_revoked_meanwhile_is_out_on_a_resumed_session() {
    for version in [&TLS13, &TLS12] {
        let doors = Doors::open().await;
        let client = Client::new(&doors.pki, "portale-uno", &[version]);
        let mut line = client
            .connect(doors.portals.address)
            .await
            .expect("a connection");
        assert_eq!(line.get(STATUS).await.expect("an answer").status, 200);
        drop(line);
        let mut resumed = client
            .connect(doors.portals.address)
            .await
            .expect("a connection");
        assert_eq!(resumed.get(STATUS).await.expect("an answer").status, 200);
        assert_eq!(
            resumed.stream.get_ref().1.handshake_kind(),
            Some(HandshakeKind::Resumed)
        );
        drop(resumed);
        // The session outlives the reload; the certificate in it is judged anew.
        doors.revoke("portale-uno");
        let mut resumed = client
            .connect(doors.portals.address)
            .await
            .expect("a connection");
        let answer = resumed.get(STATUS).await.expect("an answer");
        assert_eq!(
            resumed.stream.get_ref().1.handshake_kind(),
            Some(HandshakeKind::Resumed)
        );
        assert_eq!(answer.slug(), "certificato-non-attendibile");
    }
}

#[tokio::test]
async fn a_reload_changes_certificates_for_new_connections_and_drops_none() {
    let doors = Doors::open().await;
    let mut open = doors.portal("portale-uno").await;
    assert_eq!(open.get(STATUS).await.expect("an answer").status, 200);
    let before = certificate(&open);

    // The same names from other authorities: portals are told of the new ones beforehand.
    let other = tempfile::tempdir().expect("a folder");
    pki::make(other.path());
    for file in ["server.pem", "server.key"] {
        std::fs::copy(other.path().join(file), doors.pki.join(file)).expect("a copy");
    }
    let root = std::fs::read(doors.pki.join("root.pem")).expect("a root");
    let both = [
        root,
        std::fs::read(other.path().join("root.pem")).expect("a root"),
    ]
    .concat();
    let trusting = tempfile::tempdir().expect("a folder");
    std::fs::write(trusting.path().join("root.pem"), both).expect("a file");
    for file in ["portale-uno.pem", "portale-uno.key"] {
        std::fs::copy(doors.pki.join(file), trusting.path().join(file)).expect("a copy");
    }
    let reloaded = doors.reloader.reload().expect("a good configuration");
    assert_eq!(reloaded.generation, 2);

    assert_eq!(open.get(STATUS).await.expect("an answer").status, 200);
    let client = Client::new(trusting.path(), "portale-uno", rustls::DEFAULT_VERSIONS);
    let mut new = client
        .connect(doors.portals.address)
        .await
        .expect("a connection");
    assert_eq!(new.get(STATUS).await.expect("an answer").status, 200);
    assert_ne!(certificate(&new), before);
}

fn certificate(line: &crate::harness::Line) -> Vec<u8> {
    line.stream
        .get_ref()
        .1
        .peer_certificates()
        .and_then(|chain| chain.first())
        .expect("a certificate")
        .to_vec()
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_cut_and_counted() {
    let doors = Doors::with("handshake_timeout = \"300ms\"").await;
    let mut socket = tokio::net::TcpStream::connect(doors.portals.address)
        .await
        .expect("a connection");
    let mut rest = Vec::new();
    let cut = tokio::io::AsyncReadExt::read_to_end(&mut socket, &mut rest);
    tokio::time::timeout(Duration::from_secs(5), cut)
        .await
        .expect("the connection is closed")
        .ok();
    assert!(
        doors
            .metric_reaches(&["handshakes", "portal_door", "\"timeout\""], 1.0)
            .await
    );
}
