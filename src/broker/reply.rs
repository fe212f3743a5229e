//! What leaves the broker: a body that is already on record, and what its headers must say.

use std::time::Duration;

use bytes::Bytes;
use uuid::Uuid;

use crate::connectors::adapter::AdapterOperation;
use crate::contract::operation::{FieldSet, Operation};
use crate::contract::risposta;
use crate::contract::side::Side;

use super::authorization::Permit;
use super::cache::{CacheState, Found};
use super::error::ExchangeError;

/// The end of an exchange, on record.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The exchange's number.
    pub scambio: Uuid,
    /// The operation, where the request could be understood.
    pub operation: Option<Operation>,
    /// Answer or refusal.
    pub kind: ReplyKind,
    /// The body as recorded: JSON, or a problem document.
    pub body: Bytes,
    /// The tightest limit that the request met.
    pub limits: LimitStatus,
    /// Age of a cached answer.
    pub age: Option<Duration>,
    /// Entity tag, only where nothing personal is in the answer.
    pub etag: Option<String>,
    /// The fields that the body discloses.
    pub disclosed: FieldSet,
}

/// How an exchange ended.
#[derive(Debug, Clone)]
pub enum ReplyKind {
    /// With an answer.
    Answer,
    /// With the word that the portal's copy is still good.
    Unchanged,
    /// With a refusal.
    Refusal(Refusal),
}

/// A refusal as `api/problem.rs` writes it.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// The problem's slug, the last segment of its type.
    pub slug: &'static str,
    /// Whose fault it is.
    pub side: Side,
    /// When to come again.
    pub retry_after: Option<Duration>,
    /// The problem document.
    pub body: Bytes,
}

/// Writes a failure as a problem document; the broker calls it so that the very bytes that leave are on record.
pub type Describe = fn(&ExchangeError, &Uuid) -> Refusal;

/// `X-RateLimit-Limit`, `-Remaining`, `-Reset` (RAC_ROBUSTEZZA_001).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitStatus {
    /// Requests that may come at once.
    pub limit: u32,
    /// Of these, how many are left.
    pub remaining: u32,
    /// Seconds until the limit is whole again.
    pub reset: u64,
}

/// An answer before it is on record.
#[derive(Debug)]
pub struct Answered {
    body: Bytes,
    disclosed: FieldSet,
    age: Option<Duration>,
    etag: Option<String>,
    unchanged: bool,
}

impl Answered {
    /// An answer without personal data, under an entity tag.
    pub(super) fn public(body: Vec<u8>, etag: String, known_etag: Option<&str>) -> Answered {
        let unchanged = known_etag.is_some_and(|known| {
            known
                .split(',')
                .map(str::trim)
                // RFC 9110, 13.1.2: compared weakly, so a proxy's `W/` does not count.
                .any(|tag| tag.strip_prefix("W/").unwrap_or(tag) == etag || tag == "*")
        });
        let body = if unchanged {
            Bytes::new()
        } else {
            Bytes::from(body)
        };
        Answered {
            body,
            disclosed: FieldSet::NONE,
            age: None,
            etag: Some(etag),
            unchanged,
        }
    }

    /// A back end's answer cut to what the permit allows, with its provenance.
    pub(super) fn cut(permit: &Permit, found: &Found) -> Answered {
        let answer = &found.fetched.answer;
        let adapter = &found.fetched.adapter;
        let (da_cache, scaduta) = (
            found.state != CacheState::Fresca,
            found.state == CacheState::Scaduta,
        );
        let wanted = permit.fields();
        let offered = adapter
            .operation(permit.operation())
            .map_or(FieldSet::NONE, AdapterOperation::fields);
        let missing = wanted
            .minus(offered)
            .union(answer.unavailable.intersection(wanted));
        Answered {
            body: Bytes::from(risposta::write(
                &answer.document,
                wanted,
                &found.fetched.origine,
                (da_cache, scaduta),
                missing,
            )),
            disclosed: wanted,
            age: Some(found.age),
            etag: None,
            unchanged: false,
        }
    }
}

impl Reply {
    /// Writes the end of an exchange, before it is recorded.
    pub(super) fn of(
        scambio: Uuid,
        operation: Option<Operation>,
        outcome: Result<Answered, ExchangeError>,
        limits: LimitStatus,
        describe: Describe,
    ) -> Reply {
        match outcome {
            Ok(answered) => Reply {
                scambio,
                operation,
                kind: if answered.unchanged {
                    ReplyKind::Unchanged
                } else {
                    ReplyKind::Answer
                },
                body: answered.body,
                limits,
                age: answered.age,
                etag: answered.etag,
                disclosed: answered.disclosed,
            },
            Err(failure) => Reply {
                operation,
                ..Reply::unrecorded(scambio, limits, &failure, describe)
            },
        }
    }

    /// A refusal; used alone only where no record can be had.
    pub(super) fn unrecorded(
        scambio: Uuid,
        limits: LimitStatus,
        failure: &ExchangeError,
        describe: Describe,
    ) -> Reply {
        let refusal = describe(failure, &scambio);
        Reply {
            scambio,
            operation: None,
            body: refusal.body.clone(),
            kind: ReplyKind::Refusal(refusal),
            limits,
            age: None,
            etag: None,
            disclosed: FieldSet::NONE,
        }
    }

    /// Whether data left.
    pub fn is_answer(&self) -> bool {
        matches!(self.kind, ReplyKind::Answer)
    }

    /// The outcome in records and metrics: `risposto`, `invariato`, or the problem's slug.
    pub fn outcome(&self) -> &'static str {
        match &self.kind {
            ReplyKind::Answer => "risposto",
            ReplyKind::Unchanged => "invariato",
            ReplyKind::Refusal(refusal) => refusal.slug,
        }
    }

    /// The side at fault.
    pub fn side(&self) -> Option<Side> {
        match &self.kind {
            ReplyKind::Refusal(refusal) => Some(refusal.side),
            ReplyKind::Answer | ReplyKind::Unchanged => None,
        }
    }

    /// The status that leaves.
    pub fn status(&self) -> u16 {
        match &self.kind {
            ReplyKind::Answer => 200,
            ReplyKind::Unchanged => 304,
            ReplyKind::Refusal(refusal) => refusal.status,
        }
    }
}
