//! A portal whose configuration demands ModI's tokens: with them it is answered, once; without or with others it is told why.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::Utc;
use openssl::x509::X509;
use pontile::jose::{Algorithm, Expected, PublicKey, Token};
use pontile::modi::digest_of;
use pontile::signing::{PemSigner, sign_token};
use serde_json::{Map, Value, json};

use crate::harness::files::Files;
use crate::harness::portal::{Answer, PURPOSE, Portal};
use crate::harness::province::Province;

const AUDIENCE: &str = "https://interop.provincia.example.it/rest/anagrafe/v1";
const PATH: &str = "/rest/anagrafe/v1/enti/013041/ricerche-persona";
const OFFICER: &str = "operatore-0042";

pub fn demanding(files: &mut Files) {
    files.replace(
        "portali/prove.toml",
        "[[portal]]\nname = \"portale-due\"",
        &format!(
            "[portal.modi]\naudience = [\"{AUDIENCE}\"]\npatterns = [\"ID_AUTH_REST_02\", \"INTEGRITY_REST_01\", \"AUDIT_REST_01\"]\n\
             signed_headers = [\"agid-jwt-trackingevidence\"]\n\
             [portal.modi.operations]\n\"catalogo.enti\" = []\n\n[[portal]]\nname = \"portale-due\""
        ),
    );
}

/// A request in the making: body and headers.
pub struct Message {
    body: String,
    headers: Vec<(&'static str, String)>,
}

pub struct Keys {
    signer: PemSigner,
    certificate: String,
}

impl Keys {
    pub fn of(province: &Province, name: &str) -> Keys {
        let certificate = X509::from_pem(&province.pki.read(&format!("{name}.pem")))
            .expect("a certificate")
            .to_der()
            .expect("DER");
        let key = province.pki.read(&format!("{name}.key"));
        Keys {
            signer: PemSigner::of_pem(&key, vec![certificate.clone()], None).expect("a signer"),
            certificate: BASE64_STANDARD.encode(certificate),
        }
    }

    async fn token(&self, besides: Value) -> String {
        let now = Utc::now().timestamp();
        let mut claims = object(json!({
            "iss": "portale-uno", "aud": AUDIENCE, "iat": now, "nbf": now, "exp": now + 60,
            "jti": uuid::Uuid::now_v7().to_string(),
        }));
        claims.extend(object(besides));
        let header = object(json!({ "typ": "JWT", "x5c": [self.certificate] }));
        sign_token(&self.signer, header, &claims)
            .await
            .expect("signed")
    }

    /// A message with all tokens in order.
    async fn message(&self) -> Message {
        let officer =
            json!({ "userID": OFFICER, "userLocation": "sportello-01", "LoA": "substantial" });
        self.message_of(officer).await
    }

    /// The same for whom the evidence names.
    async fn message_of(&self, person: Value) -> Message {
        let body = json!({ "codice_fiscale": "BNCNNA75T71B639E" }).to_string();
        self.message_over(body, person).await
    }

    /// The same over that body, without a word of whom it is for.
    pub async fn message_without_evidence(&self, body: String) -> Message {
        let digest = digest_of(body.as_bytes());
        let signed = json!([{ "digest": digest }, { "content-type": "application/json" }]);
        let signature = self.token(json!({ "signed_headers": signed })).await;
        let identity = self.token(json!({})).await;
        Message {
            body,
            headers: vec![
                ("Authorization", format!("Bearer {identity}")),
                ("Digest", digest),
                ("Agid-JWT-Signature", signature),
            ],
        }
    }

    /// A message over that body with all tokens in order.
    pub async fn message_over(&self, body: String, person: Value) -> Message {
        let digest = digest_of(body.as_bytes());
        let evidence = self.token(person).await;
        let signed = json!([
            { "digest": digest },
            { "content-type": "application/json" },
            { "agid-jwt-trackingevidence": evidence },
        ]);
        let signature = self.token(json!({ "signed_headers": signed })).await;
        let identity = self.token(json!({})).await;
        Message {
            body,
            headers: vec![
                ("Authorization", format!("Bearer {identity}")),
                ("Digest", digest),
                ("Agid-JWT-Signature", signature),
                ("Agid-JWT-TrackingEvidence", evidence),
            ],
        }
    }
}

impl Message {
    async fn send(&self, portal: &Portal) -> Answer {
        self.send_to(portal, PATH).await
    }

    pub async fn send_to(&self, portal: &Portal, path: &str) -> Answer {
        let mut request = portal
            .request(reqwest::Method::POST, path)
            .header("Purpose-Id", PURPOSE)
            .header("Content-Type", "application/json")
            .body(self.body.clone());
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        portal.send(request).await
    }

    fn without(mut self, name: &str) -> Message {
        self.headers.retain(|(header, _)| *header != name);
        self
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        other => panic!("{other} is no object"),
    }
}

#[tokio::test]
async fn a_portal_with_its_tokens_is_answered_and_the_record_keeps_what_they_proved() {
    let province = Province::with(demanding);
    let (portal, keys) = (
        province.portal("portale-uno"),
        Keys::of(&province, "portale-uno"),
    );
    let answer = keys.message().await.send(&portal).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(portal.get("/rest/catalogo/v1/enti").await.status, 200);
    let scambio = answer.header("x-correlation-id");
    let shown = province
        .operator("operatore-uno")
        .get(&format!("/record?scambio={scambio}"))
        .await;
    let text = shown.body.to_string();
    assert!(
        text.contains("INTEGRITY_REST_01") && text.contains("AUDIT_REST_01"),
        "{text}"
    );
    assert!(!text.contains(OFFICER), "{text}");
    assert!(!province.log().contains(OFFICER));
}

#[tokio::test]
async fn what_is_missing_or_wrong_has_its_own_problem() {
    let province = Province::with(demanding);
    let (portal, keys) = (
        province.portal("portale-uno"),
        Keys::of(&province, "portale-uno"),
    );
    for (missing, slug) in [
        ("Authorization", "token-mancante"),
        ("Agid-JWT-Signature", "token-mancante"),
        ("Agid-JWT-TrackingEvidence", "integrita-non-verificata"),
        ("Digest", "integrita-non-verificata"),
    ] {
        let answer = keys.message().await.without(missing).send(&portal).await;
        assert_eq!(answer.slug(), slug, "{missing}: {}", answer.body);
        let unknown = answer.status == 401;
        assert_eq!(answer.header("www-authenticate").is_empty(), !unknown);
    }
    let mut changed = keys.message().await;
    changed.body.push(' ');
    let answer = changed.send(&portal).await;
    assert_eq!(
        (answer.status, answer.slug()),
        (400, "integrita-non-verificata")
    );
    let other = Keys::of(&province, "portale-due");
    let answer = other.message().await.send(&portal).await;
    assert_eq!((answer.status, answer.slug()), (401, "token-non-valido"));
    // A refusal is the same whether the person exists or not.
    let without = keys.message().await.without("Authorization");
    let nobody = Message {
        body: json!({ "codice_fiscale": "RSSMRA80A01C933H" }).to_string(),
        headers: Vec::new(),
    };
    let (one, other) = (without.send(&portal).await, nobody.send(&portal).await);
    assert_eq!(one.body["detail"], other.body["detail"]);
    assert!(!other.body.to_string().contains("RSSMRA"));
}

#[tokio::test]
async fn a_message_is_taken_once_also_after_a_power_cut() {
    let mut province = Province::with(demanding);
    let keys = Keys::of(&province, "portale-uno");
    let message = keys.message().await;
    let portal = province.portal("portale-uno");
    assert_eq!(message.send(&portal).await.status, 200);
    let again = message.send(&portal).await;
    assert_eq!((again.status, again.slug()), (401, "token-riutilizzato"));
    province.crash_and_restart();
    let again = message.send(&province.portal("portale-uno")).await;
    assert_eq!((again.status, again.slug()), (401, "token-riutilizzato"));
}

#[tokio::test]
async fn a_portal_without_the_table_sends_no_tokens() {
    let province = Province::with(demanding);
    let answer = province
        .portal("portale-due")
        .persona("013041", "BNCNNA75T71B639E")
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

/// The person that the messages ask about.
const PERSON: &str = "BNCNNA75T71B639E";

fn evidence(user: &str, level: &str) -> Value {
    json!({ "userID": user, "userLocation": "portale", "LoA": level })
}

#[tokio::test]
async fn under_a_grant_for_the_person_concerned_only_they_are_answered() {
    let province = Province::with(|files| {
        demanding(files);
        let own = "chi = { interessato = \"substantial\" }";
        files.replace("concessioni/tutto.toml", "chi = \"sistema\"", own);
    });
    let keys = Keys::of(&province, "portale-uno");
    let portal = province.portal("portale-uno");
    let slug = "richiedente-non-dimostrato";
    for (person, status) in [
        (evidence(PERSON, "substantial"), 200),
        (evidence(&format!("TINIT-{PERSON}"), "LoA4"), 200),
        (evidence("RSSMRA80A01C933H", "high"), 403),
        (evidence(PERSON, "LoA2"), 403),
        (evidence(PERSON, "altissimo"), 403),
        (json!({ "userID": PERSON, "userLocation": "portale" }), 403),
    ] {
        let answer = keys.message_of(person.clone()).await.send(&portal).await;
        assert_eq!(answer.status, status, "{person}: {}", answer.body);
        let refused = if status == 403 { slug } else { "" };
        assert_eq!(answer.slug(), refused, "{person}");
        // Neither who asked nor about whom stands in a refusal or in the log.
        assert!(status == 200 || !answer.body.to_string().contains("BNCNNA"));
    }
    assert!(!province.log().contains("BNCNNA"));
}

#[tokio::test]
async fn under_a_grant_for_offices_the_evidence_names_a_file_and_is_signed_with_the_message() {
    let province = Province::with(|files| {
        demanding(files);
        files.replace(
            "concessioni/tutto.toml",
            "chi = \"sistema\"",
            "chi = \"ufficio\"",
        );
    });
    let keys = Keys::of(&province, "portale-uno");
    let portal = province.portal("portale-uno");
    let slug = "richiedente-non-dimostrato";
    let without_file = keys.message().await.send(&portal).await;
    assert_eq!((without_file.status, without_file.slug()), (403, slug));
    let mut officer = evidence(OFFICER, "substantial");
    officer["fascicolo"] = json!("2026/118");
    let answer = keys.message_of(officer.clone()).await.send(&portal).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[tokio::test]
async fn a_portal_that_sends_no_evidence_shows_nobody() {
    let province = Province::with(|files| {
        files.replace(
            "concessioni/tutto.toml",
            "chi = \"sistema\"",
            "chi = \"ufficio\"",
        );
    });
    let refused = province
        .portal("portale-uno")
        .persona("013041", PERSON)
        .await;
    assert_eq!(
        (refused.status, refused.slug()),
        (403, "richiedente-non-dimostrato")
    );
}

#[tokio::test]
async fn signed_answers_bind_what_is_told_to_what_was_asked_refusals_too() {
    let province = Province::with(|files| {
        demanding(files);
        files
            .replace(
                "portali/prove.toml",
                "patterns = [\"ID_AUTH_REST_02\"",
                "answers_signed = true\npatterns = [\"ID_AUTH_REST_02\"",
            )
            .append(
                "pontile.toml",
                "[signer]\nissuer = \"pontile.provincia.example.it\"\nkey = { file = \"pki/server.key\" }\ncertificate = \"pki/server.pem\"\n",
            );
    });
    let (portal, keys) = (
        province.portal("portale-uno"),
        Keys::of(&province, "portale-uno"),
    );
    let own = PublicKey::of_pem(&province.pki.read("server.pem")).expect("a key");
    for (message, status) in [
        (keys.message().await, 200),
        (keys.message().await.without("Agid-JWT-Signature"), 401),
    ] {
        let mut request = portal
            .request(reqwest::Method::POST, PATH)
            .header("Purpose-Id", PURPOSE)
            .header("Content-Type", "application/json")
            .body(message.body.clone());
        for (name, value) in &message.headers {
            request = request.header(*name, value);
        }
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), status);
        let header = |name: &str| {
            let value = answer.headers().get(name).expect(name);
            value.to_str().expect("text").to_owned()
        };
        let (digest, media_type) = (header("digest"), header("content-type"));
        let (token, scambio) = (header("agid-jwt-signature"), header("x-correlation-id"));
        let body = answer.bytes().await.expect("a body");
        assert_eq!(digest, digest_of(&body));
        let expected = Expected {
            algorithms: &Algorithm::ALL,
            types: &["JWT"],
            untyped: false,
        };
        let token = Token::read(&token, &expected).expect("readable");
        assert_eq!(token.header().certificates.len(), 1);
        let claims = token.verify(&own).expect("signed by the gateway");
        assert_eq!(claims.required("jti"), Ok(scambio.as_str()));
        assert_eq!(claims.required("iss"), Ok("pontile.provincia.example.it"));
        let asked = digest_of(message.body.as_bytes());
        assert_eq!(claims.required("request_digest"), Ok(asked.as_str()));
        assert_eq!(
            claims.get("signed_headers"),
            Some(&json!([{ "digest": digest }, { "content-type": media_type }]))
        );
    }
}

#[tokio::test]
async fn where_only_the_citizens_own_log_in_will_do_no_evidence_of_a_portal_does() {
    let province = Province::with(|files| {
        demanding(files);
        let own = "chi = { interessato = \"high\", verificata = true }";
        files.replace("concessioni/tutto.toml", "chi = \"sistema\"", own);
    });
    let keys = Keys::of(&province, "portale-uno");
    let portal = province.portal("portale-uno");
    let answer = keys
        .message_of(evidence(PERSON, "high"))
        .await
        .send(&portal)
        .await;
    assert_eq!(
        (answer.status, answer.slug()),
        (403, "richiedente-non-dimostrato"),
        "{}",
        answer.body
    );
}
