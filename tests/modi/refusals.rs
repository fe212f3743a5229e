//! What is wrong with a token or its message, each with its own reason.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use openssl::pkey::PKey;
use pontile::config::modi::{Pattern, Reference};
use pontile::jose::{JoseError, encode};
use pontile::modi::{Fault, TokenKind};
use pontile::trust::Distrust;
use serde_json::{Map, Value, json};

use crate::maker::{Place, Sent, der, digest_of, file, header, object, place, signer, token};

const IDENTITY: [Pattern; 1] = [Pattern::IdAuthRest02];
const INTEGRITY: [Pattern; 1] = [Pattern::IntegrityRest01];

/// Why a message with this token in `Authorization` is refused.
fn refused_identity(place: &Place, token: &str) -> Fault {
    let mut sent = Place::bare();
    sent.field("authorization", &format!("Bearer {token}"));
    let refused = place.judge(&sent).expect_err("refused");
    assert_eq!(refused.kind, TokenKind::Identity);
    refused.fault
}

async fn refused_claims(change: impl FnOnce(&mut Map<String, Value>)) -> Fault {
    let place = place(&IDENTITY);
    let mut claims = place.claims();
    change(&mut claims);
    let made = place.token(claims).await;
    refused_identity(&place, &made)
}

async fn refused_header(header: Map<String, Value>) -> Fault {
    let place = place(&IDENTITY);
    let made = token(&signer("portale-uno", None), header, place.claims()).await;
    refused_identity(&place, &made)
}

fn refused(place: &Place, sent: &Sent) -> Fault {
    let refused = place.judge(sent).expect_err("refused");
    assert_eq!(refused.kind, TokenKind::Integrity, "{refused}");
    refused.fault
}

#[tokio::test]
async fn an_unsigned_token_and_one_with_a_shared_secret_are_refused() {
    let place = place(&IDENTITY);
    let claims = Value::Object(place.claims()).to_string();
    let none = format!("{}.{}.", encode(r#"{"alg":"none"}"#), encode(&claims));
    assert_eq!(
        refused_identity(&place, &none),
        Fault::Jose(JoseError::Unsigned)
    );
    // The attack of RFC 8725, 2.1: the public key, which everybody knows, taken for the secret.
    let public = X509Pem::public_key("portale-uno.pem");
    let secret = PKey::hmac(&public).expect("a key");
    let input = format!("{}.{}", encode(r#"{"alg":"HS256"}"#), encode(&claims));
    let mut signer =
        openssl::sign::Signer::new(openssl::hash::MessageDigest::sha256(), &secret).expect("one");
    let signature = signer
        .sign_oneshot_to_vec(input.as_bytes())
        .expect("signed");
    let made = format!("{input}.{}", encode(signature));
    assert_eq!(
        refused_identity(&place, &made),
        Fault::Jose(JoseError::SharedSecret)
    );
}

struct X509Pem;

impl X509Pem {
    fn public_key(name: &str) -> Vec<u8> {
        let certificate = openssl::x509::X509::from_der(&der(name)).expect("a certificate");
        let key = certificate.public_key().expect("a key");
        key.public_key_to_pem().expect("a PEM text")
    }
}

#[tokio::test]
async fn the_key_of_another_portal_signs_nothing_here() {
    let place = place(&IDENTITY);
    let other = signer("portale-due", None);
    let made = token(&other, header("portale-due"), place.claims()).await;
    assert_eq!(refused_identity(&place, &made), Fault::SignerUnknown);
    // Under the certificate of the right portal, with the wrong key.
    let made = token(&other, header("portale-uno"), place.claims()).await;
    let fault = refused_identity(&place, &made);
    assert!(
        [JoseError::SignatureWrong, JoseError::KeyMismatch]
            .map(Fault::Jose)
            .contains(&fault),
        "{fault}"
    );
}

#[tokio::test]
async fn a_certificate_of_no_recognized_authority_is_refused() {
    let mut place = place(&IDENTITY);
    let foreign = signer("estraneo", None);
    let made = token(&foreign, header("estraneo"), place.claims()).await;
    assert_eq!(refused_identity(&place, &made), Fault::SignerUnknown);
    // Whatever name it bears.
    let certificate = pontile::trust::PeerCertificate::of_chain(&[der("estraneo.pem").into()]);
    let subject = certificate.expect("a certificate").subject;
    place.settings.certificates = vec![pontile::config::certificate::CertificateMatch::Subject(
        subject,
    )];
    assert_eq!(
        refused_identity(&place, &made),
        Fault::SignerUntrusted(Distrust::UnknownAuthority)
    );
}

#[tokio::test]
async fn expired_and_revoked_certificates_sign_nothing() {
    for (name, why) in [
        ("scaduto", Distrust::Expired),
        ("revocato", Distrust::Revoked),
        ("senza-firma", Distrust::KeyUsage),
    ] {
        let mut place = place(&IDENTITY);
        let peer = pontile::trust::PeerCertificate::of_chain(&[der(&format!("{name}.pem")).into()]);
        let fingerprint = peer.expect("a certificate").fingerprint;
        place.settings.certificates =
            vec![pontile::config::certificate::CertificateMatch::Fingerprint(
                fingerprint,
            )];
        let made = token(&signer(name, None), header(name), place.claims()).await;
        assert_eq!(
            refused_identity(&place, &made),
            Fault::SignerUntrusted(why),
            "{name}"
        );
        // Naming it by hand does not help it either.
        place.settings.signers = vec![file(&format!("{name}.pem"))];
        assert_eq!(
            refused_identity(&place, &made),
            Fault::SignerUntrusted(why),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_chain_without_the_leaf_first_is_refused() {
    let root = BASE64_STANDARD.encode(der("root.pem"));
    let leaf = BASE64_STANDARD.encode(der("portale-uno.pem"));
    let fault = refused_header(object(json!({ "x5c": [root, leaf] }))).await;
    assert_eq!(fault, Fault::SignerUnknown);
}

#[tokio::test]
async fn what_the_header_names_beside_the_certificate_must_be_the_same() {
    let mut header = header("portale-uno");
    header.insert("x5t#S256".to_owned(), Value::from(encode([7; 32])));
    assert_eq!(refused_header(header).await, Fault::ReferencesDiffer);
}

#[tokio::test]
async fn a_token_that_names_no_key_or_names_it_otherwise_is_refused() {
    assert_eq!(
        refused_header(object(json!({ "typ": "JWT" }))).await,
        Fault::ReferenceAbsent
    );
    assert_eq!(
        refused_header(object(json!({ "kid": "una" }))).await,
        Fault::ReferenceNotAccepted
    );
    assert_eq!(
        refused_header(object(json!({ "x5u": "https://10.0.0.1/a.pem" }))).await,
        Fault::ReferenceNotAccepted
    );
}

#[tokio::test]
async fn a_kid_is_compared_and_nothing_else() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/modi/vectors");
    let mut place = place(&IDENTITY);
    place.settings.keys = Some(folder.join("jwks-fruitore.json"));
    place.settings.references = [Reference::Kid].into();
    for kid in [
        "../../../etc/passwd",
        "' OR 1=1 --",
        "https://10.0.0.1/jwks",
    ] {
        let header = object(json!({ "kid": kid }));
        let made = token(&signer("portale-uno", None), header, place.claims()).await;
        assert_eq!(
            refused_identity(&place, &made),
            Fault::SignerUnknown,
            "{kid}"
        );
    }
}

#[tokio::test]
async fn unknown_extensions_are_refused() {
    let mut header = header("portale-uno");
    header.insert("crit".to_owned(), json!(["scadenza"]));
    assert_eq!(
        refused_header(header).await,
        Fault::Jose(JoseError::CriticalUnknown)
    );
}

#[tokio::test]
async fn times_audiences_and_ids_out_of_order_are_refused() {
    let jose = Fault::Jose;
    let now = chrono::Utc::now().timestamp();
    let set = |name: &'static str, value: Value| {
        move |claims: &mut Map<String, Value>| {
            claims.insert(name.to_owned(), value);
        }
    };
    let unset = |name: &'static str| {
        move |claims: &mut Map<String, Value>| {
            claims.remove(name);
        }
    };
    for (fault, expected) in [
        (
            refused_claims(set("exp", json!(now - 1))).await,
            JoseError::Expired,
        ),
        (
            refused_claims(unset("exp")).await,
            JoseError::Missing("exp"),
        ),
        (
            refused_claims(unset("iat")).await,
            JoseError::Missing("iat"),
        ),
        (
            refused_claims(set("iat", json!(now + 60))).await,
            JoseError::IssuedInFuture,
        ),
        (
            refused_claims(set("nbf", json!(now + 60))).await,
            JoseError::NotYetValid,
        ),
        (
            refused_claims(set("iat", json!(now - 600))).await,
            JoseError::TooOld,
        ),
        (
            refused_claims(set("aud", json!("https://altro.example"))).await,
            JoseError::AudienceWrong,
        ),
        (
            refused_claims(set(
                "aud",
                json!([crate::maker::AUDIENCE, "https://altro.example"]),
            ))
            .await,
            JoseError::AudienceShared,
        ),
        (
            refused_claims(unset("aud")).await,
            JoseError::Missing("aud"),
        ),
        (
            refused_claims(unset("jti")).await,
            JoseError::Missing("jti"),
        ),
        (
            refused_claims(set("jti", json!("a b"))).await,
            JoseError::Malformed("jti"),
        ),
        (
            refused_claims(set("jti", json!(7))).await,
            JoseError::Malformed("jti"),
        ),
    ] {
        assert_eq!(fault, jose(expected));
    }
}

#[tokio::test]
async fn oversized_deep_and_ambiguous_tokens_are_refused() {
    let jose = Fault::Jose;
    let mut deep = json!(1);
    for _ in 0..40 {
        deep = json!([deep]);
    }
    let fault = refused_claims(|claims| {
        claims.insert("a".to_owned(), deep);
    });
    assert_eq!(fault.await, jose(JoseError::TooDeep));
    let fault = refused_claims(|claims| {
        claims.insert("a".to_owned(), Value::from("a".repeat(20_000)));
    });
    assert_eq!(fault.await, jose(JoseError::TooLong));
}

#[tokio::test]
async fn another_body_changed_headers_and_headers_left_out_are_refused() {
    let place = place(&INTEGRITY);
    let sound = place.signed().await;
    place.judge(&sound).expect("in order");

    let mut other_body = sound.clone();
    other_body.body.push(b' ');
    assert_eq!(refused(&place, &other_body), Fault::DigestWrong);

    let mut other_digest = other_body;
    let digest = digest_of(&other_digest.body);
    other_digest.replace("digest", &digest);
    assert_eq!(refused(&place, &other_digest), Fault::HeaderChanged);

    let mut other_type = sound.clone();
    other_type.replace("content-type", "text/plain");
    assert_eq!(refused(&place, &other_type), Fault::HeaderChanged);

    let mut encoded = sound.clone();
    encoded.field("content-encoding", "identity");
    assert_eq!(refused(&place, &encoded), Fault::HeaderNotSigned);

    let mut twice = sound.clone();
    twice.field("digest", "SHA-256=AAAA");
    assert_eq!(refused(&place, &twice), Fault::HeaderTwice);

    let mut two_tokens = sound;
    two_tokens.field("agid-jwt-signature", "a.b.c");
    assert_eq!(refused(&place, &two_tokens), Fault::HeaderTwice);
}

#[tokio::test]
async fn signed_headers_of_another_form_and_without_content_type_are_refused() {
    let place = place(&INTEGRITY);
    let digest = digest_of(crate::maker::BODY);
    for (list, expected) in [
        (json!([{ "digest": digest }]), Fault::HeaderNotSigned),
        (
            json!([{ "content-type": "application/json" }]),
            Fault::HeaderNotSigned,
        ),
        (json!({ "digest": digest }), Fault::SignedHeadersMalformed),
        (json!([{ "Digest": digest }]), Fault::SignedHeadersMalformed),
        (
            json!([{ "digest": digest, "content-type": "application/json" }]),
            Fault::SignedHeadersMalformed,
        ),
        (json!([{ "digest": 7 }]), Fault::SignedHeadersMalformed),
        (
            json!([{ "digest": digest }, { "digest": digest }]),
            Fault::SignedHeadersMalformed,
        ),
        (json!([{ "x-mai-inviata": "" }]), Fault::HeaderChanged),
    ] {
        let mut sent = Place::bare();
        sent.field("digest", &digest);
        let mut claims = place.claims();
        claims.insert("signed_headers".to_owned(), list.clone());
        sent.field("agid-jwt-signature", &place.token(claims).await);
        assert_eq!(refused(&place, &sent), expected, "{list}");
    }
}

#[tokio::test]
async fn a_header_that_was_agreed_upon_must_be_signed_where_it_is_sent() {
    let mut place = place(&INTEGRITY);
    place.settings.signed_headers = ["citizen-token".to_owned()].into();
    let mut sent = place.signed().await;
    place.judge(&sent).expect("not sent");
    sent.field("citizen-token", "a.b.c");
    assert_eq!(refused(&place, &sent), Fault::HeaderNotSigned);
}

#[tokio::test]
async fn an_authorization_of_another_scheme_or_twice_is_refused() {
    let place = place(&IDENTITY);
    let mut sent = Place::bare();
    sent.field("authorization", "Basic YTpi");
    let fault = place.judge(&sent).expect_err("refused").fault;
    assert_eq!(fault, Fault::NotBearer);
    sent.field("authorization", "Bearer a.b.c");
    let fault = place.judge(&sent).expect_err("refused").fault;
    assert_eq!(fault, Fault::HeaderTwice);
}

#[tokio::test]
async fn an_evidence_without_who_and_where_or_with_a_short_nonce_is_refused() {
    let place = place(&[Pattern::AuditRest02]);
    let jose = Fault::Jose;
    for (change, expected) in [
        (
            json!({ "userLocation": "s", "dnonce": "1234567890123" }),
            JoseError::Missing("userID"),
        ),
        (
            json!({ "userID": "o", "dnonce": "1234567890123" }),
            JoseError::Missing("userLocation"),
        ),
        (
            json!({ "userID": "o", "userLocation": "s" }),
            JoseError::Missing("dnonce"),
        ),
        (
            json!({ "userID": "o", "userLocation": "s", "dnonce": "12" }),
            JoseError::Malformed("dnonce"),
        ),
        (
            json!({ "userID": "", "userLocation": "s", "dnonce": "1234567890123" }),
            JoseError::Malformed("userID"),
        ),
    ] {
        let mut claims = place.claims();
        claims.extend(object(change));
        let mut sent = Place::bare();
        sent.field("agid-jwt-trackingevidence", &place.token(claims).await);
        assert_eq!(
            place.judge(&sent).expect_err("refused").fault,
            jose(expected)
        );
    }
}
