//! One exchange as it is recorded: plain values, no body, no fiscal code in clear.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use crate::contract::document::Role;
use crate::digest::SaltedDigest;

/// The record of one exchange. Texts are names from the configuration or from our own tables, never from a body.
#[derive(Debug)]
pub struct Record {
    /// The exchange's number (UUIDv7).
    pub scambio: Uuid,
    /// The node that carried it out.
    pub node: String,
    /// Generation of the snapshot that it ran under, and that snapshot's digest.
    pub generation: i64,
    /// SHA-256 of the snapshot, hexadecimal.
    pub snapshot_digest: String,
    /// When the request came and when its answer was ready.
    pub begun: DateTime<Utc>,
    /// When the answer was ready.
    pub ended: DateTime<Utc>,
    /// The portal's name; absent when the certificate belongs to none.
    pub portal: Option<String>,
    /// SHA-256 of the certificate, hexadecimal.
    pub certificate: String,
    /// ISTAT code of the ente asked.
    pub ente: Option<String>,
    /// The operation's name; absent when the request could not be understood.
    pub operation: Option<String>,
    /// The purpose named.
    pub purpose: Option<String>,
    /// Where the purpose comes from: `intestazione` in this version.
    pub purpose_origin: Option<String>,
    /// The grant that allowed it, and its version.
    pub grant_id: Option<String>,
    /// The grant's version.
    pub grant_version: Option<i64>,
    /// `risposto`, or the slug of the problem.
    pub outcome: String,
    /// The side at fault: `portale`, `gateway`, `ente`; absent when answered.
    pub side: Option<String>,
    /// HTTP status of the answer.
    pub status: i64,
    /// Microseconds in each stage.
    pub times: StageTimes,
    /// Adapter and version.
    pub adapter: Option<String>,
    /// The adapter's version.
    pub adapter_version: Option<String>,
    /// `fresca`, `cache`, `scaduta`.
    pub cache: Option<String>,
    /// Age of the answer in seconds.
    pub age_seconds: Option<i64>,
    /// For a cached answer: the exchange whose call to the back end it comes from.
    pub origin: Option<Uuid>,
    /// The request's body.
    pub request: Option<SaltedDigest>,
    /// What went to the back end.
    pub backend_request: Option<SaltedDigest>,
    /// What came from the back end.
    pub backend_answer: Option<SaltedDigest>,
    /// The reply's body.
    pub reply: Option<SaltedDigest>,
    /// The persons asked about and disclosed.
    pub subjects: Vec<Subject>,
    /// What this exchange counts against, if it was admitted under a quota.
    pub quota: Option<super::quota::QuotaHold>,
}

/// Microseconds per stage.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StageTimes {
    /// Identity and authorization.
    pub admission: i64,
    /// Rate limits and quota.
    pub limits: i64,
    /// Cache look-up, waiting for another's fetch included.
    pub cache: i64,
    /// The back end.
    pub dispatch: i64,
}

/// A person in an exchange, under a keyed digest of the fiscal code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// HMAC-SHA-256 of the upper-case code under the ente's secret of that version.
    pub digest: [u8; 32],
    /// Version of the secret.
    pub key_version: i64,
    /// The part that the person has.
    pub role: Role,
}

/// What a daily quota counts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct QuotaKey {
    /// Portal.
    pub portal: String,
    /// Operation.
    pub operation: String,
    /// Ente, ISTAT code.
    pub ente: String,
    /// Day in Europe/Rome.
    pub day: NaiveDate,
}
