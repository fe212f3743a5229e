//! The record of what happens to a request between its portal's calls: each turn with a back end is an exchange of its own.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::broker::authorization::Permit;
use crate::broker::dispatch::Target;
use crate::broker::record::VERIFIED;
use crate::broker::reply::Refusal;
use crate::contract::document::Role;
use crate::contract::side::Side;
use crate::digest::SaltedDigest;
use crate::gateway::Gateway;
use crate::modi::TokenKind;
use crate::store::record::{Context, Record, StageTimes, Token};
use crate::store::{Richiesta, StoreError};

use super::kept::{KeptCitizen, KeptQuestion};

/// A turn of a request.
pub(super) struct Turn<'a> {
    /// Its own number.
    pub scambio: Uuid,
    /// When it began.
    pub begun: DateTime<Utc>,
    /// The request.
    pub richiesta: &'a Richiesta,
    /// Its question.
    pub question: &'a KeptQuestion,
    /// Under what it is allowed, and who answers; absent where it is not allowed any more.
    pub allowed: Option<(&'a Permit, &'a Target)>,
    /// SHA-256 of the certificate of the officer whose turn it is; none: the portal's own stands for it.
    pub officer: Option<[u8; 32]>,
    /// What went to the back end and what came.
    pub digests: (Option<SaltedDigest>, Option<SaltedDigest>),
    /// What leaves for the portal.
    pub reply: Option<SaltedDigest>,
}

/// How a turn ended.
pub(super) enum Ended<'a> {
    /// Well: `inoltrata`, `in-corso`, `completata`, `consegnata`.
    Well(&'static str),
    /// With a failure.
    Badly(&'a Refusal),
}

impl Turn<'_> {
    /// Makes the turn's record durable.
    pub(super) async fn record(
        self,
        gateway: &Gateway,
        ended: Ended<'_>,
    ) -> Result<(), StoreError> {
        let slot = gateway.store.reserve()?;
        let (outcome, side, status) = match ended {
            Ended::Well(outcome) => (outcome, None, 200),
            Ended::Badly(refusal) => (refusal.slug, Some(Side::name(refusal.side)), refusal.status),
        };
        let keys = gateway.store.subject_keys();
        let code = &self.question.soggetto;
        let subject = keys.subject(&self.richiesta.ente, code, Role::Cercato);
        let ended = Utc::now();
        let dispatch = (ended - self.begun).num_microseconds().unwrap_or(i64::MAX);
        let record = Record {
            parent: None,
            scambio: self.scambio,
            context: Arc::new(self.context(gateway)),
            begun: self.begun,
            ended,
            outcome,
            side,
            status,
            times: StageTimes {
                dispatch,
                ..StageTimes::default()
            },
            cache: None,
            age_seconds: None,
            origin: Some(self.richiesta.scambio),
            request: None,
            backend_request: self.digests.0,
            backend_answer: self.digests.1,
            reply: self.reply,
            subjects: std::iter::once(subject).collect(),
            tokens: self.tokens(gateway),
            quota: None,
        };
        slot.commit(record).await
    }

    /// The token by which a citizen opened the request: each turn is theirs too.
    fn tokens(&self, gateway: &Gateway) -> Vec<Token> {
        let citizen = self.question.citizen.iter();
        let by = |citizen: &KeptCitizen| Token {
            kind: TokenKind::Citizen.name(),
            pattern: VERIFIED,
            id: Some(citizen.id.clone()),
            key_id: Some(citizen.key_id.clone()),
            thumbprint: citizen.thumbprint,
            person: Some(gateway.store.subject_keys().digest(
                &format!("portale {}", self.richiesta.portal),
                &citizen.codice_fiscale,
            )),
            consumer: None,
            eservice: None,
        };
        citizen.map(by).collect()
    }

    fn context(&self, gateway: &Gateway) -> Context {
        let snapshot = match self.allowed {
            Some((permit, _)) => Arc::clone(permit.snapshot()),
            None => gateway.snapshot(),
        };
        let mut snapshot_digest = [0; 32];
        hex::decode_to_slice(&snapshot.digest, &mut snapshot_digest)
            .expect("a snapshot's digest is SHA-256 in hexadecimal");
        let mut certificate = self.officer.unwrap_or_default();
        if self.officer.is_none() {
            // One that cannot be read stays unnamed: the record says that too.
            let _ = hex::decode_to_slice(&self.question.certificate, &mut certificate);
        }
        let grant = self.allowed.map(|(permit, _)| permit.grant());
        let adapter = self.allowed.map(|(_, target)| &target.adapter);
        let purpose = self.question.purpose.as_deref();
        Context {
            generation: i64::try_from(snapshot.generation).unwrap_or(i64::MAX),
            snapshot_digest,
            portal: Some(self.richiesta.portal.as_str().into()),
            certificate,
            ente: Some(self.richiesta.ente.as_str().into()),
            operation: Some(self.richiesta.operation),
            purpose_origin: purpose.map(|_| self.question.purpose_origin.name()),
            purpose: purpose.map(Into::into),
            grant_id: grant.map(|grant| grant.id.as_str().into()),
            grant_version: grant.map(|grant| grant.version),
            adapter: adapter.map(|adapter| adapter.name().into()),
            adapter_version: adapter.map(|adapter| adapter.version().into()),
        }
    }
}
