//! Days and instants as the contract writes them, without the detours of a general formatter.

use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, Timelike, Utc};
use serde::Serializer;

/// A day as `YYYY-MM-DD`.
pub fn day(date: NaiveDate) -> String {
    let mut text = String::with_capacity(10);
    push_day(date, &mut text);
    text
}

/// An instant as `YYYY-MM-DDTHH:MM:SS.fffffffffZ` (RFC 3339), its fraction as long as it needs to be: 0, 3, 6 or 9 digits.
pub fn instant(at: DateTime<Utc>) -> String {
    let mut text = String::with_capacity(30);
    push_instant(at, &mut text);
    text
}

/// Appends an instant as [`instant`] writes it.
pub fn push_instant(at: DateTime<Utc>, text: &mut String) {
    let nanoseconds = at.nanosecond();
    // The last nanoseconds of a leap second are beyond a thousand millions.
    if !(0..=9999).contains(&at.year()) || nanoseconds > 999_999_999 {
        text.push_str(&at.to_rfc3339_opts(SecondsFormat::AutoSi, true));
        return;
    }
    push_day(at.date_naive(), text);
    for (mark, number) in [('T', at.hour()), (':', at.minute()), (':', at.second())] {
        text.push(mark);
        push_digits::<2>(number, text);
    }
    if nanoseconds != 0 {
        text.push('.');
        if nanoseconds.is_multiple_of(1_000_000) {
            push_digits::<3>(nanoseconds / 1_000_000, text);
        } else if nanoseconds.is_multiple_of(1_000) {
            push_digits::<6>(nanoseconds / 1_000, text);
        } else {
            push_digits::<9>(nanoseconds, text);
        }
    }
    text.push('Z');
}

/// Writes a day into an answer.
pub fn serialize_day<S: Serializer>(date: &NaiveDate, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&day(*date))
}

/// Writes an instant into an answer.
pub fn serialize_instant<S: Serializer>(
    at: &DateTime<Utc>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&instant(*at))
}

/// Appends a day as [`day`] writes it.
pub fn push_day(date: NaiveDate, text: &mut String) {
    match u32::try_from(date.year()) {
        Ok(year @ 0..=9999) => {
            push_digits::<4>(year, text);
            text.push('-');
            push_digits::<2>(date.month(), text);
            text.push('-');
            push_digits::<2>(date.day(), text);
        }
        _ => text.push_str(&date.to_string()),
    }
}

/// Writes the last `DIGITS` digits of a number.
fn push_digits<const DIGITS: usize>(mut number: u32, text: &mut String) {
    let mut digits = [b'0'; DIGITS];
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
    text.push_str(std::str::from_utf8(&digits).expect("digits are ASCII"));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn days_and_instants_are_written_as_the_general_formatter_writes_them(
            seconds in -70_000_000_000_i64..300_000_000_000, fraction in 0_u32..2_000, unit in 0_usize..4
        ) {
            let nanoseconds = fraction * [0, 1, 1_000, 1_000_000][unit];
            let Some(at) = DateTime::from_timestamp(seconds, nanoseconds) else {
                return Ok(());
            };
            prop_assert_eq!(day(at.date_naive()), at.date_naive().to_string());
            prop_assert_eq!(serde_json::json!(instant(at)), serde_json::json!(at));
        }
    }
}
