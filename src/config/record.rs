//! `[record]` and `[retention]`: where exchanges are recorded, how much may wait, how long they are kept.

use std::path::PathBuf;

use serde::Deserialize;

use super::secret::SecretReference;
use super::units::{Size, Span};

/// The record of exchanges.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordSettings {
    /// `sqlite:<folder>` (one node) or `postgres://…` without a password (several nodes on one database).
    pub database: String,
    /// The database's password, for PostgreSQL.
    pub password: Option<SecretReference>,
    /// Exchanges in flight at most; more are refused.
    pub slots: usize,
    /// An exchange that cannot be recorded within this time is refused.
    pub deadline: Span,
    /// Below this much free disk nothing is served.
    pub free_disk: Size,
    /// The key file (created by `pontile migrate` if absent) from which each ente's secret for keyed digests of
    /// fiscal codes is derived; outside the database, its loss makes past digests unsearchable.
    pub subject_key: PathBuf,
}

/// How long things are kept, in months; the shipped maxima cannot be exceeded.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Exchanges: 1 to 120.
    pub exchanges_months: u32,
    /// Technical logs, where the gateway writes them to files: 1 to 24.
    pub logs_months: u32,
}
