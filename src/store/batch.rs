//! What one transaction of the writer holds.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::contexts::Contexts;
use super::quota::QuotaKey;
use super::record::{Context, Record, Subject, Token};

/// Rows of all tables that are committed together.
pub(super) struct Batch<'a> {
    pub node: &'a str,
    pub records: &'a [&'a Record],
    /// The keys of the records' contexts.
    pub contexts: Vec<i64>,
    /// The contexts that are not in the database yet.
    pub missing: Vec<(i64, &'a Context)>,
    /// Exchanges whose answers were withheld.
    pub withheld: &'a [Uuid],
    /// How much the records use of each quota, in an order that is the same on all nodes, so that they cannot lock each
    /// other out.
    pub quotas: BTreeMap<&'a QuotaKey, i64>,
}

impl<'a> Batch<'a> {
    pub(super) fn new(
        known: &'a mut Contexts,
        records: &'a [&'a Record],
        withheld: &'a [Uuid],
    ) -> Batch<'a> {
        let (contexts, missing) = known.of(records);
        let mut quotas = BTreeMap::new();
        for hold in records.iter().filter_map(|record| record.quota.as_ref()) {
            *quotas.entry(hold.key()).or_default() += 1;
        }
        Batch {
            node: known.node(),
            records,
            contexts,
            missing,
            withheld,
            quotas,
        }
    }

    /// The persons of all records.
    pub(super) fn subjects(&self) -> impl Iterator<Item = (&'a Record, &'a Subject)> {
        self.records.iter().flat_map(|record| {
            let record = *record;
            record.subjects.iter().map(move |subject| (record, subject))
        })
    }

    /// The tokens of all records.
    pub(super) fn tokens(&self) -> impl Iterator<Item = (&'a Record, &'a Token)> {
        self.records.iter().flat_map(|record| {
            let record = *record;
            record.tokens.iter().map(move |token| (record, token))
        })
    }
}
