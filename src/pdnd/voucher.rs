//! A voucher, judged: signature, type, times, and what it names.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::Authority;
use crate::config::pdnd::EService;
use crate::jose::{Algorithm, Claims, Expected, JoseError, TimeRules, Token};

/// How far the authorization server's clock may be ahead of ours.
const SKEW: TimeDelta = TimeDelta::seconds(5);

/// Characters of an identifier at most: those of the PDND are UUIDs.
const LONGEST_ID: usize = 64;

/// A voucher whose signature and times are good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voucher {
    /// `jti`.
    pub id: String,
    /// `purposeId`: for what, as consumer and producer agreed there.
    pub purpose: String,
    /// `consumerId`: who.
    pub consumer: String,
    /// `eserviceId`: at which e-service.
    pub eservice: String,
    descriptor: String,
    producer: String,
    audience: String,
    /// The digest of the evidence that it was asked for with (AUDIT_REST_02), hexadecimal.
    pub evidence: Option<String>,
    /// The thumbprint of the key that its holder must prove to have (DPoP).
    pub holder: Option<String>,
    /// The key that signed it.
    pub key_id: String,
    /// That key's thumbprint (RFC 7638).
    pub thumbprint: [u8; 32],
}

/// Why a voucher is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VoucherFault {
    /// The token itself.
    Jose(JoseError),
    /// Signed by a key that is not known here, or not any more.
    SignerUnknown,
}

impl From<JoseError> for VoucherFault {
    fn from(error: JoseError) -> VoucherFault {
        VoucherFault::Jose(error)
    }
}

impl Voucher {
    /// Reads and judges a voucher in compact form.
    pub fn read(
        text: &str,
        authority: &Authority,
        at: DateTime<Utc>,
    ) -> Result<Voucher, VoucherFault> {
        let expected = Expected {
            algorithms: &[Algorithm::Rs256, Algorithm::Es256],
            types: &["at+jwt"],
            untyped: false,
        };
        let token = Token::read(text, &expected)?;
        let key_id = token.header().key_id.clone().unwrap_or_default();
        let key = authority.keys.get(&key_id);
        let key = key.ok_or(VoucherFault::SignerUnknown)?;
        let claims = token.verify(key)?;
        let rules = TimeRules {
            skew: SKEW,
            oldest: None,
        };
        claims.check_times(&rules, at)?;
        if claims.required("iss")? != authority.settings.issuer {
            return Err(VoucherFault::SignerUnknown);
        }
        Ok(Voucher {
            id: identifier(&claims, "jti")?,
            purpose: identifier(&claims, "purposeId")?,
            consumer: identifier(&claims, "consumerId")?,
            eservice: identifier(&claims, "eserviceId")?,
            descriptor: identifier(&claims, "descriptorId")?,
            producer: identifier(&claims, "producerId")?,
            audience: audience(&claims)?,
            evidence: evidence(&claims)?,
            holder: text_below(&claims, "cnf", "jkt")?,
            thumbprint: key.thumbprint(),
            key_id,
        })
    }

    /// Whether it was given for that e-service: one voucher opens one ente's.
    pub fn opens(&self, service: &EService) -> bool {
        self.eservice == service.eservice
            && service.descriptors.contains(&self.descriptor)
            && self.producer == service.producer
            && self.audience == service.audience
    }
}

/// One recipient: a voucher that is meant for others too could be shown to each by the other.
fn audience(claims: &Claims) -> Result<String, JoseError> {
    match claims.get("aud").ok_or(JoseError::Missing("aud"))? {
        Value::String(one) => Ok(one.clone()),
        Value::Array(several) => match several.as_slice() {
            [Value::String(one)] => Ok(one.clone()),
            [_, ..] => Err(JoseError::AudienceShared),
            [] => Err(JoseError::Malformed("aud")),
        },
        _ => Err(JoseError::Malformed("aud")),
    }
}

fn identifier(claims: &Claims, name: &'static str) -> Result<String, JoseError> {
    let written = claims.required(name)?;
    let plain = written.len() <= LONGEST_ID && written.bytes().all(|byte| byte.is_ascii_graphic());
    match plain {
        true => Ok(written.to_owned()),
        false => Err(JoseError::Malformed(name)),
    }
}

fn evidence(claims: &Claims) -> Result<Option<String>, JoseError> {
    if claims.get("digest").is_none() {
        return Ok(None);
    }
    if text_below(claims, "digest", "alg")?.as_deref() != Some("SHA256") {
        return Err(JoseError::Malformed("digest"));
    }
    text_below(claims, "digest", "value")
}

fn text_below(
    claims: &Claims,
    name: &'static str,
    member: &str,
) -> Result<Option<String>, JoseError> {
    let Some(object) = claims.get(name) else {
        return Ok(None);
    };
    let text = object.get(member).and_then(Value::as_str);
    text.map(|text| Some(text.to_owned()))
        .ok_or(JoseError::Malformed(name))
}
