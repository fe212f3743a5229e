//! `AUDIT_REST`: the evidence of the person for whom a portal asks.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};

use super::error::Fault;
use crate::jose::{Claims, JoseError};

/// Characters of a claim of the evidence at most.
const MOST_CHARACTERS: usize = 256;

/// Digits of `dnonce`.
const NONCE_DIGITS: usize = 13;

/// For whom a portal asks, as it says itself. Personal data: neither shown nor kept as it stands.
#[derive(Clone, PartialEq)]
pub struct Evidence {
    claims: Claims,
    digest: [u8; 32],
    is_signed: bool,
}

impl Evidence {
    /// Reads the claims of a verified token; `text` is the token itself.
    pub(super) fn read(
        claims: Claims,
        text: &str,
        nonce_needed: bool,
        is_signed: bool,
    ) -> Result<Evidence, Fault> {
        for name in ["userID", "userLocation"] {
            bounded(name, claims.required(name)?)?;
        }
        for name in ["LoA", "purposeId"] {
            if let Some(written) = claims.text(name)? {
                bounded(name, written)?;
            }
        }
        let nonce = match nonce_needed {
            true => Some(claims.required("dnonce")?),
            false => claims.text("dnonce")?,
        };
        let digits = |nonce: &str| {
            nonce.len() == NONCE_DIGITS && nonce.bytes().all(|byte| byte.is_ascii_digit())
        };
        if nonce.is_some_and(|nonce| !digits(nonce)) {
            return Err(Fault::Jose(JoseError::Malformed("dnonce")));
        }
        let mut of_text = [0; 32];
        of_text.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
        Ok(Evidence {
            claims,
            digest: of_text,
            is_signed,
        })
    }

    /// What an operator says of themselves who asks a back end by hand: no portal has proved anything then.
    pub fn of_operator(
        user_id: &str,
        user_location: &str,
        level_of_assurance: Option<&str>,
    ) -> Result<Evidence, Fault> {
        let stated = [
            ("userID", Some(user_id)),
            ("userLocation", Some(user_location)),
            ("LoA", level_of_assurance),
        ];
        let stated = stated
            .into_iter()
            .filter_map(|(name, text)| Some((name.to_owned(), text?.into())));
        Evidence::read(Claims::stated(stated.collect()), "", false, false)
    }

    /// `userID`: who asks within the portal, in its own words.
    pub fn user_id(&self) -> &str {
        self.text("userID").unwrap_or_default()
    }

    /// `userLocation`: from where.
    pub fn user_location(&self) -> &str {
        self.text("userLocation").unwrap_or_default()
    }

    /// `LoA`: how surely the portal knows that person.
    pub fn level_of_assurance(&self) -> Option<&str> {
        self.text("LoA")
    }

    /// `purposeId`: the purpose in PDND.
    pub fn purpose_id(&self) -> Option<&str> {
        self.text("purposeId")
    }

    /// Any other claim that is a text: agreements may add their own.
    pub fn text(&self, name: &'static str) -> Option<&str> {
        self.claims.text(name).ok().flatten()
    }

    /// SHA-256 of the token as it was sent: a voucher of AUDIT_REST_02 carries it.
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// Whether the signature over the message covers the evidence, so that it belongs to this very request.
    pub fn is_signed(&self) -> bool {
        self.is_signed
    }
}

impl fmt::Debug for Evidence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Evidence")
    }
}

fn bounded(name: &'static str, written: &str) -> Result<(), Fault> {
    match (1..=MOST_CHARACTERS).contains(&written.chars().count()) {
        true => Ok(()),
        false => Err(Fault::Jose(JoseError::Malformed(name))),
    }
}
