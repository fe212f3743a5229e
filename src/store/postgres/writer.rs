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
use crate::store::keys;
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
        records: &[&Record],
        withheld: &[Uuid],
    ) -> Result<Totals, StoreError> {
        let mut open = self.take_connection().await?;
        let totals = insert(&mut open, &mut self.statements, records, withheld).await?;
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
    pub(in crate::store) async fn probe(&mut self, withheld: &[Uuid]) -> Result<(), StoreError> {
        self.open = None;
        let mut open = self.take_connection().await?;
        let mut arguments = PgArguments::default();
        bind_probe(&mut arguments, &self.node);
        sqlx::query_with(Dialect::Postgres.statement(PROBE), arguments)
            .execute(&mut open.connection)
            .await?;
        if !withheld.is_empty() {
            insert(&mut open, &mut self.statements, &[], withheld).await?;
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
    records: &[&Record],
    withheld: &[Uuid],
) -> Result<Totals, StoreError> {
    let batch = Batch::new(&mut open.contexts, records, withheld);
    let mut transaction = open.connection.begin().await?;
    let mut totals = Totals::new();
    for step in Steps::of(&batch).in_order() {
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
