//! The calendar months (UTC) into which the record is cut, and the exchange numbers that bound them.

use std::fmt;

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Utc};
use uuid::Uuid;

/// A calendar month, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    /// Months since January of year 0.
    count: i32,
}

impl Month {
    /// The month of an instant.
    pub fn of(at: DateTime<Utc>) -> Month {
        let month = i32::try_from(at.month0()).expect("a month is below twelve");
        Month {
            count: at.year() * 12 + month,
        }
    }

    /// The month of the time in an exchange's number; `None` if it is no UUIDv7.
    pub fn of_scambio(scambio: &Uuid) -> Option<Month> {
        scambio_time(scambio).map(Month::of)
    }

    /// So many months later; earlier if negative.
    #[must_use]
    pub fn plus(self, months: i32) -> Month {
        Month {
            count: self.count + months,
        }
    }

    /// Its first instant.
    pub fn begins(self) -> DateTime<Utc> {
        let month = u32::try_from(self.count.rem_euclid(12) + 1).expect("a month is positive");
        NaiveDate::from_ymd_opt(self.count.div_euclid(12), month, 1)
            .expect("every month has a first day")
            .and_time(NaiveTime::MIN)
            .and_utc()
    }

    /// The first instant after it.
    pub fn ends(self) -> DateTime<Utc> {
        self.plus(1).begins()
    }

    /// Reads `2026-11`.
    pub fn parse(text: &str) -> Option<Month> {
        let (year, month) = text.split_once('-')?;
        let digits = |part: &str| part.bytes().all(|character| character.is_ascii_digit());
        if year.len() != 4 || month.len() != 2 || !digits(year) || !digits(month) {
            return None;
        }
        let first = NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, 1)?;
        Some(Month::of(first.and_time(NaiveTime::MIN).and_utc()))
    }
}

impl fmt::Display for Month {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.begins().format("%Y-%m"))
    }
}

/// The time in a UUIDv7 (RFC 9562 5.7): milliseconds in its first six bytes.
pub fn scambio_time(scambio: &Uuid) -> Option<DateTime<Utc>> {
    if scambio.get_version_num() != 7 {
        return None;
    }
    let mut milliseconds = [0; 8];
    milliseconds[2..].copy_from_slice(&scambio.as_bytes()[..6]);
    DateTime::from_timestamp_millis(i64::from_be_bytes(milliseconds))
}

/// The least number that an exchange of that instant or later can have: numbers sort by time.
pub fn least_scambio(at: DateTime<Utc>) -> [u8; 16] {
    let milliseconds = at.timestamp_millis().max(0).to_be_bytes();
    let mut bytes = [0; 16];
    bytes[..6].copy_from_slice(&milliseconds[2..]);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_knows_its_neighbours_and_its_name() {
        let december = Month::parse("2026-12").expect("well-formed");
        assert_eq!(december.plus(1).to_string(), "2027-01");
        assert_eq!(december.plus(-12).to_string(), "2025-12");
        assert_eq!(december.ends(), Month::parse("2027-01").unwrap().begins());
        for bad in [
            "2026-13",
            "2026-1",
            "26-11",
            "2026-00",
            "x026-11",
            "2026-11-01",
        ] {
            assert_eq!(Month::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_least_number_of_a_month_parts_it_from_the_month_before() {
        let month = Month::parse("2026-11").expect("well-formed");
        let bound = least_scambio(month.begins());
        let at = |milliseconds: i64| {
            let instant = month.begins() + chrono::Duration::milliseconds(milliseconds);
            let seconds = u64::try_from(instant.timestamp()).unwrap();
            Uuid::new_v7(uuid::Timestamp::from_unix_time(
                seconds,
                instant.timestamp_subsec_nanos(),
                0,
                0,
            ))
        };
        assert!(at(-1).as_bytes() < &bound);
        assert!(at(0).as_bytes() >= &bound);
        assert_eq!(Month::of_scambio(&at(-1)), Some(month.plus(-1)));
        assert_eq!(Month::of_scambio(&at(0)), Some(month));
        assert_eq!(Month::of_scambio(&Uuid::nil()), None);
    }
}
