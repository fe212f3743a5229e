//! Every way in which the store can fail. The texts are for operators and hold no personal data.

use std::path::PathBuf;
use std::sync::Arc;

/// Why the store cannot do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// As many exchanges are in flight as `[record] slots` allows.
    #[error("every slot of the record is taken")]
    Full,
    /// The last write failed and none has succeeded since.
    #[error("the record cannot be written: {0}")]
    Unhealthy(Arc<str>),
    /// Less disk is free than `[record] free_disk` demands.
    #[error("the disk of the record is nearly full")]
    DiskLow,
    /// The store is closing.
    #[error("the record is closing")]
    Closed,
    /// The record was not durable within `[record] deadline`.
    #[error("the record was not durable within its deadline")]
    Deadline,
    /// The record's own transaction failed; whether it is in the database is unknown, its answer must not be given.
    #[error("the record could not be written: {0}")]
    NotWritten(Arc<str>),
    /// The exchange's number is no UUIDv7.
    #[error("the exchange's number holds no time")]
    NoTime,
    /// A setting that the store cannot work with.
    #[error("{0}")]
    Settings(String),
    /// The database's schema is not the one that this version works with.
    #[error("{0}")]
    Schema(String),
    /// The key file of the subjects' digests is missing or out of form.
    #[error("the key file {file}: {reason}", file = file.display())]
    SubjectKey {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A backup that cannot be trusted, or a place where none can be put.
    #[error("backup: {0}")]
    Backup(String),
    /// A statement failed.
    #[error("the record's database: {0}")]
    Database(#[from] sqlx::Error),
    /// A file could not be read or written.
    #[error("{what}: {source}")]
    File {
        /// What was tried.
        what: String,
        /// Why it failed.
        source: std::io::Error,
    },
}

impl StoreError {
    /// A failure at a file or folder.
    pub(super) fn file(
        verb: &str,
        path: &std::path::Path,
    ) -> impl FnOnce(std::io::Error) -> StoreError + use<> {
        let what = format!("{verb} {}", path.display());
        move |source| StoreError::File { what, source }
    }
}
