//! The tokens that a portal gets for a code: who logged in, and what it shows the gateway in the citizen's name.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::authorization::Code;
use super::{Provider, named};
use crate::jose::encode;
use crate::signing::{Signer, SigningError};

/// The level of assurance of a card with a PIN: high (eIDAS, article 8; ISO 29115's LoA4).
pub(super) const LEVEL: &str = "http://eidas.europa.eu/LoA/high";

/// A citizen who logged in.
#[derive(Clone, Serialize, Deserialize)]
pub struct Identity {
    /// Fiscal code.
    pub codice_fiscale: String,
    /// Surname, where the card states it.
    pub surname: Option<String>,
    /// Given name, where the card states it.
    pub given_name: Option<String>,
    /// `cns`, `crs` or `cie`.
    pub card: String,
    /// When the card was shown.
    pub at: DateTime<Utc>,
}

/// What the token endpoint answers.
#[derive(Serialize)]
pub struct Tokens {
    access_token: String,
    token_type: &'static str,
    expires_in: u64,
    id_token: String,
    scope: &'static str,
    /// Of the key that signed the access token (RFC 7638).
    #[serde(skip)]
    pub thumbprint: [u8; 32],
}

impl Provider {
    /// The tokens for a code, bound to the certificate of the portal that took it in (RFC 8705).
    pub async fn tokens(
        &self,
        code: &Code,
        portal: &str,
        certificate: [u8; 32],
        now: DateTime<Utc>,
    ) -> Result<Tokens, SigningError> {
        let lifetime = self.settings.token_lifetime.0.as_secs();
        let expires = now.timestamp() + i64::try_from(lifetime).unwrap_or_default();
        let Identity {
            codice_fiscale,
            surname,
            given_name,
            card,
            at,
        } = &code.identity;
        let common = json!({
            "iss": self.settings.issuer, "sub": format!("TINIT-{codice_fiscale}"), "iat": now.timestamp(), "exp": expires,
            "auth_time": at.timestamp(), "acr": LEVEL, "amr": ["sc", "pin"],
            "codice_fiscale": codice_fiscale, "tipo_carta": card,
        });
        let mut id = json!({ "aud": portal, "nonce": code.nonce });
        for (name, value) in [("family_name", surname), ("given_name", given_name)] {
            if let Some(value) = value {
                id[name] = value.clone().into();
            }
        }
        let access = json!({
            "aud": self.settings.portals_door, "client_id": portal, "jti": code.token_id(), "scope": "openid",
            "cnf": { "x5t#S256": encode(certificate) },
        });
        let (access_token, signer) = self.sign("at+jwt", &common, access).await?;
        let (id_token, _) = self.sign("JWT", &common, id).await?;
        Ok(Tokens {
            access_token,
            token_type: "Bearer",
            expires_in: lifetime,
            id_token,
            scope: "openid",
            thumbprint: signer.public_key().thumbprint(),
        })
    }

    async fn sign(
        &self,
        kind: &str,
        common: &Value,
        more: Value,
    ) -> Result<(String, &dyn Signer), SigningError> {
        let header = |signer: &dyn Signer| {
            let kid = named(signer.public_key());
            members(json!({ "typ": kind, "kid": kid }))
        };
        let mut claims = members(common.clone());
        claims.extend(members(more));
        self.own.sign_token(header, &claims).await
    }
}

fn members(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
