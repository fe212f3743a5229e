//! The writer's statements for SQLite, prepared once for each connection and carried out row by row.

use std::fmt::Write;
use std::sync::LazyLock;

use rusqlite::{CachedStatement, Connection, Result, ToSql};

use crate::store::batch::Batch;
use crate::store::dialect::Bind;
use crate::store::keys;
use crate::store::subject::SubjectKeys;
use crate::store::tables::{
    CONTEXT, EXCHANGE, PROBE, QUOTA, SALT, SUBJECT, Table, bind_context, bind_exchange, bind_probe,
    bind_quota, bind_salt, bind_subject, has_salts,
};

static INSERT_CONTEXT: LazyLock<String> = LazyLock::new(|| insertion(&CONTEXT));
static INSERT_EXCHANGE: LazyLock<String> = LazyLock::new(|| insertion(&EXCHANGE));
static INSERT_SALT: LazyLock<String> = LazyLock::new(|| insertion(&SALT));
static INSERT_SUBJECT: LazyLock<String> = LazyLock::new(|| insertion(&SUBJECT));
static INSERT_QUOTA: LazyLock<String> = LazyLock::new(|| insertion(&QUOTA));

const WITHHOLD: &str = "UPDATE exchange SET withheld = 1 WHERE scambio = ?";

/// A statement that takes one row after the other.
struct Rows<'c> {
    statement: CachedStatement<'c>,
    bound: usize,
    outcome: Result<()>,
}

/// Writes the batch in one transaction. After a failure the connection must be closed, which undoes it.
pub(super) fn insert(connection: &Connection, batch: &Batch<'_>) -> Result<()> {
    Rows::of(connection, "BEGIN IMMEDIATE")?.execute(|_| {})?;
    if !batch.missing.is_empty() {
        let mut rows = Rows::of(connection, &INSERT_CONTEXT)?;
        for (key, context) in &batch.missing {
            rows.execute(|row| bind_context(row, *key, context, batch.node))?;
        }
    }
    let mut rows = Rows::of(connection, &INSERT_EXCHANGE)?;
    for (record, context) in batch.records.iter().zip(&batch.contexts) {
        rows.execute(|row| bind_exchange(row, record, *context))?;
    }
    let mut rows = Rows::of(connection, &INSERT_SALT)?;
    for record in batch.records.iter().filter(|record| has_salts(record)) {
        rows.execute(|row| bind_salt(row, record))?;
    }
    let mut rows = Rows::of(connection, &INSERT_SUBJECT)?;
    for (record, subject) in batch.subjects() {
        rows.execute(|row| bind_subject(row, record, subject))?;
    }
    let mut rows = Rows::of(connection, WITHHOLD)?;
    for scambio in batch.withheld {
        rows.execute(|row| row.bytes(Some(scambio.as_bytes())))?;
    }
    let mut rows = Rows::of(connection, &INSERT_QUOTA)?;
    for (key, used) in &batch.quotas {
        rows.execute(|row| bind_quota(row, key, *used))?;
    }
    Rows::of(connection, "COMMIT")?.execute(|_| {})
}

/// Notes under which masters persons are digested from now on.
pub(super) fn note_keys(connection: &Connection, keys: &SubjectKeys) -> Result<()> {
    let mut rows = Rows::of(connection, keys::NOTE)?;
    for (version, fingerprint) in keys.fingerprints() {
        rows.execute(|row| keys::bind_note(row, version, &fingerprint))?;
    }
    Ok(())
}

/// A write that only learns whether one is possible.
pub(super) fn probe(connection: &Connection, node: &str) -> Result<()> {
    Rows::of(connection, PROBE)?.execute(|row| bind_probe(row, node))
}

fn insertion(table: &Table) -> String {
    let names: Vec<&str> = table.columns.iter().map(|(name, _)| *name).collect();
    let values = vec!["?"; names.len()].join(", ");
    let mut sql = format!("INSERT INTO {} ({})", table.name, names.join(", "));
    let _ = write!(sql, " VALUES ({values}){}", table.on_conflict);
    sql
}

impl<'c> Rows<'c> {
    fn of(connection: &'c Connection, sql: &str) -> Result<Rows<'c>> {
        Ok(Rows {
            statement: connection.prepare_cached(sql)?,
            bound: 0,
            outcome: Ok(()),
        })
    }

    fn execute(&mut self, bind: impl FnOnce(&mut Self)) -> Result<()> {
        self.bound = 0;
        bind(self);
        std::mem::replace(&mut self.outcome, Ok(()))?;
        self.statement.raw_execute().map(drop)
    }

    fn bind(&mut self, value: impl ToSql) {
        self.bound += 1;
        let bound = self.statement.raw_bind_parameter(self.bound, value);
        if self.outcome.is_ok() {
            self.outcome = bound;
        }
    }
}

impl Bind for Rows<'_> {
    fn number(&mut self, value: Option<i64>) {
        self.bind(value);
    }

    fn text(&mut self, value: Option<&str>) {
        self.bind(value);
    }

    fn bytes(&mut self, value: Option<&[u8]>) {
        self.bind(value);
    }
}
