//! The evidence of exchanges: sealed with a key on a token while they go on, handed out, and verified by others.

use std::process::Command;
use std::time::{Duration, Instant};

use pontile::evidence::Exhibit;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::portal::{PURPOSE, Portal};
use crate::harness::process::pause;
use crate::harness::province::Province;
use crate::harness::soft_card;
use crate::harness::soft_hsm::SoftHsm;

const PATH: &str = "/rest/anagrafe/v1/enti/013041/ricerche-persona";
const BODY: &str = r#"{"codice_fiscale":"BNCNNA75T71B639E","campi":["cognome"]}"#;

fn is_installed() -> bool {
    soft_card::are_installed(&["softhsm2-util", "/usr/lib/softhsm/libsofthsm2.so"])
}

/// A province that seals its evidence with a key on the token.
fn province(hsm: &SoftHsm, refuse_after: &str) -> Province {
    let mut province = Province::with(|files| hsm.give(files, &["sigillo"]));
    hsm.make_keys(&mut province, &["sigillo"], "nonRepudiation");
    province.files.append(
        "pontile.toml",
        &format!("[seal]\nkey = {{ token = \"sigillo\" }}\n{refuse_after}"),
    );
    province.rewrite_and_reload();
    province
}

/// Asks; the exchange's number, the status and the body.
async fn ask(portal: &Portal) -> (String, u16, Value) {
    let request = portal.request(Method::POST, PATH);
    let request = request
        .header("Purpose-Id", PURPOSE)
        .header("content-type", "application/json");
    let answer = portal.send(request.body(BODY)).await;
    let scambio = answer.headers["x-correlation-id"].to_str().expect("text");
    (scambio.to_owned(), answer.status, answer.body)
}

/// A province that seals, a portal of it, and the exchange that it had.
async fn asked_once(hsm: &SoftHsm) -> (Province, Portal, String) {
    let province = province(hsm, "");
    let portal = province.portal("portale-uno");
    let (scambio, status, _) = ask(&portal).await;
    assert_eq!(status, 200);
    (province, portal, scambio)
}

async fn standing(province: &Province) -> Value {
    let ready = province.operator("operatore-uno").get("/pronto").await;
    assert_eq!(ready.status, 200, "{}", ready.body);
    ready.body["prove"].clone()
}

async fn until(province: &Province, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let standing = standing(province).await;
        if holds(&standing) {
            return standing;
        }
        assert!(Instant::now() < end, "{what}: {standing}");
        pause();
    }
}

fn told(output: &std::process::Output) -> String {
    let out = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    format!("{out}{error}")
}

/// Exports the evidence of an exchange as soon as it is sealed; the file's path.
fn export(province: &Province, scambio: &str) -> String {
    let file = province.pki.path(&format!("{scambio}.asice"));
    let file = file.to_str().expect("UTF-8").to_owned();
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let export = ["evidence", "export", scambio, "--output", &file];
        let exported = province.pontile(&[&export[..], &["--reason", "prova prot. 2"]].concat());
        if exported.status.success() {
            return file;
        }
        let told = told(&exported);
        assert!(told.contains("attende ancora"), "{told}");
        assert!(Instant::now() < end, "{told}");
        pause();
    }
}

fn verify(province: &Province, file: &str, more: &[&str]) -> (bool, String) {
    let verified = province.pontile(&[&["evidence", "verify", file][..], more].concat());
    (verified.status.success(), told(&verified))
}

#[tokio::test]
async fn the_evidence_of_an_exchange_is_sealed_on_the_token_and_verified_by_others() {
    if !is_installed() {
        return;
    }
    let hsm = SoftHsm::new();
    let (province, _, scambio) = asked_once(&hsm).await;
    let file = export(&province, &scambio);
    let anchors = province.pki.path("root.pem");
    let anchors = anchors.to_str().expect("UTF-8");
    let body = province.pki.path("richiesta.json");
    std::fs::write(&body, BODY).expect("a file");
    let body = format!("richiesta={}", body.display());
    let (is_good, told) = verify(&province, &file, &["--anchors", anchors, "--body", &body]);
    assert!(is_good, "{told}");
    for expected in [
        "Integrità: sì",
        "CN=sigillo",
        "era valido all'istante dichiarato",
        "Corpo «richiesta»: è quello della ricevuta",
        &scambio,
    ] {
        assert!(told.contains(expected), "{expected}: {told}");
    }
    // Whom the seal belongs to is another question than whether it stands over the root.
    let stranger = province.pki.path("portale-uno.pem");
    let stranger = stranger.to_str().expect("UTF-8");
    let (is_good, told) = verify(&province, &file, &["--anchors", stranger]);
    assert!(!is_good && told.contains("Integrità: sì"), "{told}");
    assert!(told.contains("Identità: NO"), "{told}");
    std::fs::write(province.pki.path("richiesta.json"), "{}").expect("a file");
    let (is_good, told) = verify(&province, &file, &["--body", &body]);
    assert!(!is_good && told.contains("NO: non è quello"), "{told}");
    judged_by_openssl(&province, &file, anchors);
    judged_by_the_documented_program(&province, &file);
}

/// The program that `docs/evidence.md` shows says the same, and finds a receipt that was changed.
fn judged_by_the_documented_program(province: &Province, file: &str) {
    let page = include_str!("../../docs/evidence.md");
    let program = page.split("```python\n").nth(1).expect("a program");
    let program = program.split("```").next().expect("its end");
    assert!(program.lines().count() <= 40);
    let judge = |file: &str| {
        let judged = Command::new("python3").args(["-c", program, file]).output();
        judged.expect("python3 starts")
    };
    let judged = judge(file);
    assert!(judged.status.success(), "{}", told(&judged));
    let changed = province.pki.path("changed.asice");
    let changed = changed.to_str().expect("UTF-8");
    let change = "import sys, zipfile\n\
        old, new = zipfile.ZipFile(sys.argv[1]), zipfile.ZipFile(sys.argv[2], 'w')\n\
        for name in old.namelist():\n    new.writestr(name, old.read(name).replace(b'\"stato\":200', b'\"stato\":201'))\n\
        new.close()";
    let written = Command::new("python3")
        .args(["-c", change, file, changed])
        .status();
    assert!(written.expect("python3 starts").success());
    let judged = judge(changed);
    assert!(
        told(&judged).contains("not in the root"),
        "{}",
        told(&judged)
    );
    let (is_good, told) = verify(province, changed, &[]);
    assert!(!is_good && told.contains("Integrità: NO"), "{told}");
}

/// The same seal before `openssl cms` with the certificates of its own, from the members of the container.
fn judged_by_openssl(province: &Province, file: &str, anchors: &str) {
    let folder = province.pki.path("unpacked");
    let unzip = "import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])";
    let unpacked = Command::new("python3")
        .args(["-c", unzip, file])
        .arg(&folder)
        .status();
    assert!(unpacked.expect("python3 starts").success());
    let judge = |manifest: &str| {
        let judged = Command::new("openssl")
            .current_dir(&folder)
            .args(["cms", "-verify", "-cades", "-binary", "-inform", "DER"])
            .args(["-in", "META-INF/signature.p7s", "-content", manifest])
            .args(["-CAfile", anchors, "-purpose", "any", "-out", "/dev/null"])
            .output();
        judged.expect("openssl starts")
    };
    let judged = judge("META-INF/ASiCManifest.xml");
    assert!(judged.status.success(), "{}", told(&judged));
    assert!(!judge("radice.json").status.success());
}

#[tokio::test]
async fn a_portal_fetches_the_evidence_of_its_own_exchanges_and_anyone_the_roots() {
    if !is_installed() {
        return;
    }
    let hsm = SoftHsm::new();
    let (province, portal, scambio) = asked_once(&hsm).await;
    let path = format!("/rest/evidenze/v1/{scambio}");
    let end = Instant::now() + Duration::from_secs(20);
    let fetched = loop {
        let fetched = portal.request(Method::GET, &path).send().await;
        let fetched = fetched.expect("an answer");
        if fetched.status() == 200 {
            break fetched;
        }
        let problem = fetched.text().await.expect("a problem");
        assert!(problem.contains("/prova-in-attesa"), "{problem}");
        assert!(Instant::now() < end, "not sealed after 20 s");
        pause();
    };
    let kind = "application/vnd.etsi.asic-e+zip";
    assert_eq!(fetched.headers()["content-type"], kind);
    let fetched = fetched.bytes().await.expect("a body");
    let file = province.pki.path("fetched.asice");
    std::fs::write(&file, &fetched).expect("a file");
    let exhibit = Exhibit::unpack(&fetched).expect("a container");
    assert!(exhibit.salts.richiesta.is_some() && exhibit.salts.risposta.is_some());
    assert!(
        exhibit.salts.risposta_ente.is_none(),
        "what the portal was not told"
    );
    let (is_good, told) = verify(&province, file.to_str().expect("UTF-8"), &[]);
    assert!(is_good, "{told}");
    // Another portal's, nobody's, and what is no number.
    let other = province.portal("portale-due");
    let nobodys = "/rest/evidenze/v1/019a3c5e-7b1c-7c3e-9f4a-2f1f3a5b6c7d".to_owned();
    for (portal, path) in [(&other, &path), (&portal, &nobodys)] {
        let refused = portal.send(portal.request(Method::GET, path)).await;
        assert_eq!((refused.status, refused.slug()), (404, "prova-inesistente"));
    }
    for wrong in [
        "uno",
        "radici?nodo=uno",
        "radici?dopo=x&nodo=uno",
        "radici?dopo=1&dopo=2",
    ] {
        let path = format!("/rest/evidenze/v1/{wrong}");
        let refused = other.send(other.request(Method::GET, &path)).await;
        assert_eq!(refused.status, 400, "{wrong}: {}", refused.body);
    }
    let newest = other
        .send(other.request(Method::GET, "/rest/evidenze/v1/radici"))
        .await;
    let newest = newest.body["items"].as_array().expect("roots").clone();
    assert_eq!(newest.len(), 1);
    assert!(newest[0]["sigillo"].is_string(), "{newest:?}");
    let node = newest[0]["nodo"].as_str().expect("a node");
    let path = format!("/rest/evidenze/v1/radici?nodo={node}&dopo=0");
    let all = other.send(other.request(Method::GET, &path)).await;
    let all = all.body["items"].as_array().expect("roots").clone();
    assert_eq!(all[0]["lotto"], 1);
    assert!(all.len() as u64 >= newest[0]["lotto"].as_u64().expect("a number"));
}

#[tokio::test]
async fn while_the_token_is_away_exchanges_go_on_unsealed_as_long_as_they_may_and_are_sealed_after_it()
 {
    if !is_installed() {
        return;
    }
    let hsm = SoftHsm::new();
    let province = province(&hsm, "refuse_after = { reads = \"7s\" }\n");
    let portal = province.portal("portale-uno");
    let (_, status, _) = ask(&portal).await;
    assert_eq!(status, 200);
    until(&province, "sealed", |prove| {
        *prove == json!({ "stato": "sigillate", "radici_in_attesa": 0, "letture_rifiutate": false, "scritture_rifiutate": false })
    })
    .await;
    hsm.has_faults("away");
    let (waiting, status, _) = ask(&portal).await;
    assert_eq!(status, 200, "it goes on at first");
    let late = until(&province, "waiting", |prove| prove["stato"] == "in_attesa").await;
    assert!(late["in_attesa_da"].is_string(), "{late}");
    until(&province, "too late", |prove| {
        prove["letture_rifiutate"] == true
    })
    .await;
    let (refused, status, problem) = ask(&portal).await;
    assert_eq!(status, 503);
    assert!(
        problem["type"]
            .as_str()
            .expect("a type")
            .ends_with("/prove-non-sigillate"),
        "{problem}"
    );
    let metrics =
        crate::harness::officer::get(&province.operator("operatore-uno"), "/metrics").await;
    assert!(
        !metrics.text.contains("pontile_evidence_roots_unsealed 0\n"),
        "{}",
        metrics.text
    );
    hsm.has_faults("");
    until(&province, "sealed again", |prove| {
        prove["radici_in_attesa"] == 0
    })
    .await;
    let (_, status, _) = ask(&portal).await;
    assert_eq!(status, 200);
    for scambio in [waiting, refused] {
        let file = export(&province, &scambio);
        let (is_good, told) = verify(&province, &file, &[]);
        assert!(is_good, "{told}");
    }
    let checked = province.pontile(&["evidence", "check"]);
    assert!(checked.status.success(), "{}", told(&checked));
}
