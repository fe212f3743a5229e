//! Numbers for back ends that want each request's greater than the last one's, and never the same twice.

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Utc};

/// The last number given out, over all instances: a clock that is set back must not bring one again.
static LAST: AtomicI64 = AtomicI64::new(0);

/// The number of a request that is sent at that instant: its microseconds since 1970, or one more than the last number.
pub fn next(at: DateTime<Utc>) -> i64 {
    let instant = at.timestamp_micros();
    let after = |last: i64| instant.max(last + 1);
    let last = LAST
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| {
            Some(after(last))
        })
        .unwrap_or_default();
    after(last)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_number_is_greater_than_the_last_one_also_when_the_clock_stands_or_goes_back() {
        let now = Utc::now();
        let first = next(now);
        assert!(first >= now.timestamp_micros());
        let second = next(now);
        let third = next(now - TimeDelta::hours(1));
        assert!(first < second && second < third, "{first} {second} {third}");
    }
}
