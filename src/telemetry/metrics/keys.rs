//! How the keys on tokens fare: whether they sign, how fast, and who waits.

use prometheus::{GaugeVec, IntGaugeVec};

use super::families::Families;

const WHICH: &[&str] = &["key"];

/// The metrics of the keys on tokens.
pub(super) struct KeyMetrics {
    ready: IntGaugeVec,
    rate: GaugeVec,
    waiting: IntGaugeVec,
}

/// How one key fares.
#[derive(Debug, Clone, Copy)]
pub struct KeySeen<'a> {
    /// What the configuration calls it.
    pub key: &'a str,
    /// Whether it signs.
    pub is_ready: bool,
    /// Signatures a second that its token gave when it was opened; 0: it is not open.
    pub rate: f64,
    /// Signatures that are being made or wait.
    pub waiting: usize,
}

impl KeyMetrics {
    pub(super) fn new(families: &Families<'_>) -> KeyMetrics {
        KeyMetrics {
            ready: families.gauges(
                "key_ready",
                "1 where the token of a key signs, 0 where it is away, refused its PIN or could not be opened.",
                WHICH,
            ),
            rate: families.decimal_gauges(
                "key_signatures_per_second",
                "Signatures a second that the token of a key gave when it was opened.",
                WHICH,
            ),
            waiting: families.gauges(
                "key_signatures_waiting",
                "Signatures of a key that are being made or wait.",
                WHICH,
            ),
        }
    }

    pub(super) fn show(&self, seen: &[KeySeen<'_>]) {
        self.ready.reset();
        self.rate.reset();
        self.waiting.reset();
        for one in seen {
            let which = &[one.key];
            let ready = self.ready.with_label_values(which);
            ready.set(i64::from(one.is_ready));
            self.rate.with_label_values(which).set(one.rate);
            let waiting = self.waiting.with_label_values(which);
            waiting.set(i64::try_from(one.waiting).unwrap_or(i64::MAX));
        }
    }
}
