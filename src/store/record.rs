//! One exchange as it is recorded: plain values, no body, no fiscal code in clear.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::contract::document::Role;
use crate::contract::operation::Operation;
use crate::digest::SaltedDigest;

use super::quota::QuotaHold;

/// The record of one exchange. Texts are names from the configuration or from our own tables, never from a body.
///
/// The node that carried it out is added by the store.
#[derive(Debug)]
pub struct Record {
    /// The exchange's number (UUIDv7); the time in it decides the month under which it is kept.
    pub scambio: Uuid,
    /// The exchange that asked several enti at once, this one among them.
    pub parent: Option<Uuid>,
    /// What it has in common with many others: made once and shared, the store knows it by its address.
    pub context: Arc<Context>,
    /// When the request's head was read.
    pub begun: DateTime<Utc>,
    /// When the answer was ready.
    pub ended: DateTime<Utc>,
    /// `risposto`, or the slug of the problem.
    pub outcome: &'static str,
    /// The side at fault: `portale`, `gateway`, `ente`; absent when answered.
    pub side: Option<&'static str>,
    /// HTTP status of the answer.
    pub status: u16,
    /// Microseconds in each stage.
    pub times: StageTimes,
    /// `fresca`, `cache`, `scaduta`.
    pub cache: Option<&'static str>,
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
    /// The persons asked about and disclosed; one who appears twice in the same role counts once.
    pub subjects: Vec<Subject>,
    /// The tokens that it came with.
    pub tokens: Vec<Token>,
    /// What this exchange counts against, if it was admitted under a quota; counted in the record's own transaction.
    pub quota: Option<QuotaHold>,
}

/// Who asked whom for what and under which text. Many exchanges share one, so that each only points to it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Context {
    /// Generation of the snapshot that the exchange ran under.
    pub generation: i64,
    /// SHA-256 of that snapshot.
    pub snapshot_digest: [u8; 32],
    /// The portal's name; absent when the certificate belongs to none.
    pub portal: Option<Arc<str>>,
    /// SHA-256 of the certificate.
    pub certificate: [u8; 32],
    /// ISTAT code of the ente asked.
    pub ente: Option<Arc<str>>,
    /// The operation; absent when the request could not be understood.
    pub operation: Option<Operation>,
    /// The purpose named.
    pub purpose: Option<Arc<str>>,
    /// Where the purpose comes from: `intestazione` or `voucher`.
    pub purpose_origin: Option<&'static str>,
    /// The grant that allowed it.
    pub grant_id: Option<Arc<str>>,
    /// The grant's version.
    pub grant_version: Option<u32>,
    /// The adapter.
    pub adapter: Option<Arc<str>>,
    /// The adapter's version.
    pub adapter_version: Option<Arc<str>>,
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

/// A person in an exchange, under a keyed digest of the fiscal code; made by [`super::subject::SubjectKeys`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    /// HMAC-SHA-256 of the upper-case code under the ente's secret of that version.
    pub digest: [u8; 32],
    /// Version of the secret.
    pub key_version: i64,
    /// The part that the person has.
    pub role: Role,
}

/// A token that an exchange came with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// `id_auth`, `integrity` or `audit`.
    pub kind: &'static str,
    /// The pattern that it proves, by its name in the norm.
    pub pattern: &'static str,
    /// Its `jti`.
    pub id: Option<String>,
    /// The `kid` that it names.
    pub key_id: Option<String>,
    /// The thumbprint (RFC 7638) of the key that signed it.
    pub thumbprint: [u8; 32],
    /// The person whom an evidence names: keyed digest, and version of the secret.
    pub person: Option<([u8; 32], i64)>,
    /// Of a voucher: who consumes.
    pub consumer: Option<String>,
    /// Of a voucher: which e-service.
    pub eservice: Option<String>,
}
