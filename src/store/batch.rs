//! What one transaction of the writer holds.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::contexts::Contexts;
use super::month::Month;
use super::quota::QuotaKey;
use super::record::{Context, Record, Subject, Token};

/// Rows of all tables that are committed together.
pub(super) struct Batch<'a> {
    pub node: &'a str,
    /// The month of the records, `2026-11`.
    pub month: String,
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
        month: Month,
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
            month: month.to_string(),
            records,
            contexts,
            missing,
            withheld,
            quotas,
        }
    }

    /// The records with the keys of their contexts and their places, of which the first one's is given.
    pub(super) fn exchanges(&self, first: i64) -> Vec<(&'a Record, i64, i64)> {
        let contexts = self.records.iter().zip(&self.contexts);
        let placed = contexts.zip(first..);
        placed
            .map(|((record, context), place)| (*record, *context, place))
            .collect()
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
