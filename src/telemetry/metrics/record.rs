//! How the record keeps up, as the store tells when the page is asked for.

use std::time::Duration;

use prometheus::{Gauge, IntCounter, IntGauge, IntGaugeVec};

use crate::store::Health;

use super::families::{Families, raise_to};

pub(super) struct RecordMetrics {
    commits: IntCounter,
    records: IntCounter,
    last_commit: Gauge,
    lag: Gauge,
    waiting: IntGauge,
    slots: IntGaugeVec,
    free_disk: IntGauge,
    degraded: IntGauge,
}

impl RecordMetrics {
    pub(super) fn new(families: &Families<'_>) -> RecordMetrics {
        RecordMetrics {
            commits: families.counter("record_commits_total", "Durable commits of records."),
            records: families.counter("record_exchanges_total", "Exchanges made durable."),
            last_commit: families.decimal_gauge(
                "record_last_commit_seconds",
                "Time that the last commit took.",
            ),
            lag: families.decimal_gauge(
                "record_lag_seconds",
                "How long the oldest record that is not durable yet has waited.",
            ),
            waiting: families.gauge("record_waiting", "Records that wait for the writer."),
            slots: families.gauges(
                "record_slots",
                "Places for exchanges in flight, `taken` and `total`.",
                &["state"],
            ),
            free_disk: families.gauge(
                "record_free_disk_bytes",
                "Bytes free on the record's disk, where it is ours.",
            ),
            degraded: families.gauge(
                "record_degraded",
                "1 while exchanges are refused because they could not be recorded.",
            ),
        }
    }

    pub(super) fn show(&self, health: &Health) {
        let whole = |value: usize| i64::try_from(value).unwrap_or(i64::MAX);
        let seconds = |duration: Duration| duration.as_secs_f64();
        raise_to(&self.commits, health.commits);
        raise_to(&self.records, health.records);
        self.last_commit.set(seconds(health.last_commit));
        self.lag.set(seconds(health.lag));
        self.waiting.set(whole(health.waiting));
        for (state, value) in [("taken", health.slots_in_use), ("total", health.slots)] {
            self.slots.with_label_values(&[state]).set(whole(value));
        }
        if let Some(bytes) = health.free_disk {
            self.free_disk.set(bytes.cast_signed());
        }
        self.degraded.set(i64::from(health.degraded.is_some()));
    }
}
