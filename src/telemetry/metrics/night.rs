//! How the night copies fare: age, rows, rejected lines, files that are missing.

use prometheus::{IntCounterVec, IntGaugeVec};

use super::families::Families;

const WHOSE: &[&str] = &["instance", "ente"];

/// The metrics of the night copies.
pub(super) struct NightMetrics {
    age: IntGaugeVec,
    rows: IntGaugeVec,
    rejected: IntGaugeVec,
    missing: IntGaugeVec,
    files: IntCounterVec,
}

/// How one copy fares.
#[derive(Debug, Clone, Copy)]
pub struct NightCopySeen<'a> {
    /// The instance's name.
    pub instance: &'a str,
    /// The ente's ISTAT code.
    pub ente: &'a str,
    /// Days since the date of its files; `None`: there is no copy.
    pub age_days: Option<i64>,
    /// Its rows.
    pub rows: u64,
    /// Lines of its files that were rejected.
    pub rejected: u64,
    /// Whether files should have come and have not.
    pub is_missing: bool,
}

impl NightMetrics {
    pub(super) fn new(families: &Families<'_>) -> NightMetrics {
        NightMetrics {
            age: families.gauges(
                "night_copy_age_days",
                "Days since the date in the names of the files that each night copy was made of.",
                WHOSE,
            ),
            rows: families.gauges("night_copy_rows", "Rows of each night copy.", WHOSE),
            rejected: families.gauges(
                "night_copy_rejected_lines",
                "Lines of each night copy's files that were rejected.",
                WHOSE,
            ),
            missing: families.gauges(
                "night_files_missing",
                "1 where the night's files should be in force by now and are not.",
                WHOSE,
            ),
            files: families.counters(
                "night_files_total",
                "Nightly deliveries read, by outcome: `in_vigore`, or why they were refused.",
                &["outcome"],
            ),
        }
    }

    pub(super) fn delivered(&self, outcome: &str) {
        self.files.with_label_values(&[outcome]).inc();
    }

    pub(super) fn forget(&self) {
        for family in [&self.age, &self.rows, &self.rejected, &self.missing] {
            family.reset();
        }
    }

    pub(super) fn show(&self, seen: &NightCopySeen<'_>) {
        let whose = &[seen.instance, seen.ente];
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        if let Some(days) = seen.age_days {
            self.age.with_label_values(whose).set(days);
        }
        self.rows.with_label_values(whose).set(number(seen.rows));
        let rejected = self.rejected.with_label_values(whose);
        rejected.set(number(seen.rejected));
        let missing = self.missing.with_label_values(whose);
        missing.set(i64::from(seen.is_missing));
    }
}
