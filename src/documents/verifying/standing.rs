//! How a certificate stood at the moment that counts: its chain, its validity, its revocation. And what the document brings along for that.

use chrono::{DateTime, Utc};
use openssl::x509::{X509, X509Crl, X509KeyUsage};
use openssl_cms::{SignedData, Signer, der};

use crate::contract::firma::SottoIndicazione;
use crate::trust::peer::moment;

use super::algorithms::{Method, identifier};
use super::attributes::unsigned;
use super::finding::Finding;
use super::grounds::{Chain, Grounds, Revocation};
use super::timestamp::{STAMPS, TIME_STAMP};

const CERTIFICATE_VALUES: &str = "1.2.840.113549.1.9.16.2.23";
const REVOCATION_VALUES: &str = "1.2.840.113549.1.9.16.2.24";

/// Certificates and revocation lists of one attribute at most.
const VALUES: usize = 200;

/// Certificates and revocation lists that the document carries; nobody is believed for being in it.
#[derive(Default)]
pub(super) struct Material {
    pub(super) certificates: Vec<X509>,
    pub(super) lists: Vec<X509Crl>,
}

/// The moment that counts for a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) at: DateTime<Utc>,
    /// Whether a time stamp proves that the signature existed then; else it is the moment of verifying.
    pub(super) is_proven: bool,
}

/// How a certificate stood.
pub(super) struct Standing {
    pub(super) chain: Option<Chain>,
    pub(super) revocation: Revocation,
    pub(super) findings: Vec<Finding>,
}

impl Material {
    /// What a message carries: in its own places, in those of long-term signatures, and in time stamps. Its revocation lists are taken out of it.
    pub(super) fn of(message: &mut SignedData) -> Material {
        let mut found = Material {
            certificates: message.certificates.clone(),
            lists: std::mem::take(&mut message.revocation_lists),
        };
        for signer in &message.signers {
            found.take(signer);
            let tokens = unsigned(signer, TIME_STAMP).take(STAMPS);
            for mut token in tokens.filter_map(|value| SignedData::read(value).ok()) {
                found.certificates.append(&mut token.certificates);
                found.lists.append(&mut token.revocation_lists);
                token.signers.iter().for_each(|one| found.take(one));
            }
        }
        found
    }

    pub(super) fn add(&mut self, other: Material) {
        self.certificates.extend(other.certificates);
        self.lists.extend(other.lists);
    }

    fn take(&mut self, signer: &Signer) {
        for value in unsigned(signer, CERTIFICATE_VALUES) {
            let certificates = parts(value);
            let read = certificates
                .iter()
                .filter_map(|one| X509::from_der(one).ok());
            self.certificates.extend(read);
        }
        for value in unsigned(signer, REVOCATION_VALUES) {
            let mut whole = &value[..];
            let Some(mut fields) = der::take(&mut whole, der::SEQUENCE) else {
                continue;
            };
            if let Some(lists) = der::take_if(&mut fields, der::CONTEXT_0) {
                let read = parts(lists);
                let read = read.iter().filter_map(|one| X509Crl::from_der(one).ok());
                self.lists.extend(read);
            }
        }
        drop(openssl::error::ErrorStack::get());
    }
}

/// The values of a sequence, whole.
fn parts(value: &[u8]) -> Vec<&[u8]> {
    let mut whole = value;
    let mut rest = der::take(&mut whole, der::SEQUENCE).unwrap_or_default();
    std::iter::from_fn(|| der::next(&mut rest).map(|(_, _, whole)| whole))
        .take(VALUES)
        .collect()
}

impl Standing {
    /// Of somebody whose certificate is missing.
    pub(super) fn none() -> Standing {
        Standing {
            chain: None,
            revocation: Revocation::Unknown,
            findings: Vec::new(),
        }
    }

    /// Looks at chain, validity and revocation.
    pub(super) fn of(
        certificate: &X509,
        grounds: &Grounds,
        material: &Material,
        moment: Moment,
    ) -> Standing {
        let mut findings: Vec<Finding> = validity(certificate, moment).into_iter().collect();
        findings.extend(usage(certificate));
        let Some(chain) = grounds.chain(certificate, &material.certificates) else {
            findings.push(Finding::undecided(
                SottoIndicazione::NoCertificateChainFound,
                "la catena del certificato non arriva a un'autorità riconosciuta",
            ));
            return Standing {
                findings,
                ..Standing::none()
            };
        };
        let issued = &chain.certificates[..chain.certificates.len() - 1];
        if issued.iter().any(|one| is_weakly_signed(one, moment.at)) {
            findings.push(Finding::undecided(
                SottoIndicazione::CryptoConstraintsFailureNoPoe,
                "un certificato della catena è firmato con un algoritmo non più sicuro",
            ));
        }
        let revocation = grounds.revocation(&chain, &material.lists, moment.at);
        findings.extend(revoked(revocation, moment.at));
        Standing {
            chain: Some(chain),
            revocation,
            findings,
        }
    }
}

fn validity(certificate: &X509, when: Moment) -> Option<Finding> {
    use SottoIndicazione::{NotYetValid, OutOfBoundsNoPoe};
    let (from, until) = (
        moment(certificate.not_before()),
        moment(certificate.not_after()),
    );
    let (Some(from), Some(until)) = (from, until) else {
        let reason = "la validità del certificato non si legge";
        return Some(Finding::undecided(OutOfBoundsNoPoe, reason));
    };
    match (when.at < from, when.at > until, when.is_proven) {
        (true, _, true) => Some(Finding::failed(
            NotYetValid,
            "la firma è anteriore al certificato",
        )),
        (true, _, false) => Some(Finding::undecided(
            OutOfBoundsNoPoe,
            "all'istante della verifica il certificato non era ancora valido",
        )),
        (_, true, _) => Some(Finding::undecided(
            OutOfBoundsNoPoe,
            "il certificato era scaduto, e nulla prova che la firma sia anteriore alla scadenza",
        )),
        _ => None,
    }
}

/// Where a certificate states what its key is for, signing must be among it.
fn usage(certificate: &X509) -> Option<Finding> {
    let signs = X509KeyUsage::DIGITAL_SIGNATURE | X509KeyUsage::NON_REPUDIATION;
    let stated = certificate.key_usage()?;
    (!stated.intersects(signs)).then(|| {
        let reason = "la chiave del certificato non è fatta per firmare";
        Finding::undecided(SottoIndicazione::ChainConstraintsFailure, reason)
    })
}

fn is_weakly_signed(certificate: &X509, at: DateTime<Utc>) -> bool {
    let algorithm = certificate.to_der().ok().and_then(|der| {
        let mut whole = &der[..];
        let mut fields = der::take(&mut whole, der::SEQUENCE)?;
        der::take(&mut fields, der::SEQUENCE)?;
        Some(identifier(&mut fields)?.0)
    });
    algorithm.is_none_or(|oid| !Method::of_certificate_is_good(&oid, at))
}

fn revoked(found: Revocation, at: DateTime<Utc>) -> Option<Finding> {
    let (sub_indication, reason) = match found {
        Revocation::Good => return None,
        Revocation::Revoked { at: since, .. } if since > at => return None,
        Revocation::Revoked { is_leaf: true, .. } => (
            SottoIndicazione::RevokedNoPoe,
            "il certificato era revocato, e nulla prova che la firma sia anteriore alla revoca",
        ),
        Revocation::Revoked { .. } => (
            SottoIndicazione::RevokedCaNoPoe,
            "un'autorità della catena era revocata, e nulla prova che la firma sia anteriore",
        ),
        Revocation::Unknown => (
            SottoIndicazione::TryLater,
            "nessuna lista di revoca a disposizione dice se il certificato era revocato",
        ),
    };
    Some(Finding::undecided(sub_indication, reason))
}
