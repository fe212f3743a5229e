//! A portal that shows vouchers of the PDND: each opens one ente's e-service for its own purpose, and nothing else.

use std::path::PathBuf;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::Utc;
use pontile::jose::{Algorithm, PublicKey, encode};
use pontile::signing::{PemSigner, sign_token};
use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::harness::files::Files;
use crate::harness::platform::{self, Client};
use crate::harness::portal::{Answer, PURPOSE, Portal};
use crate::harness::province::Province;

/// Of the second purpose that the portal's body agreed on.
const FOR_ERBA: &str = "prova-erba";
pub const CANTU: &str = "013041";
pub const ERBA: &str = "013095";
const PERSON: &str = "BNCNNA75T71B639E";
pub const CONSUMER: &str = "2c9d5e0a-1111-4222-8333-000000000002";
const DOOR: &str = "https://portali.example:8443";

fn path(ente: &str) -> String {
    format!("/rest/anagrafe/v1/enti/{ente}/ricerche-persona")
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        other => panic!("{other} is no object"),
    }
}

/// Who issues vouchers in these tests, with a key of its own.
pub struct Issuer {
    signer: PemSigner,
    kid: String,
    _folder: tempfile::TempDir,
    keys: PathBuf,
}

impl Issuer {
    pub fn new() -> Issuer {
        let folder = tempfile::tempdir().expect("a folder");
        let key = openssl::rsa::Rsa::generate(2048).expect("a key");
        let pem = key.private_key_to_pem().expect("PEM");
        let signer = PemSigner::of_pem(&pem, Vec::new(), Some(Algorithm::Rs256)).expect("a signer");
        let public = PublicKey::of_pem(&key.public_key_to_pem().expect("PEM")).expect("a key");
        let keys = folder.path().join("keys.json");
        let set = json!({ "keys": [public.to_jwk(Algorithm::Rs256)] });
        std::fs::write(&keys, set.to_string()).expect("a file");
        Issuer {
            signer,
            kid: encode(public.thumbprint()),
            _folder: folder,
            keys,
        }
    }

    /// A voucher for Cantù's e-service, with some claims changed; `null` leaves one out.
    pub async fn voucher(&self, changed: Value) -> String {
        let now = Utc::now().timestamp();
        let mut claims = object(json!({
            "iss": "auth.prova.example", "aud": "https://cantu.example/anagrafe", "sub": "client-1", "client_id": "client-1",
            "jti": uuid::Uuid::now_v7().to_string(), "iat": now, "nbf": now, "exp": now + 600,
            "purposeId": PURPOSE, "consumerId": CONSUMER, "producerId": "ente-013041",
            "eserviceId": "servizio-013041", "descriptorId": "versione-1",
        }));
        claims.extend(object(changed));
        claims.retain(|_, value| !value.is_null());
        let header = object(json!({ "typ": "at+jwt", "kid": self.kid }));
        sign_token(&self.signer, header, &claims)
            .await
            .expect("signed")
    }
}

/// Both municipalities offer their registry as an e-service of their own; the first portal shows vouchers.
pub fn with_vouchers(files: &mut Files, issuer: &Issuer, more: &str) {
    let service = |ente: &str, name: &str| {
        format!(
            "[ente.servizi.anagrafe.pdnd]\neservice = \"servizio-{ente}\"\ndescriptors = [\"versione-1\"]\nproducer = \"ente-{ente}\"\n\
             audience = \"https://{name}.example/anagrafe\"\n"
        )
    };
    for (ente, name, instance) in [
        (CANTU, "cantu", "cantu-civilia"),
        (ERBA, "erba", "erba-next"),
    ] {
        let binding = format!("[ente.servizi.anagrafe]\ninstance = \"{instance}\"\n");
        let with_service = format!("{binding}{}", service(ente, name));
        files.replace("enti/prove.toml", &binding, &with_service);
    }
    files
        .append(
            "pontile.toml",
            &format!(
                "[pdnd]\nissuer = \"auth.prova.example\"\nkeys = \"{}\"\nportals_door = \"{DOOR}\"\n",
                issuer.keys.display()
            ),
        )
        .replace(
            "portali/prove.toml",
            "[[portal]]\nname = \"portale-due\"",
            &format!("[portal.pdnd]\nconsumer = \"{CONSUMER}\"\n{more}\n[[portal]]\nname = \"portale-due\""),
        );
}

/// Asks about the person with these headers.
async fn ask(portal: &Portal, ente: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = portal
        .request(Method::POST, &path(ente))
        .json(&json!({ "codice_fiscale": PERSON }));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    portal.send(request).await
}

async fn with_voucher(portal: &Portal, ente: &str, voucher: &str) -> Answer {
    ask(
        portal,
        ente,
        &[("Authorization", &format!("Bearer {voucher}"))],
    )
    .await
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story, told in one place")]
async fn a_voucher_opens_the_ente_that_it_is_for_under_its_own_purpose() {
    let issuer = Issuer::new();
    let province = Province::with(|files| with_vouchers(files, &issuer, ""));
    let portal = province.portal("portale-uno");
    let voucher = issuer.voucher(json!({})).await;
    let answer = with_voucher(&portal, CANTU, &voucher).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let bearer = format!("Bearer {voucher}");
    let named = ask(
        &portal,
        CANTU,
        &[("Authorization", &bearer), ("Purpose-Id", PURPOSE)],
    )
    .await;
    assert_eq!(
        named.status, 200,
        "the same purpose may be named: {}",
        named.body
    );
    let other = ask(
        &portal,
        CANTU,
        &[("Authorization", &bearer), ("Purpose-Id", "altra")],
    )
    .await;
    assert_eq!(
        (other.status, other.slug()),
        (403, "voucher-non-pertinente")
    );

    // Cantù's answer is known by now, and Erba's is not: neither cache nor back end is reached.
    let elsewhere = with_voucher(&portal, ERBA, &voucher).await;
    assert_eq!(
        (elsewhere.status, elsewhere.slug()),
        (403, "voucher-non-pertinente")
    );
    for changed in [
        json!({ "eserviceId": "servizio-013095" }),
        json!({ "descriptorId": "versione-2" }),
        json!({ "producerId": "ente-013095" }),
        json!({ "aud": "https://erba.example/anagrafe" }),
    ] {
        let foreign = issuer.voucher(changed.clone()).await;
        let answer = with_voucher(&portal, CANTU, &foreign).await;
        assert_eq!(
            (answer.status, answer.slug()),
            (403, "voucher-non-pertinente"),
            "{changed}"
        );
    }
    let not_granted = issuer
        .voucher(json!({ "purposeId": "altra-finalita" }))
        .await;
    let answer = with_voucher(&portal, CANTU, &not_granted).await;
    assert_eq!((answer.status, answer.slug()), (403, "non-autorizzato"));
    let taxes = portal
        .request(
            Method::POST,
            &format!("/rest/tributi/v1/enti/{CANTU}/ricerche-posizione"),
        )
        .header("Authorization", &bearer)
        .json(&json!({ "codice_fiscale": PERSON, "tributo": "IMU", "anno": 2025 }));
    let taxes = portal.send(taxes).await;
    assert_eq!(
        (taxes.status, taxes.slug()),
        (403, "voucher-non-pertinente"),
        "another e-service"
    );
    assert_eq!(
        portal.get("/rest/catalogo/v1/enti").await.status,
        200,
        "nothing personal"
    );

    let scambio = answer_number(&named);
    let row = province
        .operator("operatore-uno")
        .get(&format!("/record?scambio={scambio}"))
        .await;
    let row = &row.body["items"][0];
    assert_eq!(
        (&row["purpose"], &row["purpose_origin"]),
        (&json!(PURPOSE), &json!("voucher")),
        "{row}"
    );
    let token = &row["tokens"][0];
    assert_eq!(
        (&token["kind"], &token["consumer"]),
        (&json!("voucher"), &json!(CONSUMER)),
        "{token}"
    );
    assert_eq!(token["eservice"], "servizio-013041");
    assert!(token["token_id"].is_string());
}

#[tokio::test]
async fn the_days_requests_with_vouchers_are_told_by_purpose_voucher_and_status() {
    let issuer = Issuer::new();
    let province = Province::with(|files| with_vouchers(files, &issuer, ""));
    let portal = province.portal("portale-uno");
    let voucher = issuer.voucher(json!({ "jti": "voucher-uno" })).await;
    for ente in [CANTU, CANTU, ERBA] {
        with_voucher(&portal, ente, &voucher).await;
    }
    let today = Utc::now()
        .with_timezone(&chrono_tz::Europe::Rome)
        .date_naive()
        .to_string();
    let told = province.pontile(&["pdnd", "tracing", "--day", &today]);
    assert!(
        told.status.success(),
        "{}",
        String::from_utf8_lossy(&told.stderr)
    );
    let told = String::from_utf8(told.stdout).expect("UTF-8");
    let mut lines = told.lines();
    assert_eq!(
        lines.next(),
        Some("date,purpose_id,token_id,status,requests_count")
    );
    let mut lines: Vec<&str> = lines.collect();
    lines.sort_unstable();
    let answered = format!("{today},{PURPOSE},voucher-uno,200,2");
    let refused = format!("{today},{PURPOSE},voucher-uno,403,1");
    assert_eq!(lines, [answered, refused], "{told}");
}

#[tokio::test]
async fn the_days_volume_is_counted_by_the_vouchers_purpose_over_all_operations() {
    let issuer = Issuer::new();
    let province = Province::with(|files| {
        with_vouchers(files, &issuer, "");
        files
            .append(
                "portali/prove.toml",
                &format!("[[purpose]]\nid = \"{FOR_ERBA}\"\ndescription = \"Prova\"\nlegal_basis = \"prova\"\n"),
            )
            .replace(
                "concessioni/tutto.toml",
                &format!("purposes = [\"{PURPOSE}\"]"),
                &format!("purposes = [\"{PURPOSE}\", \"{FOR_ERBA}\"]\ndaily_quota = 2"),
            );
    });
    let portal = province.portal("portale-uno");
    let of_erba = |purpose: &str| {
        let erba = json!({
            "aud": "https://erba.example/anagrafe", "producerId": "ente-013095", "eserviceId": "servizio-013095", "purposeId": purpose,
        });
        issuer.voucher(erba)
    };
    let asked = async |what: &str, purpose: &str| {
        let voucher = of_erba(purpose).await;
        let request = portal
            .request(Method::POST, &path(ERBA).replace("ricerche-persona", what))
            .header("Authorization", format!("Bearer {voucher}"))
            .json(&json!({ "codice_fiscale": "FOXLAX01B28D416I" }));
        portal.send(request).await.status
    };
    assert_eq!(asked("ricerche-persona", PURPOSE).await, 200);
    assert_eq!(asked("ricerche-famiglia", PURPOSE).await, 200);
    // Neither operation has used up its own two.
    assert_eq!(asked("ricerche-persona", PURPOSE).await, 429);
    assert_eq!(asked("ricerche-famiglia", PURPOSE).await, 429);
    assert_eq!(asked("ricerche-persona", FOR_ERBA).await, 200);
}

fn answer_number(answer: &Answer) -> String {
    answer.header("x-correlation-id").to_owned()
}

#[tokio::test]
async fn what_is_no_voucher_of_the_portals_own_is_refused() {
    let issuer = Issuer::new();
    let province = Province::with(|files| with_vouchers(files, &issuer, ""));
    let portal = province.portal("portale-uno");
    let absent = ask(&portal, CANTU, &[("Purpose-Id", PURPOSE)]).await;
    assert_eq!((absent.status, absent.slug()), (401, "token-mancante"));
    let now = Utc::now().timestamp();
    for changed in [
        json!({ "consumerId": "altro-fruitore" }),
        json!({ "purposeId": null }),
        json!({ "exp": null }),
        json!({ "exp": now - 1 }),
        json!({ "nbf": now + 600 }),
        json!({ "iat": now + 600 }),
        json!({ "aud": null }),
        json!({ "aud": ["https://cantu.example/anagrafe", "https://altri.example"] }),
        json!({ "iss": "auth.altrove.example" }),
        json!({ "digest": { "alg": "SHA256", "value": "00" } }),
        json!({ "cnf": { "jkt": "chiave-di-un-altro" } }),
    ] {
        let voucher = issuer.voucher(changed.clone()).await;
        let answer = with_voucher(&portal, CANTU, &voucher).await;
        assert_eq!(
            (answer.status, answer.slug()),
            (401, "token-non-valido"),
            "{changed}: {}",
            answer.body
        );
    }
    let forged = Issuer::new().voucher(json!({})).await;
    assert_eq!(
        with_voucher(&portal, CANTU, &forged).await.slug(),
        "token-non-valido"
    );
    let good = issuer.voucher(json!({})).await;
    let payload = good.split('.').nth(1).expect("claims");
    let unsigned = format!(
        "{}.{payload}.",
        BASE64_URL_SAFE_NO_PAD.encode("{\"alg\":\"none\",\"typ\":\"at+jwt\"}")
    );
    assert_eq!(
        with_voucher(&portal, CANTU, &unsigned).await.slug(),
        "token-non-valido"
    );
    let basic = ask(
        &portal,
        CANTU,
        &[("Authorization", "Basic dXRlbnRlOnBhc3N3b3Jk")],
    )
    .await;
    assert_eq!((basic.status, basic.slug()), (401, "token-non-valido"));
    assert!(!province.log().contains(PERSON));
}

/// A proof of a key for a request and a voucher, with some claims changed.
async fn proof(key: &PemSigner, public: &Value, voucher: &str, changed: Value) -> String {
    let mut claims = object(json!({
        "htm": "POST", "htu": format!("{DOOR}{}", path(CANTU)), "iat": Utc::now().timestamp(),
        "jti": uuid::Uuid::now_v7().to_string(), "ath": encode(digest(&SHA256, voucher.as_bytes())),
    }));
    claims.extend(object(changed));
    let header = object(json!({ "typ": "dpop+jwt", "jwk": public }));
    sign_token(key, header, &claims).await.expect("signed")
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story, told in one place")]
async fn a_bound_voucher_needs_a_proof_of_this_request_and_takes_each_once() {
    let issuer = Issuer::new();
    let mut province = Province::with(|files| with_vouchers(files, &issuer, "dpop = true"));
    let key =
        PemSigner::of_pem(&province.pki.read("portale-due.key"), Vec::new(), None).expect("a key");
    let public = PublicKey::of_pem(&province.pki.read("portale-due.pem")).expect("a key");
    let (thumbprint, public) = (encode(public.thumbprint()), public.to_jwk(Algorithm::Es256));
    let public =
        json!({ "kty": public["kty"], "crv": public["crv"], "x": public["x"], "y": public["y"] });
    let voucher = issuer
        .voucher(json!({ "cnf": { "jkt": thumbprint } }))
        .await;
    let bound = format!("DPoP {voucher}");
    let portal = province.portal("portale-uno");
    let good = proof(&key, &public, &voucher, json!({})).await;
    let answer = ask(
        &portal,
        CANTU,
        &[("Authorization", &bound), ("DPoP", &good)],
    )
    .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let again = ask(
        &portal,
        CANTU,
        &[("Authorization", &bound), ("DPoP", &good)],
    )
    .await;
    assert_eq!((again.status, again.slug()), (401, "token-riutilizzato"));
    province.crash_and_restart();
    let portal = province.portal("portale-uno");
    let again = ask(
        &portal,
        CANTU,
        &[("Authorization", &bound), ("DPoP", &good)],
    )
    .await;
    assert_eq!(
        (again.status, again.slug()),
        (401, "token-riutilizzato"),
        "also after a power cut"
    );

    let none = ask(&portal, CANTU, &[("Authorization", &bound)]).await;
    assert_eq!((none.status, none.slug()), (401, "token-mancante"));
    let plain = issuer.voucher(json!({})).await;
    let unbound = with_voucher(&portal, CANTU, &plain).await;
    assert_eq!(
        (unbound.status, unbound.slug()),
        (401, "token-non-valido"),
        "dpop = true"
    );
    let as_bearer = with_voucher(&portal, CANTU, &voucher).await;
    assert_eq!(
        (as_bearer.status, as_bearer.slug()),
        (401, "token-non-valido")
    );
    for changed in [
        json!({ "htm": "GET" }),
        json!({ "htu": format!("{DOOR}{}", path(ERBA)) }),
        json!({ "htu": "https://altrove.example/rest" }),
        json!({ "ath": encode(digest(&SHA256, b"altro")) }),
        json!({ "iat": Utc::now().timestamp() - 120 }),
        json!({ "iat": Utc::now().timestamp() + 120 }),
    ] {
        let wrong = proof(&key, &public, &voucher, changed.clone()).await;
        let answer = ask(
            &portal,
            CANTU,
            &[("Authorization", &bound), ("DPoP", &wrong)],
        )
        .await;
        assert_eq!(
            (answer.status, answer.slug()),
            (401, "token-non-valido"),
            "{changed}"
        );
    }
    let thief =
        PemSigner::of_pem(&province.pki.read("portale-uno.key"), Vec::new(), None).expect("a key");
    let own = PublicKey::of_pem(&province.pki.read("portale-uno.pem")).expect("a key");
    let own = own.to_jwk(Algorithm::Es256);
    let own = json!({ "kty": own["kty"], "crv": own["crv"], "x": own["x"], "y": own["y"] });
    let stolen = proof(&thief, &own, &voucher, json!({})).await;
    let answer = ask(
        &portal,
        CANTU,
        &[("Authorization", &bound), ("DPoP", &stolen)],
    )
    .await;
    assert_eq!(
        (answer.status, answer.slug()),
        (401, "token-non-valido"),
        "another's key"
    );
}

#[tokio::test]
async fn under_audit_rest_02_a_voucher_serves_for_the_evidence_that_it_was_asked_for_with() {
    let issuer = Issuer::new();
    let audit = "[portal.modi]\naudience = [\"https://cantu.example/anagrafe\"]\npatterns = [\"AUDIT_REST_02\"]\n";
    let province = Province::with(|files| with_vouchers(files, &issuer, audit));
    let portal = province.portal("portale-uno");
    let certificate = openssl::x509::X509::from_pem(&province.pki.read("portale-uno.pem"));
    let der = certificate.expect("a certificate").to_der().expect("DER");
    let key = province.pki.read("portale-uno.key");
    let signer = PemSigner::of_pem(&key, vec![der.clone()], None).expect("a signer");
    let evidence = async || {
        let now = Utc::now().timestamp();
        let header =
            object(json!({ "typ": "JWT", "x5c": [base64::prelude::BASE64_STANDARD.encode(&der)] }));
        let claims = object(json!({
            "iss": "portale-uno", "aud": "https://cantu.example/anagrafe", "iat": now, "nbf": now, "exp": now + 60,
            "jti": uuid::Uuid::now_v7().to_string(), "dnonce": "1234567890123", "purposeId": PURPOSE,
            "userID": "operatore-0042", "userLocation": "sportello-01", "LoA": "substantial",
        }));
        sign_token(&signer, header, &claims).await.expect("signed")
    };
    let bound_to = async |evidence: &str| {
        let value = hex::encode(digest(&SHA256, evidence.as_bytes()));
        let changed = json!({ "digest": { "alg": "SHA256", "value": value } });
        format!("Bearer {}", issuer.voucher(changed).await)
    };
    let sent = async |authorization: &str, evidence: &str| {
        let headers = [
            ("Authorization", authorization),
            ("Agid-JWT-TrackingEvidence", evidence),
        ];
        ask(&portal, CANTU, &headers).await
    };
    let one = evidence().await;
    let answer = sent(&bound_to(&one).await, &one).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let (other, fresh) = (evidence().await, evidence().await);
    let another = sent(&bound_to(&other).await, &fresh).await;
    assert_eq!(
        (another.status, another.slug()),
        (401, "token-non-valido"),
        "another evidence's"
    );
    let free = format!("Bearer {}", issuer.voucher(json!({})).await);
    let unbound = sent(&free, &evidence().await).await;
    assert_eq!(
        (unbound.status, unbound.slug()),
        (401, "token-non-valido"),
        "bound to none"
    );
}

/// Gives out a set of keys over TLS, under the certificate of the development's root; what it gives can be changed.
fn key_server(given: &std::sync::Arc<std::sync::Mutex<String>>) -> u16 {
    let pki = crate::harness::pki::Pki::shared();
    let mut acceptor =
        openssl::ssl::SslAcceptor::mozilla_intermediate(openssl::ssl::SslMethod::tls())
            .expect("TLS");
    let pem = openssl::ssl::SslFiletype::PEM;
    acceptor
        .set_certificate_chain_file(pki.path("server.pem"))
        .expect("a certificate");
    acceptor
        .set_private_key_file(pki.path("server.key"), pem)
        .expect("a key");
    let acceptor = acceptor.build();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let given = std::sync::Arc::clone(given);
    // It ends with the process of the tests.
    std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let Ok(mut stream) = acceptor.accept(socket) else {
                continue;
            };
            let mut request = [0; 4096];
            let _ = std::io::Read::read(&mut stream, &mut request);
            let body = given.lock().expect("not poisoned").clone();
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = std::io::Write::write_all(&mut stream, answer.as_bytes());
            let _ = stream.shutdown();
        }
    });
    port
}

/// Asks until a voucher of that issuer is good.
async fn until_good(portal: &Portal, issuer: &Issuer) {
    let until = std::time::Instant::now() + std::time::Duration::from_mins(1);
    loop {
        let voucher = issuer.voucher(json!({})).await;
        let answer = with_voucher(portal, CANTU, &voucher).await;
        if answer.status == 200 {
            return;
        }
        assert_eq!(
            (answer.status, answer.slug()),
            (401, "token-non-valido"),
            "{}",
            answer.body
        );
        assert!(
            std::time::Instant::now() < until,
            "its keys are never fetched"
        );
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
}

#[tokio::test]
async fn keys_are_fetched_at_the_start_and_when_a_voucher_names_one_that_is_not_known() {
    let (first, next) = (Issuer::new(), Issuer::new());
    let set = |issuer: &Issuer| std::fs::read_to_string(&issuer.keys).expect("keys");
    let given = std::sync::Arc::new(std::sync::Mutex::new(set(&first)));
    let port = key_server(&given);
    let mut province = Province::with(|files| {
        with_vouchers(files, &first, "");
        files.replace(
            "pontile.toml",
            &format!("keys = \"{}\"\n", first.keys.display()),
            &format!(
                "keys = \"chiavi.json\"\nkeys_address = \"https://localhost:{port}/jwks.json\"\nkeys_authorities = \"pki/root.pem\"\n"
            ),
        );
    });
    let portal = province.portal("portale-uno");
    until_good(&portal, &first).await;
    *given.lock().expect("not poisoned") = set(&next);
    until_good(&portal, &next).await;
    let old = with_voucher(&portal, CANTU, &first.voucher(json!({})).await).await;
    assert_eq!(
        (old.status, old.slug()),
        (401, "token-non-valido"),
        "its key is no longer published"
    );
    // What cannot be read as keys changes nothing, also after a restart.
    "no keys".clone_into(&mut *given.lock().expect("not poisoned"));
    province.crash_and_restart();
    let portal = province.portal("portale-uno");
    let good = with_voucher(&portal, CANTU, &next.voucher(json!({})).await).await;
    assert_eq!(good.status, 200, "{}", good.body);
}

/// The same with vouchers that the simulated platform issues, for two purposes of the portal's body: each is one ente's e-service.
#[tokio::test]
async fn a_voucher_that_the_platform_itself_issued_opens_its_own_ente_and_no_other() {
    let issuer = Issuer::new();
    let mut province = Province::with(|files| {
        with_vouchers(files, &issuer, "");
        files
            .replace(
                "pontile.toml",
                "issuer = \"auth.prova.example\"",
                &format!("issuer = \"{}\"", platform::ISSUER),
            )
            .replace(
                "concessioni/tutto.toml",
                &format!("purposes = [\"{PURPOSE}\"]"),
                &format!("purposes = [\"{PURPOSE}\", \"{FOR_ERBA}\"]"),
            )
            .append(
                "pontile.toml",
                &format!("[[purpose]]\nid = \"{FOR_ERBA}\"\ndescription = \"Prove per Erba\"\nlegal_basis = \"nessuna: dati inventati\"\n"),
            );
    });
    let client = Client::of(CONSUMER);
    client.register(&province.simulators).await;
    for (purpose, ente, name) in [(PURPOSE, CANTU, "cantu"), (FOR_ERBA, ERBA, "erba")] {
        let agreed = json!({
            "purpose_id": purpose, "consumer_id": CONSUMER, "eservice_id": format!("servizio-{ente}"),
            "descriptor_id": "versione-1", "producer_id": format!("ente-{ente}"),
            "audience": format!("https://{name}.example/anagrafe"), "ente": null,
        });
        platform::agree(&province.simulators, agreed).await;
    }
    let portal = province.portal("portale-uno");
    for algorithm in ["RS256", "ES256"] {
        platform::rotate(&province.simulators, algorithm).await;
        let keys = platform::published_keys(&province.simulators).await;
        std::fs::write(&issuer.keys, keys).expect("a file");
        province.reload();
        for (purpose, own, other) in [(PURPOSE, CANTU, ERBA), (FOR_ERBA, ERBA, CANTU)] {
            let voucher = client.voucher(&province.simulators, purpose, None).await;
            let answer = with_voucher(&portal, own, &voucher).await;
            // Erba's registry does not know the person of Cantù: it was asked.
            let (status, slug) = match own {
                CANTU => (200, ""),
                _ => (404, "soggetto-non-trovato"),
            };
            assert_eq!(answer.status, status, "{algorithm}: {}", answer.body);
            assert!(status == 200 || answer.slug() == slug, "{}", answer.body);
            let crossed = with_voucher(&portal, other, &voucher).await;
            assert_eq!(
                (crossed.status, crossed.slug()),
                (403, "voucher-non-pertinente"),
                "{algorithm}: {}",
                crossed.body
            );
        }
    }
    // The platform has withdrawn the key: what it signed is nothing any more.
    let voucher = client.voucher(&province.simulators, PURPOSE, None).await;
    platform::rotate(&province.simulators, "RS256").await;
    let keys = platform::published_keys(&province.simulators).await;
    std::fs::write(&issuer.keys, keys).expect("a file");
    province.reload();
    let old = with_voucher(&portal, CANTU, &voucher).await;
    assert_eq!((old.status, old.slug()), (401, "token-non-valido"));
}

#[tokio::test]
async fn a_voucher_that_the_platform_bound_to_a_key_is_taken_with_its_proof_alone() {
    let issuer = Issuer::new();
    let mut province = Province::with(|files| {
        with_vouchers(files, &issuer, "dpop = true");
        files.replace(
            "pontile.toml",
            "issuer = \"auth.prova.example\"",
            &format!("issuer = \"{}\"", platform::ISSUER),
        );
    });
    let client = Client::of(CONSUMER);
    client.register(&province.simulators).await;
    let agreed = json!({
        "purpose_id": PURPOSE, "consumer_id": CONSUMER, "eservice_id": "servizio-013041", "descriptor_id": "versione-1",
        "producer_id": "ente-013041", "audience": "https://cantu.example/anagrafe", "ente": null,
    });
    platform::agree(&province.simulators, agreed).await;
    let keys = platform::published_keys(&province.simulators).await;
    std::fs::write(&issuer.keys, keys).expect("a file");
    province.reload();
    let key =
        PemSigner::of_pem(&province.pki.read("portale-due.key"), Vec::new(), None).expect("a key");
    let public = PublicKey::of_pem(&province.pki.read("portale-due.pem")).expect("a key");
    let public = public.to_jwk(Algorithm::Es256);
    let public =
        json!({ "kty": public["kty"], "crv": public["crv"], "x": public["x"], "y": public["y"] });
    let claims = object(json!({
        "htm": "POST", "htu": platform::token_address(&province.simulators), "iat": Utc::now().timestamp(),
        "jti": uuid::Uuid::now_v7().to_string(),
    }));
    let header = object(json!({ "typ": "dpop+jwt", "jwk": public }));
    let asking = sign_token(&key, header, &claims).await.expect("signed");
    let voucher = client
        .voucher(&province.simulators, PURPOSE, Some(&asking))
        .await;
    let portal = province.portal("portale-uno");
    let showing = proof(&key, &public, &voucher, json!({})).await;
    let bound = format!("DPoP {voucher}");
    let answer = ask(
        &portal,
        CANTU,
        &[("Authorization", &bound), ("DPoP", &showing)],
    )
    .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let alone = ask(&portal, CANTU, &[("Authorization", &bound)]).await;
    assert_eq!((alone.status, alone.slug()), (401, "token-mancante"));
}

#[tokio::test]
async fn the_documents_that_a_portal_is_served_say_what_it_must_show() {
    let issuer = Issuer::new();
    let province = Province::with(|files| with_vouchers(files, &issuer, "dpop = true"));
    let security = async |portal: &str, document: &str, path: &str, method: &str| {
        let portal = province.portal(portal);
        let request = portal.request(Method::GET, &format!("/docs/{document}.yaml"));
        let text = request.send().await.expect("an answer").text().await;
        let text = text.expect("a text");
        let document: Value = yaml_serde::from_str(&text).expect("YAML");
        document["paths"][path][method]["security"].clone()
    };
    let search = "/enti/{codice_istat}/ricerche-persona";
    assert_eq!(
        security("portale-uno", "anagrafe", search, "post").await,
        json!([{ "certificato": [], "voucher": [], "dpop": [] }])
    );
    assert_eq!(
        security("portale-uno", "anagrafe", "/richieste/{id}", "get").await,
        json!([{ "certificato": [], "voucher": [], "dpop": [] }])
    );
    assert_eq!(
        security("portale-uno", "catalogo", "/enti", "get").await,
        json!([{ "certificato": [] }])
    );
    assert_eq!(
        security("portale-due", "anagrafe", search, "post").await,
        Value::Null,
        "nothing but what is published"
    );
    let province = Province::with(crate::tokens::demanding);
    let portal = province.portal("portale-uno");
    let request = portal.request(Method::GET, "/docs/anagrafe.yaml");
    let text = request.send().await.expect("an answer").text().await;
    let document: Value = yaml_serde::from_str(&text.expect("a text")).expect("YAML");
    assert_eq!(
        document["paths"][search]["post"]["security"],
        json!([{ "certificato": [], "id_auth_rest": [], "integrity_rest": [], "audit_rest": [] }])
    );
    assert!(
        document["info"]["description"]
            .as_str()
            .expect("a text")
            .contains("portale-uno")
    );
}
