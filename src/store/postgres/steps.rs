//! A batch as few statements for PostgreSQL, where each is a round trip; their texts are prepared once for a handful of sizes.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

use sqlx::AssertSqlSafe;
use uuid::Uuid;

use crate::store::batch::Batch;
use crate::store::dialect::{Bind, Dialect};
use crate::store::quota::QuotaKey;
use crate::store::record::{Context, Record, Subject, Token};
use crate::store::tables::{
    CONTEXT, EXCHANGE, Kind, QUOTA, SALT, SUBJECT, TOKEN, Table, bind_context, bind_exchange,
    bind_quota, bind_salt, bind_subject, bind_token, has_salts,
};

/// Rows in a statement at most.
const MOST_ROWS: usize = 128;

/// The rows of a batch, each table's as a list.
pub(super) struct Steps<'a> {
    batch: &'a Batch<'a>,
    exchanges: Vec<(&'a Record, i64, i64)>,
    salted: Vec<&'a Record>,
    subjects: Vec<(&'a Record, &'a Subject)>,
    tokens: Vec<(&'a Record, &'a Token)>,
    quotas: Vec<(&'a QuotaKey, i64)>,
}

/// One statement of a transaction.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step<'a> {
    Contexts(&'a [(i64, &'a Context)], &'a str),
    /// With the keys of their contexts and their places.
    Exchanges(&'a [(&'a Record, i64, i64)]),
    Salts(&'a [&'a Record]),
    Subjects(&'a [(&'a Record, &'a Subject)]),
    Tokens(&'a [(&'a Record, &'a Token)]),
    /// Marks exchanges whose answers were withheld.
    Withheld(&'a [Uuid]),
    Quotas(&'a [(&'a QuotaKey, i64)]),
}

impl<'a> Steps<'a> {
    /// The records get places from that one on.
    pub(super) fn of(batch: &'a Batch<'a>, first: i64) -> Steps<'a> {
        let salted = |record: &&Record| has_salts(record);
        Steps {
            batch,
            exchanges: batch.exchanges(first),
            salted: batch.records.iter().copied().filter(salted).collect(),
            subjects: batch.subjects().collect(),
            tokens: batch.tokens().collect(),
            quotas: batch
                .quotas
                .iter()
                .map(|(key, used)| (*key, *used))
                .collect(),
        }
    }

    /// The statements, in the order in which they are to be carried out.
    pub(super) fn in_order(&self) -> Vec<Step<'_>> {
        let batch = self.batch;
        let mut steps = Vec::with_capacity(5);
        let missing = batch.missing.chunks(MOST_ROWS);
        steps.extend(missing.map(|rows| Step::Contexts(rows, batch.node)));
        steps.extend(self.exchanges.chunks(MOST_ROWS).map(Step::Exchanges));
        steps.extend(self.salted.chunks(MOST_ROWS).map(Step::Salts));
        steps.extend(self.subjects.chunks(MOST_ROWS).map(Step::Subjects));
        steps.extend(self.tokens.chunks(MOST_ROWS).map(Step::Tokens));
        steps.extend(batch.withheld.chunks(MOST_ROWS).map(Step::Withheld));
        steps.extend(self.quotas.chunks(MOST_ROWS).map(Step::Quotas));
        steps
    }
}

impl Step<'_> {
    fn name(self) -> &'static str {
        match self {
            Step::Contexts(..) => CONTEXT.name,
            Step::Exchanges(_) => EXCHANGE.name,
            Step::Salts(_) => SALT.name,
            Step::Subjects(_) => SUBJECT.name,
            Step::Tokens(_) => TOKEN.name,
            Step::Withheld(_) => "withheld",
            Step::Quotas(_) => QUOTA.name,
        }
    }

    fn rows(self) -> usize {
        match self {
            Step::Contexts(rows, _) => rows.len(),
            Step::Exchanges(rows) => rows.len(),
            Step::Salts(rows) => rows.len(),
            Step::Subjects(rows) => rows.len(),
            Step::Tokens(rows) => rows.len(),
            Step::Withheld(rows) => rows.len(),
            Step::Quotas(rows) => rows.len(),
        }
    }

    /// For how many rows its statement is made: a power of two, so that few statements serve all batches.
    fn size(self) -> usize {
        self.rows().next_power_of_two()
    }

    fn sql(self) -> String {
        let size = self.size();
        match self {
            Step::Contexts(..) => CONTEXT.insertion(size),
            Step::Exchanges(_) => EXCHANGE.insertion(size),
            Step::Salts(_) => SALT.insertion(size),
            Step::Subjects(_) => SUBJECT.insertion(size),
            Step::Tokens(_) => TOKEN.insertion(size),
            Step::Quotas(_) => QUOTA.insertion(size),
            Step::Withheld(_) => {
                let mut sql = "UPDATE exchange SET withheld = 1 WHERE scambio IN (".to_owned();
                for row in 0..size {
                    sql.push_str(if row == 0 { "" } else { ", " });
                    Dialect::Postgres.placeholder(row + 1, &mut sql);
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
            Step::Exchanges(rows) => {
                for (record, context, place) in rows {
                    bind_exchange(to, record, *context, *place);
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
            Step::Tokens(rows) => {
                for (record, token) in rows {
                    bind_token(to, record, token);
                }
                self.fill(to, &TOKEN);
            }
            Step::Withheld(rows) => {
                for scambio in rows {
                    to.bytes(Some(scambio.as_bytes()));
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

/// The texts of the writer's statements, made once for each table and size.
#[derive(Default)]
pub(super) struct Statements {
    texts: HashMap<(&'static str, usize), Arc<str>>,
}

impl Statements {
    /// The step's text, with `after` at its end; the same table always comes with the same.
    pub(super) fn text(&mut self, step: Step<'_>, after: &str) -> AssertSqlSafe<Arc<str>> {
        let shape = (step.name(), step.size());
        let text = self
            .texts
            .entry(shape)
            .or_insert_with(|| (step.sql() + after).into());
        AssertSqlSafe(Arc::clone(text))
    }
}

impl Table {
    /// An insertion of up to so many rows: those whose first column is bound to NULL are left out, so that few
    /// statements, prepared once, serve batches of every size.
    fn insertion(&self, rows: usize) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| *name).collect();
        let numbered: Vec<String> = (1..=names.len())
            .map(|column| format!("column{column}"))
            .collect();
        let mut sql = format!("INSERT INTO {} ({}) SELECT ", self.name, names.join(", "));
        let _ = write!(sql, "{} FROM (VALUES ", numbered.join(", "));
        for row in 0..rows {
            sql.push_str(if row == 0 { "(" } else { ", (" });
            for column in 0..names.len() {
                if column > 0 {
                    sql.push_str(", ");
                }
                Dialect::Postgres.placeholder(row * names.len() + column + 1, &mut sql);
            }
            sql.push(')');
        }
        let _ = write!(
            sql,
            ") AS batch WHERE column1 IS NOT NULL{}",
            self.on_conflict
        );
        sql
    }

    /// Binds a row that is left out.
    fn bind_nothing(&self, to: &mut impl Bind) {
        for (_, kind) in self.columns {
            match kind {
                Kind::Number | Kind::Instant | Kind::Flag => to.number(None),
                Kind::Text => to.text(None),
                Kind::Scambio | Kind::Digest => to.bytes(None),
            }
        }
    }
}
