//! The one place that tells the two databases apart: monthly SQLite files or a PostgreSQL server.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sqlx::PgConnection;
use uuid::Uuid;

use crate::config::record::RecordSettings;

use super::error::StoreError;
use super::month::Month;
use super::postgres::writer::PostgresWriter;
use super::postgres::{self, Server};
use super::quota::QuotaKey;
use super::read::{Reader, Selection};
use super::record::Record;
use super::sqlite::Segments;
use super::sqlite::writer::SqliteWriter;
use super::subject::SubjectKeys;

/// Where the record is.
#[derive(Debug, Clone)]
pub(super) enum Database {
    Sqlite(Segments),
    Postgres(Server),
}

/// What one connection can read.
pub(super) enum Part {
    /// The file of a month.
    Month(Segments, Month),
    /// The file of what outlives a month.
    Lasting(Segments),
    /// The whole database.
    Whole(Server),
}

/// The writer's end of it.
pub(super) enum DatabaseWriter {
    Sqlite(SqliteWriter),
    Postgres(Box<PostgresWriter>),
}

/// Counters as a commit left them, where others move them too.
pub(super) type Totals = Vec<(QuotaKey, u64)>;

impl Database {
    /// Reads `[record] database`.
    pub(super) fn of(settings: &RecordSettings) -> Result<Database, StoreError> {
        if let Some(folder) = settings.database.strip_prefix("sqlite:") {
            if folder.is_empty() || folder.starts_with("//") {
                return Err(StoreError::Settings(
                    "[record] database: scrivere \"sqlite:<cartella>\", per esempio \"sqlite:/var/lib/pontile/record\"".to_owned(),
                ));
            }
            return Ok(Database::Sqlite(Segments::new(Path::new(folder))));
        }
        if ["postgres://", "postgresql://"]
            .iter()
            .any(|scheme| settings.database.starts_with(scheme))
        {
            return Ok(Database::Postgres(Server::of(settings)?));
        }
        Err(StoreError::Settings(
            "[record] database: scrivere \"sqlite:<cartella>\" o \"postgres://<utente>@<macchina>/<base dati>\"".to_owned(),
        ))
    }

    /// The same for one who only reads: a server refuses whatever else. Files are opened to read in any case.
    pub(super) fn only_to_read(self) -> Database {
        match self {
            Database::Sqlite(segments) => Database::Sqlite(segments),
            Database::Postgres(server) => Database::Postgres(server.only_to_read()),
        }
    }

    /// Refuses a database that this program or this key file does not fit.
    pub(super) async fn check(&self, keys: &SubjectKeys) -> Result<(), StoreError> {
        match self {
            Database::Sqlite(segments) => segments.check(keys).await,
            Database::Postgres(server) => server.check(keys).await,
        }
    }

    /// Brings the schema to this program's; returns the months that there are, and whether the current one's file was
    /// made.
    pub(super) async fn migrate(&self, current: Month) -> Result<(Vec<Month>, bool), StoreError> {
        match self {
            Database::Sqlite(segments) => segments.migrate(current).await,
            Database::Postgres(server) => Ok((server.migrate(current).await?, false)),
        }
    }

    /// Refuses to be made where the key file shows that a record was and nothing is left of it. A server keeps its
    /// tables itself; its key file is there before them when it joins others.
    pub(super) fn refuse_if_lost(&self, key_file: &Path) -> Result<(), StoreError> {
        match self {
            Database::Sqlite(segments) if key_file.exists() && segments.is_untouched()? => {
                Err(StoreError::Lost {
                    folder: segments.folder().to_owned(),
                    key_file: key_file.to_owned(),
                })
            }
            _ => Ok(()),
        }
    }

    /// Lets files that are gone be made anew.
    pub(super) fn begin_anew(&self, current: Month) -> Result<(), StoreError> {
        match self {
            Database::Sqlite(segments) => segments.begin_anew(current),
            Database::Postgres(_) => Ok(()),
        }
    }

    /// The months' files that are gone.
    pub(super) fn vanished(&self) -> Result<Vec<PathBuf>, StoreError> {
        match self {
            Database::Sqlite(segments) => segments.vanished(),
            Database::Postgres(_) => Ok(Vec::new()),
        }
    }

    /// Refuses to write where this month's file is gone.
    pub(super) fn refuse_if_vanished(&self, current: Month) -> Result<(), StoreError> {
        match self {
            Database::Sqlite(segments) => {
                let file = segments.file(current);
                match segments.vanished()?.contains(&file) {
                    true => Err(StoreError::Vanished(file)),
                    false => Ok(()),
                }
            }
            Database::Postgres(_) => Ok(()),
        }
    }

    /// Notes the fingerprints of the persons' secrets where exchanges are recorded.
    pub(super) async fn note_keys(
        &self,
        current: Month,
        keys: &SubjectKeys,
    ) -> Result<(), StoreError> {
        match self {
            Database::Sqlite(segments) => segments.note_keys(current, keys).await,
            Database::Postgres(server) => server.note_keys(keys).await,
        }
    }

    /// The parts of the record that a selection touches, the oldest first: files, or the whole database.
    pub(super) fn parts(&self, selection: &Selection) -> Result<Vec<Part>, StoreError> {
        match self {
            Database::Sqlite(segments) => {
                let mut months = segments.months()?;
                months.retain(|month| selection.touches(*month));
                let part = |month| Part::Month(segments.clone(), month);
                Ok(months.into_iter().map(part).collect())
            }
            Database::Postgres(server) => Ok(vec![Part::Whole(server.clone())]),
        }
    }

    /// The parts that hold that month and later ones, the oldest first.
    pub(super) fn parts_since(&self, month: Option<Month>) -> Result<Vec<Part>, StoreError> {
        self.parts(&Selection::since(month))
    }

    /// The part that holds a month that is on record.
    pub(super) fn part_of(&self, month: Month) -> Part {
        match self {
            Database::Sqlite(segments) => Part::Month(segments.clone(), month),
            Database::Postgres(server) => Part::Whole(server.clone()),
        }
    }

    /// The part that holds what outlives a month, to be read.
    pub(super) fn lasting(&self) -> Part {
        match self {
            Database::Sqlite(segments) => Part::Lasting(segments.clone()),
            Database::Postgres(server) => Part::Whole(server.clone()),
        }
    }

    /// The folder whose disk can fill up, if it is ours.
    pub(super) fn folder(&self) -> Option<&Path> {
        match self {
            Database::Sqlite(segments) => Some(segments.folder()),
            Database::Postgres(_) => None,
        }
    }

    /// Gives the disk back what is not needed at the moment, where the disk is ours.
    pub(super) async fn give_disk_back(&self) -> Result<(), StoreError> {
        match self {
            Database::Sqlite(segments) => segments.empty_logs().await,
            Database::Postgres(_) => Ok(()),
        }
    }

    /// Makes what the next months need and orders what the last ones left.
    pub(super) async fn keep_up(
        &self,
        now: chrono::DateTime<chrono::Utc>,
    ) -> Result<(), StoreError> {
        match self {
            Database::Sqlite(segments) => segments.keep_up(now).await,
            Database::Postgres(server) => server.keep_up(Month::of(now)).await,
        }
    }

    /// The end that writes.
    pub(super) fn writer(&self, node: Arc<str>, keys: Arc<SubjectKeys>) -> DatabaseWriter {
        match self {
            Database::Sqlite(segments) => {
                DatabaseWriter::Sqlite(SqliteWriter::new(segments.clone(), node, keys))
            }
            Database::Postgres(server) => {
                DatabaseWriter::Postgres(Box::new(PostgresWriter::new(server.clone(), node, keys)))
            }
        }
    }
}

/// Reads the counters of quotas; on a server over a connection of its own.
pub(super) struct QuotaReader {
    database: Database,
    connection: Option<PgConnection>,
}

impl QuotaReader {
    pub(super) fn new(database: Database) -> QuotaReader {
        QuotaReader {
            database,
            connection: None,
        }
    }

    /// What the durable counter of a quota says.
    pub(super) async fn quota_used(&mut self, key: &QuotaKey) -> Result<u64, StoreError> {
        match &self.database {
            Database::Sqlite(segments) => segments.quota_used(key).await,
            Database::Postgres(server) => {
                // Taken out, so that a connection that failed is not used again. One that was left by a restart of
                // the server fails once.
                if let Some(mut connection) = self.connection.take()
                    && let Ok(used) = postgres::quota_used(&mut connection, key).await
                {
                    self.connection = Some(connection);
                    return Ok(used);
                }
                let mut connection = server.connect().await?;
                let used = postgres::quota_used(&mut connection, key).await?;
                self.connection = Some(connection);
                Ok(used)
            }
        }
    }
}

impl Part {
    pub(super) async fn reader(self) -> Result<Reader, StoreError> {
        match self {
            Part::Month(segments, month) => Ok(Reader::Sqlite(segments.reader(month).await?)),
            Part::Lasting(segments) => Ok(Reader::Sqlite(segments.requests_reader().await?)),
            Part::Whole(server) => Ok(Reader::Postgres(Box::new(server.connect().await?))),
        }
    }
}

impl DatabaseWriter {
    /// Commits records of one month, and the news of withheld answers with them.
    pub(super) async fn write(
        &mut self,
        month: Month,
        records: &[&Record],
        withheld: &[Uuid],
    ) -> Result<Totals, StoreError> {
        match self {
            DatabaseWriter::Sqlite(writer) => {
                writer.write(month, records, withheld).await?;
                Ok(Totals::new())
            }
            DatabaseWriter::Postgres(writer) => writer.write(month, records, withheld).await,
        }
    }

    /// Learns, after a failure, whether the database can be written again, and settles what is unknown.
    pub(super) async fn probe(
        &mut self,
        month: Month,
        withheld: &[Uuid],
    ) -> Result<(), StoreError> {
        match self {
            DatabaseWriter::Sqlite(writer) => writer.probe(month, withheld).await,
            DatabaseWriter::Postgres(writer) => writer.probe(month, withheld).await,
        }
    }

    pub(super) async fn close(self) -> Result<(), StoreError> {
        match self {
            DatabaseWriter::Sqlite(writer) => writer.close(),
            DatabaseWriter::Postgres(writer) => writer.close().await,
        }
    }
}
