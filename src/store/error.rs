//! Every way in which the store can fail. The texts are for operators and hold no personal data.

use std::path::PathBuf;
use std::sync::Arc;

/// Why the store cannot do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// As many exchanges are in flight as `[record] slots` allows.
    #[error("tutti i posti della registrazione sono occupati")]
    Full,
    /// The last write failed and none has succeeded since.
    #[error("la registrazione non si può scrivere: {0}")]
    Unhealthy(Arc<str>),
    /// Less disk is free than `[record] free_disk` demands.
    #[error("il disco della registrazione è quasi pieno")]
    DiskLow,
    /// The store is closing.
    #[error("la registrazione si sta chiudendo")]
    Closed,
    /// The record was not durable within `[record] deadline`.
    #[error("la registrazione non è stata durevole entro il suo termine")]
    Deadline,
    /// The record's own transaction failed; whether it is in the database is unknown, its answer must not be given.
    #[error("la registrazione non è stata scritta: {0}")]
    NotWritten(Arc<str>),
    /// The exchange's number is no UUIDv7.
    #[error("il numero dello scambio non contiene un istante")]
    NoTime,
    /// A setting that the store cannot work with.
    #[error("{0}")]
    Settings(String),
    /// The database's schema is not the one that this version works with.
    #[error("{0}")]
    Schema(String),
    /// The key file of the subjects' digests is missing or out of form.
    #[error("il file della chiave {file}: {reason}", file = file.display())]
    SubjectKey {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A month's file that was there is gone.
    #[error(
        "{} non c'è più o è stato sostituito: rimetterlo al suo posto (o ripristinare una copia); chi rinuncia agli \
         scambi che conteneva ne comincia uno nuovo con `pontile migrate --begin-anew --reason …`",
        .0.display()
    )]
    Vanished(PathBuf),
    /// The key file shows that there was a record, and there is none.
    #[error(
        "la chiave {key_file} mostra che una registrazione c'era, ma la cartella {folder} è vuota o non c'è: rimetterla \
         al suo posto (un disco non montato?) o ripristinare una copia; chi rinuncia agli scambi che conteneva ne \
         comincia una nuova con `pontile migrate --begin-anew --reason …`",
        folder = folder.display(), key_file = key_file.display()
    )]
    Lost {
        /// Where the record should be.
        folder: PathBuf,
        /// The key file.
        key_file: PathBuf,
    },
    /// A backup that cannot be trusted, or a place where none can be put.
    #[error("copia: {0}")]
    Backup(String),
    /// A sealed piece that does not open: another key, another place, altered bytes.
    #[error("un dato sigillato non si apre: {0}")]
    Unsealable(&'static str),
    /// The record is not what the evidence needs: a place that is missing, an exchange that is not where it was put.
    #[error("evidenze: {0}")]
    Evidence(String),
    /// A statement failed.
    #[error("base dati: {0}")]
    Database(#[from] sqlx::Error),
    /// A month's file could not be opened.
    #[error("{file}: {source}", file = file.display())]
    NotOpened {
        /// The file.
        file: PathBuf,
        /// Why not.
        source: sqlx::Error,
    },
    /// SQLite refused what the writer wanted of it.
    #[error("base dati: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// A file could not be read or written.
    #[error("non si può {what}: {source}")]
    File {
        /// What was tried.
        what: String,
        /// Why it failed.
        source: std::io::Error,
    },
}

impl StoreError {
    /// Whether the database works and only dislikes what it was given (SQLSTATE classes 22 and 23).
    pub(super) fn is_about_values(&self) -> bool {
        match self {
            StoreError::Sqlite(error) => {
                error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation)
            }
            StoreError::Database(sqlx::Error::Database(error)) => {
                error.code().is_some_and(|code| {
                    code.len() == 5 && (code.starts_with("22") || code.starts_with("23"))
                })
            }
            _ => false,
        }
    }

    /// A failure at a file or folder.
    pub(super) fn file(
        verb: &str,
        path: &std::path::Path,
    ) -> impl FnOnce(std::io::Error) -> StoreError + use<> {
        let what = format!("{verb} {}", path.display());
        move |source| StoreError::File { what, source }
    }
}
