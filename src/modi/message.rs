//! A message as the patterns look at it: its body, its headers, and the tokens among them.

use super::error::Fault;
use crate::config::modi::Pattern;

/// Where the evidence travels, in small letters.
pub(super) const EVIDENCE: &str = "agid-jwt-trackingevidence";

/// The three places in which a token may travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// `Authorization`.
    Identity,
    /// `Agid-JWT-Signature`.
    Integrity,
    /// `Agid-JWT-TrackingEvidence`.
    Audit,
    /// `Citizen-Token`: ours, of no pattern of ModI.
    Citizen,
    /// A voucher of the PDND, in `Authorization`.
    Voucher,
    /// The proof that a voucher is the portal's own, in `DPoP`.
    Proof,
}

/// A message to be judged.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// Its body.
    pub body: &'a [u8],
    /// Its headers, names in small letters; one that is sent twice stands here twice.
    pub fields: &'a [(String, Vec<u8>)],
}

impl TokenKind {
    /// Its name in the record.
    pub fn name(self) -> &'static str {
        match self {
            TokenKind::Identity => "id_auth",
            TokenKind::Integrity => "integrity",
            TokenKind::Audit => "audit",
            TokenKind::Citizen => "citizen",
            TokenKind::Voucher => "voucher",
            TokenKind::Proof => "dpop",
        }
    }

    /// The header that it travels in.
    pub fn header(self) -> &'static str {
        match self {
            TokenKind::Identity | TokenKind::Voucher => "Authorization",
            TokenKind::Integrity => "Agid-JWT-Signature",
            TokenKind::Audit => "Agid-JWT-TrackingEvidence",
            TokenKind::Citizen => "Citizen-Token",
            TokenKind::Proof => "DPoP",
        }
    }

    /// The kind of token that a pattern is about.
    pub(super) fn of(pattern: Pattern) -> TokenKind {
        match pattern {
            Pattern::IdAuthRest01 | Pattern::IdAuthRest02 => TokenKind::Identity,
            Pattern::IntegrityRest01 | Pattern::IntegrityRest02 => TokenKind::Integrity,
            Pattern::AuditRest01 | Pattern::AuditRest02 => TokenKind::Audit,
        }
    }

    /// What such a token proves where none is demanded.
    pub(super) fn least(self) -> Pattern {
        match self {
            TokenKind::Identity | TokenKind::Voucher | TokenKind::Proof => Pattern::IdAuthRest01,
            TokenKind::Integrity => Pattern::IntegrityRest01,
            TokenKind::Audit | TokenKind::Citizen => Pattern::AuditRest01,
        }
    }
}

impl<'a> Message<'a> {
    /// The one value of a header; twice is refused, since two readers may each take another one.
    pub(super) fn field(&self, name: &str) -> Result<Option<&'a str>, Fault> {
        let mut named = self
            .fields
            .iter()
            .filter(|(field, _)| field.eq_ignore_ascii_case(name));
        let Some((_, value)) = named.next() else {
            return Ok(None);
        };
        if named.next().is_some() {
            return Err(Fault::HeaderTwice);
        }
        std::str::from_utf8(value)
            .map(|value| Some(value.trim()))
            .map_err(|_| Fault::HeaderUnreadable)
    }

    /// The token of that kind in compact form.
    pub(super) fn token(&self, kind: TokenKind) -> Result<Option<&'a str>, Fault> {
        let Some(value) = self.field(kind.header())? else {
            return Ok(None);
        };
        if kind != TokenKind::Identity {
            return Ok(Some(value));
        }
        let (scheme, token) = value.split_once(' ').ok_or(Fault::NotBearer)?;
        match scheme.eq_ignore_ascii_case("bearer") {
            true => Ok(Some(token.trim())),
            false => Err(Fault::NotBearer),
        }
    }
}
