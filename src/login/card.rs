//! The judgement on a card after the handshake: whether it can log its holder in, and why not.

use chrono::{DateTime, Utc};
use openssl::nid::Nid;
use openssl::pkey::Id;
use openssl::x509::{X509, X509KeyUsage};

use crate::trust::card_kind::CardKind;
use crate::trust::{Distrust, PeerCertificate, Trust, Verdict, extensions, weak};

use super::dialect::{self, Holder};

/// Bits of an RSA key at least.
const RSA_BITS: u32 = 2048;

/// A card that logs its holder in.
#[derive(Debug, Clone)]
pub struct Card {
    /// What kind of card.
    pub kind: CardKind,
    /// Whose.
    pub holder: Holder,
}

/// Why a card logs nobody in; each has its page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The browser showed no certificate.
    NotSeen,
    /// What it showed cannot be read.
    Unreadable,
    /// RSA with fewer than 2048 bits.
    KeyTooShort,
    /// Signed with SHA-1 or MD5, as cards of the same age are.
    SignatureTooOld,
    /// A key that can be computed from its public half (CVE-2017-15361).
    WeakKey,
    /// The card's other certificate, the one for signing documents.
    ForSigning,
    /// Issued by nobody on the list.
    UnknownIssuer,
    /// Past its validity.
    Expired,
    /// Before its validity.
    NotYetValid,
    /// Revoked or suspended.
    Revoked,
    /// Of a recognized issuer, but no card for access to services, or one that says not whose it is.
    NotCns,
    /// An electronic identity card of the first kinds, whose certificate lacks the fiscal code.
    NoCodiceFiscale,
    /// Its revocation cannot be learnt: our fault.
    Unverifiable,
}

impl Refusal {
    /// The label in metrics and logs.
    pub fn name(self) -> &'static str {
        match self {
            Refusal::NotSeen => "card_not_seen",
            Refusal::Unreadable => "unreadable",
            Refusal::KeyTooShort => "key_too_short",
            Refusal::SignatureTooOld => "signature_too_old",
            Refusal::WeakKey => "weak_key",
            Refusal::ForSigning => "signing_certificate",
            Refusal::UnknownIssuer => "unknown_authority",
            Refusal::Expired => "expired",
            Refusal::NotYetValid => "not_yet_valid",
            Refusal::Revoked => "revoked",
            Refusal::NotCns => "not_cns",
            Refusal::NoCodiceFiscale => "no_fiscal_code",
            Refusal::Unverifiable => "unverifiable",
        }
    }

    /// Whether the gateway's operator has to mend it.
    pub fn is_ours(self) -> bool {
        self == Refusal::Unverifiable
    }
}

/// Judges a certificate whose key the handshake proved to be held. What no renewal of lists could mend is looked at first.
pub fn judge(trust: &Trust, peer: &PeerCertificate, now: DateTime<Utc>) -> Result<Card, Refusal> {
    let der = peer.chain.first().ok_or(Refusal::NotSeen)?;
    let leaf = X509::from_der(der).map_err(|_| Refusal::Unreadable)?;
    check_use(&leaf)?;
    check_key(&leaf)?;
    if let Verdict::Refused(why) = trust.judge(peer, now) {
        return Err(of_distrust(why));
    }
    let policies = extensions::policies(der).ok_or(Refusal::Unreadable)?;
    let kind = CardKind::of(&policies).ok_or(Refusal::NotCns)?;
    let holder = dialect::holder_of(kind, leaf.subject_name())?;
    Ok(Card { kind, holder })
}

/// A certificate for signatures of documents must never log anybody in: its holder would sign without knowing what.
fn check_use(leaf: &X509) -> Result<(), Refusal> {
    let usage = leaf.key_usage().unwrap_or(X509KeyUsage::empty());
    if usage.contains(X509KeyUsage::NON_REPUDIATION) {
        return Err(Refusal::ForSigning);
    }
    Ok(())
}

fn check_key(leaf: &X509) -> Result<(), Refusal> {
    let key = leaf.public_key().map_err(|_| Refusal::Unreadable)?;
    if key.id() == Id::RSA {
        if key.bits() < RSA_BITS {
            return Err(Refusal::KeyTooShort);
        }
        let rsa = key.rsa().map_err(|_| Refusal::Unreadable)?;
        if weak::is_roca(rsa.n()).map_err(|_| Refusal::Unreadable)? {
            return Err(Refusal::WeakKey);
        }
    }
    match leaf.signature_algorithm().object().nid() {
        Nid::SHA1WITHRSAENCRYPTION | Nid::SHA1WITHRSA | Nid::MD5WITHRSAENCRYPTION => {
            Err(Refusal::SignatureTooOld)
        }
        _ => Ok(()),
    }
}

fn of_distrust(why: Distrust) -> Refusal {
    match why {
        Distrust::UnknownAuthority => Refusal::UnknownIssuer,
        Distrust::Missing => Refusal::NotSeen,
        Distrust::Unreadable => Refusal::Unreadable,
        Distrust::Revoked => Refusal::Revoked,
        Distrust::Expired => Refusal::Expired,
        Distrust::NotYetValid => Refusal::NotYetValid,
        Distrust::Purpose | Distrust::KeyUsage => Refusal::NotCns,
        Distrust::AuthorityEnded
        | Distrust::RevocationUnknown
        | Distrust::RevocationListEnded
        | Distrust::RevocationListUnsound => Refusal::Unverifiable,
    }
}
