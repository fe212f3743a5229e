//! Vouchers and DPoP proofs: the vectors are accepted at their instant, and whatever is changed about them is not.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use pontile::config::pdnd::{EService, Pdnd};
use pontile::config::units::Span;
use pontile::jose::JoseError;
use pontile::pdnd::{Authority, Proof, Voucher, VoucherFault};

const ADDRESS: &str = "https://interop.provincia.example.it/rest/anagrafe/v1/persone/ricerca";

fn vector(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/modi/vectors");
    let text = std::fs::read_to_string(path.join(name)).expect("a vector");
    text.trim().to_owned()
}

fn authority(issuer: &str) -> Authority {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/modi/vectors");
    Authority::load(&Pdnd {
        issuer: issuer.to_owned(),
        keys: folder.join("jwks-authorization-server.json"),
        keys_address: None,
        keys_authorities: None,
        keys_every: Span(std::time::Duration::from_hours(1)),
        portals_door: "https://interop.provincia.example.it".to_owned(),
    })
    .expect("keys")
}

fn at() -> DateTime<Utc> {
    "2026-01-15T09:30:10Z".parse().expect("an instant")
}

fn service() -> EService {
    EService {
        eservice: "2c9d5e0a-1111-4222-8333-000000000003".to_owned(),
        descriptors: vec!["2c9d5e0a-1111-4222-8333-000000000004".to_owned()],
        producer: "2c9d5e0a-1111-4222-8333-000000000001".to_owned(),
        audience: "https://interop.provincia.example.it/rest/anagrafe/v1".to_owned(),
    }
}

fn read(name: &str, at: DateTime<Utc>) -> Result<Voucher, VoucherFault> {
    Voucher::read(&vector(name), &authority("auth.interop.pagopa.it"), at)
}

#[test]
fn the_voucher_vectors_are_accepted_and_open_their_e_service_alone() {
    let voucher = read("PDND_voucher_bearer.jwt", at()).expect("a voucher");
    assert_eq!(voucher.purpose, "0d2f7c8e-5a41-4c0b-8a0e-6a1f5d9c2b02");
    assert_eq!(voucher.consumer, "2c9d5e0a-1111-4222-8333-000000000002");
    assert!(voucher.holder.is_none() && voucher.evidence.is_some());
    assert!(voucher.opens(&service()));
    let other = "altro".to_owned();
    for (what, of_another) in [
        (
            "e-service",
            EService {
                eservice: other.clone(),
                ..service()
            },
        ),
        (
            "descriptor",
            EService {
                descriptors: vec![other.clone()],
                ..service()
            },
        ),
        (
            "producer",
            EService {
                producer: other.clone(),
                ..service()
            },
        ),
        (
            "audience",
            EService {
                audience: other.clone(),
                ..service()
            },
        ),
    ] {
        assert!(!voucher.opens(&of_another), "{what}");
    }
}

#[test]
fn a_voucher_out_of_its_time_or_of_another_issuer_is_none() {
    let expired = read("PDND_voucher_bearer.jwt", at() + TimeDelta::minutes(10));
    assert_eq!(expired, Err(VoucherFault::Jose(JoseError::Expired)));
    let early = read("PDND_voucher_bearer.jwt", at() - TimeDelta::minutes(10));
    assert_eq!(early, Err(VoucherFault::Jose(JoseError::NotYetValid)));
    let text = vector("PDND_voucher_bearer.jwt");
    let elsewhere = Voucher::read(&text, &authority("auth.altrove.example"), at());
    assert_eq!(elsewhere, Err(VoucherFault::SignerUnknown));
    let mut parts: Vec<String> = text.split('.').map(str::to_owned).collect();
    parts[2] = parts[2].chars().rev().collect();
    let forged = Voucher::read(&parts.join("."), &authority("auth.interop.pagopa.it"), at());
    assert!(matches!(forged, Err(VoucherFault::Jose(_))), "{forged:?}");
    let evidence = read("AUDIT_REST_02.jwt", at());
    assert!(
        evidence.is_err(),
        "no voucher, though a token: {evidence:?}"
    );
}

#[test]
fn a_proof_is_good_for_its_voucher_and_its_request_for_a_minute() {
    let (text, proof) = (
        vector("PDND_voucher_dpop.jwt"),
        vector("DPoP_proof_resource.jwt"),
    );
    let voucher = read("PDND_voucher_dpop.jwt", at()).expect("a voucher");
    let judged = |method: &str, address: &str, sent: &str, at| {
        Proof::read(&proof, (&voucher, sent), (method, address), at)
    };
    let good = judged("POST", ADDRESS, &text, at()).expect("a proof");
    assert_eq!(
        good.expect("of this request").id,
        "3c1f0b5a-8f5f-4b7e-a7f0-93a4c4a50d0b"
    );
    let other = vector("PDND_voucher_bearer.jwt");
    for (method, address, sent) in [
        ("GET", ADDRESS, text.as_str()),
        (
            "POST",
            "https://interop.provincia.example.it/rest/anagrafe/v1/persone",
            &text,
        ),
        ("POST", ADDRESS, &other),
    ] {
        let another = judged(method, address, sent, at()).expect("a proof");
        assert_eq!(another, None, "{method} {address}");
    }
    let bearer = read("PDND_voucher_bearer.jwt", at()).expect("a voucher");
    let unbound = Proof::read(&proof, (&bearer, &text), ("POST", ADDRESS), at());
    assert_eq!(unbound, Ok(None), "a voucher without a key to hold");
    let late = judged("POST", ADDRESS, &text, at() + TimeDelta::minutes(2));
    assert_eq!(late, Err(JoseError::TooOld));
    let early = judged("POST", ADDRESS, &text, at() - TimeDelta::minutes(2));
    assert_eq!(early, Err(JoseError::IssuedInFuture));
}
