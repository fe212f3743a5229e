//! Tokens by libraries that know nothing of ours (PyJWT, jwcrypto, npm's jose): a portal that uses them is answered.
//!
//! `make test` installs them into a folder and names it in `PONTILE_TOKENS`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Map, Value, json};

use crate::harness::portal::{Answer, PURPOSE, Portal};
use crate::harness::province::Province;

const AUDIENCE: &str = "https://interop.provincia.example.it/rest/anagrafe/v1";
const PATH: &str = "/rest/anagrafe/v1/enti/013041/ricerche-persona";
const BODY: &str = "{\"codice_fiscale\":\"BNCNNA75T71B639E\"}";

/// The folder with the libraries; `None`, told, where nobody has installed them.
pub fn libraries() -> Option<PathBuf> {
    let folder = std::env::var_os("PONTILE_TOKENS").map(PathBuf::from);
    if folder.is_none() {
        assert!(
            std::env::var_os("CI").is_none(),
            "PONTILE_TOKENS is not set"
        );
        eprintln!("skipped: PONTILE_TOKENS names no folder (make test sets it)");
    }
    folder
}

/// A program that makes tokens.
#[derive(Clone, Copy)]
enum Library {
    PyJwt,
    Jwcrypto,
    Jose,
}

impl Library {
    fn command(self, folder: &Path) -> Command {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/gateway/independent");
        let (program, script) = match self {
            Library::PyJwt => (folder.join("bin/python"), "pyjwt_portal.py"),
            Library::Jwcrypto => (folder.join("bin/python"), "jwcrypto_portal.py"),
            Library::Jose => (PathBuf::from("node"), "jose_portal.mjs"),
        };
        let mut command = Command::new(program);
        command
            .arg(here.join(script))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PONTILE_TOKENS", folder);
        command
    }

    /// The headers of a request, signed as ordered.
    fn headers(self, folder: &Path, order: &Value) -> Map<String, Value> {
        let mut command = self.command(folder);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut running = command.spawn().expect("the program starts");
        let mut stdin = running.stdin.take().expect("standard input is piped");
        stdin.write_all(order.to_string().as_bytes()).expect("told");
        drop(stdin);
        let output = running.wait_with_output().expect("it ends");
        assert!(output.status.success(), "it fails");
        serde_json::from_slice(&output.stdout).expect("headers")
    }
}

/// A key with a certificate of its own, in a folder; the name is the key's `kid`.
fn make_key(folder: &Path, name: &str, kind: &[&str]) {
    let file = |end: &str| folder.join(format!("{name}.{end}"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-nodes", "-days", "30", "-subj"])
        .arg(format!("/CN={name}/O=Prova/C=IT"))
        .arg("-newkey")
        .args(kind)
        .arg("-keyout")
        .arg(file("key"))
        .arg("-out")
        .arg(file("pem"))
        .output()
        .expect("openssl starts");
    let told = String::from_utf8_lossy(&made.stderr);
    assert!(made.status.success(), "{told}");
}

async fn send(portal: &Portal, headers: &Map<String, Value>, body: &str) -> Answer {
    let mut request = portal
        .request(reqwest::Method::POST, PATH)
        .header("Purpose-Id", PURPOSE)
        .header("Content-Type", "application/json")
        .body(body.to_owned());
    for (name, value) in headers {
        request = request.header(name, value.as_str().expect("a text"));
    }
    portal.send(request).await
}

fn demanding(integrity: &str, more: &str) -> String {
    format!(
        "[portal.modi]\naudience = [\"{AUDIENCE}\"]\npatterns = [\"ID_AUTH_REST_02\", \"{integrity}\", \"AUDIT_REST_01\"]\n\
         signed_headers = [\"agid-jwt-trackingevidence\"]\n{more}\n[[portal]]\nname = \"portale-due\""
    )
}

/// Library, algorithm, how the key is named, the key's name.
type Case = (Library, &'static str, &'static str, &'static str);

/// Every case is answered once, and refused with another body or another's key.
async fn answered(province: &Province, folder: &Path, keys: &Path, cases: &[Case]) {
    let portal = province.portal("portale-uno");
    for (library, algorithm, reference, key) in cases {
        let order = json!({
            "key": keys.join(format!("{key}.key")), "certificate": keys.join(format!("{key}.pem")),
            "algorithm": algorithm, "reference": reference, "audience": AUDIENCE, "body": BODY,
        });
        let headers = library.headers(folder, &order);
        let case = format!("{algorithm} {reference}");
        let changed = format!("{BODY} ");
        let refused = send(&portal, &headers, &changed).await;
        assert_eq!(
            (refused.status, refused.slug()),
            (400, "integrita-non-verificata"),
            "{case}"
        );
        let headers = library.headers(folder, &order);
        let taken = send(&portal, &headers, BODY).await;
        assert_eq!(taken.status, 200, "{case}: {}", taken.body);
        let again = send(&portal, &headers, BODY).await;
        assert_eq!(
            (again.status, again.slug()),
            (401, "token-riutilizzato"),
            "{case}"
        );
    }
}

#[tokio::test]
async fn a_portal_that_signs_with_certificates_by_other_libraries_is_answered() {
    let Some(folder) = libraries() else { return };
    let keys = tempfile::tempdir().expect("a folder");
    make_key(keys.path(), "rsa", &["rsa:2048"]);
    make_key(
        keys.path(),
        "p384",
        &["ec", "-pkeyopt", "ec_paramgen_curve:P-384"],
    );
    let known = |name: &str| keys.path().join(name).display().to_string();
    let more = format!(
        "references = [\"x5c\", \"x5t#S256\"]\nsigners = [\"{}\", \"{}\"]\n",
        known("rsa.pem"),
        known("p384.pem")
    );
    let province = Province::with(|files| {
        files.replace(
            "portali/prove.toml",
            "[[portal]]\nname = \"portale-due\"",
            &demanding("INTEGRITY_REST_01", &more),
        );
    });
    // The portal's own certificate, which the door's authority has issued.
    for end in ["key", "pem"] {
        let own = province.pki.read(&format!("portale-uno.{end}"));
        std::fs::write(keys.path().join(format!("portale-uno.{end}")), own).expect("a file");
    }
    let cases = [
        (Library::PyJwt, "ES256", "x5c", "portale-uno"),
        (Library::Jwcrypto, "ES256", "x5c", "portale-uno"),
        (Library::Jose, "ES256", "x5c", "portale-uno"),
        (Library::PyJwt, "RS256", "x5t#S256", "rsa"),
        (Library::Jwcrypto, "RS512", "x5t#S256", "rsa"),
        (Library::Jose, "ES384", "x5t#S256", "p384"),
    ];
    answered(&province, &folder, keys.path(), &cases).await;
}

#[tokio::test]
async fn a_portal_whose_keys_are_known_by_name_is_answered() {
    let Some(folder) = libraries() else { return };
    let keys = tempfile::tempdir().expect("a folder");
    make_key(
        keys.path(),
        "chiave-ec",
        &["ec", "-pkeyopt", "ec_paramgen_curve:P-521"],
    );
    make_key(keys.path(), "chiave-rsa", &["rsa:3072"]);
    let mut command = Library::Jwcrypto.command(&folder);
    command.arg("--keys");
    for name in ["chiave-ec.key", "chiave-rsa.key"] {
        command.arg(keys.path().join(name));
    }
    let set = command.output().expect("the program starts");
    assert!(
        set.status.success(),
        "{}",
        String::from_utf8_lossy(&set.stderr)
    );
    let file = keys.path().join("keys.json");
    std::fs::write(&file, set.stdout).expect("a file");
    let more = format!("references = [\"kid\"]\nkeys = \"{}\"\n", file.display());
    let province = Province::with(|files| {
        files.replace(
            "portali/prove.toml",
            "[[portal]]\nname = \"portale-due\"",
            &demanding("INTEGRITY_REST_02", &more),
        );
    });
    let cases = [
        (Library::Jwcrypto, "ES512", "kid", "chiave-ec"),
        (Library::PyJwt, "RS384", "kid", "chiave-rsa"),
        (Library::Jose, "RS256", "kid", "chiave-rsa"),
    ];
    answered(&province, &folder, keys.path(), &cases).await;
}
