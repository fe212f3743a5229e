//! `from` and `to`: whole days in Europe/Rome, the last one included.

use std::ops::RangeInclusive;

use chrono::{DateTime, Days as Number, LocalResult, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Europe::Rome;
use serde::Serialize;

use crate::config::reading::table::Table;
use crate::config::reading::value::Value;
use crate::config::reading::{Read, Reader};

/// Days from one to another, both included, as their instants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Days {
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub to: NaiveDate,
    #[serde(skip)]
    begins: DateTime<Utc>,
    #[serde(skip)]
    ends: DateTime<Utc>,
}

/// How something that holds for days stands at an instant; the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It holds.
    InForce,
    /// Its first day has not come.
    NotYet,
    /// Its last day is over.
    Ended,
}

impl Standing {
    /// As logs say it.
    pub fn name(self) -> &'static str {
        match self {
            Standing::InForce => "in vigore",
            Standing::NotYet => "non ancora in vigore",
            Standing::Ended => "scaduta",
        }
    }
}

impl Days {
    /// The days of the range.
    pub fn new(days: RangeInclusive<NaiveDate>) -> Days {
        let (from, to) = days.into_inner();
        Days {
            from,
            to,
            begins: begin_of(from),
            ends: begin_of(
                to.checked_add_days(Number::new(1))
                    .unwrap_or(NaiveDate::MAX),
            ),
        }
    }

    /// The instant with which the last one ends.
    pub fn ends(&self) -> DateTime<Utc> {
        self.ends
    }

    /// How they stand at an instant.
    pub fn standing(&self, at: DateTime<Utc>) -> Standing {
        if at < self.begins {
            Standing::NotYet
        } else if at < self.ends {
            Standing::InForce
        } else {
            Standing::Ended
        }
    }

    /// The keys `from` and `to` of a table that may have neither, but not one alone.
    pub(super) fn read_if_written(table: &mut Table<'_>, reader: &mut Reader) -> Option<Days> {
        let written = table.values("from").next().is_some() || table.values("to").next().is_some();
        if written {
            Days::read(table, reader)
        } else {
            None
        }
    }

    /// The keys `from` and `to` of a table.
    pub(super) fn read(table: &mut Table<'_>, reader: &mut Reader) -> Option<Days> {
        let from: Option<Day> = table.required("from", reader);
        let to: Option<Day> = table.required("to", reader);
        let place = table.values("to").next().map(Value::place);
        let (Day(from), Day(to)) = (from?, to?);
        if to < from {
            let place = place?;
            reader.mistake(&place, "finisce prima di cominciare");
            return None;
        }
        Some(Days::new(from..=to))
    }
}

/// A day as it is written: `"2026-12-31"`.
pub(in crate::config) struct Day(pub(in crate::config) NaiveDate);

impl Read for Day {
    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
        value.parse(reader, "un giorno come \"2026-12-31\"", |text| {
            let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
            (text.len() == 10).then_some(Day(day))
        })
    }
}

/// When a day begins in Europe/Rome; where the clocks skip midnight, an hour later.
fn begin_of(day: NaiveDate) -> DateTime<Utc> {
    let midnight = day.and_time(NaiveTime::MIN);
    match Rome.from_local_datetime(&midnight) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => at.to_utc(),
        LocalResult::None => midnight.and_utc(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_begin_and_end_at_midnight_in_rome_whatever_the_season() {
        let day = |text: &str| text.parse::<NaiveDate>().expect("a day");
        let days = Days::new(day("2026-03-28")..=day("2026-03-29"));
        for (at, standing) in [
            ("2026-03-27T22:59:59Z", Standing::NotYet),
            ("2026-03-27T23:00:00Z", Standing::InForce),
            ("2026-03-29T21:59:59Z", Standing::InForce),
            ("2026-03-29T22:00:00Z", Standing::Ended),
        ] {
            let at: DateTime<Utc> = at.parse().expect("an instant");
            assert_eq!(days.standing(at), standing, "{at}");
        }
    }
}
