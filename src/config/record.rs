//! `[record]` and `[retention]`: where exchanges are recorded, how much may wait, how long they are kept.

use std::path::PathBuf;

use super::reading::address::Address;
use super::reading::table::Table;
use super::reading::{FromTable, Reader};
use super::secret::SecretReference;
use super::units::{Size, Span};

/// The record of exchanges.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// Where the keys stand under which requests that outlive their call are sealed; absent: in `richieste.key` beside
    /// `subject_key`. A file there is created by `pontile migrate`.
    pub request_key: Option<SecretReference>,
}

impl RecordSettings {
    /// Where the keys stand under which requests are sealed.
    pub fn request_keys(&self) -> SecretReference {
        let beside = || SecretReference::File(self.subject_key.with_file_name("richieste.key"));
        self.request_key.clone().unwrap_or_else(beside)
    }
}

/// How long things are kept; the shipped maxima cannot be exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Exchanges: 1 to 120.
    pub exchanges_months: u32,
    /// Technical logs, where the gateway writes them to files: 1 to 24.
    pub logs_months: u32,
    /// What operators did: 6 to 120. The Garante's measure on system administrators (27 November 2008) demands six at least.
    pub operators_months: u32,
    /// Days for which a request that came to its end waits to be picked up: 1 to 30.
    pub requests_days: u32,
}

impl FromTable for RecordSettings {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let database: Option<Address> = table.required("database", reader);
        let password = table.optional("password", reader);
        let slots = table.required("slots", reader);
        let deadline = table.required("deadline", reader);
        let free_disk = table.required("free_disk", reader);
        let subject_key = table.required("subject_key", reader);
        let request_key = table.optional("request_key", reader);
        table.finish(reader);
        Some(RecordSettings {
            database: database?.0,
            password,
            slots: slots?,
            deadline: deadline?,
            free_disk: free_disk?,
            subject_key: subject_key?,
            request_key,
        })
    }
}

impl FromTable for Retention {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let exchanges_months = table.required("exchanges_months", reader);
        let logs_months = table.required("logs_months", reader);
        let operators_months = table.required("operators_months", reader);
        let requests_days = table.required("requests_days", reader);
        table.finish(reader);
        Some(Retention {
            exchanges_months: exchanges_months?,
            logs_months: logs_months?,
            operators_months: operators_months?,
            requests_days: requests_days?,
        })
    }
}
