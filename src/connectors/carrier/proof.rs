//! What ModI asks of a call: tokens that say who calls and for whom, and an answer that proves whose it is.

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use foldhash::HashMap;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};
use parking_lot::Mutex;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::Instance;
use crate::config::back_end_modi::{BackEndModi, SignedAnswers};
use crate::config::modi::Pattern;
use crate::connectors::call::Proofs;
use crate::connectors::error::{ConnectorError, Kind};
use crate::connectors::http::{HttpRequest, HttpResponse};
use crate::modi::{AnswerSigners, Evidence, Fault, Making, Message, SignedMessage, TokenKind};
use crate::signing::{OwnSigner, SigningError};

/// Answers' numbers remembered at most; beyond, an answer cannot be told from a repeated one and is refused.
const MOST_SEEN: usize = 200_000;

/// Numbers (13 digits) that `dnonce` may be.
const NONCES: u64 = 10_000_000_000_000;

/// What an instance knows of its answers' signers, and which answers it had.
#[derive(Debug, Default)]
pub(super) struct AnswerProofs {
    signers: Mutex<Option<Arc<AnswerSigners>>>,
    seen: Mutex<HashMap<String, DateTime<Utc>>>,
}

impl AnswerProofs {
    /// The next answer is held against keys read anew.
    pub(super) fn read_again(&self) {
        *self.signers.lock() = None;
    }

    fn signers(&self, settings: &SignedAnswers) -> Result<Arc<AnswerSigners>, ConnectorError> {
        let mut kept = self.signers.lock();
        if let Some(signers) = &*kept {
            return Ok(Arc::clone(signers));
        }
        let read = AnswerSigners::load(settings).map_err(|_| {
            ConnectorError::permanent(Kind::Gateway, "the answers' keys cannot be read")
        })?;
        let read = Arc::new(read);
        *kept = Some(Arc::clone(&read));
        Ok(read)
    }

    /// Notes an answer's number; one that came before is refused.
    fn note(&self, id: String, until: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), Fault> {
        let mut seen = self.seen.lock();
        if seen.len() >= MOST_SEEN {
            seen.retain(|_, until| now < *until);
        }
        if seen.len() >= MOST_SEEN || seen.get(&id).is_some_and(|until| now < *until) {
            return Err(Fault::Replayed);
        }
        seen.insert(id, until);
        Ok(())
    }
}

impl Instance {
    /// Adds the tokens that the back end demands; nothing where it demands none.
    pub(super) async fn prove(
        &self,
        request: &mut HttpRequest,
        proofs: Proofs<'_>,
    ) -> Result<(), ConnectorError> {
        let Some(modi) = &self.settings.modi else {
            return Ok(());
        };
        let fault =
            |text: &str| ConnectorError::permanent(Kind::Gateway, text).before_anything_was_done();
        let own = proofs
            .own
            .ok_or_else(|| fault("no [signer] for the tokens that the back end demands"))?;
        let evidence = match (modi.names_the_asker(), proofs.evidence) {
            (false, _) => None,
            (true, Some(evidence)) => Some(evidence),
            (true, None) => return Err(fault("nobody is named for whom the back end is asked")),
        };
        let tokens = Tokens { own, modi };
        let headers = tokens
            .headers(request, evidence)
            .await
            .map_err(|error| fault(&format!("no token for the back end: {error}")))?;
        for (name, text) in headers {
            let mut value =
                HeaderValue::from_str(&text).map_err(|_| fault("a token that cannot be sent"))?;
            value.set_sensitive(true);
            request.headers.push((name, value));
        }
        // Tokens serve once: a second try makes its own.
        request.repeatable = false;
        Ok(())
    }

    /// Holds an answer against what its signature says; nothing where answers are not signed.
    pub(super) fn check_proof(
        &self,
        asked: &Bytes,
        answer: &HttpResponse,
    ) -> Result<(), ConnectorError> {
        let modi = self.settings.modi.as_ref();
        let Some(settings) = modi.and_then(|modi| modi.answers.as_ref()) else {
            return Ok(());
        };
        // What speaks of no subject and comes from whatever stands in between has nobody's signature.
        let is_signed = answer.headers.contains_key(TokenKind::Integrity.header());
        if !is_signed && (answer.status >= 500 || [401, 403, 408, 429].contains(&answer.status)) {
            return Ok(());
        }
        let signers = self.proofs.signers(settings)?;
        let fields = fields(&answer.headers);
        let message = Message {
            body: &answer.body,
            fields: &fields,
        };
        let now = Utc::now();
        signers
            .verify(&message, asked, settings, now)
            .and_then(|proven| match proven.id {
                Some(id) => self.proofs.note(id, proven.until, now),
                None => Ok(()),
            })
            .map_err(|fault| {
                let text = format!("Agid-JWT-Signature of the answer: {fault}");
                ConnectorError::permanent(Kind::AnswerUnproven, text)
            })
    }
}

/// The tokens of one call in the making.
struct Tokens<'a> {
    own: &'a OwnSigner,
    modi: &'a BackEndModi,
}

impl Tokens<'_> {
    async fn headers(
        &self,
        request: &HttpRequest,
        evidence: Option<&Evidence>,
    ) -> Result<Vec<(HeaderName, String)>, SigningError> {
        let mut headers = Vec::with_capacity(4);
        if self.modi.takes_authorization() {
            let token = self.making().token(Map::new()).await?;
            headers.push((AUTHORIZATION, format!("Bearer {token}")));
        }
        if let Some(evidence) = evidence {
            let token = self.making().token(self.claims(evidence)).await?;
            headers.push((named(TokenKind::Audit), token));
        }
        if self.modi.signs_messages() {
            let message = self.signature(request, &headers).await?;
            headers.push((HeaderName::from_static("digest"), message.digest));
            headers.push((named(TokenKind::Integrity), message.token));
        }
        Ok(headers)
    }

    fn making(&self) -> Making<'_> {
        Making {
            own: self.own,
            reference: self.modi.reference,
            key_id: self.modi.key_id.as_deref(),
            audience: &self.modi.audience,
            id: Uuid::now_v7(),
            at: Utc::now(),
        }
    }

    /// For whom the portal asks, as the portal proved it, under the purpose of the body that asks.
    fn claims(&self, evidence: &Evidence) -> Map<String, Value> {
        let level = evidence.level_of_assurance().map(str::to_owned);
        let nonce = self.modi.patterns.contains(&Pattern::AuditRest02);
        let nonce = nonce.then(|| format!("{:013}", rand::random_range(0..NONCES)));
        [
            ("userID", Some(evidence.user_id().to_owned())),
            ("userLocation", Some(evidence.user_location().to_owned())),
            ("LoA", level),
            ("purposeId", self.modi.purpose_id.clone()),
            ("dnonce", nonce),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), Value::from(value?))))
        .collect()
    }

    /// The evidence is always signed along: it belongs to this very call.
    async fn signature(
        &self,
        request: &HttpRequest,
        ours: &[(HeaderName, String)],
    ) -> Result<SignedMessage, SigningError> {
        let own = ours.iter().filter(|(name, _)| *name != AUTHORIZATION);
        let own = own.map(|(name, value)| (name.as_str(), value.as_str()));
        let besides = |name: &HeaderName| {
            [CONTENT_TYPE.as_str(), "content-encoding"].contains(&name.as_str())
                || self.modi.signed_headers.contains(name.as_str())
        };
        let sent = request.headers.iter().filter(|(name, _)| besides(name));
        let sent = sent.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        let signed: Vec<(&str, &str)> = sent.chain(own).collect();
        self.making()
            .message(&request.body, &signed, Map::new())
            .await
    }
}

fn named(kind: TokenKind) -> HeaderName {
    match kind {
        TokenKind::Identity | TokenKind::Voucher => AUTHORIZATION,
        TokenKind::Integrity => HeaderName::from_static("agid-jwt-signature"),
        TokenKind::Audit => HeaderName::from_static("agid-jwt-trackingevidence"),
        TokenKind::Citizen => HeaderName::from_static("citizen-token"),
        TokenKind::Proof => HeaderName::from_static("dpop"),
    }
}

fn fields(headers: &HeaderMap) -> Vec<(String, Vec<u8>)> {
    headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
        .collect()
}
