//! A batch of records as few statements, whose texts are prepared once for a handful of sizes.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::dialect::{Bind, Dialect};
use super::quota::QuotaKey;
use super::record::{Context, Record, Subject};
use super::tables::{
    CONTEXT, EXCHANGE, QUOTA, SALT, SUBJECT, Table, bind_context, bind_exchange, bind_quota,
    bind_salt, bind_subject,
};

/// Rows in a statement at most, and so records in a batch.
pub(super) const MOST_ROWS: usize = 128;

/// What a transaction writes, row by row.
pub(super) struct Batch<'a> {
    node: Arc<str>,
    records: &'a [&'a Record],
    /// The keys of the records' contexts.
    contexts: Vec<i64>,
    /// The contexts that are not in the database yet.
    missing: Vec<(i64, &'a Context)>,
    subjects: Vec<(&'a Record, &'a Subject)>,
    withheld: &'a [Uuid],
    quotas: Vec<(&'a QuotaKey, i64)>,
}

/// One statement of a transaction.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step<'a> {
    Contexts(&'a [(i64, &'a Context)], &'a Arc<str>),
    Exchanges(&'a [&'a Record], &'a [i64]),
    Salts(&'a [&'a Record]),
    Subjects(&'a [(&'a Record, &'a Subject)]),
    /// Marks exchanges whose answers were withheld.
    Withheld(&'a [Uuid]),
    Quotas(&'a [(&'a QuotaKey, i64)]),
}

impl<'a> Batch<'a> {
    pub(super) fn new(
        node: &Arc<str>,
        records: &'a [&'a Record],
        contexts: (Vec<i64>, Vec<(i64, &'a Context)>),
        withheld: &'a [Uuid],
    ) -> Batch<'a> {
        let persons = |record: &&'a Record| {
            let record = *record;
            record.subjects.iter().map(move |subject| (record, subject))
        };
        // In an order that is the same on all nodes, so that they cannot lock each other out.
        let mut used: BTreeMap<&QuotaKey, i64> = BTreeMap::new();
        for hold in records.iter().filter_map(|record| record.quota.as_ref()) {
            *used.entry(hold.key()).or_default() += 1;
        }
        Batch {
            node: Arc::clone(node),
            records,
            contexts: contexts.0,
            missing: contexts.1,
            subjects: records.iter().flat_map(persons).collect(),
            withheld,
            quotas: used.into_iter().collect(),
        }
    }

    /// Its statements, in the order in which they are to be carried out.
    pub(super) fn steps(&self) -> Vec<Step<'_>> {
        let mut steps = Vec::with_capacity(5);
        let missing = self.missing.chunks(MOST_ROWS);
        steps.extend(missing.map(|rows| Step::Contexts(rows, &self.node)));
        let contexts = self.contexts.chunks(MOST_ROWS);
        for (records, contexts) in self.records.chunks(MOST_ROWS).zip(contexts) {
            steps.push(Step::Exchanges(records, contexts));
            steps.push(Step::Salts(records));
        }
        steps.extend(self.subjects.chunks(MOST_ROWS).map(Step::Subjects));
        steps.extend(self.withheld.chunks(MOST_ROWS).map(Step::Withheld));
        steps.extend(self.quotas.chunks(MOST_ROWS).map(Step::Quotas));
        steps
    }
}

impl Step<'_> {
    fn name(self) -> &'static str {
        match self {
            Step::Contexts(..) => CONTEXT.name,
            Step::Exchanges(..) => EXCHANGE.name,
            Step::Salts(_) => SALT.name,
            Step::Subjects(_) => SUBJECT.name,
            Step::Withheld(_) => "withheld",
            Step::Quotas(_) => QUOTA.name,
        }
    }

    fn rows(self) -> usize {
        match self {
            Step::Contexts(rows, _) => rows.len(),
            Step::Exchanges(rows, _) | Step::Salts(rows) => rows.len(),
            Step::Subjects(rows) => rows.len(),
            Step::Withheld(rows) => rows.len(),
            Step::Quotas(rows) => rows.len(),
        }
    }

    /// For how many rows its statement is made: a power of two, so that few statements serve all batches.
    fn size(self) -> usize {
        self.rows().next_power_of_two()
    }

    fn sql(self, dialect: Dialect) -> String {
        let size = self.size();
        match self {
            Step::Contexts(..) => CONTEXT.insertion(dialect, size),
            Step::Exchanges(..) => EXCHANGE.insertion(dialect, size),
            Step::Salts(_) => SALT.insertion(dialect, size),
            Step::Subjects(_) => SUBJECT.insertion(dialect, size),
            Step::Quotas(_) => QUOTA.insertion(dialect, size),
            Step::Withheld(_) => {
                let mut sql = "UPDATE exchange SET withheld = 1 WHERE scambio IN (".to_owned();
                for row in 0..size {
                    sql.push_str(if row == 0 { "" } else { ", " });
                    dialect.placeholder(row + 1, &mut sql);
                }
                sql + ")"
            }
        }
    }

    /// Binds its parameters.
    pub(super) fn bind(self, to: &mut impl Bind) {
        match self {
            Step::Contexts(rows, node) => {
                for (key, context) in rows {
                    bind_context(to, *key, context, node);
                }
                self.fill(to, &CONTEXT);
            }
            Step::Exchanges(rows, contexts) => {
                for (record, context) in rows.iter().zip(contexts) {
                    bind_exchange(to, record, *context);
                }
                self.fill(to, &EXCHANGE);
            }
            Step::Salts(rows) => {
                for record in rows {
                    bind_salt(to, record);
                }
                self.fill(to, &SALT);
            }
            Step::Subjects(rows) => {
                for (record, subject) in rows {
                    bind_subject(to, record, subject);
                }
                self.fill(to, &SUBJECT);
            }
            Step::Withheld(rows) => {
                for scambio in rows {
                    to.bytes(Some(scambio.as_bytes().to_vec()));
                }
                for _ in rows.len()..self.size() {
                    to.bytes(None);
                }
            }
            Step::Quotas(rows) => {
                for (key, used) in rows {
                    bind_quota(to, key, *used);
                }
                self.fill(to, &QUOTA);
            }
        }
    }

    fn fill(self, to: &mut impl Bind, table: &Table) {
        for _ in self.rows()..self.size() {
            table.bind_nothing(to);
        }
    }
}

/// The texts of the writer's statements, made once for each shape.
pub(super) struct Statements {
    dialect: Dialect,
    texts: HashMap<Vec<(&'static str, usize)>, Arc<str>>,
}

impl Statements {
    pub(super) fn new(dialect: Dialect) -> Statements {
        Statements {
            dialect,
            texts: HashMap::new(),
        }
    }

    /// The steps as one text, with `before` and `after` around it; the same shape always comes with the same two.
    pub(super) fn joined(
        &mut self,
        before: &str,
        steps: &[Step<'_>],
        after: &str,
    ) -> AssertSqlSafe<Arc<str>> {
        let dialect = self.dialect;
        let shape = steps
            .iter()
            .map(|step| (step.name(), step.size()))
            .collect();
        let text = self.texts.entry(shape).or_insert_with(|| {
            let texts: Vec<String> = steps.iter().map(|step| step.sql(dialect)).collect();
            format!("{before}{}{after}", texts.join("; ")).into()
        });
        AssertSqlSafe(Arc::clone(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
