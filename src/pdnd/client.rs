//! A client of ours at the PDND: the assertion with which it asks for a voucher (RFC 7523).

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::config::back_end_pdnd::PdndClient;
use crate::jose::{Algorithm, encode};
use crate::signing::{OwnSigner, SigningError, signers_of};

/// Seconds that an assertion lives: it is made for one request.
const LIFETIME: i64 = 60;

/// A client with its key.
#[derive(Debug, Clone)]
pub struct Client {
    /// `kid` of its key.
    pub key_id: String,
    /// What signs, in the client's name.
    pub own: OwnSigner,
}

impl Client {
    /// Opens the client's key; the PDND takes RS256 alone.
    pub fn load(settings: &PdndClient) -> Result<Client, SigningError> {
        let signers = signers_of(&settings.key.reference, None, Some(Algorithm::Rs256))?;
        let own = OwnSigner::new(&settings.id, signers)?;
        let thumbprint = || encode(own.first().public_key().thumbprint());
        Ok(Client {
            key_id: settings.key_id.clone().unwrap_or_else(thumbprint),
            own,
        })
    }

    /// An assertion for one request of a voucher; `evidence`: SHA-256 of the evidence that the voucher is bound to (AUDIT_REST_02).
    pub async fn assertion(
        &self,
        audience: &str,
        purpose_id: &str,
        evidence: Option<[u8; 32]>,
        at: DateTime<Utc>,
    ) -> Result<String, SigningError> {
        let client = &self.own.issuer;
        let now = at.timestamp();
        let mut claims = Map::from_iter([
            ("iss".to_owned(), Value::from(client.as_str())),
            ("sub".to_owned(), Value::from(client.as_str())),
            ("aud".to_owned(), Value::from(audience)),
            ("purposeId".to_owned(), Value::from(purpose_id)),
            ("jti".to_owned(), Value::from(Uuid::new_v4().to_string())),
            ("iat".to_owned(), Value::from(now)),
            ("exp".to_owned(), Value::from(now + LIFETIME)),
        ]);
        if let Some(evidence) = evidence {
            let digest = json!({ "alg": "SHA256", "value": hex::encode(evidence) });
            claims.insert("digest".to_owned(), digest);
        }
        let header = Map::from_iter([
            ("typ".to_owned(), Value::from("JWT")),
            ("kid".to_owned(), Value::from(self.key_id.as_str())),
        ]);
        let signed = self.own.sign_token(|_| header.clone(), &claims).await;
        signed.map(|(assertion, _)| assertion)
    }
}
