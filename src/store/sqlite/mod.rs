//! The record in SQLite: a folder with one database file per calendar month, so that old exchanges go by deleting a file.

pub(super) mod writer;
pub(super) mod upkeep;
pub(super) mod reader;
pub(super) mod known;
pub(super) mod requests;
mod statements;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use super::dialect::{Dialect, Values};
use super::error::StoreError;
use super::keys;
use super::month::Month;
use super::quota::{QuotaKey, rome_midnight, rome_midnight_after};
use super::schema;
use super::subject::SubjectKeys;
use super::tables::{QUOTA_USED, bind_quota_key};

use reader::MonthReader;

/// How long a statement waits for another process (a backup, an erasure) to let go of a file.
const BUSY: Duration = Duration::from_secs(5);

/// What a file's log keeps on the disk once its contents are in the file. More than it needs as a rule (a thousand pages
/// of 4 KiB), so that only what a long reading made it grow is given back, at no cost to others.
const LOG_KEPT: &str = "8388608";

/// What the names of a month's file and of its log stand for: device and number of each.
pub(super) type Identity = [(u64, u64); 2];

/// The folder of the monthly files.
#[derive(Debug, Clone)]
pub(super) struct Segments {
    folder: Arc<Path>,
}

impl Segments {
    pub(super) fn new(folder: &Path) -> Segments {
        Segments {
            folder: folder.into(),
        }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file of a month, whether it exists or not.
    pub(super) fn file(&self, month: Month) -> PathBuf {
        self.folder.join(format!("record-{month}.sqlite"))
    }

    /// What a month's names stand for now; fails if the file or its log is not there.
    pub(super) fn identity(&self, month: Month) -> Result<Identity, StoreError> {
        use std::os::unix::fs::MetadataExt;
        let of = |file: &Path| {
            let found = std::fs::metadata(file).map_err(StoreError::file("cercare", file))?;
            Ok::<_, StoreError>((found.dev(), found.ino()))
        };
        let file = self.file(month);
        Ok([of(&file)?, of(&log_of(&file))?])
    }

    /// The months that have a file, the oldest first.
    pub(super) fn months(&self) -> Result<Vec<Month>, StoreError> {
        self.months_named(".sqlite")
    }

    fn months_named(&self, suffix: &str) -> Result<Vec<Month>, StoreError> {
        let entries = match std::fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(StoreError::file("leggere", &self.folder)(error)),
        };
        let mut months = Vec::new();
        for entry in entries {
            let name = entry
                .map_err(StoreError::file("leggere", &self.folder))?
                .file_name();
            months.extend(name.to_str().and_then(|name| month_of_file(name, suffix)));
        }
        months.sort_unstable();
        Ok(months)
    }

    /// Opens a month's file to write: nothing is acknowledged before it was synchronized.
    pub(super) async fn open_to_write(&self, month: Month) -> Result<SqliteConnection, StoreError> {
        let file = self.file(month);
        connect(writing(&file).create_if_missing(false), &file).await
    }

    /// Opens a month's file to read beside the writer, leaving nothing in the folder.
    pub(super) async fn reader(&self, month: Month) -> Result<MonthReader, StoreError> {
        MonthReader::open(self.file(month)).await
    }

    /// Opens a month's file to read beside the writer.
    pub(super) async fn open_to_read(&self, month: Month) -> Result<SqliteConnection, StoreError> {
        open_to_read(&self.file(month)).await
    }

    /// Makes a month's file, complete or not at all; tells whether there was none. Refuses a month that had one: an
    /// empty file in its place would hide that exchanges are missing.
    pub(super) async fn create(&self, month: Month) -> Result<bool, StoreError> {
        let file = self.file(month);
        if file.exists() {
            self.note(month)?;
            return Ok(false);
        }
        if self.is_known(month)? {
            return Err(StoreError::Vanished(file));
        }
        let beside = file.with_extension("new");
        remove(&beside)?;
        let mut connection = writing(&beside).create_if_missing(true).connect().await?;
        schema::migrate(Dialect::Sqlite, &mut connection).await?;
        connection.close().await?;
        // Another process may have been quicker; its file stays.
        match std::fs::hard_link(&beside, &file) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                return Err(StoreError::file("creare", &file)(error));
            }
            _ => {}
        }
        remove(&beside)?;
        self.note(month)?;
        super::disk::sync_folder_of(&file)?;
        Ok(true)
    }

    /// Brings every file to this program's schema and makes the current month's; returns the months, and whether the
    /// current one was made.
    pub(super) async fn migrate(&self, current: Month) -> Result<(Vec<Month>, bool), StoreError> {
        make_folder(&self.folder)?;
        let made = self.create(current).await?;
        let months = self.months()?;
        for month in &months {
            self.note(*month)?;
            let mut connection = self.open_to_write(*month).await?;
            schema::migrate(Dialect::Sqlite, &mut connection).await?;
            connection.close().await?;
        }
        self.migrate_requests().await?;
        Ok((months, made))
    }

    /// Whether this program works with every file, and whether the key file is the one that they were written with.
    pub(super) async fn check(&self, subject_keys: &SubjectKeys) -> Result<(), StoreError> {
        let months = self.months()?;
        if months.is_empty() {
            return Err(schema::missing(&format!(
                "la cartella {}",
                self.folder.display()
            )));
        }
        for month in &months {
            let place = self.file(*month).display().to_string();
            let mut reader = self.reader(*month).await?;
            let (row, seen) = loop {
                let row = sqlx::query(schema::QUESTION);
                let row = row.fetch_one(reader.connection()).await;
                let seen = sqlx::query(keys::SEEN);
                let seen = seen.fetch_all(reader.connection()).await;
                if !reader.was_disturbed().await? {
                    break (row, seen);
                }
            };
            let row = row.map_err(|error| not_ours(&place, error))?;
            let version = row.number(0)?.unwrap_or_default();
            schema::judge(&place, version, row.number(1)?.unwrap_or_default())?;
            keys::compare(&place, &seen?, subject_keys)?;
            reader.close().await?;
        }
        self.check_requests()
    }

    /// What the exchanges recorded so far used of a quota; a day of Rome can reach into two months.
    pub(super) async fn quota_used(&self, key: &QuotaKey) -> Result<u64, StoreError> {
        let first = Month::of(rome_midnight(key.day));
        let last = Month::of(rome_midnight_after(key.day));
        let mut used = 0;
        let mut month = first;
        while month <= last {
            if self.file(month).exists() {
                let mut connection = self.open_to_read(month).await?;
                used += quota_in(&mut connection, key).await?;
                connection.close().await?;
            }
            month = month.plus(1);
        }
        Ok(used)
    }
}

/// A file without our tables holds no record; whatever else hinders is told as it is.
fn not_ours(place: &str, error: sqlx::Error) -> StoreError {
    match &error {
        sqlx::Error::RowNotFound => schema::missing(place),
        sqlx::Error::Database(told) if told.message().starts_with("no such table") => {
            schema::missing(place)
        }
        _ => StoreError::Database(error),
    }
}

async fn quota_in(connection: &mut SqliteConnection, key: &QuotaKey) -> Result<u64, StoreError> {
    let mut arguments = SqliteArguments::default();
    bind_quota_key(&mut arguments, key);
    let row = sqlx::query_with(QUOTA_USED, arguments)
        .fetch_optional(connection)
        .await?;
    let used = row.map_or(Ok(None), |row| row.number(0))?;
    Ok(used.and_then(|used| u64::try_from(used).ok()).unwrap_or(0))
}

/// Opens a file of the record to read, a month's or a backup's.
pub(super) async fn open_to_read(file: &Path) -> Result<SqliteConnection, StoreError> {
    connect(reading(file), file).await
}

fn reading(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .read_only(true)
        .busy_timeout(BUSY)
        .disable_statement_logging()
}

fn writing(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("journal_size_limit", LOG_KEPT)
        .busy_timeout(BUSY)
        .foreign_keys(false)
        .disable_statement_logging()
}

/// SQLite's own refusal does not say of which file.
async fn connect(
    options: SqliteConnectOptions,
    file: &Path,
) -> Result<SqliteConnection, StoreError> {
    options
        .connect()
        .await
        .map_err(|source| StoreError::NotOpened {
            file: file.to_owned(),
            source,
        })
}

/// The log that SQLite keeps beside a file as long as anybody has it open.
fn log_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

fn month_of_file(name: &str, suffix: &str) -> Option<Month> {
    Month::parse(name.strip_prefix("record-")?.strip_suffix(suffix)?)
}

/// Makes a folder that only the gateway's user can enter.
pub(super) fn make_folder(folder: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(StoreError::file("creare", folder))
}

/// Removes a database file and what SQLite keeps beside it, as far as they exist.
pub(super) fn remove(file: &Path) -> Result<(), StoreError> {
    for suffix in ["", "-wal", "-shm"] {
        let mut path = file.as_os_str().to_owned();
        path.push(suffix);
        let path = PathBuf::from(path);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(StoreError::file("togliere", &path)(error));
            }
            _ => {}
        }
    }
    Ok(())
}
