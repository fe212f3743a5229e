//! Reading the record beside a gateway that may be running: nothing is made, changed or dropped.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use tokio::io::AsyncWrite;
use uuid::Uuid;

use crate::config::record::RecordSettings;

use super::breach::{self, Alike, Counted, Suspicion};
use super::database::Database;
use super::disk;
use super::error::StoreError;
use super::evidence::{self, Found, Verdict};
use super::read::{self, RecordFilter, RecordRow};
use super::subject::SubjectKeys;
use super::vouchers::{self, Traced};

/// The record, to be read. It has neither writer nor upkeep; files are opened to read, and a server is told to refuse
/// whatever else.
pub struct RecordReader {
    database: Database,
    subject_keys: SubjectKeys,
}

impl RecordReader {
    /// Opens the record. Refuses where there is none, and a schema or key file that does not fit.
    pub async fn open(settings: &RecordSettings) -> Result<RecordReader, StoreError> {
        let database = Database::of(settings)?.only_to_read();
        let subject_keys = SubjectKeys::load(&settings.subject_key)?;
        database.check(&subject_keys).await?;
        Ok(RecordReader {
            database,
            subject_keys,
        })
    }

    /// The exchanges that the filter lets through, the newest first.
    pub async fn list(&self, filter: &RecordFilter) -> Result<Vec<RecordRow>, StoreError> {
        read::list(&self.database, filter, &self.subject_keys).await
    }

    /// Writes the exchanges asked of one ente that began in `from..to` as JSON lines, the oldest first; returns how many.
    pub async fn export(
        &self,
        ente: &str,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        out: &mut (dyn AsyncWrite + Unpin + Send),
    ) -> Result<u64, StoreError> {
        super::export::export(&self.database, ente, from, to, out).await
    }

    /// Sums up the exchanges that began in `from..to`.
    pub async fn sum_up(
        &self,
        suspicion: &Suspicion,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<BTreeMap<Alike, Counted>, StoreError> {
        breach::sum_up(&self.database, suspicion, from, to).await
    }

    /// Counts the exchanges that began in `from..to` and came with a voucher of the PDND.
    pub async fn count_vouchers(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<BTreeMap<Traced, u64>, StoreError> {
        vouchers::count(&self.database, from, to).await
    }

    /// Walks the roots of all nodes, and holds what is on record against them.
    pub async fn check_evidence(&self) -> Result<Verdict, StoreError> {
        evidence::check(&self.database).await
    }

    /// The evidence of an exchange.
    pub async fn evidence_of(&self, scambio: Uuid) -> Result<Found, StoreError> {
        evidence::find(&self.database, scambio, None).await
    }

    /// The months' files that were there and are gone.
    pub fn vanished(&self) -> Result<Vec<PathBuf>, StoreError> {
        self.database.vanished()
    }

    /// Bytes free on the record's disk, where it is ours.
    pub fn free_disk(&self) -> Result<Option<u64>, StoreError> {
        self.database.folder().map(disk::free_bytes).transpose()
    }
}
