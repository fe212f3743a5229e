//! What a request is stamped with: its instant as the back end writes it, and hashes that are made with it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, Utc};
use chrono_tz::Europe::Rome;

use super::Template;

/// The forms of a date by the names that adapters use, each with that of `chrono`.
pub const DATES: [(&str, &str); 5] = [
    ("dd/MM/yyyy", "%d/%m/%Y"),
    ("dd-MM-yyyy", "%d-%m-%Y"),
    ("dd.MM.yyyy", "%d.%m.%Y"),
    ("yyyy-MM-dd", "%Y-%m-%d"),
    ("yyyyMMdd", "%Y%m%d"),
];

/// The forms of a time of day; `SSS` are milliseconds.
pub const TIMES: [(&str, &str); 4] = [
    ("HH:mm:ss.SSS", "%H:%M:%S%.3f"),
    ("HH:mm:ss", "%H:%M:%S"),
    ("HHmmssSSS", "%H%M%S%3f"),
    ("HHmmss", "%H%M%S"),
];

/// What an adapter stamps its requests with.
#[derive(Debug, Default)]
pub struct Stamps {
    /// How the product writes an instant; absent: its requests have none.
    pub clock: Option<Clock>,
    /// Texts of which the SHA-256 is sent, by name.
    pub hashes: BTreeMap<Box<str>, Template>,
}

/// How a product writes the instant of a request, in the local time of Italy, and how far it may be from its own clock.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    /// The form of the date, as `chrono` writes it.
    pub date: &'static str,
    /// The form of the time of day.
    pub time: &'static str,
    /// Requests whose instant is further away are refused.
    pub tolerance: Duration,
}

impl Clock {
    /// The day or the time of day of an instant, as the product writes it.
    pub fn written(&self, at: DateTime<Utc>, is_date: bool) -> String {
        written(at, if is_date { self.date } else { self.time })
    }
}

/// An instant in one of the forms.
fn written(at: DateTime<Utc>, form: &str) -> String {
    at.with_timezone(&Rome).format(form).to_string()
}

/// SHA-256 of a text, in small hexadecimal digits.
pub fn sha256(text: &str) -> String {
    let mut hex = String::with_capacity(64);
    for byte in digest(&SHA256, text.as_bytes()).as_ref() {
        let _infallible = write!(hex, "{byte:02x}");
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_written_in_italian_time_in_summer_and_in_winter() {
        let winter = "2026-01-31T23:30:05.004Z".parse().expect("an instant");
        assert_eq!(written(winter, DATES[0].1), "01/02/2026");
        assert_eq!(written(winter, TIMES[0].1), "00:30:05.004");
        let summer = "2026-07-01T21:59:59.999Z".parse().expect("an instant");
        assert_eq!(written(summer, DATES[4].1), "20260701");
        assert_eq!(written(summer, TIMES[2].1), "235959999");
    }

    #[test]
    fn a_hash_is_that_of_the_standard() {
        let of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256("abc"), of_abc);
    }
}
