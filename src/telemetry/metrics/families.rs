//! Families of metrics, made once at the start under the prefix `pontile_`.

use prometheus::core::Collector;
use prometheus::{
    Gauge, GaugeVec, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec,
    Opts, Registry,
};

/// Makes families and enters them in a registry.
pub(super) struct Families<'a>(pub(super) &'a Registry);

const NAMES_ARE_FIXED: &str =
    "names and labels are constants, each is used once, and a test makes them all";

/// Bounds of duration histograms in seconds: from a stage in memory to a back end's deadline.
pub(super) fn durations() -> Vec<f64> {
    vec![
        0.00001, 0.00005, 0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
        1.0, 2.5, 5.0, 10.0, 30.0,
    ]
}

impl Families<'_> {
    pub(super) fn counter(&self, name: &str, help: &str) -> IntCounter {
        self.enter(IntCounter::with_opts(options(name, help)))
    }

    pub(super) fn counters(&self, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
        self.enter(IntCounterVec::new(options(name, help), labels))
    }

    pub(super) fn gauge(&self, name: &str, help: &str) -> IntGauge {
        self.enter(IntGauge::with_opts(options(name, help)))
    }

    pub(super) fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
        self.enter(IntGaugeVec::new(options(name, help), labels))
    }

    pub(super) fn decimal_gauge(&self, name: &str, help: &str) -> Gauge {
        self.enter(Gauge::with_opts(options(name, help)))
    }

    pub(super) fn decimal_gauges(&self, name: &str, help: &str, labels: &[&str]) -> GaugeVec {
        self.enter(GaugeVec::new(options(name, help), labels))
    }

    pub(super) fn histograms(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
        bounds: Vec<f64>,
    ) -> HistogramVec {
        self.enter(HistogramVec::new(
            HistogramOpts::from(options(name, help)).buckets(bounds),
            labels,
        ))
    }

    fn enter<C: Collector + Clone + 'static>(&self, family: prometheus::Result<C>) -> C {
        let family = family.expect(NAMES_ARE_FIXED);
        self.0
            .register(Box::new(family.clone()))
            .expect(NAMES_ARE_FIXED);
        family
    }
}

fn options(name: &str, help: &str) -> Opts {
    Opts::new(name, help).namespace("pontile")
}

/// Brings a counter up to a total that is counted elsewhere.
pub(super) fn raise_to(counter: &IntCounter, total: u64) {
    counter.inc_by(total.saturating_sub(counter.get()));
}
