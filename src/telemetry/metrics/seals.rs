//! How the sealing of the evidence goes.

use std::time::Duration;

use prometheus::{Gauge, IntGauge};

use super::families::Families;

/// The metrics of the evidence's seals; 0 where nothing is sealed.
pub(super) struct SealMetrics {
    waiting: IntGauge,
    waited: Gauge,
}

impl SealMetrics {
    pub(super) fn new(families: &Families<'_>) -> SealMetrics {
        SealMetrics {
            waiting: families.gauge(
                "evidence_roots_unsealed",
                "Roots of the evidence that have no seal of their own yet.",
            ),
            waited: families.decimal_gauge(
                "evidence_unsealed_seconds",
                "For how long exchanges have been on record that no seal covers.",
            ),
        }
    }

    pub(super) fn show(&self, waiting: u64, waited: Duration) {
        self.waiting.set(i64::try_from(waiting).unwrap_or(i64::MAX));
        self.waited.set(waited.as_secs_f64());
    }
}
