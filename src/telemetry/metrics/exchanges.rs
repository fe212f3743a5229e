//! What is counted and measured of every exchange.

use std::sync::Arc;

use parking_lot::RwLock;
use prometheus::{Histogram, HistogramVec, IntCounterVec};

use crate::contract::operation::Operation;
use crate::telemetry::exchange::ExchangeSeen;

use super::families::{Families, durations};

/// Names the operation of a request that could not be understood, and what else an exchange may lack.
const NONE: &str = "";

pub(super) struct ExchangeMetrics {
    outcomes: IntCounterVec,
    refusals: IntCounterVec,
    cache: IntCounterVec,
    duration: HistogramVec,
    stage_duration: HistogramVec,
    /// Looking labels up costs more than observing, so what an operation and adapter need is looked up once.
    resolved: RwLock<Vec<Arc<Resolved>>>,
}

struct Resolved {
    operation: Option<Operation>,
    adapter: String,
    duration: Histogram,
    stages: [Histogram; 5],
}

impl ExchangeMetrics {
    pub(super) fn new(families: &Families<'_>) -> ExchangeMetrics {
        ExchangeMetrics {
            outcomes: families.counters(
                "exchanges_total",
                "Exchanges by operation, ente and outcome: `risposto`, or the side at fault.",
                &["operation", "ente", "outcome"],
            ),
            refusals: families.counters("refusals_total", "Exchanges without an answer, by problem.", &["problem"]),
            cache: families.counters(
                "cache_requests_total",
                "Answers by operation and state: `fresca` from the back end, `cache`, `scaduta` past its time.",
                &["operation", "state"],
            ),
            duration: families.histograms(
                "exchange_duration_seconds",
                "Time from a request's head to its answer's release.",
                &["operation", "adapter"],
                durations(),
            ),
            stage_duration: families.histograms(
                "stage_duration_seconds",
                "Time of an exchange in each stage that it reached.",
                &["operation", "adapter", "stage"],
                durations(),
            ),
            resolved: RwLock::new(Vec::new()),
        }
    }

    pub(super) fn observe(&self, seen: &ExchangeSeen<'_>) {
        let operation = seen.operation.map_or(NONE, Operation::name);
        self.outcomes
            .with_label_values(&[operation, seen.ente.unwrap_or(NONE), seen.outcome_class()])
            .inc();
        if seen.side.is_some() {
            self.refusals.with_label_values(&[seen.outcome]).inc();
        }
        if let Some(state) = seen.cache {
            self.cache.with_label_values(&[operation, state]).inc();
        }
        let resolved = self.resolve(seen);
        resolved.duration.observe(seen.times.total.as_secs_f64());
        for ((_, time), histogram) in seen.times.stages().into_iter().zip(&resolved.stages) {
            if !time.is_zero() {
                histogram.observe(time.as_secs_f64());
            }
        }
    }

    fn resolve(&self, seen: &ExchangeSeen<'_>) -> Arc<Resolved> {
        let adapter = seen.adapter.unwrap_or(NONE);
        let fits =
            |known: &&Arc<Resolved>| known.operation == seen.operation && known.adapter == adapter;
        if let Some(known) = self.resolved.read().iter().find(fits) {
            return known.clone();
        }
        let operation = seen.operation.map_or(NONE, Operation::name);
        let stages = seen.times.stages().map(|(stage, _)| {
            self.stage_duration
                .with_label_values(&[operation, adapter, stage])
        });
        let resolved = Arc::new(Resolved {
            operation: seen.operation,
            adapter: adapter.to_owned(),
            duration: self.duration.with_label_values(&[operation, adapter]),
            stages,
        });
        // Two threads may enter the same labels: their handles lead to the same histograms.
        self.resolved.write().push(resolved.clone());
        resolved
    }
}
