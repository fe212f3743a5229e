//! The login host: every card gets through the handshake and reads why it does, or does not, log its holder in.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use pontile::login::{self, OpenHost};
use pontile::snapshot::{self, Kept};
use rustls::version::{TLS12, TLS13};

use crate::harness::{Answer, Client, Doors};

const HOST: &str = r#"
[login]
name = "localhost"
address = "127.0.0.1:0"
certificate = "pki/server.pem"
key = "pki/server.key"
authorities = ["pki/root.pem"]
revocations = ["pki/root.crl.pem"]
"#;

const CODE: &str = "RSSMRA80A01C933H";

async fn open() -> (Doors, OpenHost) {
    let doors = Doors::with(HOST).await;
    let kept = Kept::new().expect("randomness");
    let built = snapshot::build(&doors.config(), &[], 1, &kept).expect("a configuration");
    let settings = built.settings.login.expect("a login host");
    let host = login::serve(Arc::clone(&doors.gateway), settings).expect("an open host");
    (doors, host)
}

pub fn openssl(folder: &Path, arguments: &[&str]) {
    let output = Command::new("openssl")
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("openssl starts");
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {arguments:?}: {words}");
}

/// A card of the development authority: key, its length, key usage, policy.
pub fn issue(pki: &Path, name: &str, key: &str, usage: &str, policy: &str) {
    let subject = format!("/C=IT/CN={CODE}\\/7430010024925855.lsKV\\/lNtBAmc8x5lzSb+cxx2UzE=");
    let extensions = format!(
        "basicConstraints=CA:FALSE\nkeyUsage=critical,{usage}\nextendedKeyUsage=clientAuth\n\
         certificatePolicies={policy}\nauthorityKeyIdentifier=keyid:always\n"
    );
    std::fs::write(pki.join(format!("{name}.ext")), extensions).expect("a file");
    let (file, request) = (format!("{name}.key"), format!("{name}.csr"));
    let [new, signed] = [
        format!("req -new -newkey {key} -nodes -keyout {file} -out {request} -subj"),
        format!(
            "x509 -req -in {request} -CA root.pem -CAkey root.key -set_serial 0x{} -days 30 -sha256 \
             -extfile {name}.ext -out {name}.pem",
            hex::encode(uuid::Uuid::now_v7().as_bytes())
        ),
    ];
    let mut new: Vec<&str> = new.split(' ').collect();
    new.push(&subject);
    openssl(pki, &new);
    openssl(pki, &signed.split(' ').collect::<Vec<_>>());
}

async fn shown(doors: &Doors, address: SocketAddr, name: &str) -> Answer {
    let client = Client::new(&doors.pki, name, &[&TLS12]);
    let mut line = client.connect(address).await.expect("a handshake");
    line.get("/").await.expect("a page")
}

/// What OpenSSL's client reads, which also takes keys that are too short for ours, and none.
async fn by_openssl(doors: &Doors, address: SocketAddr, card: Option<&str>) -> String {
    let mut command = Command::new("openssl");
    command
        .args(["s_client", "-quiet", "-tls1_2", "-servername", "localhost"])
        .args(["-cipher", "DEFAULT@SECLEVEL=0", "-connect"])
        .arg(address.to_string())
        .current_dir(&doors.pki)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    if let Some(card) = card {
        command.args([
            "-cert",
            &format!("{card}.pem"),
            "-key",
            &format!("{card}.key"),
        ]);
    }
    let read = tokio::task::spawn_blocking(move || {
        let mut client = command.spawn().expect("openssl starts");
        let mut stdin = client.stdin.take().expect("a pipe");
        stdin
            .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .expect("a request");
        // `-quiet` reads on after the end of the input.
        drop(stdin);
        client.wait_with_output().expect("an end").stdout
    });
    String::from_utf8(read.await.expect("a page")).expect("UTF-8")
}

#[tokio::test]
async fn every_card_reads_what_was_seen_of_it() {
    let (doors, host) = open().await;
    let signs = "digitalSignature";
    issue(&doors.pki, "cns", "rsa:2048", signs, "1.3.76.16.2.1");
    issue(&doors.pki, "crs", "rsa:3072", signs, "1.3.159.6.1.3.2.10");
    issue(
        &doors.pki,
        "firma",
        "rsa:2048",
        "digitalSignature,nonRepudiation",
        "1.3.76.16.2.1",
    );
    issue(
        &doors.pki,
        "privata",
        "rsa:2048",
        signs,
        "1.3.6.1.4.1.99999.1",
    );
    for (name, status, word) in [
        ("cns", 200, "Carta Nazionale dei Servizi"),
        ("crs", 200, "Carta Regionale dei Servizi"),
        ("firma", 403, "Certificato di firma"),
        ("privata", 403, "Non è una carta per accedere"),
        ("portale-uno", 403, "Non è una carta per accedere"),
        ("scaduto", 403, "Carta scaduta"),
        ("revocato", 403, "Carta revocata"),
        ("estraneo", 403, "Emittente non riconosciuto"),
    ] {
        let page = shown(&doors, host.address, name).await;
        assert_eq!(page.status, status, "{name}: {}", page.body);
        assert!(page.body.contains(word), "{name}: {}", page.body);
        assert!(!page.body.contains("RSSMRA"), "{name}");
        assert_eq!(page.header("connection"), "close", "{name}");
        assert!(
            page.header("content-security-policy")
                .starts_with("default-src 'none'")
        );
        assert_eq!(page.header("cache-control"), "no-store", "{name}");
    }
    host.close().await;
}

#[tokio::test]
async fn no_card_and_a_card_too_old_get_their_page_and_no_alert() {
    let (doors, host) = open().await;
    issue(
        &doors.pki,
        "vecchia",
        "rsa:1024",
        "digitalSignature",
        "1.3.76.16.2.1",
    );
    let none = by_openssl(&doors, host.address, None).await;
    assert!(none.contains("Nessuna carta trovata"), "{none}");
    let old = by_openssl(&doors, host.address, Some("vecchia")).await;
    assert!(old.contains("chiave troppo corta"), "{old}");
}

#[tokio::test]
async fn a_card_revoked_since_is_refused_after_a_reload() {
    let (doors, host) = open().await;
    issue(
        &doors.pki,
        "cns",
        "rsa:2048",
        "digitalSignature",
        "1.3.76.16.2.1",
    );
    assert_eq!(shown(&doors, host.address, "cns").await.status, 200);
    doors.revoke("cns");
    let page = shown(&doors, host.address, "cns").await;
    assert!(page.body.contains("Carta revocata"), "{}", page.body);
}

#[tokio::test]
async fn what_is_meant_for_another_host_is_sent_back_and_tls_1_3_is_not_spoken() {
    let (doors, host) = open().await;
    let client = Client::new(&doors.pki, "portale-uno", &[&TLS12]);
    let mut line = client.connect(host.address).await.expect("a handshake");
    line.write("GET / HTTP/1.1\r\nHost: altro.example\r\n\r\n")
        .await
        .expect("sent");
    assert_eq!(line.answer().await.expect("a page").status, 421);
    let mut line = client.connect(host.address).await.expect("a handshake");
    assert_eq!(line.get("/altra").await.expect("a page").status, 404);
    let newest = Client::new(&doors.pki, "portale-uno", &[&TLS13]);
    assert!(newest.connect(host.address).await.is_err());
}

#[tokio::test]
async fn no_session_is_kept_for_the_next_citizen() {
    let (doors, host) = open().await;
    issue(
        &doors.pki,
        "cns",
        "rsa:2048",
        "digitalSignature",
        "1.3.76.16.2.1",
    );
    // A client that would resume a session if it were given one.
    let client = Client::new(&doors.pki, "cns", &[&TLS12]);
    for _ in 0..2 {
        let mut line = client.connect(host.address).await.expect("a handshake");
        assert_eq!(line.get("/").await.expect("a page").status, 200);
        let kind = line.stream.get_ref().1.handshake_kind();
        assert_eq!(kind, Some(rustls::HandshakeKind::Full));
    }
    host.close().await;
}
