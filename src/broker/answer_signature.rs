//! The signature over an answer, and over what is delivered later, for portals that want to prove later what they were told, and what they had asked.

use chrono::Utc;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::config::modi::Reference;
use crate::config::portal::Portal;
use crate::modi::{Making, Proven, SignedMessage, digest_of};
use crate::signing::{OwnSigner, SigningError};

use super::reply::Reply;

/// Whose answers are signed, and by whom.
pub(super) struct Signs<'a> {
    /// The gateway's signer.
    pub own: &'a OwnSigner,
    /// The portal.
    pub portal: &'a Portal,
    /// What its tokens proved.
    pub proven: Option<&'a Proven>,
}

impl Signs<'_> {
    /// Signs a reply; `None` where it has no body. The token's number is the exchange's.
    pub(super) async fn sign(
        &self,
        reply: &Reply,
        scambio: Uuid,
        asked: &[u8],
    ) -> Result<Option<SignedMessage>, SigningError> {
        if reply.body.is_empty() {
            return Ok(None);
        }
        // The request's digest binds the answer to its question (PROFILE_NON_REPUDIATION_01).
        let besides =
            Map::from_iter([("request_digest".to_owned(), Value::from(digest_of(asked)))]);
        let message = self.message(&reply.body, reply.media_type(), scambio, besides);
        message.await.map(Some)
    }

    /// Signs what is delivered: the question's bytes are gone, so nothing but the exchange's number binds it to them.
    pub(super) async fn sign_delivery(
        &self,
        body: &[u8],
        media_type: &str,
        scambio: Uuid,
    ) -> Result<SignedMessage, SigningError> {
        self.message(body, media_type, scambio, Map::new()).await
    }

    async fn message(
        &self,
        body: &[u8],
        media_type: &str,
        id: Uuid,
        besides: Map<String, Value>,
    ) -> Result<SignedMessage, SigningError> {
        let making = Making {
            own: self.own,
            reference: Reference::X5c,
            key_id: None,
            audience: self.audience(),
            id,
            at: Utc::now(),
        };
        let headers = [("content-type", media_type)];
        making.message(body, &headers, besides).await
    }

    /// The portal as it calls itself in its token, else as we call it.
    fn audience(&self) -> &str {
        let identity = self.proven.and_then(|proven| proven.identity.as_ref());
        let own = |name| identity.and_then(|claims| claims.text(name).ok().flatten());
        own("client_id")
            .or_else(|| own("sub"))
            .or_else(|| own("iss"))
            .unwrap_or(&self.portal.name)
    }
}
