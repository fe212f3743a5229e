//! How far the clock of a back end is from ours, as its `Date` header tells, and who is told when that is too far.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use http::HeaderMap;
use http::header::DATE;

use super::error::{ConnectorError, Kind};

/// Before the first answer.
const UNKNOWN: i64 = i64::MIN;

/// The clock of one back end, seen from outside.
#[derive(Debug)]
pub struct ClockWatch {
    ahead: AtomicI64,
    too_far: AtomicBool,
}

/// What the back end's clock shows; to the second, as the header is (RFC 9110, 5.6.7).
pub fn told(headers: &HeaderMap) -> Option<DateTime<Utc>> {
    let text = headers.get(DATE)?.to_str().ok()?;
    let date = DateTime::parse_from_rfc2822(text).ok()?;
    Some(date.with_timezone(&Utc))
}

/// How far ahead of ours a clock is that showed `told` at some time between `sent` and `received`; behind it is negative.
pub fn ahead(told: DateTime<Utc>, sent: DateTime<Utc>, received: DateTime<Utc>) -> TimeDelta {
    let second = TimeDelta::seconds(1);
    if told > received {
        told - received
    } else if told + second < sent {
        told + second - sent
    } else {
        TimeDelta::zero()
    }
}

/// Whether clocks are further apart than the product accepts.
pub fn too_far(ahead: TimeDelta, tolerance: Duration) -> bool {
    ahead.abs().to_std().is_ok_and(|apart| apart > tolerance)
}

/// The failure of a back end whose clock is too far from ours.
pub fn skewed(ahead: TimeDelta) -> ConnectorError {
    ConnectorError::permanent(Kind::ClockSkew, in_words(ahead))
}

fn in_words(ahead: TimeDelta) -> String {
    let seconds = ahead.num_seconds();
    let side = if seconds < 0 {
        "behind ours"
    } else {
        "ahead of ours"
    };
    format!("the back end's clock is {} s {side}", seconds.abs())
}

impl Default for ClockWatch {
    fn default() -> ClockWatch {
        ClockWatch {
            ahead: AtomicI64::new(UNKNOWN),
            too_far: AtomicBool::new(false),
        }
    }
}

impl ClockWatch {
    /// Takes note of an answer; the log is told when the clocks part and when they meet again, not at every answer between.
    pub fn note(&self, instance: &str, ahead: TimeDelta, tolerance: Duration) {
        self.ahead.store(ahead.num_seconds(), Ordering::Relaxed);
        let too_far = too_far(ahead, tolerance);
        if self.too_far.swap(too_far, Ordering::Relaxed) == too_far {
            return;
        }
        let (seconds, tolerance) = (ahead.num_seconds(), tolerance.as_secs());
        if too_far {
            tracing::error!(
                instance,
                secondi_avanti = seconds,
                tolleranza = tolerance,
                "l'orologio del gestionale è troppo lontano dal nostro: rifiuterà le richieste"
            );
        } else {
            tracing::info!(
                instance,
                secondi_avanti = seconds,
                "l'orologio del gestionale è di nuovo vicino al nostro"
            );
        }
    }

    /// Seconds by which the back end's clock is ahead of ours; `None`: it was not seen, or it does not matter.
    pub fn seconds_ahead(&self) -> Option<i64> {
        let seconds = self.ahead.load(Ordering::Relaxed);
        (seconds != UNKNOWN).then_some(seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    #[test]
    fn a_header_to_the_second_within_the_exchange_is_no_difference() {
        let (sent, received) = (
            at("2026-11-23T10:00:00.900Z"),
            at("2026-11-23T10:00:03.100Z"),
        );
        for told in ["2026-11-23T10:00:00Z", "2026-11-23T10:00:03Z"] {
            assert_eq!(ahead(at(told), sent, received), TimeDelta::zero());
        }
        let later = ahead(at("2026-11-23T10:10:03Z"), sent, received);
        assert_eq!(later.num_seconds(), 599);
        let earlier = ahead(at("2026-11-23T09:50:00Z"), sent, received);
        assert_eq!(earlier.num_seconds(), -599);
        assert!(too_far(earlier, Duration::from_mins(5)));
        assert!(!too_far(later, Duration::from_mins(10)));
    }

    #[test]
    fn a_header_that_is_no_date_tells_nothing() {
        let mut headers = HeaderMap::new();
        assert_eq!(told(&headers), None);
        headers.insert(
            DATE,
            "Mon, 23 Nov 2026 10:00:00 GMT".parse().expect("a value"),
        );
        assert_eq!(told(&headers), Some(at("2026-11-23T10:00:00Z")));
        headers.insert(DATE, "oggi".parse().expect("a value"));
        assert_eq!(told(&headers), None);
    }

    #[test]
    fn what_was_never_seen_is_not_zero() {
        let watch = ClockWatch::default();
        assert_eq!(watch.seconds_ahead(), None);
        watch.note("bari", TimeDelta::seconds(-400), Duration::from_mins(5));
        assert_eq!(watch.seconds_ahead(), Some(-400));
    }
}
