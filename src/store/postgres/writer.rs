//! Writes batches into PostgreSQL: one transaction a batch, on a connection that only the writer uses.

use std::sync::Arc;

use chrono::NaiveDate;
use sqlx::Connection;
use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use uuid::Uuid;

use super::Server;
use super::steps::{Statements, Step, Steps};
use crate::store::batch::Batch;
use crate::store::contexts::Contexts;
use crate::store::database::Totals;
use crate::store::dialect::{Dialect, Values};
use crate::store::error::StoreError;
use crate::store::evidence::places::{PLACE, SERIES, bind_place, bind_series, first_of};
use crate::store::keys;
use crate::store::month::Month;
use crate::store::quota::QuotaKey;
use crate::store::record::Record;
use crate::store::subject::SubjectKeys;
use crate::store::tables::{PROBE, bind_probe};

/// A connection and what it has written.
struct Open {
    connection: PgConnection,
    contexts: Contexts,
}

pub(in crate::store) struct PostgresWriter {
    server: Server,
    node: Arc<str>,
    subject_keys: Arc<SubjectKeys>,
    open: Option<Open>,
    statements: Statements,
}

impl PostgresWriter {
    pub(in crate::store) fn new(
        server: Server,
        node: Arc<str>,
        subject_keys: Arc<SubjectKeys>,
    ) -> PostgresWriter {
        PostgresWriter {
            server,
            node,
            subject_keys,
            open: None,
            statements: Statements::default(),
        }
    }

    /// Commits records, and the news of withheld answers with them; returns the counters of their quotas, which other
    /// nodes move too.
    pub(in crate::store) async fn write(
        &mut self,
        month: Month,
        records: &[&Record],
        withheld: &[Uuid],
    ) -> Result<Totals, StoreError> {
        let mut open = self.take_connection().await?;
        let totals = insert(&mut open, &mut self.statements, month, records, withheld).await?;
        // Only a connection without a failure is kept: closing the others ends what they had begun.
        self.open = Some(open);
        Ok(totals)
    }

    async fn take_connection(&mut self) -> Result<Open, StoreError> {
        if let Some(open) = self.open.take() {
            return Ok(open);
        }
        let mut connection = self.server.connect().await?;
        for (version, fingerprint) in self.subject_keys.fingerprints() {
            let mut arguments = PgArguments::default();
            keys::bind_note(&mut arguments, version, &fingerprint);
            sqlx::query_with(Dialect::Postgres.statement(keys::NOTE), arguments)
                .execute(&mut connection)
                .await?;
        }
        Ok(Open {
            connection,
            contexts: Contexts::new(Arc::clone(&self.node)),
        })
    }

    /// Learns whether the database can be written again, and settles what is unknown.
    pub(in crate::store) async fn probe(
        &mut self,
        month: Month,
        withheld: &[Uuid],
    ) -> Result<(), StoreError> {
        self.open = None;
        let mut open = self.take_connection().await?;
        let mut arguments = PgArguments::default();
        bind_probe(&mut arguments, &self.node);
        sqlx::query_with(Dialect::Postgres.statement(PROBE), arguments)
            .execute(&mut open.connection)
            .await?;
        if !withheld.is_empty() {
            insert(&mut open, &mut self.statements, month, &[], withheld).await?;
        }
        self.open = Some(open);
        Ok(())
    }

    pub(in crate::store) async fn close(self) -> Result<(), StoreError> {
        match self.open {
            Some(open) => Ok(open.connection.close().await?),
            None => Ok(()),
        }
    }
}

async fn insert(
    open: &mut Open,
    statements: &mut Statements,
    month: Month,
    records: &[&Record],
    withheld: &[Uuid],
) -> Result<Totals, StoreError> {
    let batch = Batch::new(&mut open.contexts, month, records, withheld);
    let mut transaction = open.connection.begin().await?;
    let mut totals = Totals::new();
    let first = give_places(&mut transaction, &batch).await?;
    for step in Steps::of(&batch, first).in_order() {
        let mut arguments = PgArguments::default();
        step.bind(&mut arguments);
        let after = match step {
            Step::Quotas(_) => " RETURNING portal, operation, ente, day, used",
            _ => "",
        };
        let sql = statements.text(step, after);
        let returned = sqlx::query_with(sql, arguments)
            .fetch_all(&mut *transaction)
            .await?;
        if let Step::Quotas(sent) = step {
            for row in &returned {
                totals.extend(total(row, sent)?);
            }
        }
    }
    transaction.commit().await?;
    Ok(totals)
}

/// Gives the batch's records their places, the next of their series; returns the first one's. Whoever else writes under the same node's
/// name waits for the commit.
async fn give_places(connection: &mut PgConnection, batch: &Batch<'_>) -> Result<i64, StoreError> {
    if batch.records.is_empty() {
        return Ok(0);
    }
    let mut arguments = PgArguments::default();
    bind_series(&mut arguments, batch);
    let row = sqlx::query_with(Dialect::Postgres.statement(SERIES), arguments)
        .fetch_one(&mut *connection)
        .await?;
    let last = row.number(0)?.ok_or(sqlx::Error::RowNotFound)?;
    let first = first_of(last, batch);
    let mut arguments = PgArguments::default();
    bind_place(&mut arguments, batch, first);
    sqlx::query_with(Dialect::Postgres.statement(PLACE), arguments)
        .execute(connection)
        .await?;
    Ok(first)
}

/// The counter of a returned row, under the key that was sent.
fn total(row: &PgRow, sent: &[(&QuotaKey, i64)]) -> Result<Option<(QuotaKey, u64)>, sqlx::Error> {
    let (portal, operation, ente) = (row.text(0)?, row.text(1)?, row.text(2)?);
    let day: Option<NaiveDate> = row.text(3)?.and_then(|day| day.parse().ok());
    let used = row.number(4)?.and_then(|used| u64::try_from(used).ok());
    let key = sent.iter().map(|(key, _)| *key).find(|key| {
        portal.as_deref() == Some(&*key.portal)
            && operation.as_deref() == Some(&*key.counted)
            && ente.as_deref() == Some(&*key.ente)
            && day == Some(key.day)
    });
    Ok(key.cloned().zip(used))
}
