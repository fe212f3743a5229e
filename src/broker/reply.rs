//! What leaves the broker: a body that is already on record, and what its headers must say.

use std::time::Duration;

use bytes::Bytes;
use uuid::Uuid;

use crate::contract::operation::Operation;

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

/// The side at fault (`lato`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The portal: the request must change.
    Portale,
    /// The gateway: call its operator.
    Gateway,
    /// The ente's system: wait, or call the ente.
    Ente,
}

impl Side {
    /// The side's name in problems and records.
    pub fn name(self) -> &'static str {
        match self {
            Side::Portale => "portale",
            Side::Gateway => "gateway",
            Side::Ente => "ente",
        }
    }
}

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
