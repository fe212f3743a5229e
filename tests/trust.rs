//! Whom a door trusts: every certificate of the development PKI judged, every broken file reported.

mod pki;

use std::fs;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use pontile::config::door::Door;
use pontile::trust::{Ending, PeerCertificate, Resumption, Trust, Verdict, ends_of};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

fn peer(pki: &Path, name: &str) -> PeerCertificate {
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_file_iter(pki.join(format!("{name}.pem")))
            .expect("the file is there")
            .collect::<Result<_, _>>()
            .expect("certificates");
    PeerCertificate::of_chain(&chain).expect("a readable chain")
}

fn load(door: &Door) -> Result<Trust, Vec<String>> {
    Trust::load(door, &Resumption::new().expect("randomness"))
        .map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect())
}

fn refused(trust: &Trust, peer: &PeerCertificate, now: DateTime<Utc>) -> &'static str {
    match trust.judge(peer, now) {
        Verdict::Trusted => "trusted",
        Verdict::Refused(why) => why.text(),
    }
}

#[test]
fn every_certificate_of_the_development_pki_gets_its_verdict() {
    let pki = pki::shared();
    let trust = load(&pki::door(&pki)).expect("a sound door");
    for (name, verdict) in [
        ("portale-uno", "trusted"),
        ("operatore-uno", "trusted"),
        ("sconosciuto", "trusted"),
        ("scaduto", "il certificato è scaduto"),
        ("revocato", "il certificato è revocato"),
        (
            "non-cliente",
            "l'uso esteso della chiave non comprende l'autenticazione del client",
        ),
        (
            "senza-firma",
            "l'uso della chiave non comprende la firma digitale",
        ),
        (
            "estraneo",
            "il certificato non è emesso da un'autorità riconosciuta",
        ),
    ] {
        assert_eq!(
            refused(&trust, &peer(&pki, name), Utc::now()),
            verdict,
            "{name}"
        );
    }
}

#[test]
fn the_subject_reads_as_openssl_writes_it() {
    let pki = pki::shared();
    assert_eq!(
        peer(&pki, "portale-uno").subject,
        "CN=portale-uno,O=Provincia di Como (sviluppo),C=IT"
    );
}

#[test]
fn nobody_is_admitted_once_the_revocation_list_has_ended() {
    let folder = tempfile::tempdir().expect("a folder");
    let pki = folder.path();
    pki::make(pki);
    pki::publish_revocations_for_a_day(pki);
    let trust = load(&pki::door(pki)).expect("a sound door");
    let portal = peer(pki, "portale-uno");
    let end = trust
        .ends()
        .iter()
        .find(|end| end.what == Ending::RevocationList)
        .expect("a list");
    assert!(end.at - Utc::now() < TimeDelta::days(1));
    assert_eq!(
        refused(&trust, &portal, end.at - TimeDelta::hours(1)),
        "trusted"
    );
    // The verdict just remembered must not outlive the list.
    assert_eq!(
        refused(&trust, &portal, end.at + TimeDelta::seconds(2)),
        "la lista di revoca dell'autorità emittente è scaduta"
    );
}

#[test]
fn a_certificate_revoked_after_the_start_is_refused_by_the_next_trust() {
    let folder = tempfile::tempdir().expect("a folder");
    let pki = folder.path();
    pki::make(pki);
    let before = load(&pki::door(pki)).expect("a sound door");
    pki::revoke("portale-due", pki);
    let after = load(&pki::door(pki)).expect("a sound door");
    let portal = peer(pki, "portale-due");
    assert_eq!(refused(&before, &portal, Utc::now()), "trusted");
    assert_eq!(
        refused(&after, &portal, Utc::now()),
        "il certificato è revocato"
    );
}

#[test]
fn every_broken_file_is_reported_at_once() {
    let pki = pki::shared();
    let folder = tempfile::tempdir().expect("a folder");
    let empty = folder.path().join("vuoto.pem");
    fs::write(&empty, "niente").expect("a file");
    let mut door = pki::door(&pki);
    door.certificate = pki.join("scaduto.pem");
    door.key = empty.clone();
    door.authorities = vec![
        pki.join("root.pem"),
        pki.join("estraneo-ca.pem"),
        folder.path().join("assente.pem"),
    ];
    door.revocations = vec![empty];
    let mistakes = load(&door).expect_err("a broken door");
    for part in [
        "è scaduto il 2021-01-01",
        "chiave privata in formato PEM e senza password",
        "assente.pem: il file non si può leggere",
        "non contiene liste di revoca",
        "non ha una sua lista di revoca",
    ] {
        assert!(
            mistakes.iter().any(|mistake| mistake.contains(part)),
            "{part} in {mistakes:#?}"
        );
    }
    assert_eq!(mistakes.len(), 6, "{mistakes:#?}");
}

#[test]
fn a_key_of_another_certificate_is_refused() {
    let pki = pki::shared();
    let mut door = pki::door(&pki);
    door.key = pki.join("portale-uno.key");
    let mistakes = load(&door).expect_err("a wrong key");
    assert!(
        mistakes[0].contains("la chiave non è quella del certificato"),
        "{mistakes:?}"
    );
}

#[test]
fn a_list_signed_by_another_authority_of_the_same_name_is_refused() {
    let (ours, theirs) = (pki::shared(), tempfile::tempdir().expect("a folder"));
    pki::make(theirs.path());
    let mut door = pki::door(&ours);
    door.revocations = vec![theirs.path().join("root.crl.pem")];
    let mistakes = load(&door).expect_err("a forged list");
    assert!(
        mistakes
            .iter()
            .any(|mistake| mistake.contains("non è firmata da")),
        "{mistakes:?}"
    );
}

#[test]
fn two_keys_of_one_authority_live_side_by_side() {
    let (old, new) = (pki::shared(), tempfile::tempdir().expect("a folder"));
    pki::make(new.path());
    let mut door = pki::door(&old);
    door.authorities.push(new.path().join("root.pem"));
    door.revocations.push(new.path().join("root.crl.pem"));
    let trust = load(&door).expect("both");
    for pki in [old.as_path(), new.path()] {
        assert_eq!(
            refused(&trust, &peer(pki, "portale-uno"), Utc::now()),
            "trusted"
        );
        assert_eq!(
            refused(&trust, &peer(pki, "revocato"), Utc::now()),
            "il certificato è revocato"
        );
    }
}

#[test]
fn the_end_of_a_certificate_towards_a_back_end_is_told_even_once_it_is_over() {
    let pki = pki::shared();
    let ends = ends_of(&pki.join("backend-client.pem"), Ending::Certificate);
    assert!(!ends.is_empty());
    assert!(ends.iter().all(|end| end.at > Utc::now()));
    let over = ends_of(&pki.join("scaduto.pem"), Ending::Certificate);
    assert!(over.iter().any(|end| end.at < Utc::now()));
    assert!(ends_of(&pki.join("niente.pem"), Ending::Authority).is_empty());
}
