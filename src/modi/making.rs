//! Tokens of the patterns, made with the gateway's own key: for answers to portals and for calls to back ends.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::integrity::digest_of;
use crate::config::modi::Reference;
use crate::jose;
use crate::signing::{OwnSigner, Signer, SigningError};

/// Seconds that a token of ours lives: as long as others accept one by default.
const LIFETIME: i64 = 300;

/// A token in the making.
#[derive(Clone, Copy)]
pub struct Making<'a> {
    /// Who signs.
    pub own: &'a OwnSigner,
    /// How the token refers to the key.
    pub reference: Reference,
    /// What the reader calls the key, for `kid`; absent: its thumbprint.
    pub key_id: Option<&'a str>,
    /// For whom it is.
    pub audience: &'a str,
    /// Its `jti`.
    pub id: Uuid,
    /// When it is made.
    pub at: DateTime<Utc>,
}

/// The two headers that make a message's integrity provable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedMessage {
    /// `Digest`.
    pub digest: String,
    /// `Agid-JWT-Signature`.
    pub token: String,
}

impl Making<'_> {
    /// A token with the claims of ID_AUTH_REST_02 and those added.
    pub async fn token(&self, besides: Map<String, Value>) -> Result<String, SigningError> {
        let now = self.at.timestamp();
        let mut claims = Map::from_iter([
            ("iss".to_owned(), Value::from(self.own.issuer.as_str())),
            ("sub".to_owned(), Value::from(self.own.issuer.as_str())),
            ("aud".to_owned(), Value::from(self.audience)),
            ("iat".to_owned(), Value::from(now)),
            ("nbf".to_owned(), Value::from(now)),
            ("exp".to_owned(), Value::from(now + LIFETIME)),
            ("jti".to_owned(), Value::from(self.id.to_string())),
        ]);
        claims.extend(besides);
        let header = |signer: &dyn Signer| self.header(signer);
        let signed = self.own.sign_token(header, &claims).await;
        signed.map(|(token, _)| token)
    }

    /// The signature of a message (INTEGRITY_REST): its digest and the headers named, which must leave as they stand here.
    pub async fn message(
        &self,
        body: &[u8],
        headers: &[(&str, &str)],
        besides: Map<String, Value>,
    ) -> Result<SignedMessage, SigningError> {
        let digest = digest_of(body);
        let mut signed = vec![json!({ "digest": digest })];
        signed.extend(headers.iter().map(|(name, value)| {
            Value::Object(Map::from_iter([(
                name.to_ascii_lowercase(),
                Value::from(*value),
            )]))
        }));
        let mut claims = besides;
        claims.insert("signed_headers".to_owned(), Value::Array(signed));
        let token = self.token(claims).await?;
        Ok(SignedMessage { digest, token })
    }

    fn header(&self, signer: &dyn Signer) -> Map<String, Value> {
        let chain = signer.chain();
        let (name, value) = match (self.reference, chain.first()) {
            (Reference::X5tS256, Some(leaf)) => (
                Reference::X5tS256.name(),
                Value::from(jose::encode(digest(&SHA256, leaf))),
            ),
            (Reference::X5c | Reference::X5u, Some(_)) => {
                let chain = chain.iter().map(|one| BASE64_STANDARD.encode(one));
                (Reference::X5c.name(), chain.collect())
            }
            (Reference::Kid, _) | (_, None) => {
                let thumbprint = || jose::encode(signer.public_key().thumbprint());
                let name = self.key_id.map_or_else(thumbprint, str::to_owned);
                (Reference::Kid.name(), Value::from(name))
            }
        };
        Map::from_iter([
            ("typ".to_owned(), Value::from("JWT")),
            (name.to_owned(), value),
        ])
    }
}
