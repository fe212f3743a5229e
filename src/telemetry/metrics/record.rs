//! How the record keeps up.

use std::time::Duration;

use prometheus::{Gauge, Histogram, IntGaugeVec};

use super::families::{Families, durations};

pub(super) struct RecordMetrics {
    commit: Histogram,
    batch: Histogram,
    lag: Gauge,
    slots: IntGaugeVec,
}

impl RecordMetrics {
    pub(super) fn new(families: &Families<'_>) -> RecordMetrics {
        RecordMetrics {
            commit: families.histogram(
                "record_commit_duration_seconds",
                "Time of a commit of records, until durable.",
                durations(),
            ),
            batch: families.histogram(
                "record_batch_exchanges",
                "Exchanges per commit of records.",
                vec![1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0],
            ),
            lag: families.decimal_gauge(
                "record_lag_seconds",
                "Age of the oldest record that waits to be durable.",
            ),
            slots: families.gauges(
                "record_slots",
                "Places for exchanges in flight, `taken` and `total`.",
                &["state"],
            ),
        }
    }

    pub(super) fn committed(&self, exchanges: usize, took: Duration) {
        self.commit.observe(took.as_secs_f64());
        self.batch.observe(exchanges as f64);
    }

    pub(super) fn lag(&self, lag: Duration) {
        self.lag.set(lag.as_secs_f64());
    }

    pub(super) fn slots(&self, taken: usize, total: usize) {
        for (state, value) in [("taken", taken), ("total", total)] {
            self.slots
                .with_label_values(&[state])
                .set(value.cast_signed() as i64);
        }
    }
}
