//! The vectors, at the instant for which they were made.

use std::path::Path;

use pontile::config::modi::{Pattern, Reference};
use pontile::jose::JoseError;
use pontile::modi::{Fault, ModiError, Proven};

use crate::maker::{BODY, Place, Sent, place};

fn vector(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/modi/vectors");
    let text = std::fs::read_to_string(path.join(name)).expect("a vector");
    text.trim().to_owned()
}

/// The rules for the vectors' signer, whose certificate no authority issued: the configuration names it.
fn vectors_place(patterns: &[Pattern]) -> Place {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/modi/vectors");
    let mut place = place(patterns);
    place.settings.signers = vec![folder.join("fruitore-cert.pem")];
    place.settings.keys = Some(folder.join("jwks-fruitore.json"));
    place.settings.references = [Reference::X5c, Reference::Kid].into();
    place.at = "2026-01-15T09:30:10Z".parse().expect("an instant");
    place
}

fn sent(fields: &[(&str, String)]) -> Sent {
    let mut sent = Sent {
        body: BODY.to_vec(),
        fields: Vec::new(),
    };
    sent.field("content-type", "application/json");
    sent.field(
        "digest",
        "SHA-256=T5QdCbKTqjdvx/9YJBQXZQ+aECtLQnVoYzkRPR3vh1w=",
    );
    for (name, value) in fields {
        sent.field(name, value);
    }
    sent
}

fn judged(patterns: &[Pattern], header: &str, value: String) -> Result<Proven, ModiError> {
    vectors_place(patterns).judge(&sent(&[(header, value)]))
}

#[test]
fn the_identity_vectors_are_accepted() {
    for (pattern, name) in [
        (Pattern::IdAuthRest01, "ID_AUTH_REST_01.jwt"),
        (Pattern::IdAuthRest02, "ID_AUTH_REST_02.jwt"),
    ] {
        let value = format!("Bearer {}", vector(name));
        let proven = judged(&[pattern], "authorization", value).expect(name);
        assert_eq!(proven.tokens.len(), 1);
        assert_eq!(proven.tokens[0].pattern, pattern);
        assert_eq!(proven.tokens[0].once, pattern == Pattern::IdAuthRest02);
    }
}

#[test]
fn the_first_identity_vector_does_not_satisfy_the_second_pattern() {
    let value = format!("Bearer {}", vector("ID_AUTH_REST_01.jwt"));
    let refused = judged(&[Pattern::IdAuthRest02], "authorization", value).expect_err("no jti");
    assert_eq!(refused.fault, Fault::Jose(JoseError::Missing("jti")));
}

#[test]
fn the_integrity_vectors_are_accepted() {
    for (pattern, name) in [
        (Pattern::IntegrityRest01, "INTEGRITY_REST_01.jwt"),
        (Pattern::IntegrityRest02, "INTEGRITY_REST_02.jwt"),
    ] {
        let proven = judged(&[pattern], "agid-jwt-signature", vector(name)).expect(name);
        assert_eq!(proven.tokens[0].pattern, pattern);
    }
}

#[test]
fn the_integrity_vector_by_certificate_does_not_satisfy_the_pattern_by_name() {
    let value = vector("INTEGRITY_REST_01.jwt");
    let refused = judged(&[Pattern::IntegrityRest02], "agid-jwt-signature", value);
    assert_eq!(refused.expect_err("no kid").fault, Fault::ReferenceAbsent);
}

#[test]
fn the_evidence_vector_is_accepted() {
    let value = vector("AUDIT_REST_02.jwt");
    let proven = judged(&[Pattern::AuditRest02], "agid-jwt-trackingevidence", value);
    let evidence = proven.expect("accepted").evidence.expect("an evidence");
    assert_eq!(evidence.user_id(), "operatore-0042");
    assert_eq!(evidence.user_location(), "sportello-01");
    assert_eq!(evidence.level_of_assurance(), Some("substantial"));
    assert_eq!(
        hex::encode(evidence.digest()),
        "539dfd89be01ea40a56be82ec05d6d330d8cd88c897e08222f806c0f64a784f6"
    );
    assert!(!evidence.is_signed());
}

#[test]
fn the_vectors_that_must_fail_do() {
    let wrong = vector("KO_INTEGRITY_REST_01_digest_errato.jwt");
    let refused = judged(&[Pattern::IntegrityRest01], "agid-jwt-signature", wrong);
    assert_eq!(
        refused.expect_err("another body").fault,
        Fault::HeaderChanged
    );
    let unsigned = format!("Bearer {}", vector("KO_alg_none.jwt"));
    let refused = judged(&[Pattern::IdAuthRest01], "authorization", unsigned);
    assert_eq!(
        refused.expect_err("not signed").fault,
        Fault::Jose(JoseError::Unsigned)
    );
}

#[test]
fn the_vectors_expire() {
    let mut place = vectors_place(&[Pattern::IdAuthRest01]);
    place.at = "2026-01-15T09:31:00Z".parse().expect("an instant");
    let value = format!("Bearer {}", vector("ID_AUTH_REST_01.jwt"));
    let refused = place.judge(&sent(&[("authorization", value)]));
    assert_eq!(
        refused.expect_err("expired").fault,
        Fault::Jose(JoseError::Expired)
    );
}
