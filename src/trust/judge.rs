//! The one rule on clients' certificates, the same at the handshake and at every request after it.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use openssl::x509::{X509, X509KeyUsage};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::ClientCertVerifier;
use rustls::{CertRevocationListError, CertificateError, DistinguishedName, Error, OtherError};

use super::Verdict;
use super::peer::{PeerCertificate, chain_key, moment};
use super::verdicts::Verdicts;

/// Chain, revocation of the whole chain, validity, extended key usage (webpki), and key usage, which webpki leaves aside.
#[derive(Debug)]
pub(super) struct Judge {
    /// The authorities; never empty.
    pub(super) authorities: Vec<Authority>,
    /// Their names, told to clients so that they choose the right certificate.
    pub(super) hints: Vec<DistinguishedName>,
    /// When the revocation lists end.
    pub(super) list_ends: Vec<DateTime<Utc>>,
    /// Until when each issuer's lists count, where that is ours to say and not webpki's.
    pub(super) list_bounds: Vec<ListBound>,
    /// Until when the trusted list counts that the authorities came from, if there is one; afterwards nobody is unknown for certain.
    pub(super) listed_until: Option<DateTime<Utc>>,
    /// The authorities' certificates, where lists that are fetched are held against them.
    pub(super) roots: Vec<X509>,
    /// What was found so far.
    pub(super) verdicts: Verdicts,
}

/// An authority and the verifier that trusts it alone: webpki does not look at an authority's own validity, so we do.
#[derive(Debug)]
pub(super) struct Authority {
    pub(super) from: DateTime<Utc>,
    pub(super) until: DateTime<Utc>,
    /// Without any revocation list webpki would not look at revocation at all.
    pub(super) has_lists: bool,
    pub(super) verifier: Arc<dyn ClientCertVerifier>,
}

/// How long a revocation list counts.
#[derive(Debug)]
pub(super) struct ListBound {
    /// Its issuer's name, DER.
    pub(super) issuer: Vec<u8>,
    pub(super) until: DateTime<Utc>,
}

/// Why a certificate is not trusted; of several reasons the later one here tells more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, thiserror::Error)]
#[error("{}", self.text())]
pub enum Distrust {
    /// It chains to none of the authorities.
    UnknownAuthority,
    /// None was sent.
    Missing,
    /// It cannot be read, or is signed with an algorithm that we do not accept.
    Unreadable,
    /// The authority's own certificate is over.
    AuthorityEnded,
    /// No revocation list speaks about a certificate of the chain.
    RevocationUnknown,
    /// A revocation list is past its next update: the operator has to bring a new one.
    RevocationListEnded,
    /// A revocation list is not signed by its authority.
    RevocationListUnsound,
    /// A certificate of the chain is in a revocation list.
    Revoked,
    /// Past its validity.
    Expired,
    /// Before its validity.
    NotYetValid,
    /// Its extended key usage does not allow to authenticate clients.
    Purpose,
    /// Its key usage does not allow digital signatures.
    KeyUsage,
}

impl Distrust {
    /// What the portal's operator reads.
    pub fn text(self) -> &'static str {
        match self {
            Distrust::UnknownAuthority => "il certificato non è emesso da un'autorità riconosciuta",
            Distrust::AuthorityEnded => "il certificato dell'autorità emittente è scaduto",
            Distrust::Revoked => "il certificato è revocato",
            Distrust::RevocationUnknown => "manca la lista di revoca dell'autorità emittente",
            Distrust::RevocationListEnded => "la lista di revoca dell'autorità emittente è scaduta",
            Distrust::RevocationListUnsound => {
                "la lista di revoca dell'autorità emittente non è autentica"
            }
            Distrust::Expired => "il certificato è scaduto",
            Distrust::NotYetValid => "il certificato non è ancora valido",
            Distrust::Purpose => {
                "l'uso esteso della chiave non comprende l'autenticazione del client"
            }
            Distrust::KeyUsage => "l'uso della chiave non comprende la firma digitale",
            Distrust::Missing => "manca il certificato del client",
            Distrust::Unreadable => "il certificato non è leggibile",
        }
    }

    /// The label in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Distrust::UnknownAuthority => "unknown_authority",
            Distrust::AuthorityEnded => "authority_ended",
            Distrust::Revoked => "revoked",
            Distrust::RevocationUnknown => "revocation_unknown",
            Distrust::RevocationListEnded => "revocation_list_ended",
            Distrust::RevocationListUnsound => "revocation_list_unsound",
            Distrust::Expired => "expired",
            Distrust::NotYetValid => "not_yet_valid",
            Distrust::Purpose => "purpose",
            Distrust::KeyUsage => "key_usage",
            Distrust::Missing => "missing",
            Distrust::Unreadable => "unreadable",
        }
    }

    /// Whether the fault is with what the gateway's operator has to bring, not with the certificate.
    pub fn is_ours(self) -> bool {
        matches!(
            self,
            Distrust::AuthorityEnded
                | Distrust::RevocationUnknown
                | Distrust::RevocationListEnded
                | Distrust::RevocationListUnsound
        )
    }

    /// Reads a failed handshake; `None` if it failed for another reason than the client's certificate.
    pub fn of(error: &Error) -> Option<Distrust> {
        let certificate = match error {
            Error::NoCertificatesPresented => return Some(Distrust::Missing),
            Error::InvalidCertRevocationList(
                CertRevocationListError::BadSignature
                | CertRevocationListError::IssuerInvalidForCrl,
            ) => {
                return Some(Distrust::RevocationListUnsound);
            }
            Error::InvalidCertificate(certificate) => certificate,
            _ => return None,
        };
        Some(match certificate {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                Distrust::Expired
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                Distrust::NotYetValid
            }
            CertificateError::Revoked => Distrust::Revoked,
            CertificateError::UnknownIssuer => Distrust::UnknownAuthority,
            CertificateError::UnknownRevocationStatus => Distrust::RevocationUnknown,
            CertificateError::ExpiredRevocationList
            | CertificateError::ExpiredRevocationListContext { .. } => {
                Distrust::RevocationListEnded
            }
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
                Distrust::Purpose
            }
            CertificateError::Other(OtherError(inner)) => inner
                .downcast_ref::<Distrust>()
                .copied()
                .unwrap_or(Distrust::Unreadable),
            _ => Distrust::Unreadable,
        })
    }

    /// The error that makes rustls refuse the handshake.
    pub(super) fn into_rustls(self) -> Error {
        let certificate = match self {
            Distrust::Missing => return Error::NoCertificatesPresented,
            Distrust::Revoked => CertificateError::Revoked,
            Distrust::Expired => CertificateError::Expired,
            Distrust::UnknownAuthority => CertificateError::UnknownIssuer,
            other => CertificateError::Other(OtherError(Arc::new(other))),
        };
        Error::InvalidCertificate(certificate)
    }
}

impl Judge {
    /// Judges the certificate of an open or resumed connection.
    pub(super) fn judge_peer(&self, peer: &PeerCertificate, now: DateTime<Utc>) -> Verdict {
        if let Some(verdict) = self.verdicts.on(&peer.key, now) {
            return verdict;
        }
        let certificates: Vec<CertificateDer<'_>> = peer
            .chain
            .iter()
            .map(|certificate| CertificateDer::from(certificate.as_slice()))
            .collect();
        let judged = match certificates.split_first() {
            Some((leaf, intermediates)) => self.judge(leaf, intermediates, now),
            None => Err(Distrust::Missing),
        };
        let verdict = judged.map_or_else(Verdict::Refused, |()| Verdict::Trusted);
        let until = self.next_change(certificates.iter(), now);
        self.verdicts.remember(peer.key, verdict, until);
        verdict
    }

    /// Judges at the handshake. Only trust is remembered here: whoever is refused must not push out those who are not.
    pub(super) fn judge_newcomer(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: DateTime<Utc>,
    ) -> Result<(), Distrust> {
        let chain = || std::iter::once(leaf).chain(intermediates);
        let key = chain_key(chain().map(AsRef::as_ref));
        if self.verdicts.on(&key, now) == Some(Verdict::Trusted) {
            return Ok(());
        }
        self.judge(leaf, intermediates, now)?;
        let until = self.next_change(chain(), now);
        self.verdicts.remember(key, Verdict::Trusted, until);
        Ok(())
    }

    /// The rule. With several authorities one that accepts is enough; otherwise the most telling refusal is given.
    fn judge(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: DateTime<Utc>,
    ) -> Result<(), Distrust> {
        let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
        let at = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
        let mut worst = match self.listed_until {
            Some(until) if until < now => Distrust::AuthorityEnded,
            _ => Distrust::UnknownAuthority,
        };
        for authority in &self.authorities {
            match authority
                .verifier
                .verify_client_cert(leaf, intermediates, at)
            {
                Ok(_) if now < authority.from || authority.until < now => {
                    worst = worst.max(Distrust::AuthorityEnded);
                }
                Ok(_) if !authority.has_lists => worst = worst.max(Distrust::RevocationUnknown),
                Ok(_) => {
                    self.lists_count(std::iter::once(leaf).chain(intermediates), now)?;
                    return signs_digitally(leaf);
                }
                Err(error) => {
                    worst = worst.max(Distrust::of(&error).unwrap_or(Distrust::Unreadable));
                }
            }
        }
        Err(worst)
    }

    /// Whether the lists of everybody who issued a part of the chain still count.
    fn lists_count<'a>(
        &self,
        mut chain: impl Iterator<Item = &'a CertificateDer<'a>>,
        now: DateTime<Utc>,
    ) -> Result<(), Distrust> {
        if self.list_bounds.is_empty() {
            return Ok(());
        }
        let has_ended = |certificate: &CertificateDer<'_>| {
            let issuer = X509::from_der(certificate).and_then(|one| one.issuer_name().to_der());
            let mut bounds = self.list_bounds.iter();
            issuer.is_ok_and(|issuer| bounds.any(|one| one.issuer == issuer && one.until < now))
        };
        match chain.any(has_ended) {
            true => Err(Distrust::RevocationListEnded),
            false => Ok(()),
        }
    }

    /// The next moment at which the verdict on this chain may change by itself.
    fn next_change<'a>(
        &self,
        chain: impl Iterator<Item = &'a CertificateDer<'a>>,
        now: DateTime<Utc>,
    ) -> DateTime<Utc> {
        let certificates = chain.filter_map(|certificate| X509::from_der(certificate).ok());
        let validities = certificates
            .flat_map(|certificate| {
                [
                    moment(certificate.not_before()),
                    moment(certificate.not_after()),
                ]
            })
            .flatten();
        let authorities = self
            .authorities
            .iter()
            .flat_map(|authority| [authority.from, authority.until]);
        validities
            .chain(authorities)
            .chain(self.list_ends.iter().copied())
            .chain(self.listed_until)
            // Whether a bound belongs to the time before or after it differs from rule to rule.
            .flat_map(|bound| [bound, bound + TimeDelta::seconds(1)])
            .filter(|bound| *bound > now)
            .min()
            .unwrap_or(DateTime::<Utc>::MAX_UTC)
    }
}

/// Where a key usage is stated it must allow signatures: the handshake is one.
fn signs_digitally(leaf: &CertificateDer<'_>) -> Result<(), Distrust> {
    let leaf = X509::from_der(leaf).map_err(|_| Distrust::Unreadable)?;
    match leaf.key_usage() {
        Some(usage) if !usage.contains(X509KeyUsage::DIGITAL_SIGNATURE) => Err(Distrust::KeyUsage),
        _ => Ok(()),
    }
}
