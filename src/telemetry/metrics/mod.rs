//! What the gateway counts and measures, as a page in the Prometheus text format (0.0.4).
//!
//! One registry of our own, no global one, so that tests run side by side. `docs/logging.md` lists every metric.

mod exchanges;
mod families;
mod keys;
mod seals;
mod night;
mod process;
mod record;
mod requests;

use std::time::Instant;

use parking_lot::Mutex;
use prometheus::{
    Gauge, GaugeVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Registry, TextEncoder,
};

use super::exchange::ExchangeSeen;
use crate::store::Health;
use exchanges::ExchangeMetrics;
use families::{Families, raise_to};
use keys::KeyMetrics;
use night::NightMetrics;
use record::RecordMetrics;
use requests::RequestMetrics;
use seals::SealMetrics;

pub use keys::KeySeen;
pub use night::NightCopySeen;
pub use requests::OpenRequestsSeen;

/// The media type of the page.
pub const CONTENT_TYPE: &str = prometheus::TEXT_FORMAT;

/// Every metric of the process.
pub struct Metrics {
    registry: Registry,
    exchanges: ExchangeMetrics,
    limits_refused: IntCounterVec,
    handshakes: IntCounterVec,
    requests_unread: IntCounterVec,
    connections: IntGaugeVec,
    breaker_state: IntGaugeVec,
    instance_calls: IntGaugeVec,
    instance_clock: IntGaugeVec,
    answers_looked_at: IntCounterVec,
    adapter_drift: IntCounterVec,
    cache_bytes: IntGauge,
    record: RecordMetrics,
    night: NightMetrics,
    keys: KeyMetrics,
    seals: SealMetrics,
    requests: RequestMetrics,
    certificate_days_left: GaugeVec,
    snapshot_generation: IntGauge,
    snapshot_age: Gauge,
    snapshot_loaded: Mutex<Option<Instant>>,
    reloads: IntCounterVec,
    card_issuer_fetches: IntCounterVec,
    log_lines_dropped: IntCounter,
    process: process::ProcessMetrics,
}

/// What a circuit breaker does with calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// Lets them through.
    Closed,
    /// Lets one through, as a probe.
    HalfOpen,
    /// Lets none through.
    Open,
}

impl Metrics {
    /// All metrics at zero.
    #[expect(clippy::too_many_lines, reason = "a table: one entry a metric")]
    pub fn new() -> Metrics {
        let registry = Registry::new();
        let families = Families(&registry);
        families
            .gauges(
                "build_info",
                "Always 1; the version is in the label.",
                &["version"],
            )
            .with_label_values(&[env!("CARGO_PKG_VERSION")])
            .set(1);
        Metrics {
            exchanges: ExchangeMetrics::new(&families),
            limits_refused: families.counters(
                "limits_refused_total",
                "Requests refused by a limit of ours, by limit.",
                &["limit"],
            ),
            handshakes: families.counters(
                "handshakes_total",
                "TLS handshakes by door and result: `accepted`, or why not.",
                &["door", "result"],
            ),
            requests_unread: families.counters(
                "requests_unread_total",
                "Requests refused before any handler saw them, by door and reason: `not_http`, `head_too_large`, `too_slow`.",
                &["door", "reason"],
            ),
            connections: families.gauges("connections", "Open connections by door.", &["door"]),
            breaker_state: families.gauges(
                "breaker_state",
                "Circuit breaker of each instance: 0 closed, 1 half open, 2 open.",
                &["instance"],
            ),
            instance_calls: families.gauges(
                "instance_calls",
                "Calls to each instance, `under_way` and `waiting` for a place.",
                &["instance", "state"],
            ),
            instance_clock: families.gauges(
                "instance_clock_ahead_seconds",
                "Seconds by which a back end's clock is ahead of ours, where its product is told the time of requests.",
                &["instance"],
            ),
            answers_looked_at: families.counters(
                "adapter_answers_looked_at_total",
                "Answers of back ends that were looked at for drift, by adapter.",
                &["adapter"],
            ),
            adapter_drift: families.counters(
                "adapter_drift_total",
                "Fields in the answers looked at that differ from what is usual, by adapter and change: `appeared`, `vanished`, `changed`.",
                &["adapter", "change"],
            ),
            cache_bytes: families.gauge("cache_bytes", "Bytes of answers in the cache."),
            record: RecordMetrics::new(&families),
            night: NightMetrics::new(&families),
            keys: KeyMetrics::new(&families),
            seals: SealMetrics::new(&families),
            requests: RequestMetrics::new(&families),
            certificate_days_left: families.decimal_gauges(
                "certificate_days_left",
                "Days until a certificate or revocation list of ours ends; negative: ended.",
                &["certificate"],
            ),
            snapshot_generation: families.gauge(
                "snapshot_generation",
                "Generation of the configuration in force.",
            ),
            snapshot_age: families.decimal_gauge(
                "snapshot_age_seconds",
                "Time since the configuration in force was loaded.",
            ),
            snapshot_loaded: Mutex::new(None),
            reloads: families.counters(
                "reloads_total",
                "Reloads of the configuration by result: `accepted`, `refused`, `unchanged`.",
                &["result"],
            ),
            card_issuer_fetches: families.counters(
                "card_issuer_fetches_total",
                "Fetches of what cards' issuers publish: `trust_list` or `revocation_list`, by result: `new`, `unchanged`, `failed`.",
                &["what", "result"],
            ),
            log_lines_dropped: families.counter(
                "log_lines_dropped_total",
                "Log lines dropped because the disk or the reader was too slow, or failed.",
            ),
            process: process::ProcessMetrics::new(&families),
            registry,
        }
    }

    /// Counts an exchange that has ended, and its times.
    pub fn observe_exchange(&self, seen: &ExchangeSeen<'_>) {
        self.exchanges.observe(seen);
    }

    /// Counts a request refused by a limit: `portal`, `operation`, `quota`, `address`, `connection`, `stranger`.
    pub fn limit_refused(&self, limit: &'static str) {
        self.limits_refused.with_label_values(&[limit]).inc();
    }

    /// Counts a handshake that succeeded.
    pub fn handshake_accepted(&self, door: &'static str) {
        self.handshakes.with_label_values(&[door, "accepted"]).inc();
    }

    /// Counts a handshake that failed; the reason is one of a fixed list, not the error's text.
    pub fn handshake_rejected(&self, door: &'static str, reason: &'static str) {
        self.handshakes.with_label_values(&[door, reason]).inc();
    }

    /// Counts a request that could not be read; no exchange, hence not on record.
    pub fn request_unread(&self, door: &'static str, reason: &'static str) {
        self.requests_unread
            .with_label_values(&[door, reason])
            .inc();
    }

    /// Tells that a connection was opened.
    pub fn connection_opened(&self, door: &'static str) {
        self.connections.with_label_values(&[door]).inc();
    }

    /// Tells that a connection was closed.
    pub fn connection_closed(&self, door: &'static str) {
        self.connections.with_label_values(&[door]).dec();
    }

    /// Sets how an instance fares: its breaker, the calls under way and those that wait for a place.
    pub fn instance(&self, name: &str, breaker: BreakerState, in_use: usize, waiting: usize) {
        self.breaker_state
            .with_label_values(&[name])
            .set(breaker as i64);
        for (state, calls) in [("under_way", in_use), ("waiting", waiting)] {
            self.instance_calls
                .with_label_values(&[name, state])
                .set(i64::try_from(calls).unwrap_or(i64::MAX));
        }
    }

    /// Sets by how many seconds a back end's clock is ahead of ours.
    pub fn instance_clock(&self, name: &str, seconds_ahead: i64) {
        self.instance_clock
            .with_label_values(&[name])
            .set(seconds_ahead);
    }

    /// Forgets an instance that is no longer in the configuration.
    pub fn instance_removed(&self, instance: &str) {
        // An error says that it was never used: there is nothing to forget.
        let _ = self.breaker_state.remove_label_values(&[instance]);
        for state in ["under_way", "waiting"] {
            let _ = self.instance_calls.remove_label_values(&[instance, state]);
        }
        let _ = self.instance_clock.remove_label_values(&[instance]);
    }

    /// Sets how many answers to an adapter were looked at since the start.
    pub fn answers_looked_at(&self, adapter: &str, total: u64) {
        raise_to(&self.answers_looked_at.with_label_values(&[adapter]), total);
    }

    /// Sets how many fields drifted since the start: `appeared`, `vanished` or `changed`.
    pub fn adapter_drift(&self, adapter: &str, change: &'static str, total: u64) {
        raise_to(
            &self.adapter_drift.with_label_values(&[adapter, change]),
            total,
        );
    }

    /// Sets what the cache holds.
    pub fn cache_holds(&self, bytes: u64) {
        self.cache_bytes.set(bytes.cast_signed());
    }

    /// Sets how the record fares.
    pub fn record(&self, health: &Health) {
        self.record.show(health);
    }

    /// Sets how many requests are open; those that are not named are none.
    pub fn open_requests(&self, seen: &[OpenRequestsSeen]) {
        self.requests.show(seen);
    }

    /// Counts a request that came to its end.
    pub fn request_ended(&self, way: &str, state: &str, ente: &str) {
        self.requests.ended(way, state, ente);
    }

    /// Sets how the sealing of the evidence goes: roots without a seal, and for how long exchanges have waited for one.
    pub fn seals(&self, waiting: u64, waited: std::time::Duration) {
        self.seals.show(waiting, waited);
    }

    /// Sets how the keys on tokens fare; those that were set before are forgotten.
    pub fn keys(&self, seen: &[KeySeen<'_>]) {
        self.keys.show(seen);
    }

    /// Sets how a night copy fares.
    pub fn night_copy(&self, seen: &NightCopySeen<'_>) {
        self.night.show(seen);
    }

    /// Forgets every night copy, before those that there are now are set.
    pub fn night_copies_forgotten(&self) {
        self.night.forget();
    }

    /// Counts a nightly delivery that was read, by what became of it.
    pub fn night_delivery(&self, outcome: &'static str) {
        self.night.delivered(outcome);
    }

    /// Sets the days left to a certificate or revocation list, named as in the configuration (`portal_door`).
    pub fn certificate_days_left(&self, certificate: &str, days: f64) {
        self.certificate_days_left
            .with_label_values(&[certificate])
            .set(days);
    }

    /// Forgets the days left to every certificate, before those of a new configuration are set.
    pub fn certificates_forgotten(&self) {
        self.certificate_days_left.reset();
    }

    /// Tells that a configuration is in force from now on.
    pub fn snapshot_in_force(&self, generation: u64) {
        self.snapshot_generation.set(generation.cast_signed());
        *self.snapshot_loaded.lock() = Some(Instant::now());
    }

    /// Counts a reload: `accepted`, `refused` or `unchanged`.
    pub fn reloaded(&self, result: &'static str) {
        self.reloads.with_label_values(&[result]).inc();
    }

    /// Counts a fetch of what cards' issuers publish: `trust_list` or `revocation_list`; `new`, `unchanged` or `failed`.
    pub fn card_issuer_fetched(&self, what: &'static str, result: &'static str) {
        self.card_issuer_fetches
            .with_label_values(&[what, result])
            .inc();
    }

    /// Sets how many log lines were dropped since the start.
    pub fn lines_dropped(&self, total: u64) {
        raise_to(&self.log_lines_dropped, total);
    }

    /// The page.
    pub fn render(&self) -> String {
        if let Some(loaded) = *self.snapshot_loaded.lock() {
            self.snapshot_age.set(loaded.elapsed().as_secs_f64());
        }
        self.process.read();
        let mut page = String::with_capacity(64 << 10);
        TextEncoder::new()
            .encode_utf8(&self.registry.gather(), &mut page)
            .expect("writing to a string fails only for families without samples, and the registry leaves those out");
        page
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Metrics::new()
    }
}

#[cfg(test)]
mod tests;
