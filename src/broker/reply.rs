//! What leaves the broker: a body that is already on record, and what its headers must say.

use std::time::Duration;

use bytes::Bytes;
use uuid::Uuid;

use crate::connectors::adapter::AdapterOperation;
use crate::contract::dichiarazioni::{self, EsitiVerifica};
use crate::contract::operation::{FieldSet, Operation};
use crate::contract::risposta;
use crate::contract::side::Side;
use crate::modi::SignedMessage;

use super::authorization::Permit;
use super::cache::{CacheState, Found};
use super::deferral::Delivered;
use super::error::ExchangeError;

/// The media type of answers.
pub const JSON: &str = "application/json";

/// The media type of problem documents (RFC 9457).
pub const PROBLEM: &str = "application/problem+json";

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
    /// The media type of an answer's body.
    content: &'static str,
    /// The signature over the body, for portals that want one.
    pub signature: Option<SignedMessage>,
}

/// How an exchange ended.
#[derive(Debug, Clone)]
pub enum ReplyKind {
    /// With an answer.
    Answer,
    /// With the word that the portal's copy is still good.
    Unchanged,
    /// With how far a request is that outlives its call.
    Open(Progress),
    /// Line by line, until the portal hung up.
    BrokenOff,
    /// With a refusal.
    Refusal(Refusal),
}

/// What a reply tells of a request that outlives its call; its body is a `StatoRichiesta`.
#[derive(Debug, Clone)]
pub enum Progress {
    /// It was taken on just now.
    TakenOn {
        /// Where to ask how far it is.
        location: String,
        /// When to ask first.
        retry_after: Duration,
    },
    /// It has no answer yet.
    StillOpen {
        /// When to ask again.
        retry_after: Duration,
    },
    /// It came to its end.
    Ended {
        /// Where its result is.
        location: String,
    },
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
    /// [`PROBLEM`], or [`JSON`] where libraries read nothing else (RFC 6749, 5.2).
    pub media_type: &'static str,
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
    kind: ReplyKind,
    media_type: &'static str,
}

impl Answered {
    /// Whether it tells anything of what was asked, and not only that the exchange goes on or broke off.
    pub(super) fn tells(&self) -> bool {
        matches!(self.kind, ReplyKind::Answer | ReplyKind::Unchanged)
    }

    /// The body alone.
    pub(super) fn into_body(self) -> Bytes {
        self.body
    }

    /// How far a request is that outlives its call.
    pub(super) fn progress(body: Vec<u8>, progress: Progress) -> Answered {
        Answered {
            body: Bytes::from(body),
            disclosed: FieldSet::NONE,
            age: None,
            etag: None,
            kind: ReplyKind::Open(progress),
            media_type: JSON,
        }
    }

    /// The answer of a request that outlived its call, cut to what the permit allows now.
    pub(super) fn picked_up(permit: &Permit, delivered: &Delivered) -> Answered {
        let wanted = permit.fields();
        let missing = wanted
            .minus(delivered.fetched)
            .union(delivered.unavailable.intersection(wanted));
        Answered {
            body: Bytes::from(risposta::write(
                &delivered.document,
                wanted,
                &delivered.origine,
                (false, false),
                missing,
            )),
            disclosed: wanted,
            age: Some(delivered.age),
            etag: None,
            kind: ReplyKind::Answer,
            media_type: JSON,
        }
    }
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
            kind: if unchanged {
                ReplyKind::Unchanged
            } else {
                ReplyKind::Answer
            },
            media_type: JSON,
        }
    }

    /// A back end's answer cut to what the permit allows, with its provenance.
    pub(super) fn cut(permit: &Permit, found: &Found) -> Answered {
        let answer = &found.fetched.answer;
        let adapter = &found.fetched.adapter;
        let (da_cache, scaduta) = (
            found.state != CacheState::Fresca,
            found.state == CacheState::Scaduta || answer.is_overdue,
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
            kind: ReplyKind::Answer,
            media_type: JSON,
        }
    }

    /// A word on each statement, with the provenance of what they were compared with.
    pub(super) fn verified(
        permit: &Permit,
        esiti: &EsitiVerifica,
        consulted: &[&Found],
    ) -> Answered {
        let origins = consulted.iter().map(|found| {
            let from_cache = found.state != CacheState::Fresca;
            let overdue = found.state == CacheState::Scaduta || found.fetched.answer.is_overdue;
            (&found.fetched.origine, from_cache, overdue)
        });
        let origins: Vec<_> = origins.collect();
        Answered {
            body: Bytes::from(dichiarazioni::write(esiti, &origins)),
            disclosed: permit.fields(),
            age: consulted.iter().map(|found| found.age).max(),
            etag: None,
            kind: ReplyKind::Answer,
            media_type: JSON,
        }
    }

    /// What several enti answered; each of the answers is on record as an exchange of its own.
    pub(super) fn of_several(body: impl Into<Bytes>) -> Answered {
        Answered {
            body: body.into(),
            disclosed: FieldSet::NONE,
            age: None,
            etag: None,
            kind: ReplyKind::Answer,
            media_type: JSON,
        }
    }

    /// A document that is no JSON.
    pub(super) fn of_media_type(body: impl Into<Bytes>, media_type: &'static str) -> Answered {
        Answered {
            media_type,
            ..Answered::of_several(body)
        }
    }

    /// The lines that were sent before the portal hung up.
    pub(super) fn broken_off(lines: impl Into<Bytes>) -> Answered {
        Answered {
            kind: ReplyKind::BrokenOff,
            ..Answered::of_several(lines)
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
                kind: answered.kind,
                body: answered.body,
                limits,
                age: answered.age,
                etag: answered.etag,
                disclosed: answered.disclosed,
                content: answered.media_type,
                signature: None,
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
            content: JSON,
            signature: None,
        }
    }

    /// The media type of its body.
    pub fn media_type(&self) -> &'static str {
        match &self.kind {
            ReplyKind::Refusal(refusal) => refusal.media_type,
            _ => self.content,
        }
    }

    /// Whether data left.
    pub fn is_answer(&self) -> bool {
        matches!(self.kind, ReplyKind::Answer)
    }

    /// The outcome in records and metrics: `risposto`, `invariato`, `interrotto`, `accolta`, `in-corso`, `conclusa`, or the
    /// problem's slug.
    pub fn outcome(&self) -> &'static str {
        match &self.kind {
            ReplyKind::Answer => "risposto",
            ReplyKind::Unchanged => "invariato",
            ReplyKind::BrokenOff => "interrotto",
            ReplyKind::Open(Progress::TakenOn { .. }) => "accolta",
            ReplyKind::Open(Progress::StillOpen { .. }) => "in-corso",
            ReplyKind::Open(Progress::Ended { .. }) => "conclusa",
            ReplyKind::Refusal(refusal) => refusal.slug,
        }
    }

    /// The side at fault.
    pub fn side(&self) -> Option<Side> {
        match &self.kind {
            ReplyKind::Refusal(refusal) => Some(refusal.side),
            ReplyKind::Answer
            | ReplyKind::Unchanged
            | ReplyKind::BrokenOff
            | ReplyKind::Open(_) => None,
        }
    }

    /// The status that leaves.
    pub fn status(&self) -> u16 {
        match &self.kind {
            ReplyKind::Answer
            | ReplyKind::BrokenOff
            | ReplyKind::Open(Progress::StillOpen { .. }) => 200,
            ReplyKind::Open(Progress::TakenOn { .. }) => 202,
            ReplyKind::Open(Progress::Ended { .. }) => 303,
            ReplyKind::Unchanged => 304,
            ReplyKind::Refusal(refusal) => refusal.status,
        }
    }
}
