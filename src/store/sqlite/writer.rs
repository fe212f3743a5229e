//! Writes batches into the monthly files: one transaction a batch, row by row, on the writer's own thread.

use std::sync::Arc;

use rusqlite::Connection;
use uuid::Uuid;

use super::statements::{PREPARED, insert, note_keys, probe};
use super::{BUSY, Identity, LOG_KEPT, Segments};
use crate::store::batch::Batch;
use crate::store::contexts::Contexts;
use crate::store::error::StoreError;
use crate::store::month::Month;
use crate::store::record::Record;
use crate::store::subject::SubjectKeys;

/// `synchronous`: nothing is acknowledged before it is on the disk. The log's file is written over again and again, and
/// shortened only if a long backup or export made it grow: a commit that need not lengthen it is synchronized quicker.
const SETTINGS: &str =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF";

/// A connection and what it has written.
struct Open {
    connection: Connection,
    /// What the month's names stood for when they were opened.
    identity: Identity,
    contexts: Contexts,
}

/// The writer's connections: one month's as a rule, two around the turn of a month.
pub(in crate::store) struct SqliteWriter {
    segments: Segments,
    node: Arc<str>,
    subject_keys: Arc<SubjectKeys>,
    connections: Vec<(Month, Open)>,
    /// Months opened since the start: their files must not vanish.
    seen: Vec<Month>,
}

impl SqliteWriter {
    pub(in crate::store) fn new(
        segments: Segments,
        node: Arc<str>,
        subject_keys: Arc<SubjectKeys>,
    ) -> SqliteWriter {
        SqliteWriter {
            segments,
            node,
            subject_keys,
            connections: Vec::new(),
            seen: Vec::new(),
        }
    }

    /// Commits records of one month, and the news of withheld answers with them. Blocks, for as long as the disk does.
    pub(in crate::store) async fn write(
        &mut self,
        month: Month,
        records: &[&Record],
        withheld: &[Uuid],
    ) -> Result<(), StoreError> {
        let mut open = self.take_connection(month).await?;
        let batch = Batch::new(&mut open.contexts, month, records, withheld);
        insert(&open.connection, &batch)?;
        // SQLite commits into a removed file without a word, and what it holds is lost when it is closed.
        if self.segments.identity(month).ok() != Some(open.identity) {
            return Err(self.vanished(month));
        }
        // Only a connection without a failure is kept: closing the others ends what they had begun.
        self.connections.push((month, open));
        Ok(())
    }

    async fn take_connection(&mut self, month: Month) -> Result<Open, StoreError> {
        if let Some(index) = self.connections.iter().position(|(open, _)| *open == month) {
            return Ok(self.connections.swap_remove(index).1);
        }
        if let Some(index) = self
            .connections
            .iter()
            .position(|(open, _)| *open < month.plus(-1))
        {
            close(self.connections.swap_remove(index).1)?;
        }
        if !self.seen.contains(&month) {
            self.segments.create(month).await?;
        } else if !self.segments.file(month).exists() {
            return Err(self.vanished(month));
        }
        let connection = self.segments.open_for_writer(month)?;
        note_keys(&connection, &self.subject_keys)?;
        if !self.seen.contains(&month) {
            self.seen.push(month);
        }
        Ok(Open {
            connection,
            identity: self.segments.identity(month)?,
            contexts: Contexts::new(Arc::clone(&self.node)),
        })
    }

    /// An empty file in its place would hide that exchanges are missing: an operator has to say so.
    fn vanished(&self, month: Month) -> StoreError {
        StoreError::Vanished(self.segments.file(month))
    }

    /// Learns whether the months in doubt can be written again, and settles what is unknown about them.
    pub(in crate::store) async fn probe(
        &mut self,
        month: Month,
        withheld: &[Uuid],
    ) -> Result<(), StoreError> {
        self.connections.clear();
        let mut doubtful: Vec<Month> = withheld.iter().filter_map(Month::of_scambio).collect();
        doubtful.retain(|doubtful| *doubtful == month || self.segments.file(*doubtful).exists());
        doubtful.push(month);
        doubtful.sort_unstable();
        doubtful.dedup();
        for month in doubtful {
            let of_month: Vec<Uuid> = withheld
                .iter()
                .copied()
                .filter(|scambio| Month::of_scambio(scambio) == Some(month))
                .collect();
            self.probe_month(month, &of_month).await?;
        }
        Ok(())
    }

    async fn probe_month(&mut self, month: Month, withheld: &[Uuid]) -> Result<(), StoreError> {
        let mut open = self.take_connection(month).await?;
        // After a failed synchronization the log may have holes on the disk that the cache hides. Writing it back whole
        // and beginning it anew leaves nothing that later commits could build on in vain.
        let busy: i64 =
            open.connection
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if busy != 0 {
            return Err(StoreError::NotWritten("il suo log è ancora in uso".into()));
        }
        probe(&open.connection, &self.node)?;
        let batch = Batch::new(&mut open.contexts, month, &[], withheld);
        insert(&open.connection, &batch)?;
        self.connections.push((month, open));
        Ok(())
    }

    pub(in crate::store) fn close(self) -> Result<(), StoreError> {
        for (_, open) in self.connections {
            close(open)?;
        }
        Ok(())
    }
}

impl Segments {
    /// Opens a month's file for the writer, who holds it alone: SQLite need not lock its structures among threads.
    fn open_for_writer(&self, month: Month) -> Result<Connection, StoreError> {
        use rusqlite::OpenFlags;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(self.file(month), flags)?;
        connection.busy_timeout(BUSY)?;
        connection.set_prepared_statement_cache_capacity(PREPARED);
        connection.execute_batch(SETTINGS)?;
        connection.pragma_update(None, "journal_size_limit", LOG_KEPT)?;
        Ok(connection)
    }
}

fn close(open: Open) -> Result<(), StoreError> {
    Ok(open.connection.close().map_err(|(_, error)| error)?)
}
