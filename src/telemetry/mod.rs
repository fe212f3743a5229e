//! What operators see from outside: metrics, the log of exchanges, traces. Nothing here holds personal data.

pub mod exchange;
pub mod traceparent;
pub mod metrics;
pub mod log;
pub mod traces;

use exchange::ExchangeSeen;
use log::Log;
use metrics::Metrics;
use traces::Traces;

/// The three together, as the broker and the doors carry them.
pub struct Telemetry {
    /// Counters, gauges and histograms.
    pub metrics: Metrics,
    /// The log.
    pub log: std::sync::Arc<Log>,
    /// Spans on their way to a collector; absent: no export.
    pub traces: Option<Traces>,
}

impl Telemetry {
    /// Tells of an exchange that has ended: one observation, one line, and the spans if its trace is sampled.
    pub fn exchange_ended(&self, seen: &ExchangeSeen<'_>) {
        self.metrics.observe_exchange(seen);
        self.log.exchange(seen);
        if let Some(traces) = &self.traces {
            traces.exchange(seen);
        }
    }
}
