//! A batch of records as few statements: their texts are prepared once for a handful of sizes.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use sqlx::AssertSqlSafe;

use super::dialect::{Bind, Dialect};
use super::quota::QuotaKey;
use super::record::{Record, Subject};
use super::tables::{
    EXCHANGE, QUOTA, SALT, SUBJECT, Table, bind_exchange, bind_quota, bind_salt, bind_subject,
};

/// Rows in a statement at most, and so records in a batch.
pub(super) const MOST_ROWS: usize = 128;

/// The texts of the writer's statements, by name and number of rows.
pub(super) struct Statements {
    dialect: Dialect,
    texts: HashMap<(&'static str, usize), Arc<str>>,
}

impl Statements {
    pub(super) fn new(dialect: Dialect) -> Statements {
        Statements {
            dialect,
            texts: HashMap::new(),
        }
    }

    /// The text of that name for so many rows, made by `make` the first time.
    pub(super) fn text(
        &mut self,
        name: &'static str,
        rows: usize,
        make: impl FnOnce(Dialect) -> String,
    ) -> AssertSqlSafe<Arc<str>> {
        let dialect = self.dialect;
        let text = self
            .texts
            .entry((name, rows))
            .or_insert_with(|| make(dialect).into());
        AssertSqlSafe(Arc::clone(text))
    }

    /// The insertion into one table.
    pub(super) fn insertion(&mut self, table: &Table, rows: usize) -> AssertSqlSafe<Arc<str>> {
        self.text(table.name, rows, |dialect| table.insertion(dialect, rows))
    }

    /// Marks exchanges whose answers were withheld.
    pub(super) fn withheld(&mut self, rows: usize) -> AssertSqlSafe<Arc<str>> {
        self.text("withheld", rows, |dialect| {
            let mut sql = "UPDATE exchange SET withheld = 1 WHERE scambio IN (".to_owned();
            for row in 0..rows {
                sql.push_str(if row == 0 { "" } else { ", " });
                dialect.placeholder(row + 1, &mut sql);
            }
            sql + ")"
        })
    }
}

/// The size of the statement that serves so many rows: a power of two.
pub(super) fn size_for(rows: usize) -> usize {
    rows.next_power_of_two()
}

/// Binds the exchanges' rows.
pub(super) fn bind_exchanges(to: &mut impl Bind, records: &[&Record], node: &Arc<str>) {
    for record in records {
        bind_exchange(to, record, node);
    }
    fill(to, &EXCHANGE, records.len());
}

/// Binds the rows of salts.
pub(super) fn bind_salts(to: &mut impl Bind, records: &[&Record]) {
    for record in records {
        bind_salt(to, record);
    }
    fill(to, &SALT, records.len());
}

/// Binds rows of persons.
pub(super) fn bind_subjects(to: &mut impl Bind, rows: &[(&Record, &Subject)]) {
    for (record, subject) in rows {
        bind_subject(to, record, subject);
    }
    fill(to, &SUBJECT, rows.len());
}

/// Binds the counters' rows.
pub(super) fn bind_quotas(to: &mut impl Bind, rows: &[(&QuotaKey, i64)]) {
    for (key, used) in rows {
        bind_quota(to, key, *used);
    }
    fill(to, &QUOTA, rows.len());
}

/// Binds the numbers of exchanges whose answers were withheld.
pub(super) fn bind_withheld(to: &mut impl Bind, exchanges: &[uuid::Uuid]) {
    for scambio in exchanges {
        to.bytes(Some(scambio.as_bytes().to_vec()));
    }
    for _ in exchanges.len()..size_for(exchanges.len()) {
        to.bytes(None);
    }
}

fn fill(to: &mut impl Bind, table: &Table, rows: usize) {
    for _ in rows..size_for(rows) {
        table.bind_nothing(to);
    }
}

/// Every person of a batch with the record that names them.
pub(super) fn subjects<'a>(records: &[&'a Record]) -> Vec<(&'a Record, &'a Subject)> {
    records
        .iter()
        .flat_map(|record| {
            record
                .subjects
                .iter()
                .map(move |subject| (*record, subject))
        })
        .collect()
}

/// How much a batch uses of each quota, in an order that is the same on all nodes, so that they cannot lock each other out.
pub(super) fn quotas<'a>(records: &[&'a Record]) -> Vec<(&'a QuotaKey, i64)> {
    let mut used: BTreeMap<&QuotaKey, i64> = BTreeMap::new();
    for hold in records.iter().filter_map(|record| record.quota.as_ref()) {
        *used.entry(hold.key()).or_default() += 1;
    }
    used.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_sizes_serve_all_batches() {
        let sizes: std::collections::BTreeSet<usize> = (1..=MOST_ROWS).map(size_for).collect();
        assert_eq!(Vec::from_iter(sizes), [1, 2, 4, 8, 16, 32, 64, 128]);
    }

    #[test]
    fn both_languages_get_the_same_statement_but_for_the_placeholders() {
        let sqlite = SALT.insertion(Dialect::Sqlite, 2);
        let mut postgres = SALT.insertion(Dialect::Postgres, 2);
        for position in (1..=10).rev() {
            postgres = postgres.replace(&format!("${position}"), "?");
        }
        assert_eq!(sqlite, postgres);
    }
}
