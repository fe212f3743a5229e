//! Keys on tokens: what the gateway signs, what happens when the token is away, and that no refused PIN is tried twice.

use std::time::{Duration, Instant};

use pontile::jose::{Algorithm, Expected, PublicKey, Token};
use reqwest::Method;
use serde_json::json;

use crate::harness::files::Files;
use crate::harness::officer::get;
use crate::harness::portal::{PURPOSE, Portal};
use crate::harness::process::pause;
use crate::harness::province::Province;
use crate::harness::soft_card;
use crate::harness::soft_hsm::SoftHsm;

const PATH: &str = "/rest/anagrafe/v1/enti/013041/ricerche-persona";
const PERSON: &str = "BNCNNA75T71B639E";

fn signed_answers(files: &mut Files) {
    files.append(
        "portali/prove.toml",
        "[portal.modi]\naudience = [\"https://prove.example\"]\npatterns = []\nanswers_signed = true\n",
    );
}

fn is_installed() -> bool {
    soft_card::are_installed(&["softhsm2-util", "/usr/lib/softhsm/libsofthsm2.so"])
}

/// A province whose second portal has its answers signed by these keys, which were made on the token by the command for it.
fn province(hsm: &SoftHsm, keys: &[&str]) -> Province {
    let mut province = Province::with(|files| hsm.give(files, keys));
    hsm.make_keys(&mut province, keys, "digitalSignature");
    for name in keys {
        let file = hsm.public_key(name);
        let file = file.to_str().expect("UTF-8");
        let other = format!("{file}.2");
        for (output, why) in [(file, "File exists"), (&other, "c'è già una chiave")] {
            let again = ["keys", "create", name, "--output", output];
            let again = province.pontile(&[&again[..], &["--reason", "prova prot. 1"]].concat());
            let told = String::from_utf8_lossy(&again.stderr);
            assert!(told.contains(why), "{told}");
        }
        assert!(!std::path::Path::new(&other).exists());
    }
    let named = keys.iter().map(|key| format!("\"{key}\""));
    let named = named.collect::<Vec<_>>().join(", ");
    province.files.append(
        "pontile.toml",
        &format!(
            "[signer]\nissuer = \"pontile.provincia.example.it\"\nkey = {{ token = [{named}] }}\n"
        ),
    );
    signed_answers(&mut province.files);
    province.rewrite_and_reload();
    province
}

/// Asks as the second portal; status, problem and token.
async fn ask(portal: &Portal) -> (u16, String, Option<String>) {
    let request = portal.request(Method::POST, PATH);
    let request = request.header("Purpose-Id", PURPOSE);
    let answer = portal
        .send(request.json(&json!({ "codice_fiscale": PERSON, "campi": ["cognome"] })))
        .await;
    let token = answer.headers.get("agid-jwt-signature");
    let token = token.map(|token| token.to_str().expect("text").to_owned());
    (answer.status, answer.slug().to_owned(), token)
}

fn is_by(hsm: &SoftHsm, name: &str, token: &str) -> bool {
    let key = std::fs::read(hsm.public_key(name)).expect("the public key");
    let key = PublicKey::of_pem(&key).expect("a key");
    let expected = Expected {
        algorithms: &Algorithm::ALL,
        types: &["JWT"],
        untyped: false,
    };
    let token = Token::read(token, &expected).expect("readable");
    assert_eq!(token.header().certificates.len(), 1);
    token.verify(&key).is_ok()
}

async fn standing(province: &Province, key: &str) -> String {
    let ready = province.operator("operatore-uno").get("/pronto").await;
    assert_eq!(ready.status, 200, "{}", ready.body);
    let keys = ready.body["chiavi"].as_array().expect("keys");
    let own = keys.iter().find(|one| one["nome"] == key).expect("the key");
    own["stato"].as_str().expect("a state").to_owned()
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !holds().await {
        assert!(Instant::now() < end, "{what}");
        pause();
    }
}

#[tokio::test]
async fn answers_are_signed_on_the_token_and_refused_while_it_is_away() {
    if !is_installed() {
        return;
    }
    let hsm = SoftHsm::new();
    let province = province(&hsm, &["modi"]);
    let portal = province.portal("portale-due");
    let (status, _, token) = ask(&portal).await;
    assert_eq!(status, 200);
    assert!(is_by(&hsm, "modi", &token.expect("a signature")));
    assert_eq!(standing(&province, "modi").await, "pronta");
    let ends = province.operator("operatore-uno").get("/scadenze").await;
    let ends = ends.body["items"].as_array().expect("a list").iter();
    let own: Vec<_> = ends
        .filter(|end| end.to_string().contains("CN=modi"))
        .collect();
    assert_eq!(own.len(), 1, "its certificate is in the calendar");
    hsm.has_faults("away");
    let (status, slug, token) = ask(&portal).await;
    assert_eq!((status, slug.as_str()), (503, "firma-non-disponibile"));
    assert!(token.is_none());
    assert_eq!(standing(&province, "modi").await, "assente");
    let metrics = get(&province.operator("operatore-uno"), "/metrics").await;
    assert!(
        metrics.text.contains("pontile_key_ready{key=\"modi\"} 0"),
        "{}",
        metrics.text
    );
    // Who needs no signature is answered.
    assert_eq!(
        province
            .portal("portale-uno")
            .persona("013041", PERSON)
            .await
            .status,
        200
    );
    hsm.has_faults("");
    until("the token is taken up again", async || {
        ask(&portal).await.0 == 200
    })
    .await;
    assert_eq!(standing(&province, "modi").await, "pronta");
}

#[tokio::test]
async fn of_several_keys_the_first_that_can_signs() {
    if !is_installed() {
        return;
    }
    let (hsm, other) = (SoftHsm::new(), "riserva");
    let mut province = province(&hsm, &["modi", other]);
    let portal = province.portal("portale-due");
    hsm.without_faults(&mut province.files, other);
    province.rewrite_and_reload();
    let (_, _, token) = ask(&portal).await;
    assert!(is_by(&hsm, "modi", &token.expect("a signature")));
    // The token of the first is pulled out: no answer is lost, and the first signs again when it is back.
    hsm.has_faults("away");
    for _ in 0..3 {
        let (status, _, token) = ask(&portal).await;
        assert_eq!(status, 200);
        assert!(is_by(&hsm, other, &token.expect("a signature")));
    }
    assert_eq!(standing(&province, "modi").await, "assente");
    hsm.has_faults("");
    until("the first is back", async || {
        standing(&province, "modi").await == "pronta"
    })
    .await;
    let (_, _, token) = ask(&portal).await;
    assert!(is_by(&hsm, "modi", &token.expect("a signature")));
    // The first is now another name's, which no token has: it cannot be opened, and the second signs.
    province.files.replace(
        "pontile.toml",
        "key = { label = \"modi\" }",
        "key = { label = \"tolta\" }",
    );
    province.rewrite_and_reload();
    let (status, _, token) = ask(&portal).await;
    assert_eq!(status, 200);
    assert!(is_by(&hsm, other, &token.expect("a signature")));
    assert_eq!(standing(&province, "modi").await, "non_aperta");
    assert_eq!(standing(&province, other).await, "pronta");
}

#[tokio::test]
async fn a_refused_pin_is_tried_once_and_stops_the_start() {
    if !is_installed() {
        return;
    }
    let hsm = SoftHsm::new();
    let mut province = province(&hsm, &["modi"]);
    let tried = hsm.pins_tried();
    province.reload();
    province.reload();
    assert_eq!(hsm.pins_tried(), tried, "a key that is open stays open");
    let told = province.pontile(&["doctor"]);
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.contains("chiavi: modi: il token è inserito"), "{told}");
    assert_eq!(hsm.pins_tried(), tried, "doctor gives no PIN");
    province.gateway().kill();
    hsm.has_pin("000000");
    let refused = province.pontile(&["serve"]);
    assert_eq!(refused.status.code(), Some(77), "{refused:?}");
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(told.contains("ha rifiutato il PIN"), "{told}");
    assert!(!told.contains("000000"), "{told}");
    assert_eq!(hsm.pins_tried(), tried + 1);
}

#[tokio::test]
async fn a_document_is_signed_by_a_key_for_documents_and_by_none_for_log_ins() {
    if !is_installed() {
        return;
    }
    let hsm = SoftHsm::new();
    let province = province(&hsm, &["carta"]);
    let document = province.path("atto.txt");
    std::fs::write(&document, "Si attesta.\r\n").expect("a document");
    let sign = |usage: &str, more: &[&str]| {
        let certificate = hsm.certify(&province.pki, "carta", usage);
        let named = hsm.named("carta", &certificate);
        let mut arguments = vec!["sign", document.to_str().expect("UTF-8")];
        arguments.extend(more);
        arguments.extend(named.iter().map(String::as_str));
        let done = province.pontile(&arguments);
        let told = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
        (done.status.success(), told)
    };
    let (signed, told) = sign("digitalSignature", &[]);
    assert!(!signed && told.contains("nonRepudiation"), "{told}");
    assert!(
        !province.path("atto.txt.p7m").exists(),
        "nothing that looks signed is left"
    );
    let (signed, told) = sign("nonRepudiation", &[]);
    assert!(signed, "{told}");
    let (again, told) = sign("nonRepudiation", &[]);
    assert!(!again && told.contains("atto.txt.p7m"), "{told}");
    let (signed, told) = sign("nonRepudiation", &["--detached"]);
    assert!(signed, "{told}");
    let root = province.pki.path("root.pem");
    let judge = |file: &str, more: &[&str]| {
        let output = std::process::Command::new("openssl")
            .args([
                "cms", "-verify", "-cades", "-binary", "-purpose", "any", "-inform", "DER",
            ])
            .arg("-CAfile")
            .arg(&root)
            .arg("-in")
            .arg(province.path(file))
            .args(more)
            .output()
            .expect("openssl starts");
        assert!(output.status.success(), "{output:?}");
        output.stdout
    };
    assert_eq!(judge("atto.txt.p7m", &[]), b"Si attesta.\r\n");
    let beside = document.to_str().expect("UTF-8");
    assert_eq!(
        judge("atto.txt.p7s", &["-content", beside]),
        b"Si attesta.\r\n"
    );
}
