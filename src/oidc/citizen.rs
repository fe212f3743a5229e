//! The Citizen-Token: the citizen themselves, as a portal shows them to the gateway after a log-in with a card.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Provider, encode, named};
use crate::jose::{Audience, Claims, Expected, JoseError, PublicKey, TimeRules, Token};

/// A citizen whose token is good.
pub struct Citizen {
    /// Fiscal code.
    pub codice_fiscale: String,
    /// The token's `jti`.
    pub id: String,
    /// Until when the token lives.
    pub expires: DateTime<Utc>,
    /// The name of the key that signed it.
    pub key_id: String,
    /// That key's thumbprint (RFC 7638).
    pub thumbprint: [u8; 32],
}

/// Why a token shows nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CitizenFault {
    /// The token itself.
    Jose(JoseError),
    /// It was not signed here.
    SignerUnknown,
    /// It was given to another portal, or is sent over a connection with another certificate (`cnf`).
    AnotherHolder,
}

impl From<JoseError> for CitizenFault {
    fn from(error: JoseError) -> CitizenFault {
        CitizenFault::Jose(error)
    }
}

impl Provider {
    /// Judges a token that a portal sends over a connection with that certificate. Whether it was taken back is another's to ask.
    pub fn citizen(
        &self,
        text: &str,
        portal: &str,
        certificate: [u8; 32],
        at: DateTime<Utc>,
    ) -> Result<Citizen, CitizenFault> {
        let keys = self.keys().map(|(_, key)| key);
        let algorithms: Vec<_> = keys.flat_map(PublicKey::algorithms).collect();
        let expected = Expected {
            algorithms: &algorithms,
            types: &["at+jwt"],
            untyped: false,
        };
        let token = Token::read(text, &expected)?;
        let name = token.header().key_id.clone().unwrap_or_default();
        let mut keys = self.keys().map(|(_, key)| key);
        let key = keys.find(|key| named(key) == name);
        let key = key.ok_or(CitizenFault::SignerUnknown)?;
        let claims = token.verify(key)?;
        let rules = TimeRules {
            skew: TimeDelta::seconds(5),
            oldest: None,
        };
        let expires = claims.check_times(&rules, at)?;
        claims.check_audience(&Audience {
            ours: std::slice::from_ref(&self.settings.portals_door),
            shared: false,
        })?;
        if claims.required("iss")? != self.settings.issuer {
            return Err(CitizenFault::SignerUnknown);
        }
        let is_theirs = claims.required("client_id")? == portal && bound_to(&claims, certificate);
        if !is_theirs {
            return Err(CitizenFault::AnotherHolder);
        }
        Ok(Citizen {
            codice_fiscale: claims.required("codice_fiscale")?.to_owned(),
            id: claims.required("jti")?.to_owned(),
            expires,
            key_id: name,
            thumbprint: key.thumbprint(),
        })
    }
}

fn bound_to(claims: &Claims, certificate: [u8; 32]) -> bool {
    let bound = claims.get("cnf").and_then(|cnf| cnf.get("x5t#S256"));
    bound.and_then(serde_json::Value::as_str) == Some(encode(certificate).as_str())
}
