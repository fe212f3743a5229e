//! Writes batches into PostgreSQL: one transaction a batch, on a connection that only the writer uses.

use std::sync::Arc;

use chrono::NaiveDate;
use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Connection};
use uuid::Uuid;

use super::Server;
use crate::store::batch::{self, MOST_ROWS, Statements, size_for};
use crate::store::database::Totals;
use crate::store::dialect::{Dialect, Values};
use crate::store::error::StoreError;
use crate::store::keys;
use crate::store::quota::QuotaKey;
use crate::store::record::Record;
use crate::store::subject::SubjectKeys;
use crate::store::tables::{EXCHANGE, PROBE, QUOTA, SALT, SUBJECT, bind_probe};

pub(in crate::store) struct PostgresWriter {
    server: Server,
    node: Arc<str>,
    subject_keys: Arc<SubjectKeys>,
    connection: Option<PgConnection>,
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
            connection: None,
            statements: Statements::new(Dialect::Postgres),
        }
    }

    /// Commits records, and the news of withheld answers with them; returns the counters of their quotas, which other
    /// nodes move too.
    pub(in crate::store) async fn write(
        &mut self,
        records: &[&Record],
        withheld: &[Uuid],
    ) -> Result<Totals, StoreError> {
        let mut connection = self.take_connection().await?;
        let mut transaction = connection.begin().await?;
        let quotas = insert(&mut transaction, &mut self.statements, &self.node, records).await?;
        mark_withheld(&mut transaction, &mut self.statements, withheld).await?;
        transaction.commit().await?;
        // Only a connection without a failure is kept: closing the others ends what they had begun.
        self.connection = Some(connection);
        Ok(quotas)
    }

    async fn take_connection(&mut self) -> Result<PgConnection, StoreError> {
        if let Some(connection) = self.connection.take() {
            return Ok(connection);
        }
        let mut connection = self.server.connect().await?;
        for (version, fingerprint) in self.subject_keys.fingerprints() {
            let mut arguments = PgArguments::default();
            keys::bind_note(&mut arguments, version, &fingerprint);
            sqlx::query_with(Dialect::Postgres.statement(keys::NOTE), arguments)
                .execute(&mut connection)
                .await?;
        }
        Ok(connection)
    }

    /// Learns whether the database can be written again, and settles what is unknown.
    pub(in crate::store) async fn probe(&mut self, withheld: &[Uuid]) -> Result<(), StoreError> {
        self.connection = None;
        let mut connection = self.take_connection().await?;
        let mut transaction = connection.begin().await?;
        let mut arguments = PgArguments::default();
        bind_probe(&mut arguments, &self.node);
        sqlx::query_with(Dialect::Postgres.statement(PROBE), arguments)
            .execute(&mut *transaction)
            .await?;
        mark_withheld(&mut transaction, &mut self.statements, withheld).await?;
        transaction.commit().await?;
        self.connection = Some(connection);
        Ok(())
    }

    pub(in crate::store) async fn close(self) -> Result<(), StoreError> {
        match self.connection {
            Some(connection) => Ok(connection.close().await?),
            None => Ok(()),
        }
    }
}

async fn insert(
    connection: &mut PgConnection,
    statements: &mut Statements,
    node: &Arc<str>,
    records: &[&Record],
) -> Result<Totals, StoreError> {
    let rows = size_for(records.len());
    let mut arguments = PgArguments::default();
    batch::bind_exchanges(&mut arguments, records, node);
    let sql = statements.insertion(&EXCHANGE, rows);
    sqlx::query_with(sql, arguments)
        .execute(&mut *connection)
        .await?;
    let mut arguments = PgArguments::default();
    batch::bind_salts(&mut arguments, records);
    let sql = statements.insertion(&SALT, rows);
    sqlx::query_with(sql, arguments)
        .execute(&mut *connection)
        .await?;
    for rows in batch::subjects(records).chunks(MOST_ROWS) {
        let mut arguments = PgArguments::default();
        batch::bind_subjects(&mut arguments, rows);
        let sql = statements.insertion(&SUBJECT, size_for(rows.len()));
        sqlx::query_with(sql, arguments)
            .execute(&mut *connection)
            .await?;
    }
    let mut totals = Totals::new();
    for rows in batch::quotas(records).chunks(MOST_ROWS) {
        let mut arguments = PgArguments::default();
        batch::bind_quotas(&mut arguments, rows);
        let size = size_for(rows.len());
        let sql: AssertSqlSafe<Arc<str>> = statements.text("quota, returning", size, |dialect| {
            QUOTA.insertion(dialect, size) + " RETURNING portal, operation, ente, day, used"
        });
        let returned = sqlx::query_with(sql, arguments)
            .fetch_all(&mut *connection)
            .await?;
        for row in &returned {
            totals.extend(total(row, rows)?);
        }
    }
    Ok(totals)
}

/// The counter of a returned row, under the key that was sent.
fn total(row: &PgRow, sent: &[(&QuotaKey, i64)]) -> Result<Option<(QuotaKey, u64)>, sqlx::Error> {
    let (portal, operation, ente) = (row.text(0)?, row.text(1)?, row.text(2)?);
    let day: Option<NaiveDate> = row.text(3)?.and_then(|day| day.parse().ok());
    let used = row.number(4)?.and_then(|used| u64::try_from(used).ok());
    let key = sent.iter().map(|(key, _)| *key).find(|key| {
        portal.as_deref() == Some(&*key.portal)
            && operation.as_deref() == Some(key.operation)
            && ente.as_deref() == Some(&*key.ente)
            && day == Some(key.day)
    });
    Ok(key.cloned().zip(used))
}

async fn mark_withheld(
    connection: &mut PgConnection,
    statements: &mut Statements,
    withheld: &[Uuid],
) -> Result<(), StoreError> {
    for exchanges in withheld.chunks(MOST_ROWS) {
        let mut arguments = PgArguments::default();
        batch::bind_withheld(&mut arguments, exchanges);
        let sql = statements.withheld(size_for(exchanges.len()));
        sqlx::query_with(sql, arguments)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
