//! The example portal, a process of its own with an OpenID Connect library of others: a citizen logs in and sees what is theirs.
//!
//! `make test` installs its libraries into the folder named by `PONTILE_TOKENS`.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use reqwest::{Certificate, Identity};

use crate::harness::portal::PURPOSE;
use crate::harness::process::Process;
use crate::harness::province::Province;
use crate::independent::libraries;

/// Whose card it is.
pub const CITIZEN: &str = "BNCNNA75T71B639E";

/// A port that nobody listens at just now.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// A gateway that logs citizens in for a portal on that port, at addresses that are known before it starts.
pub fn province(portal: u16) -> (Province, String, String) {
    let (door, host) = (free_port(), free_port());
    let (gateway, issuer) = (
        format!("https://localhost:{door}"),
        format!("https://localhost:{host}"),
    );
    let province = Province::with(|files| {
        files
            .replace(
                "pontile.toml",
                "[portal_door]\naddress = \"127.0.0.1:0\"",
                &format!("[portal_door]\naddress = \"127.0.0.1:{door}\""),
            )
            .append(
                "pontile.toml",
                &format!(
                    "[signer]\nissuer = \"pontile.provincia.example.it\"\nkey = {{ file = \"pki/server.key\" }}\ncertificate = \"pki/server.pem\"\n\
                     [login]\nname = \"localhost\"\naddress = \"127.0.0.1:{host}\"\ncertificate = \"pki/server.pem\"\nkey = \"pki/server.key\"\n\
                     authorities = [\"pki/root.pem\"]\nrevocations = [\"pki/root.crl.pem\"]\n\
                     [login.oidc]\nissuer = \"{issuer}\"\nportals_door = \"{gateway}\"\n"
                ),
            )
            .replace(
                "portali/prove.toml",
                "[[portal]]\nname = \"portale-due\"",
                &format!(
                    "[portal.login]\nredirect_uris = [\"http://localhost:{portal}/ritorno\"]\n\n[[portal]]\nname = \"portale-due\""
                ),
            )
            .replace(
                "concessioni/tutto.toml",
                "chi = \"sistema\"",
                "chi = { interessato = \"high\", verificata = true }",
            );
    });
    province.pki.card_of("carta", CITIZEN, ("ANNA", "BIANCHI"));
    (province, gateway, issuer)
}

/// A browser that follows no redirect by itself.
fn browser(province: &Province, card: Option<&str>) -> reqwest::Client {
    let root = Certificate::from_pem(&province.pki.read("root.pem")).expect("the root");
    let client = reqwest::Client::builder()
        .tls_certs_only([root])
        .redirect(reqwest::redirect::Policy::none());
    let client = match card {
        Some(card) => {
            let mut identity = province.pki.read(&format!("{card}.pem"));
            identity.extend(province.pki.read(&format!("{card}.key")));
            client.identity(Identity::from_pem(&identity).expect("an identity"))
        }
        None => client,
    };
    client.build().expect("a client")
}

fn header(answer: &reqwest::Response, name: &str) -> String {
    let value = answer.headers().get(name);
    value
        .map_or("", |value| value.to_str().expect("text"))
        .to_owned()
}

/// Starts the portal; its address with a slash at the end.
pub fn start(
    libraries: &Path,
    province: &Province,
    (gateway, issuer): (&str, &str),
    port: u16,
) -> (Process, String) {
    let file = |name: &str| province.pki.path(name).display().to_string();
    let mut command = Command::new(libraries.join("bin/python"));
    command
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/portal/portal.py"))
        .args(["--gateway", gateway, "--issuer", issuer])
        .args(["--ca", &file("root.pem")])
        .args(["--certificate", &file("portale-uno.pem")])
        .args(["--key", &file("portale-uno.key")])
        .args(["--client", "portale-uno", "--ente", "013041"])
        .args(["--purpose", PURPOSE, "--port", &port.to_string()]);
    let (portal, line) = Process::start("portal.py", &mut command, |line| {
        line.starts_with("http://")
    });
    (portal, line.trim().to_owned())
}

#[tokio::test]
async fn a_citizen_sees_their_own_record_and_taxes_through_the_example_portal() {
    let Some(libraries) = libraries() else { return };
    let port = free_port();
    let (province, gateway, issuer) = province(port);
    let (_portal, home) = start(&libraries, &province, (&gateway, &issuer), port);

    let browser = browser(&province, Some("carta"));
    let left = browser
        .get(format!("{home}entra"))
        .send()
        .await
        .expect("an answer");
    let (to_host, cookie) = (header(&left, "location"), header(&left, "set-cookie"));
    assert!(to_host.starts_with(&issuer), "{to_host}");
    let shown = browser.get(&to_host).send().await.expect("the login host");
    assert_eq!(shown.status(), 303, "the card was shown");
    let back = header(&shown, "location");
    assert!(back.starts_with(&format!("{home}ritorno?code=")), "{back}");

    let stranger = browser.get(&back).send().await.expect("an answer");
    assert_eq!(stranger.status(), 400, "without the session that began it");
    let session = cookie.split(';').next().expect("a cookie");
    let page = browser
        .get(&back)
        .header("cookie", session)
        .send()
        .await
        .expect("an answer");
    assert_eq!(page.status(), 200);
    let page = page.text().await.expect("a page");
    assert!(
        page.contains("ANNA BIANCHI") && page.contains(CITIZEN),
        "{page}"
    );
    assert_eq!(
        page.matches("HTTP 200").count(),
        2,
        "the record and the taxes: {page}"
    );
    assert!(
        page.contains("provenienza") && page.contains("immobili"),
        "{page}"
    );
    let again = browser
        .get(&back)
        .header("cookie", session)
        .send()
        .await
        .expect("an answer");
    assert_eq!(again.status(), 400, "a log-in is good once");
    assert!(!province.log().contains(CITIZEN));
}
