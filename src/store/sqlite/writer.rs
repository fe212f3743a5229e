//! Writes batches into the monthly files: one transaction a batch, in as few hand-overs to SQLite's thread as can be.

use std::sync::Arc;

use sqlx::sqlite::{SqliteArguments, SqliteConnection};
use sqlx::{Connection, Row};
use uuid::Uuid;

use super::{Identity, Segments};
use crate::store::batch::{Batch, MOST_ROWS, Statements};
use crate::store::contexts::Contexts;
use crate::store::dialect::Dialect;
use crate::store::error::StoreError;
use crate::store::keys;
use crate::store::month::Month;
use crate::store::record::Record;
use crate::store::subject::SubjectKeys;
use crate::store::tables::{PROBE, bind_probe};

/// A connection and what it has written.
struct Open {
    connection: SqliteConnection,
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
    statements: Statements,
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
            statements: Statements::new(Dialect::Sqlite),
        }
    }

    /// Commits records of one month, and the news of withheld answers with them.
    pub(in crate::store) async fn write(
        &mut self,
        month: Month,
        records: &[&Record],
        withheld: &[Uuid],
    ) -> Result<(), StoreError> {
        let mut open = self.take_connection(month).await?;
        insert(&mut open, &mut self.statements, records, withheld).await?;
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
            self.connections
                .swap_remove(index)
                .1
                .connection
                .close()
                .await?;
        }
        if !self.seen.contains(&month) {
            self.segments.create(month).await?;
        } else if !self.segments.file(month).exists() {
            return Err(self.vanished(month));
        }
        let mut connection = self.segments.open_to_write(month).await?;
        for (version, fingerprint) in self.subject_keys.fingerprints() {
            let mut arguments = SqliteArguments::default();
            keys::bind_note(&mut arguments, version, &fingerprint);
            sqlx::query_with(keys::NOTE, arguments)
                .execute(&mut connection)
                .await?;
        }
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
        let connection = &mut open.connection;
        // After a failed synchronization the log may have holes on the disk that the cache hides. Writing it back whole
        // and beginning it anew leaves nothing that later commits could build on in vain.
        let row = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
            .fetch_one(&mut *connection)
            .await?;
        if row.try_get::<i64, _>(0)? != 0 {
            return Err(StoreError::NotWritten("il suo log è ancora in uso".into()));
        }
        let mut arguments = SqliteArguments::default();
        bind_probe(&mut arguments, &self.node);
        sqlx::query_with(PROBE, arguments)
            .execute(connection)
            .await?;
        for chunk in withheld.chunks(MOST_ROWS) {
            insert(&mut open, &mut self.statements, &[], chunk).await?;
        }
        self.connections.push((month, open));
        Ok(())
    }

    pub(in crate::store) async fn close(self) -> Result<(), StoreError> {
        for (_, open) in self.connections {
            open.connection.close().await?;
        }
        Ok(())
    }
}

/// One transaction in one hand-over: each hand-over to SQLite's thread and back costs two thread switches.
async fn insert(
    open: &mut Open,
    statements: &mut Statements,
    records: &[&Record],
    withheld: &[Uuid],
) -> Result<(), sqlx::Error> {
    let contexts = open.contexts.of(records);
    let batch = Batch::new(open.contexts.node(), records, contexts, withheld);
    let steps = batch.steps();
    let mut arguments = SqliteArguments::default();
    for step in &steps {
        step.bind(&mut arguments);
    }
    let sql = statements.joined("BEGIN IMMEDIATE; ", &steps, "; COMMIT");
    sqlx::query_with(sql, arguments)
        .execute(&mut open.connection)
        .await?;
    Ok(())
}
