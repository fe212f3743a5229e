//! The requests that outlive their call: how many are open, since when, and how they ended.

use prometheus::{IntCounterVec, IntGaugeVec};

use super::families::Families;

/// The metrics of requests that outlive their call.
pub(super) struct RequestMetrics {
    open: IntGaugeVec,
    oldest: IntGaugeVec,
    ended: IntCounterVec,
}

/// The open requests of one way and state.
#[derive(Debug, Clone, Copy)]
pub struct OpenRequestsSeen {
    /// How they come to their end.
    pub way: &'static str,
    /// How far they are.
    pub state: &'static str,
    /// How many.
    pub count: u64,
    /// Seconds since the oldest was opened.
    pub oldest_seconds: i64,
}

impl RequestMetrics {
    pub(super) fn new(families: &Families<'_>) -> RequestMetrics {
        const WHICH: &[&str] = &["way", "state"];
        RequestMetrics {
            open: families.gauges(
                "requests_open",
                "Requests that outlive their call and are open, by way and state.",
                WHICH,
            ),
            oldest: families.gauges(
                "requests_oldest_seconds",
                "Seconds since the oldest of them was opened.",
                WHICH,
            ),
            ended: families.counters(
                "requests_ended_total",
                "Requests that came to their end, by way, state and ente.",
                &["way", "state", "ente"],
            ),
        }
    }

    pub(super) fn show(&self, seen: &[OpenRequestsSeen]) {
        self.open.reset();
        self.oldest.reset();
        for one in seen {
            let which = &[one.way, one.state];
            let count = i64::try_from(one.count).unwrap_or(i64::MAX);
            self.open.with_label_values(which).set(count);
            self.oldest.with_label_values(which).set(one.oldest_seconds);
        }
    }

    pub(super) fn ended(&self, way: &str, state: &str, ente: &str) {
        self.ended.with_label_values(&[way, state, ente]).inc();
    }
}
