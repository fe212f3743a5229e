//! The record in SQLite: a folder with one database file per calendar month, so that old exchanges go by deleting a file.

pub(super) mod writer;
pub(super) mod upkeep;

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

/// How long a statement waits for another process (a backup, an erasure) to let go of a file.
const BUSY: Duration = Duration::from_secs(5);

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
            let found = std::fs::metadata(file).map_err(StoreError::file("find", file))?;
            Ok::<_, StoreError>((found.dev(), found.ino()))
        };
        let file = self.file(month);
        Ok([of(&file)?, of(&file.with_extension("sqlite-wal"))?])
    }

    /// The months that have a file, the oldest first.
    pub(super) fn months(&self) -> Result<Vec<Month>, StoreError> {
        let entries = match std::fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(StoreError::file("read", &self.folder)(error)),
        };
        let mut months = Vec::new();
        for entry in entries {
            let name = entry
                .map_err(StoreError::file("read", &self.folder))?
                .file_name();
            months.extend(name.to_str().and_then(month_of_file));
        }
        months.sort_unstable();
        Ok(months)
    }

    /// Opens a month's file to write: nothing is acknowledged before it was synchronized.
    pub(super) async fn open_to_write(&self, month: Month) -> Result<SqliteConnection, StoreError> {
        let options = writing(&self.file(month)).create_if_missing(false);
        Ok(options.connect().await?)
    }

    /// Opens a month's file to read beside the writer.
    pub(super) async fn open_to_read(&self, month: Month) -> Result<SqliteConnection, StoreError> {
        open_to_read(&self.file(month)).await
    }

    /// Makes a month's file, complete or not at all; tells whether there was none.
    pub(super) async fn create(&self, month: Month) -> Result<bool, StoreError> {
        let file = self.file(month);
        if file.exists() {
            return Ok(false);
        }
        let beside = file.with_extension("new");
        remove(&beside)?;
        let mut connection = writing(&beside).create_if_missing(true).connect().await?;
        schema::migrate(Dialect::Sqlite, &mut connection).await?;
        connection.close().await?;
        // Another process may have been quicker; its file stays.
        match std::fs::hard_link(&beside, &file) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                return Err(StoreError::file("create", &file)(error));
            }
            _ => {}
        }
        remove(&beside)?;
        super::disk::sync_folder_of(&file)?;
        Ok(true)
    }

    /// Brings every file to this program's schema and makes the current month's; returns the months.
    pub(super) async fn migrate(&self, current: Month) -> Result<Vec<Month>, StoreError> {
        make_folder(&self.folder)?;
        self.create(current).await?;
        let months = self.months()?;
        for month in &months {
            let mut connection = self.open_to_write(*month).await?;
            schema::migrate(Dialect::Sqlite, &mut connection).await?;
            connection.close().await?;
        }
        Ok(months)
    }

    /// Whether this program works with every file, and whether the key file is the one that they were written with.
    pub(super) async fn check(&self, subject_keys: &SubjectKeys) -> Result<(), StoreError> {
        let months = self.months()?;
        if months.is_empty() {
            return Err(schema::missing(&format!(
                "the folder {}",
                self.folder.display()
            )));
        }
        for month in &months {
            let place = self.file(*month).display().to_string();
            let mut connection = self.open_to_read(*month).await?;
            let row = sqlx::query(schema::QUESTION)
                .fetch_one(&mut connection)
                .await
                .map_err(|_| schema::missing(&place))?;
            let version = row.number(0)?.unwrap_or_default();
            schema::judge(&place, version, row.number(1)?.unwrap_or_default())?;
            let seen = sqlx::query(keys::SEEN).fetch_all(&mut connection).await?;
            keys::compare(&place, &seen, subject_keys)?;
            connection.close().await?;
        }
        Ok(())
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
    let options = SqliteConnectOptions::new()
        .filename(file)
        .read_only(true)
        .busy_timeout(BUSY)
        .disable_statement_logging();
    Ok(options.connect().await?)
}

fn writing(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY)
        .foreign_keys(false)
        .disable_statement_logging()
}

fn month_of_file(name: &str) -> Option<Month> {
    Month::parse(name.strip_prefix("record-")?.strip_suffix(".sqlite")?)
}

/// Makes a folder that only the gateway's user can enter.
pub(super) fn make_folder(folder: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(StoreError::file("create", folder))
}

/// Removes a database file and what SQLite keeps beside it, as far as they exist.
pub(super) fn remove(file: &Path) -> Result<(), StoreError> {
    for suffix in ["", "-wal", "-shm"] {
        let mut path = file.as_os_str().to_owned();
        path.push(suffix);
        let path = PathBuf::from(path);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(StoreError::file("remove", &path)(error));
            }
            _ => {}
        }
    }
    Ok(())
}
