//! The proof that whoever shows a voucher holds its key (DPoP, RFC 9449): of this request, a minute old at most, once.

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, TimeDelta, Utc};

use super::Voucher;
use crate::jose::{Algorithm, Expected, JoseError, Token, encode};

/// How old a proof may be, and how far ahead its clock.
const OLDEST: TimeDelta = TimeDelta::seconds(60);
const SKEW: TimeDelta = TimeDelta::seconds(10);

/// Characters of a `jti` at most.
const LONGEST_ID: usize = 128;

/// A proof that is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// `jti`: it may be used once.
    pub id: String,
    /// Until when it must be remembered.
    pub until: DateTime<Utc>,
}

impl Proof {
    /// Judges a proof for a voucher (as it was sent) and a request; `None`: it is another key's, request's or voucher's.
    pub fn read(
        text: &str,
        voucher: (&Voucher, &str),
        (method, address): (&str, &str),
        at: DateTime<Utc>,
    ) -> Result<Option<Proof>, JoseError> {
        let expected = Expected {
            algorithms: &[Algorithm::Rs256, Algorithm::Es256],
            types: &["dpop+jwt"],
            untyped: false,
        };
        let token = Token::read(text, &expected)?;
        let key = token.header().key.as_ref();
        let key = key.ok_or(JoseError::Missing("jwk"))?;
        let claims = token.verify(key)?;
        let issued = claims.instant("iat")?.ok_or(JoseError::Missing("iat"))?;
        if issued > at + SKEW {
            return Err(JoseError::IssuedInFuture);
        }
        if issued < at - OLDEST - SKEW {
            return Err(JoseError::TooOld);
        }
        let id = claims.required("jti")?;
        if id.len() > LONGEST_ID || !id.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(JoseError::Malformed("jti"));
        }
        let (voucher, sent) = voucher;
        let is_theirs = voucher.holder.as_deref() == Some(encode(key.thumbprint()).as_str())
            && claims.required("htm")? == method
            && claims.required("htu")? == address
            && claims.required("ath")? == encode(digest(&SHA256, sent.as_bytes()));
        Ok(is_theirs.then(|| Proof {
            id: id.to_owned(),
            until: issued + OLDEST + SKEW + SKEW,
        }))
    }
}
