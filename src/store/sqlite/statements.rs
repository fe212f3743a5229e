//! The writer's statements for SQLite, prepared once for each connection and carried out row by row.

use std::fmt::Write;
use std::sync::LazyLock;

use rusqlite::{CachedStatement, Connection, Result, ToSql};

use crate::store::batch::Batch;
use crate::store::dialect::Bind;
use crate::store::evidence::places::{PLACE, SERIES, bind_place, bind_series, first_of};
use crate::store::keys;
use crate::store::subject::SubjectKeys;
use crate::store::tables::{
    CONTEXT, EXCHANGE, PROBE, QUOTA, SALT, SUBJECT, TOKEN, Table, bind_context, bind_exchange,
    bind_probe, bind_quota, bind_salt, bind_subject, bind_token, has_salts,
};

static INSERT_CONTEXT: LazyLock<Insertion> = LazyLock::new(|| Insertion::into(&CONTEXT));
static INSERT_EXCHANGE: LazyLock<Insertion> = LazyLock::new(|| Insertion::into(&EXCHANGE));
static INSERT_SALT: LazyLock<Insertion> = LazyLock::new(|| Insertion::into(&SALT));
static INSERT_SUBJECT: LazyLock<Insertion> = LazyLock::new(|| Insertion::into(&SUBJECT));
static INSERT_TOKEN: LazyLock<Insertion> = LazyLock::new(|| Insertion::into(&TOKEN));
static INSERT_QUOTA: LazyLock<Insertion> = LazyLock::new(|| Insertion::into(&QUOTA));

const WITHHOLD: &str = "UPDATE exchange SET withheld = 1 WHERE scambio = ?";

/// Rows that one statement takes, the most first. A statement with many rows is begun once for all of them, and finds the
/// place of each behind the one before without a search.
const ROWS: [usize; 3] = [16, 4, 1];

/// Statements that a connection keeps prepared.
pub(super) const PREPARED: usize = 32;

/// The statements that insert into a table, one for each of [`ROWS`].
struct Insertion([String; ROWS.len()]);

/// A statement and what is bound to it.
struct Statement<'c> {
    cached: CachedStatement<'c>,
    bound: usize,
    outcome: Result<()>,
}

/// Writes the batch in one transaction. After a failure the connection must be closed, which undoes it.
pub(super) fn insert(connection: &Connection, batch: &Batch<'_>) -> Result<()> {
    execute(connection, "BEGIN IMMEDIATE", |_| {})?;
    INSERT_CONTEXT.rows(connection, &batch.missing, |row, (key, context)| {
        bind_context(row, *key, context, batch.node);
    })?;
    let exchanges = batch.exchanges(give_places(connection, batch)?);
    INSERT_EXCHANGE.rows(connection, &exchanges, |row, (record, context, place)| {
        bind_exchange(row, record, *context, *place);
    })?;
    let salted = batch.records.iter().filter(|record| has_salts(record));
    let salted: Vec<_> = salted.collect();
    INSERT_SALT.rows(connection, &salted, |row, record| bind_salt(row, record))?;
    let subjects: Vec<_> = batch.subjects().collect();
    INSERT_SUBJECT.rows(connection, &subjects, |row, (record, subject)| {
        bind_subject(row, record, subject);
    })?;
    let tokens: Vec<_> = batch.tokens().collect();
    INSERT_TOKEN.rows(connection, &tokens, |row, (record, token)| {
        bind_token(row, record, token);
    })?;
    for scambio in batch.withheld {
        execute(connection, WITHHOLD, |row| {
            row.bytes(Some(scambio.as_bytes()));
        })?;
    }
    let quotas: Vec<_> = batch.quotas.iter().collect();
    INSERT_QUOTA.rows(connection, &quotas, |row, (key, used)| {
        bind_quota(row, key, **used);
    })?;
    execute(connection, "COMMIT", |_| {})
}

/// Gives the batch's records their places, the next of their series; returns the first one's.
fn give_places(connection: &Connection, batch: &Batch<'_>) -> Result<i64> {
    if batch.records.is_empty() {
        return Ok(0);
    }
    let mut series = Statement::of(connection, SERIES)?;
    bind_series(&mut series, batch);
    series.outcome?;
    let mut rows = series.cached.raw_query();
    let last = match rows.next()? {
        Some(row) => row.get(0)?,
        None => return Err(rusqlite::Error::QueryReturnedNoRows),
    };
    // Stepped to its end, so that the statement is over before the commit.
    while rows.next()?.is_some() {}
    let first = first_of(last, batch);
    execute(connection, PLACE, |row| bind_place(row, batch, first))?;
    Ok(first)
}

/// Notes under which masters persons are digested from now on.
pub(super) fn note_keys(connection: &Connection, keys: &SubjectKeys) -> Result<()> {
    for (version, fingerprint) in keys.fingerprints() {
        execute(connection, keys::NOTE, |row| {
            keys::bind_note(row, version, &fingerprint);
        })?;
    }
    Ok(())
}

/// A write that only learns whether one is possible.
pub(super) fn probe(connection: &Connection, node: &str) -> Result<()> {
    execute(connection, PROBE, |row| bind_probe(row, node))
}

impl Insertion {
    fn into(table: &Table) -> Insertion {
        let names: Vec<&str> = table.columns.iter().map(|(name, _)| *name).collect();
        let row = format!("({})", vec!["?"; names.len()].join(", "));
        Insertion(ROWS.map(|count| {
            // A statement with several rows would keep copies of pages to undo its part; here a failure undoes the batch.
            let mut sql = format!("INSERT OR FAIL INTO {} ({})", table.name, names.join(", "));
            let rows = vec![row.as_str(); count].join(", ");
            let _ = write!(sql, " VALUES {rows}{}", table.on_conflict);
            sql
        }))
    }

    /// Inserts all rows, in as few statements as there are for so many.
    fn rows<T>(
        &self,
        connection: &Connection,
        mut rows: &[T],
        bind: impl Fn(&mut Statement<'_>, &T),
    ) -> Result<()> {
        for (sql, count) in self.0.iter().zip(ROWS) {
            let (whole, rest) = rows.split_at(rows.len() - rows.len() % count);
            rows = rest;
            for chunk in whole.chunks_exact(count) {
                execute(connection, sql, |statement| {
                    for row in chunk {
                        bind(statement, row);
                    }
                })?;
            }
        }
        Ok(())
    }
}

fn execute(
    connection: &Connection,
    sql: &str,
    bind: impl FnOnce(&mut Statement<'_>),
) -> Result<()> {
    let mut statement = Statement::of(connection, sql)?;
    bind(&mut statement);
    statement.outcome?;
    statement.cached.raw_execute().map(drop)
}

impl<'c> Statement<'c> {
    fn of(connection: &'c Connection, sql: &str) -> Result<Statement<'c>> {
        Ok(Statement {
            cached: connection.prepare_cached(sql)?,
            bound: 0,
            outcome: Ok(()),
        })
    }

    fn bind(&mut self, value: impl ToSql) {
        self.bound += 1;
        let bound = self.cached.raw_bind_parameter(self.bound, value);
        if self.outcome.is_ok() {
            self.outcome = bound;
        }
    }
}

impl Bind for Statement<'_> {
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
