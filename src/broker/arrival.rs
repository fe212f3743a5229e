//! A request as it arrives at the broker: parsed as far as it could be, with no HTTP in it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::contract::question::Question;
use crate::telemetry::traceparent::TraceContext;
use crate::trust::PeerCertificate;

use super::error::Malformed;
use super::reply::LimitStatus;

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
    /// What is asked, or why that cannot be said.
    pub question: Result<Question, Malformed>,
    /// The header `Purpose-Id`.
    pub purpose: Option<String>,
    /// Whether the request carries `Cache-Control: no-cache`.
    pub fresh: bool,
    /// `If-None-Match`, where the resource has entity tags.
    pub known_etag: Option<String>,
    /// What the door's own limit (per address and connection) has left, for answers to callers that no other limit knows.
    pub door_limit: LimitStatus,
    /// The W3C trace context of this exchange, ours or continued; its `header()` goes on to the back end.
    pub trace: TraceContext,
}
