//! The signature over an answer, for portals that want to prove later what they were told, and what they had asked.

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
        let making = Making {
            own: self.own,
            reference: Reference::X5c,
            key_id: None,
            audience: self.audience(),
            id: scambio,
            at: Utc::now(),
        };
        // The request's digest binds the answer to its question (PROFILE_NON_REPUDIATION_01).
        let besides =
            Map::from_iter([("request_digest".to_owned(), Value::from(digest_of(asked)))]);
        let headers = [("content-type", reply.media_type())];
        making
            .message(&reply.body, &headers, besides)
            .await
            .map(Some)
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
