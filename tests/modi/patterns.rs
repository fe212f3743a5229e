//! What is in order: each algorithm and reference, and what a message proves.

use pontile::config::modi::{Pattern, Reference};
use pontile::jose::Algorithm;
use pontile::modi::{Fault, TokenKind};
use serde_json::{Value, json};

use crate::maker::{Place, der, digest_of, file, header, object, place, signer, token};

const ALL: [Pattern; 2] = [Pattern::IdAuthRest02, Pattern::IntegrityRest01];

#[tokio::test]
async fn a_signed_message_proves_who_sent_it_and_that_nothing_changed() {
    let place = place(&ALL);
    let proven = place.judge(&place.signed().await).expect("in order");
    let kinds: Vec<TokenKind> = proven.tokens.iter().map(|token| token.kind).collect();
    assert_eq!(kinds, [TokenKind::Identity, TokenKind::Integrity]);
    assert!(proven.tokens.iter().all(|token| token.once));
}

#[tokio::test]
async fn every_rsa_algorithm_is_accepted_and_only_those_of_the_portal() {
    for algorithm in [Algorithm::Rs256, Algorithm::Rs384, Algorithm::Rs512] {
        let mut place = place(&[Pattern::IdAuthRest01]);
        let signer = signer("portale-uno", None);
        if pontile::signing::Signer::public_key(&signer)
            .algorithms()
            .all(|one| one != algorithm)
        {
            continue;
        }
        let signer = crate::maker::signer("portale-uno", Some(algorithm));
        let made = token(&signer, header("portale-uno"), place.claims()).await;
        let mut sent = Place::bare();
        sent.field("authorization", &format!("Bearer {made}"));
        place.judge(&sent).expect("accepted");
        place.settings.algorithms.retain(|one| one.0 != algorithm);
        let refused = place.judge(&sent).expect_err("not accepted any more");
        assert_eq!(
            refused.fault,
            Fault::Jose(pontile::jose::JoseError::AlgorithmNotAccepted)
        );
    }
}

#[tokio::test]
async fn the_digest_of_the_calling_certificate_is_reference_enough() {
    let place = place(&[Pattern::IdAuthRest01]);
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &der("portale-uno.pem"));
    let header = object(json!({ "typ": "JWT", "x5t#S256": pontile::jose::encode(digest) }));
    let made = token(&signer("portale-uno", None), header, place.claims()).await;
    let mut sent = Place::bare();
    sent.field("authorization", &format!("Bearer {made}"));
    place.judge(&sent).expect("accepted");
}

#[tokio::test]
async fn a_listed_address_stands_for_its_certificate_and_no_other_does() {
    let mut place = place(&[Pattern::IdAuthRest01]);
    let address = "https://pki.portale.example/firma.pem";
    place.settings.references = [Reference::X5u].into();
    place.settings.addresses = [(address.to_owned(), file("portale-uno.pem"))].into();
    for (named, expected) in [
        (address, None),
        (
            "https://169.254.169.254/latest/meta-data",
            Some(Fault::AddressNotAccepted),
        ),
        (
            "https://pki.portale.example/altra.pem",
            Some(Fault::AddressNotAccepted),
        ),
    ] {
        let header = object(json!({ "typ": "JWT", "x5u": named }));
        let made = token(&signer("portale-uno", None), header, place.claims()).await;
        let mut sent = Place::bare();
        sent.field("authorization", &format!("Bearer {made}"));
        assert_eq!(
            place.judge(&sent).err().map(|refused| refused.fault),
            expected
        );
    }
}

#[tokio::test]
async fn an_evidence_that_is_signed_with_the_message_says_so() {
    let place = place(&[Pattern::IntegrityRest01, Pattern::AuditRest01]);
    let mut evidence = place.claims();
    evidence.insert("userID".to_owned(), Value::from("operatore-7"));
    evidence.insert("userLocation".to_owned(), Value::from("sportello"));
    let mut sent = Place::bare();
    sent.field("digest", &digest_of(&sent.body));
    sent.field("agid-jwt-trackingevidence", &place.token(evidence).await);
    let mut claims = place.claims();
    claims.insert("signed_headers".to_owned(), sent.headers_to_sign());
    sent.field("agid-jwt-signature", &place.token(claims).await);
    let proven = place.judge(&sent).expect("in order");
    assert!(proven.evidence.expect("an evidence").is_signed());
}

#[tokio::test]
async fn without_a_body_there_is_nothing_to_be_signed() {
    let place = place(&[Pattern::IntegrityRest01]);
    let mut sent = Place::bare();
    sent.body.clear();
    sent.fields.clear();
    place.judge(&sent).expect("nothing demanded");
}

#[test]
fn what_is_absent_is_named_with_its_pattern() {
    let place = place(&ALL);
    let refused = place.judge(&Place::bare()).expect_err("no token");
    assert_eq!(refused.fault, Fault::Absent(Pattern::IdAuthRest02));
}
