//! Behind a proxy that ends TLS: the card that it names counts as if it had been shown, from listed proxies only and once.

use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use openssl::hash::MessageDigest;
use openssl::x509::X509;
use pontile::login::{self, OpenHost};
use pontile::snapshot::{self, Kept};
use rustls::version::TLS12;

use crate::cards::{issue, openssl};
use crate::harness::{Answer, Client, Doors};

const HOST: &str = "[login]\nname = \"localhost\"\naddress = \"127.0.0.1:0\"\ncertificate = \"pki/server.pem\"\n\
                    key = \"pki/server.key\"\nauthorities = [\"pki/root.pem\"]\nrevocations = [\"pki/root.crl.pem\"]\n";

/// The proxy's own certificate, in these tests.
const PROXY: &str = "portale-uno";

fn certificate(pki: &Path, name: &str) -> X509 {
    let pem = std::fs::read(pki.join(format!("{name}.pem"))).expect("a certificate");
    X509::from_pem(&pem).expect("a certificate")
}

/// A host behind a proxy that is known by its certificate.
async fn by_certificate(more: &str) -> (Doors, OpenHost) {
    open(|pki| {
        let digest = certificate(pki, PROXY).digest(MessageDigest::sha256());
        let fingerprint = hex::encode(digest.expect("a digest"));
        format!("{HOST}[login.proxy]\ncertificates = [\"{fingerprint}\"]\n{more}")
    })
    .await
}

async fn open(sections: impl FnOnce(&Path) -> String) -> (Doors, OpenHost) {
    let doors = Doors::prepared(sections).await;
    issue(
        &doors.pki,
        "cns",
        "rsa:2048",
        "digitalSignature",
        "1.3.76.16.2.1",
    );
    let kept = Kept::new().expect("randomness");
    let built = snapshot::build(&doors.config(), &[], 1, &kept).expect("a configuration");
    let settings = built.settings.login.expect("a login host");
    let host = login::serve(Arc::clone(&doors.gateway), settings).expect("an open host");
    (doors, host)
}

/// What a client reads that sends these headers; `None` shows no certificate.
async fn told(doors: &Doors, host: &OpenHost, client: Option<&str>, headers: &str) -> Answer {
    let client = match client {
        Some(name) => Client::new(&doors.pki, name, &[&TLS12]),
        None => Client::anonymous(&doors.pki, &[&TLS12]),
    };
    let mut line = client.connect(host.address).await.expect("a handshake");
    let answer = line.request("GET", "/", headers, "").await;
    answer.expect("a page")
}

fn client_cert(doors: &Doors, card: &str) -> String {
    let der = certificate(&doors.pki, card).to_der().expect("DER");
    format!("Client-Cert: :{}:\r\n", BASE64_STANDARD.encode(der))
}

#[tokio::test]
async fn what_a_listed_proxy_names_is_judged_like_a_card_that_was_shown() {
    let (doors, host) = by_certificate("").await;
    for (card, status, word) in [
        ("cns", 200, "Carta Nazionale dei Servizi"),
        ("scaduto", 403, "Carta scaduta"),
        ("revocato", 403, "Carta revocata"),
        ("estraneo", 403, "Emittente non riconosciuto"),
    ] {
        let page = told(&doors, &host, Some(PROXY), &client_cert(&doors, card)).await;
        assert_eq!(page.status, status, "{card}: {}", page.body);
        assert!(page.body.contains(word), "{card}: {}", page.body);
    }
    doors.revoke("cns");
    let revoked = told(&doors, &host, Some(PROXY), &client_cert(&doors, "cns")).await;
    assert!(revoked.body.contains("Carta revocata"), "{}", revoked.body);
    // The proxy's own certificate is nobody's card.
    let none = told(&doors, &host, Some(PROXY), "").await;
    assert!(none.body.contains("Nessuna carta trovata"), "{}", none.body);
    for value in ["", ":", "::", ":AAAA:", "AAAA", ":%%%:"] {
        let page = told(
            &doors,
            &host,
            Some(PROXY),
            &format!("Client-Cert: {value}\r\n"),
        )
        .await;
        assert!(
            page.body.contains("La carta non si legge"),
            "{value}: {}",
            page.body
        );
    }
    host.close().await;
}

#[tokio::test]
async fn from_who_is_no_listed_proxy_the_header_is_refused() {
    let (doors, host) = by_certificate("").await;
    let header = client_cert(&doors, "cns");
    for client in [None, Some("cns"), Some("portale-due"), Some("estraneo")] {
        let page = told(&doors, &host, client, &header).await;
        assert_eq!(page.status, 403, "{client:?}: {}", page.body);
        assert!(
            page.body
                .contains("Certificato indicato da chi non può farlo"),
            "{client:?}: {}",
            page.body
        );
    }
    let direct = told(&doors, &host, Some("cns"), "").await;
    assert_eq!(direct.status, 200, "{}", direct.body);
    let counted = doors.metric(&["handshakes_total", "login", "forwarded_by_stranger"]);
    assert!((counted - 4.0).abs() < 0.1, "{counted}");
    host.close().await;
    // Where no proxy is configured nobody is one.
    let (doors, host) = open(|_| HOST.to_owned()).await;
    let page = told(&doors, &host, Some("cns"), &client_cert(&doors, "cns")).await;
    assert_eq!(page.status, 403, "{}", page.body);
    host.close().await;
}

#[tokio::test]
async fn a_certificate_that_is_named_twice_is_nobodys() {
    let (doors, host) = by_certificate("").await;
    let header = client_cert(&doors, "cns");
    let value = header.trim_end().trim_start_matches("Client-Cert: ");
    let twice = [
        header.repeat(2),
        format!("Client-Cert: {value}, {value}\r\n"),
        format!("{header}client-CERT: \r\n"),
    ];
    for headers in twice {
        let page = told(&doors, &host, Some(PROXY), &headers).await;
        assert_eq!(page.status, 400, "{}", page.body);
        assert!(
            page.body.contains("Certificato indicato due volte"),
            "{}",
            page.body
        );
    }
    host.close().await;
}

/// An authority below the development one, its revocation list, and a card of its own.
fn issue_below(pki: &Path) {
    let write = |name: &str, text: &str| std::fs::write(pki.join(name), text).expect("a file");
    write(
        "sotto.ext",
        "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid:always\n",
    );
    write("sotto.txt", "");
    write("sotto.num", "01\n");
    write(
        "sotto.cnf",
        "[ca]\ndefault_ca=d\n[d]\ndatabase=sotto.txt\ncrlnumber=sotto.num\ndefault_md=sha256\ncrl_extensions=e\n[e]\nauthorityKeyIdentifier=keyid:always\n",
    );
    for arguments in [
        "req -new -newkey rsa:2048 -nodes -keyout sotto.key -out sotto.csr -subj /C=IT/O=Prove/CN=sotto",
        "x509 -req -in sotto.csr -CA root.pem -CAkey root.key -set_serial 0x77 -days 30 -sha256 -extfile sotto.ext -out sotto.pem",
        "ca -gencrl -config sotto.cnf -cert sotto.pem -keyfile sotto.key -crldays 1 -out sotto.crl.pem",
        "x509 -req -in cns.csr -CA sotto.pem -CAkey sotto.key -set_serial 0x78 -days 30 -sha256 -extfile cns.ext -out cns-sotto.pem",
    ] {
        openssl(pki, &arguments.split(' ').collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn the_chain_behind_a_certificate_is_read_from_its_own_header() {
    let (doors, host) = open(|pki| {
        issue(pki, "cns", "rsa:2048", "digitalSignature", "1.3.76.16.2.1");
        issue_below(pki);
        let digest = certificate(pki, PROXY).digest(MessageDigest::sha256());
        let fingerprint = hex::encode(digest.expect("a digest"));
        let host = HOST.replace("root.crl.pem\"", "root.crl.pem\", \"pki/sotto.crl.pem\"");
        format!("{host}[login.proxy]\ncertificates = [\"{fingerprint}\"]\n")
    })
    .await;
    let card = client_cert(&doors, "cns-sotto");
    let part = |name: &str| {
        let header = client_cert(&doors, name);
        header
            .trim_end()
            .trim_start_matches("Client-Cert: ")
            .to_owned()
    };
    let alone = told(&doors, &host, Some(PROXY), &card).await;
    assert!(
        alone.body.contains("Emittente non riconosciuto"),
        "{}",
        alone.body
    );
    let chain = format!(
        "{card}Client-Cert-Chain: {}, {}\r\n",
        part("sotto"),
        part("root")
    );
    let whole = told(&doors, &host, Some(PROXY), &chain).await;
    assert_eq!(whole.status, 200, "{}", whole.body);
    let lines = format!(
        "{card}Client-Cert-Chain: {}\r\nClient-Cert-Chain: {}\r\n",
        part("sotto"),
        part("root")
    );
    let lines = told(&doors, &host, Some(PROXY), &lines).await;
    assert_eq!(lines.status, 200, "{}", lines.body);
    // A chain that cannot be read, and one that is longer than any.
    for chain in [
        ":%%%:".to_owned(),
        "AAAA".to_owned(),
        vec![part("sotto"); 8].join(", "),
    ] {
        let header = format!("{card}Client-Cert-Chain: {chain}\r\n");
        let page = told(&doors, &host, Some(PROXY), &header).await;
        assert!(page.body.contains("La carta non si legge"), "{}", page.body);
    }
    // The chain vouches for nobody by itself, and from others it is not read.
    let only = told(
        &doors,
        &host,
        Some(PROXY),
        &format!("Client-Cert-Chain: {}\r\n", part("cns")),
    )
    .await;
    assert!(only.body.contains("Nessuna carta trovata"), "{}", only.body);
    host.close().await;
}

#[tokio::test]
async fn a_proxy_known_by_its_address_shows_no_certificate_of_somebody_else() {
    let (doors, host) =
        open(|_| format!("{HOST}[login.proxy]\naddresses = [\"127.0.0.1\"]\n")).await;
    let header = client_cert(&doors, "cns");
    let page = told(&doors, &host, None, &header).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let both = told(&doors, &host, Some("cns"), &header).await;
    assert_eq!(both.status, 400, "{}", both.body);
    host.close().await;
    let (doors, host) =
        open(|_| format!("{HOST}[login.proxy]\naddresses = [\"127.0.0.2\"]\n")).await;
    let elsewhere = told(&doors, &host, None, &client_cert(&doors, "cns")).await;
    assert_eq!(elsewhere.status, 403, "{}", elsewhere.body);
    host.close().await;
}

#[tokio::test]
async fn escaped_pem_is_read_where_it_is_configured_and_nothing_else() {
    let (doors, host) = by_certificate("escaped_pem_header = \"X-SSL-Client-Cert\"\n").await;
    let pem = certificate(&doors.pki, "cns").to_pem().expect("PEM");
    let escaped: String = pem
        .iter()
        .map(|one| match one {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' => char::from(*one).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect();
    let header = format!("X-SSL-Client-Cert: {escaped}\r\n");
    let page = told(&doors, &host, Some(PROXY), &header).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let none = told(&doors, &host, Some(PROXY), "X-SSL-Client-Cert: \r\n").await;
    assert!(none.body.contains("Nessuna carta trovata"), "{}", none.body);
    let twice = told(&doors, &host, Some(PROXY), &header.repeat(2)).await;
    assert_eq!(twice.status, 400, "{}", twice.body);
    let two = format!("X-SSL-Client-Cert: {escaped}{escaped}\r\n");
    let two = told(&doors, &host, Some(PROXY), &two).await;
    assert!(two.body.contains("La carta non si legge"), "{}", two.body);
    let other = told(&doors, &host, Some(PROXY), &client_cert(&doors, "cns")).await;
    assert!(
        other.body.contains("Nessuna carta trovata"),
        "{}",
        other.body
    );
    let stranger = told(&doors, &host, None, &header).await;
    assert_eq!(stranger.status, 403, "{}", stranger.body);
    host.close().await;
}
