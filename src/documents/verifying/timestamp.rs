//! Time stamps on a signature (RFC 3161): whether they are of this very signature, by whom, and of when.

use chrono::{DateTime, Utc};
use openssl::x509::X509;
use openssl_cms::{SignedData, der};

use crate::contract::firma::{Indicazione, Integrita, Marca, SottoIndicazione};
use crate::trust::extensions;
use crate::trust::list::qualified::Issues;
use crate::trust::peer::{distinguished_name, moment};

use super::algorithms::{Digest, identifier};
use super::attributes::time;
use super::finding::{Finding, Outcome};
use super::grounds::Grounds;
use super::mathematics::{Claim, Mathematics};
use super::standing::{Material, Moment, Standing};

/// The attribute in which a signature has its time stamps, and how many of them are judged.
pub(super) const TIME_STAMP: &str = "1.2.840.113549.1.9.16.2.14";
pub(super) const STAMPS: usize = 16;

/// What a token signs: TSTInfo.
const STAMP_INFO: &str = "1.2.840.113549.1.9.16.1.4";
/// 2.5.29.37.
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
const TIME_STAMPING: &str = "1.3.6.1.5.5.7.3.8";

/// A time stamp, judged.
#[derive(Clone)]
pub(super) struct Stamp {
    pub(super) report: Marca,
    /// Whether it is an unchanged stamp on these bytes, whoever made it.
    pub(super) is_integral: bool,
}

/// What a token states (TSTInfo).
struct Stated {
    digest: Option<Digest>,
    imprint: Vec<u8>,
    at: DateTime<Utc>,
}

/// A time stamp as it was found.
pub(super) struct Token {
    pub(super) message: Option<SignedData>,
}

impl Token {
    /// Reads a token; a broken one is judged as such.
    pub(super) fn read(value: &[u8]) -> Token {
        Token {
            message: SignedData::read(value).ok(),
        }
    }

    /// Judges it as a stamp on those bytes: a signature's value, or a file. The stamp itself has no proof of its age, so it is judged as of now.
    pub(super) fn judge(
        &self,
        stamped: &[u8],
        grounds: &Grounds,
        material: &Material,
        now: DateTime<Utc>,
    ) -> Stamp {
        let broken = |reason: &str| Stamp::broken(reason);
        let Some(message) = &self.message else {
            return broken("la marca non si legge");
        };
        let [signer] = &message.signers[..] else {
            return broken("la marca non ha una sola firma");
        };
        let info = message
            .content()
            .filter(|_| message.content_type == STAMP_INFO);
        let Some(stated) = info.and_then(Stated::read) else {
            return broken("il contenuto della marca non è quello di una marca temporale");
        };
        let claim = Claim {
            signer,
            content: message.content(),
            content_type: Some(&message.content_type),
            certificates: &message.certificates,
        };
        let mut mathematics = Mathematics::of(claim);
        let mut findings = std::mem::take(&mut mathematics.findings);
        let is_of_this = stated.is_of(stamped);
        if !is_of_this {
            let reason = "la marca non è di ciò a cui è allegata";
            findings.insert(0, Finding::failed(SottoIndicazione::HashFailure, reason));
        }
        findings.extend(mathematics.weaknesses(now));
        let authority = mathematics.certificate.as_ref();
        let is_qualified = match authority {
            Some(authority) => {
                findings.extend(stated.by(authority, now));
                let when = Moment {
                    at: now,
                    is_proven: false,
                };
                let standing = Standing::of(authority, grounds, material, when);
                findings.extend(standing.findings);
                let chain = standing.chain.as_ref();
                chain.is_some_and(|chain| {
                    grounds.was_qualified(chain, Issues::TimeStamps, stated.at)
                })
            }
            None => false,
        };
        let outcome = Outcome::of(findings);
        Stamp {
            is_integral: is_of_this && mathematics.integrity == Integrita::Integra,
            report: Marca {
                qualificata: is_qualified && outcome.indication == Indicazione::TotalPassed,
                indicazione: outcome.indication,
                sotto_indicazione: outcome.sub_indication,
                motivi: outcome.reasons,
                ora: Some(stated.at),
                emittente: authority.map(|one| distinguished_name(one.subject_name())),
            },
        }
    }
}

impl Stamp {
    fn broken(reason: &str) -> Stamp {
        Stamp {
            is_integral: false,
            report: Marca {
                indicazione: Indicazione::TotalFailed,
                sotto_indicazione: Some(SottoIndicazione::FormatFailure),
                motivi: vec![reason.to_owned()],
                ora: None,
                emittente: None,
                qualificata: false,
            },
        }
    }

    /// Until when the stamp proves that the signature existed, if it can be believed.
    pub(super) fn proof(&self) -> Option<DateTime<Utc>> {
        let holds = self.report.indicazione == Indicazione::TotalPassed;
        self.report.ora.filter(|_| holds)
    }
}

impl Stated {
    fn read(info: &[u8]) -> Option<Stated> {
        let mut whole = info;
        let mut fields = der::take(&mut whole, der::SEQUENCE)?;
        der::take(&mut fields, der::INTEGER)?;
        der::take(&mut fields, der::OID)?;
        let mut imprint = der::take(&mut fields, der::SEQUENCE)?;
        let (digest, _) = identifier(&mut imprint)?;
        let value = der::take(&mut imprint, der::OCTETS)?;
        der::take(&mut fields, der::INTEGER)?;
        Some(Stated {
            digest: Digest::of(&digest),
            imprint: value.to_vec(),
            at: time(fields)?,
        })
    }

    fn is_of(&self, stamped: &[u8]) -> bool {
        let found = self.digest.and_then(|digest| digest.over(stamped).ok());
        found.is_some_and(|found| found == self.imprint)
    }

    /// Whether the authority may stamp, and could have then.
    fn by(&self, authority: &X509, now: DateTime<Utc>) -> Vec<Finding> {
        let mut found = Vec::new();
        let mut bad = |sub_indication, reason: &str| {
            found.push(Finding::undecided(sub_indication, reason));
        };
        if self.digest.is_none_or(|digest| !digest.is_good_at(now)) {
            let reason = "l'impronta nella marca è di un algoritmo non più sicuro";
            bad(SottoIndicazione::CryptoConstraintsFailureNoPoe, reason);
        }
        if !only_stamps(authority).unwrap_or(false) {
            let reason = "il certificato non è di un'autorità di marcatura temporale";
            bad(SottoIndicazione::ChainConstraintsFailure, reason);
        }
        let from = moment(authority.not_before());
        let until = moment(authority.not_after());
        let in_bounds = from
            .zip(until)
            .is_some_and(|(from, until)| from <= self.at && self.at <= until);
        if !in_bounds || self.at > now {
            let reason = "l'ora della marca è fuori dalla validità del certificato, o nel futuro";
            bad(SottoIndicazione::SigConstraintsFailure, reason);
        }
        found
    }
}

/// Whether stamping is what the key is for, alone and critically (RFC 3161, 2.3).
fn only_stamps(authority: &X509) -> Option<bool> {
    let der = authority.to_der().ok()?;
    let extension = extensions::of_certificate(&der, EXTENDED_KEY_USAGE).ok()??;
    let mut value = extension.value;
    let mut uses = der::take(&mut value, der::SEQUENCE)?;
    let first = der::dotted(der::take(&mut uses, der::OID)?)?;
    Some(extension.is_critical && uses.is_empty() && first == TIME_STAMPING)
}
