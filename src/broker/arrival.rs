//! A request as it arrives at the broker: parsed as far as it could be, with no HTTP in it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::contract::operation::Domain;
use crate::contract::question::Question;
use crate::telemetry::traceparent::TraceContext;
use crate::trust::PeerCertificate;

use super::authorization::Asking;
use super::error::{ExchangeError, Malformed};
use super::login::Redemption;
use super::reply::{Describe, LimitStatus, Reply};

/// What a request asks.
#[derive(Debug, Clone)]
pub enum Asked {
    /// A question.
    Question(Question),
    /// What became of a question that outlives its call.
    PickUp(PickUp),
    /// Tokens for the code of a citizen's log-in; none where the form cannot be read.
    LogIn(Option<Redemption>),
    /// Evidence.
    Evidence(EvidenceAsked),
}

/// What is asked of the evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EvidenceAsked {
    /// That of an exchange.
    Of(Uuid),
    /// The newest sealed root of each node.
    Newest,
    /// The roots of a node after a batch.
    After {
        /// The node.
        node: String,
        /// The batch; 0: from the first on.
        batch: u64,
    },
}

/// A look at a request that outlives its call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PickUp {
    /// The request.
    pub id: Uuid,
    /// The domain under whose path it is asked for.
    pub domain: Domain,
    /// Its answer, or how far it is.
    pub what: Sought,
}

/// What is sought of a request that outlives its call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sought {
    /// How far it is.
    State,
    /// Its answer.
    Result,
}

/// One request at the door.
pub struct Arrival {
    /// The exchange's number: a UUIDv7 made when the request's head was read.
    pub scambio: Uuid,
    /// When the request's head was read.
    pub at: DateTime<Utc>,
    /// The same on the monotonic clock.
    pub started: Instant,
    /// When the portal must have an answer.
    pub deadline: Instant,
    /// The certificate of the connection; the doors admit none without.
    pub certificate: Arc<PeerCertificate>,
    /// Where the connection comes from.
    pub address: IpAddr,
    /// The body as received, for its digest; empty where there was none.
    pub body: Bytes,
    /// Every header, names in small letters, where the request brings tokens; else none.
    pub fields: Vec<(String, Vec<u8>)>,
    /// What is asked, or why that cannot be said.
    pub asked: Result<Asked, Malformed>,
    /// The header `Purpose-Id`.
    pub purpose: Option<String>,
    /// Where the portal wants the answer delivered if it comes later: the header `X-ReplyTo`.
    pub reply_to: Option<String>,
    /// The header `Idempotency-Key`.
    pub idempotency_key: Option<String>,
    /// Whether the request carries `Cache-Control: no-cache`.
    pub fresh: bool,
    /// `If-None-Match`, where the resource has entity tags.
    pub known_etag: Option<String>,
    /// What the door's own limit (per address and connection) has left, for answers to callers that no other limit knows.
    pub door_limit: LimitStatus,
    /// The W3C trace context of this exchange, ours or continued; its `header()` goes on to the back end.
    pub trace: TraceContext,
}

impl Arrival {
    /// The refusal of a request for which no record can be had.
    pub(super) fn unrecorded(&self, failure: &ExchangeError, describe: Describe) -> Reply {
        Reply::unrecorded(self.scambio, self.door_limit, failure, describe)
    }

    /// What is asked.
    pub(super) fn asked(&self) -> Result<&Asked, ExchangeError> {
        let asked = self.asked.as_ref();
        asked.map_err(|fault| ExchangeError::Malformed(fault.clone()))
    }

    /// A question with what the request says about it.
    pub(super) fn asking<'a>(&'a self, question: &'a Question) -> Asking<'a> {
        Asking {
            question,
            purpose: self.purpose.as_deref(),
            fresh: self.fresh,
            narrow: false,
            at: self.at,
        }
    }
}
