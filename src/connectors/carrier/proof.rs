//! What ModI and the PDND ask of a call: tokens that say who calls, for whom and for what, and an answer that proves whose it is.

use std::sync::Arc;
use std::time::Instant;

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use foldhash::HashMap;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName};
use parking_lot::Mutex;
use secrecy::ExposeSecret;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::Instance;
use crate::config::back_end_modi::{BackEndModi, SignedAnswers};
use crate::config::back_end_pdnd::{Asking, PdndUse};
use crate::config::modi::Pattern;
use crate::connectors::call::{Call, Transcript};
use crate::connectors::error::{ConnectorError, Kind};
use crate::connectors::http::{HttpClient, HttpRequest, HttpResponse};
use crate::connectors::vouchers::{Voucher, sensitive};
use crate::modi::{AnswerSigners, Evidence, Fault, Making, Message, SignedMessage, TokenKind};
use crate::pdnd::Client;
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
    /// Sends a request with the tokens that the back end demands, none where it demands none. A voucher that the back end does not accept
    /// any more is replaced once, where the request may be made twice.
    pub(super) async fn send_proven(
        &self,
        client: &HttpClient,
        mut request: HttpRequest,
        call: &Call<'_>,
        deadline: Instant,
        mut transcript: Option<&mut Transcript>,
    ) -> Result<HttpResponse, ConnectorError> {
        let again = (self.vouchers.is_some() && request.repeatable).then(|| request.clone());
        let shown = self.prove(&mut request, call, deadline).await?;
        if let Some(transcript) = &mut transcript {
            transcript.sent(request.method.as_str().as_bytes());
            transcript.sent(request.path.as_bytes());
            transcript.sent(&request.body);
        }
        let mut answer = client.send(request, deadline).await?;
        let is_refused = answer.status == 401
            && shown
                .as_ref()
                .is_some_and(|shown| self.voucher_refused(shown));
        if let Some(mut request) = again.filter(|_| is_refused) {
            self.prove(&mut request, call, deadline).await?;
            answer = client.send(request, deadline).await?;
        }
        if let Some(transcript) = &mut transcript {
            transcript.received(&answer.body);
        }
        Ok(answer)
    }

    /// Adds the tokens that the back end demands; gives the voucher among them, where it is kept for other calls.
    async fn prove<'a>(
        &'a self,
        request: &mut HttpRequest,
        call: &Call<'_>,
        deadline: Instant,
    ) -> Result<Option<Shown<'a>>, ConnectorError> {
        let modi = self.settings.modi.as_ref();
        let of = self.use_of(call)?;
        if modi.is_none() && of.is_none() {
            return Ok(None);
        }
        let evidence = match (self.settings.names_the_asker(), call.proofs.evidence) {
            (false, _) => None,
            (true, Some(evidence)) => Some(evidence),
            (true, None) => return Err(fault("nobody is named for whom the back end is asked")),
        };
        let client = match (of, &self.vouchers) {
            (Some(of), Some(vouchers)) => Some((vouchers.client(of)?, of)),
            _ => None,
        };
        let tokens = modi.map(|modi| Tokens::of(modi, client.as_ref(), call.proofs.own));
        let tokens = tokens.transpose()?;
        let no_token = |error| ConnectorError::unsigned(&error);
        let mut headers = Vec::with_capacity(5);
        if let Some(tokens) = &tokens {
            headers.extend(tokens.of_caller(evidence).await.map_err(no_token)?);
        }
        let mut shown = None;
        if let Some(of) = of {
            let asked_for = bound_to(modi, &headers);
            let (voucher, with_it) = self.voucher(of, asked_for, request, deadline).await?;
            shown = asked_for.is_none().then_some(Shown { of, voucher });
            headers.extend(with_it);
        }
        if let Some(tokens) = &tokens {
            let signed = tokens.of_message(request, &headers).await;
            headers.extend(signed.map_err(no_token)?);
        }
        for (name, text) in headers {
            request.headers.push((name, sensitive(&text)?));
        }
        // Tokens serve once: a second try makes its own.
        request.repeatable = false;
        Ok(shown)
    }

    /// The use of the PDND under which the call is made, where the back end demands vouchers.
    fn use_of(&self, call: &Call<'_>) -> Result<Option<&PdndUse>, ConnectorError> {
        let Some(pdnd) = &self.settings.pdnd else {
            return Ok(None);
        };
        let asking = Asking {
            portal: call.portal,
            ente: &call.tenant.codice_istat,
            operation: call.operation,
            purpose: call.proofs.purpose,
        };
        let none = || {
            let text = "no use of the PDND is meant for who asks";
            ConnectorError::permanent(Kind::Unsupported, text).before_anything_was_done()
        };
        pdnd.use_of(asking).ok_or_else(none).map(Some)
    }

    /// A voucher with its headers.
    async fn voucher(
        &self,
        of: &PdndUse,
        evidence: Option<[u8; 32]>,
        request: &HttpRequest,
        deadline: Instant,
    ) -> Result<(Voucher, Vec<(HeaderName, String)>), ConnectorError> {
        let vouchers = self.vouchers.as_ref();
        let vouchers = vouchers.ok_or_else(|| fault("no place for vouchers"))?;
        let voucher = match evidence {
            Some(evidence) => vouchers.bound(of, evidence, deadline).await?,
            None => vouchers.kept(of, deadline).await?,
        };
        let text = voucher.secret.expose_secret();
        let Some(holder) = vouchers.holder()?.filter(|_| voucher.is_bound) else {
            let headers = vec![(AUTHORIZATION, format!("Bearer {text}"))];
            return Ok((voucher, headers));
        };
        let path = request.path.split(['?', '#']).next().unwrap_or_default();
        let address = format!("{}{path}", self.settings.address.trim_end_matches('/'));
        let proof = holder.proof(request.method.as_str(), &address, Some(text), Utc::now());
        let proof = proof.await.map_err(|_| fault("no proof for a voucher"))?;
        let headers = vec![
            (AUTHORIZATION, format!("DPoP {text}")),
            (named(TokenKind::Proof), proof),
        ];
        Ok((voucher, headers))
    }

    fn voucher_refused(&self, shown: &Shown<'_>) -> bool {
        let vouchers = self.vouchers.as_ref();
        vouchers.is_some_and(|vouchers| vouchers.refused(shown.of, &shown.voucher))
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

/// A voucher that went with a request and serves for others too.
struct Shown<'a> {
    of: &'a PdndUse,
    voucher: Voucher,
}

/// SHA-256 of the evidence that the voucher must be bound to (AUDIT_REST_02); `None`: it is bound to none.
fn bound_to(modi: Option<&BackEndModi>, headers: &[(HeaderName, String)]) -> Option<[u8; 32]> {
    modi.filter(|modi| modi.patterns.contains(&Pattern::AuditRest02))?;
    let mut evidence = headers
        .iter()
        .filter(|(name, _)| *name == named(TokenKind::Audit));
    let (_, text) = evidence.next()?;
    digest(&SHA256, text.as_bytes()).as_ref().try_into().ok()
}

fn fault(text: &str) -> ConnectorError {
    ConnectorError::permanent(Kind::Gateway, text).before_anything_was_done()
}

/// The tokens of one call in the making.
struct Tokens<'a> {
    own: &'a OwnSigner,
    modi: &'a BackEndModi,
    /// What names the key, where `kid` does.
    key_id: Option<&'a str>,
    audience: &'a str,
    purpose_id: Option<&'a str>,
}

impl<'a> Tokens<'a> {
    /// Where vouchers are shown, the client that they are given to signs: caller, key and purpose are its own.
    fn of(
        modi: &'a BackEndModi,
        client: Option<&'a (Arc<Client>, &'a PdndUse)>,
        own: Option<&'a OwnSigner>,
    ) -> Result<Tokens<'a>, ConnectorError> {
        let Some((client, of)) = client else {
            return Ok(Tokens {
                own: own
                    .ok_or_else(|| fault("no [signer] for the tokens that the back end demands"))?,
                modi,
                key_id: modi.key_id.as_deref(),
                audience: &modi.audience,
                purpose_id: modi.purpose_id.as_deref(),
            });
        };
        Ok(Tokens {
            own: &client.own,
            modi,
            key_id: Some(&client.key_id),
            audience: of.audience.as_ref().unwrap_or(&modi.audience),
            purpose_id: Some(&of.purpose_id),
        })
    }

    /// Who calls, and for whom.
    async fn of_caller(
        &self,
        evidence: Option<&Evidence>,
    ) -> Result<Vec<(HeaderName, String)>, SigningError> {
        let mut headers = Vec::with_capacity(2);
        if self.modi.takes_authorization() {
            let token = self.making().token(Map::new()).await?;
            headers.push((AUTHORIZATION, format!("Bearer {token}")));
        }
        if let Some(evidence) = evidence {
            let token = self.making().token(self.claims(evidence)).await?;
            headers.push((named(TokenKind::Audit), token));
        }
        Ok(headers)
    }

    /// That it is this message; nothing where that is not demanded.
    async fn of_message(
        &self,
        request: &HttpRequest,
        ours: &[(HeaderName, String)],
    ) -> Result<Vec<(HeaderName, String)>, SigningError> {
        if !self.modi.signs_messages() {
            return Ok(Vec::new());
        }
        let message = self.signature(request, ours).await?;
        Ok(vec![
            (HeaderName::from_static("digest"), message.digest),
            (named(TokenKind::Integrity), message.token),
        ])
    }

    fn making(&self) -> Making<'_> {
        Making {
            own: self.own,
            reference: self.modi.reference,
            key_id: self.key_id,
            audience: self.audience,
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
            ("purposeId", self.purpose_id.map(str::to_owned)),
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
        let own = ours
            .iter()
            .filter(|(name, _)| *name == named(TokenKind::Audit));
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
