//! One call to a back end and its answer, in the contract's terms.

use std::time::Instant;

use chrono::{DateTime, NaiveDate, Utc};
use futures_util::future::BoxFuture;

use crate::contract::document::Document;
use crate::contract::operation::{FieldSet, Operation};
use crate::contract::provenienza::Fonte;
use crate::contract::question::Parameters;
use crate::digest::{RunningDigest, SaltedDigest};
use crate::modi::Evidence;
use crate::signing::OwnSigner;

use super::error::ConnectorError;
use super::instance::Tenant;
use super::tape::Taped;

/// What is asked of a back end.
#[derive(Debug)]
pub struct Call<'a> {
    /// The operation.
    pub operation: Operation,
    /// The ente as the instance knows it.
    pub tenant: &'a Tenant,
    /// Canonical parameters.
    pub parameters: &'a Parameters,
    /// The fields to fetch: an adapter asks its product for no more (data minimisation).
    pub fields: FieldSet,
    /// When the portal stops waiting; nothing may run past it.
    pub deadline: Instant,
    /// The portal that asks, where there is one: an instance may have an account for each.
    pub portal: Option<&'a str>,
    /// Which part of the operation it is: the whole, or one turn of a request that outlives it.
    pub turn: Turn<'a>,
    /// W3C trace context to send along, where the protocol has a place for it.
    pub traceparent: Option<&'a str>,
    /// What proves to the back end who calls and for whom, where it demands that.
    pub proofs: Proofs<'a>,
}

/// What the tokens for a back end are made from.
#[derive(Debug, Clone, Copy, Default)]
pub struct Proofs<'a> {
    /// The gateway's signer.
    pub own: Option<&'a OwnSigner>,
    /// For whom the portal asks; what outlives its portal's call has none.
    pub evidence: Option<&'a Evidence>,
    /// The purpose that the portal named.
    pub purpose: Option<&'a str>,
}

/// A write that is about to be carried out, durable before its first byte leaves.
pub trait Intent: std::fmt::Debug + Send + Sync {
    /// The reference under which the back end knows it.
    fn reference(&self) -> &str;
    /// The instant that the request is stamped with, known before it is sent so that it can be looked for later.
    fn written(&self) -> DateTime<Utc>;
    /// Makes durable that the request leaves now; fails where that cannot be, and then nothing may leave.
    fn about_to_leave(&self) -> BoxFuture<'_, Result<(), ConnectorError>>;
}

/// Which part of an operation a call is.
#[derive(Debug, Clone, Copy)]
pub enum Turn<'a> {
    /// All of it: the answer comes at once.
    Whole,
    /// All of it in one go, the request under this reference: how examples are played.
    Played(&'a str),
    /// The request is handed over under this reference; its answer comes later.
    Accept(&'a str),
    /// Its answer is asked for.
    Poll(&'a str),
    /// Something is changed, once.
    Write(&'a dyn Intent),
    /// Whether that was carried out is asked for.
    Settle {
        /// The reference under which the back end knows it.
        reference: &'a str,
        /// The instant that it was stamped with.
        written: DateTime<Utc>,
    },
}

impl<'a> Turn<'a> {
    /// The reference under which the back end knows the request.
    pub fn reference(self) -> Option<&'a str> {
        match self {
            Turn::Whole => None,
            Turn::Played(reference) | Turn::Accept(reference) | Turn::Poll(reference) => {
                Some(reference)
            }
            Turn::Write(intent) => Some(intent.reference()),
            Turn::Settle { reference, .. } => Some(reference),
        }
    }

    /// The instant that a write is or was stamped with.
    pub fn written(self) -> Option<DateTime<Utc>> {
        match self {
            Turn::Write(intent) => Some(intent.written()),
            Turn::Settle { written, .. } => Some(written),
            Turn::Whole | Turn::Played(_) | Turn::Accept(_) | Turn::Poll(_) => None,
        }
    }
}

/// What a back end answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The answer in the contract's terms.
    pub document: Document,
    /// What kind of source answered.
    pub fonte: Fonte,
    /// The day that the data describe.
    pub data_riferimento: NaiveDate,
    /// When the answer came in; of a night copy, when it was made.
    pub rilevato_il: DateTime<Utc>,
    /// Whether the data are older than their bound of freshness.
    pub is_overdue: bool,
    /// Fields asked for that this product does not have.
    pub unavailable: FieldSet,
}

/// The raw bytes that went to and came from a back end during one call: sizes and salted digests, never the bytes.
#[derive(Clone)]
pub struct Transcript {
    request: RunningDigest,
    answer: RunningDigest,
    /// What came itself, for a command that wants to see it.
    tape: Option<Vec<Taped>>,
}

impl Transcript {
    /// An empty transcript with fresh salts.
    pub fn begin() -> Transcript {
        Transcript {
            request: RunningDigest::begin(),
            answer: RunningDigest::begin(),
            tape: None,
        }
    }

    /// A transcript that keeps what comes: never for a portal's exchange.
    pub fn taped() -> Transcript {
        Transcript {
            tape: Some(Vec::new()),
            ..Transcript::begin()
        }
    }

    /// What came, where it is kept.
    pub fn tape(&self) -> &[Taped] {
        self.tape.as_deref().unwrap_or_default()
    }

    /// Keeps what came, where it is kept.
    pub(super) fn keep(&mut self, taped: impl FnOnce() -> Taped) {
        if let Some(tape) = &mut self.tape {
            tape.push(taped());
        }
    }

    /// Notes bytes sent to the back end (for SQL: the statement and its bound values).
    pub fn sent(&mut self, bytes: &[u8]) {
        self.request.feed(bytes);
    }

    /// Notes bytes received from the back end (for SQL: the rows, written as JSON lines).
    pub fn received(&mut self, bytes: &[u8]) {
        self.answer.feed(bytes);
    }

    /// The digests of what went and what came; `None` where nothing did.
    pub fn finish(self) -> (Option<SaltedDigest>, Option<SaltedDigest>) {
        let some = |side: RunningDigest| (side.bytes() > 0).then(|| side.finish());
        (some(self.request), some(self.answer))
    }
}
