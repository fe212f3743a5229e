//! One signature, judged: integrity, identity and trust, qualification, and the level that it reaches.

use chrono::{DateTime, Utc};
use openssl_cms::{SignedData, Signer};

use crate::contract::firma::{Fiducia, Firma, Indicazione, Integrita, Livello, Qualifica};
use crate::trust::list::qualified::Issues;
use crate::trust::peer::moment;

use super::attributes::unsigned;
use super::finding::{Finding, Outcome};
use super::grounds::{Grounds, Revocation};
use super::identity::{named, qualification, unknown};
use super::mathematics::{Claim, Mathematics};
use super::standing::{Material, Moment, Standing};
use super::timestamp::{STAMPS, Stamp, TIME_STAMP, Token};

const COUNTER_SIGNATURE: &str = "1.2.840.113549.1.9.6";

/// Counter-signatures of counter-signatures, and of one signature, at most.
const COUNTERED: usize = 3;
const COUNTER_SIGNATURES: usize = 16;

/// What later validation could use (ETSI TS 101 733, EN 319 122), which is told and not judged.
const LONG_TERM: [(&str, &str); 8] = [
    (
        "1.2.840.113549.1.9.16.2.21",
        "riferimenti ai certificati (complete-certificate-references)",
    ),
    (
        "1.2.840.113549.1.9.16.2.22",
        "riferimenti alle revoche (complete-revocation-references)",
    ),
    (
        "1.2.840.113549.1.9.16.2.23",
        "certificati (certificate-values)",
    ),
    ("1.2.840.113549.1.9.16.2.24", "revoche (revocation-values)"),
    (
        "1.2.840.113549.1.9.16.2.25",
        "marca su firma e riferimenti (CAdES-C-timestamp)",
    ),
    (
        "1.2.840.113549.1.9.16.2.26",
        "marca sui riferimenti (time-stamped-certs-crls-references)",
    ),
    (
        "1.2.840.113549.1.9.16.2.48",
        "marca di archiviazione (archive-time-stamp-v2)",
    ),
    (
        "0.4.0.1733.2.4",
        "marca di archiviazione (archive-time-stamp-v3)",
    ),
];

/// Everything that a judgement rests on.
#[derive(Clone, Copy)]
pub(super) struct Bench<'a> {
    pub(super) grounds: &'a Grounds,
    /// What the document carries.
    pub(super) material: &'a Material,
    /// For when it is verified.
    pub(super) now: DateTime<Utc>,
}

/// What stands around a signature in its file, outside its message.
#[derive(Default)]
pub(super) struct Around {
    /// Stamps on the file with the signature in it.
    pub(super) stamps: Vec<Stamp>,
    /// Long-term material.
    pub(super) material: Vec<String>,
}

/// Judges one signature of a message.
pub(super) fn judge(
    claim: Claim<'_>,
    message: &SignedData,
    bench: Bench<'_>,
    around: Around,
) -> Firma {
    at_depth(claim, message, bench, around, 0)
}

fn at_depth(
    claim: Claim<'_>,
    message: &SignedData,
    bench: Bench<'_>,
    around: Around,
    depth: usize,
) -> Firma {
    let signer = claim.signer;
    let mut stamps = stamps(signer, bench);
    stamps.extend(around.stamps);
    let counter_signatures = counter_signatures(signer, message, bench, depth);
    let mut long_term = material(signer, counter_signatures.is_none());
    long_term.extend(around.material);
    let proof = stamps.iter().filter_map(Stamp::proof).min();
    let when = Moment {
        at: proof.unwrap_or(bench.now),
        is_proven: proof.is_some(),
    };
    let mut mathematics = Mathematics::of(claim);
    let mut findings = std::mem::take(&mut mathematics.findings);
    findings.extend(mathematics.weaknesses(when.at));
    let certificate = mathematics.certificate.as_ref();
    let standing = certificate.map(|one| Standing::of(one, bench.grounds, bench.material, when));
    let mut standing = standing.unwrap_or_else(Standing::none);
    findings.append(&mut standing.findings);
    let outcome = Outcome::of(findings);
    let mut identita = named(certificate);
    identita.revoca = match standing.revocation {
        Revocation::Revoked { at, .. } if at > when.at => Revocation::Good.word(),
        other => other.word(),
    };
    let trust = standing.chain.as_ref().map(|chain| chain.trust);
    identita.fiducia = trust.unwrap_or(Fiducia::Nessuna);
    let is_integral = mathematics.integrity == Integrita::Integra;
    Firma {
        qualifica: qualified(&mathematics, &standing, outcome.indication, when, bench),
        livello: level(is_integral && mathematics.names_certificate, &stamps),
        algoritmo_impronta: mathematics.digest_name(signer),
        algoritmo_firma: mathematics.method_name(signer),
        ora_dichiarata: mathematics.signed.signing_time,
        ora_provata: when.at,
        marche: stamps.into_iter().map(|stamp| stamp.report).collect(),
        materiale: long_term,
        controfirme: counter_signatures.unwrap_or_default(),
        indicazione: outcome.indication,
        sotto_indicazione: outcome.sub_indication,
        motivi: outcome.reasons,
        integrita: mathematics.integrity,
        identita,
    }
}

/// Of a signature that cannot even be read.
pub(super) fn unreadable(finding: Finding, now: DateTime<Utc>) -> Firma {
    let outcome = Outcome::of(vec![finding]);
    Firma {
        indicazione: outcome.indication,
        sotto_indicazione: outcome.sub_indication,
        motivi: outcome.reasons,
        integrita: Integrita::NonVerificabile,
        identita: named(None),
        qualifica: unknown(),
        livello: None,
        algoritmo_impronta: String::new(),
        algoritmo_firma: String::new(),
        ora_dichiarata: None,
        ora_provata: now,
        marche: Vec::new(),
        materiale: Vec::new(),
        controfirme: Vec::new(),
    }
}

fn stamps(signer: &Signer, bench: Bench<'_>) -> Vec<Stamp> {
    let tokens = unsigned(signer, TIME_STAMP)
        .take(STAMPS)
        .map(|value| Token::read(value));
    let judged = tokens
        .map(|token| token.judge(&signer.signature, bench.grounds, bench.material, bench.now));
    judged.collect()
}

/// What the signature is for the law: the trusted list's word counts for when the certificate was issued and for the moment that is proven.
fn qualified(
    mathematics: &Mathematics,
    standing: &Standing,
    indication: Indicazione,
    when: Moment,
    bench: Bench<'_>,
) -> Qualifica {
    let Some(certificate) = &mathematics.certificate else {
        return unknown();
    };
    let chain = standing.chain.as_ref();
    let issued = moment(certificate.not_before());
    let is_supervised = chain.zip(issued).is_some_and(|(chain, issued)| {
        let then = |at| bench.grounds.was_qualified(chain, Issues::Certificates, at);
        then(issued) && then(when.at)
    });
    let is_of_cards = chain.is_some_and(|chain| chain.is_of_cards);
    let is_passed = indication == Indicazione::TotalPassed;
    qualification(certificate, is_supervised, is_of_cards, is_passed)
}

/// B needs the certificate's digest among the signed attributes (EN 319 122-1, 6.3); T an unchanged stamp besides.
fn level(is_basic: bool, stamps: &[Stamp]) -> Option<Livello> {
    is_basic.then(|| match stamps.iter().any(|stamp| stamp.is_integral) {
        true => Livello::T,
        false => Livello::B,
    })
}

/// Long-term material, and what was left unread.
fn material(signer: &Signer, leaves_counter_signatures: bool) -> Vec<String> {
    let has = |oid: &str| signer.unsigned.iter().any(|one| one.oid == oid);
    let found = LONG_TERM.iter().filter(|(oid, _)| has(oid));
    let mut found: Vec<String> = found.map(|(_, word)| (*word).to_owned()).collect();
    if leaves_counter_signatures {
        found.push("controfirme che non si leggono, o troppe".to_owned());
    }
    if unsigned(signer, TIME_STAMP).count() > STAMPS {
        found.push(format!("marche oltre le prime {STAMPS}, non valutate"));
    }
    found
}

/// `None` where some cannot be read, or there are more than anybody makes in earnest.
fn counter_signatures(
    signer: &Signer,
    message: &SignedData,
    bench: Bench<'_>,
    depth: usize,
) -> Option<Vec<Firma>> {
    let values: Vec<_> = unsigned(signer, COUNTER_SIGNATURE).collect();
    let allowed = match depth {
        0..COUNTERED => COUNTER_SIGNATURES,
        _ => 0,
    };
    if values.len() > allowed {
        return None;
    }
    let mut found = Vec::new();
    for value in values {
        let [counter] = &message.counter_signers(value, &[]).ok()?[..] else {
            return None;
        };
        let claim = Claim {
            signer: counter,
            content: Some(&signer.signature),
            content_type: None,
            certificates: &message.certificates,
        };
        let judged = at_depth(claim, message, bench, Around::default(), depth + 1);
        found.push(judged);
    }
    Some(found)
}
