//! `[instance.calendar]`: when a back end answers: opening hours, holidays, planned maintenance. Times are Europe/Rome.

use std::fmt;

use chrono::{DateTime, LocalResult, NaiveDateTime, TimeZone, Utc, Weekday};
use chrono_tz::Europe::Rome;
use serde::Serialize;

use super::reading::table::Table;
use super::reading::value::Value;
use super::reading::{FromTable, Read, Reader};

/// Minutes of a day.
pub const DAY: u16 = 24 * 60;

/// When a back end answers; without anything in it, always.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Calendar {
    /// Spans of the week in which it answers; empty: at any time.
    pub open: Vec<WeeklySpan>,
    /// Whether it stays closed on the public holidays of Italy.
    pub closed_on_holidays: bool,
    /// Maintenance that comes back every week.
    pub weekly: Vec<WeeklySpan>,
    /// Maintenance announced for once.
    pub once: Vec<Window>,
}

/// A span of local time on some days of the week: `lun-ven 7:00-20:00`; one that ends before it begins ends the day after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeeklySpan {
    /// First day of the week.
    pub first: Weekday,
    /// Last day of the week; before the first: over the week's end.
    pub last: Weekday,
    /// Minutes after midnight at which it begins, below [`DAY`].
    pub from: u16,
    /// Minutes after midnight at which it ends, at most [`DAY`].
    pub to: u16,
}

/// A planned window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Window {
    /// Its begin.
    pub from: DateTime<Utc>,
    /// Its end.
    pub to: DateTime<Utc>,
    /// Why, as portals may be told.
    pub reason: Option<String>,
}

/// An instant as it is written: local time, or with an offset.
struct Instant(DateTime<Utc>);

const DAYS: [(&str, Weekday); 7] = [
    ("lun", Weekday::Mon),
    ("mar", Weekday::Tue),
    ("mer", Weekday::Wed),
    ("gio", Weekday::Thu),
    ("ven", Weekday::Fri),
    ("sab", Weekday::Sat),
    ("dom", Weekday::Sun),
];

impl Calendar {
    /// Whether the back end always answers.
    pub fn is_empty(&self) -> bool {
        *self == Calendar::default()
    }

    /// The opening hours as people read them; none where it always answers.
    pub fn hours(&self) -> Option<String> {
        let mut parts: Vec<String> = self.open.iter().map(ToString::to_string).collect();
        if self.closed_on_holidays {
            parts.push("chiuso nei giorni festivi".to_owned());
        }
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

impl WeeklySpan {
    /// Parses `lun-ven 7:00-20:00`, `gio 20-22`.
    pub fn parse(text: &str) -> Option<WeeklySpan> {
        let (days, hours) = text.trim().split_once(' ')?;
        let (first, last) = days.split_once('-').unwrap_or((days, days));
        let (from, to) = hours.trim().split_once('-')?;
        let span = WeeklySpan {
            first: weekday(first)?,
            last: weekday(last)?,
            from: minutes(from)?,
            to: minutes(to)?,
        };
        (span.from < DAY && span.from != span.to).then_some(span)
    }

    /// Whether it begins on that day of the week.
    pub fn begins_on(&self, day: Weekday) -> bool {
        day.days_since(self.first) <= self.last.days_since(self.first)
    }

    /// Whether it ends on the day after.
    pub fn crosses_midnight(&self) -> bool {
        self.to <= self.from
    }
}

fn weekday(text: &str) -> Option<Weekday> {
    let mut days = DAYS.iter();
    days.find(|(name, _)| *name == text).map(|(_, day)| *day)
}

/// Minutes after midnight of `7:00` or `20`.
pub fn minutes(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':').unwrap_or((text, "00"));
    let digits = |part: &str, length: usize| {
        ((1..=length).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| part.parse::<u16>().ok())
            .flatten()
    };
    let (hours, minutes) = (digits(hours, 2)?, digits(minutes, 2)?);
    let total = hours * 60 + minutes;
    (minutes < 60 && total <= DAY).then_some(total)
}

impl Instant {
    /// `2026-12-01T20:00`, seconds allowed, with or without an offset; a local time that does not exist or exists twice is
    /// none.
    fn parse(text: &str) -> Option<Instant> {
        if let Ok(at) = DateTime::parse_from_rfc3339(text) {
            return Some(Instant(at.to_utc()));
        }
        if let Ok(at) = DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M%:z") {
            return Some(Instant(at.to_utc()));
        }
        let forms = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"];
        let mut read = forms
            .iter()
            .map(|form| NaiveDateTime::parse_from_str(text, form));
        let local = read.find_map(Result::ok)?;
        match Rome.from_local_datetime(&local) {
            LocalResult::Single(at) => Some(Instant(at.to_utc())),
            LocalResult::Ambiguous(..) | LocalResult::None => None,
        }
    }
}

impl fmt::Display for WeeklySpan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |day: Weekday| DAYS[day.num_days_from_monday() as usize].0;
        formatter.write_str(name(self.first))?;
        if self.last != self.first {
            write!(formatter, "-{}", name(self.last))?;
        }
        let clock = |minutes: u16| (minutes / 60, minutes % 60);
        let ((from, from_minutes), (to, to_minutes)) = (clock(self.from), clock(self.to));
        write!(formatter, " {from}:{from_minutes:02}-{to}:{to_minutes:02}")
    }
}

impl Serialize for WeeklySpan {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Read for WeeklySpan {
    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
        let expected = "giorni e ore, come \"lun-ven 7:00-20:00\" o \"gio 22-2\"";
        value.parse(reader, expected, WeeklySpan::parse)
    }
}

impl Read for Instant {
    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
        let expected = "data e ora di Roma come \"2026-12-01T20:00\"; nell'ora che il cambio salta o ripete, con lo scarto: \"2026-10-25T02:30+01:00\"";
        value.parse(reader, expected, Instant::parse)
    }
}

impl FromTable for Calendar {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let open = table.or_default("open", reader);
        let closed_on_holidays = table.or("closed_on_holidays", false, reader);
        let weekly = table.or_default("weekly", reader);
        let once = table.or_default("once", reader);
        table.finish(reader);
        Some(Calendar {
            open: open?,
            closed_on_holidays: closed_on_holidays?,
            weekly: weekly?,
            once: once?,
        })
    }
}

impl FromTable for Window {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let from: Option<Instant> = table.required("from", reader);
        let to: Option<Instant> = table.required("to", reader);
        let reason = table.optional("reason", reader);
        table.finish(reader);
        Some(Window {
            from: from?.0,
            to: to?.0,
            reason,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_as_they_are_written_and_nothing_else_is_one() {
        for (text, written) in [
            ("lun-ven 7:00-20:00", "lun-ven 7:00-20:00"),
            ("gio 20-22", "gio 20:00-22:00"),
            ("sab-lun 22:30-6", "sab-lun 22:30-6:00"),
            ("dom 0-24", "dom 0:00-24:00"),
        ] {
            let span = WeeklySpan::parse(text).expect(text);
            assert_eq!(span.to_string(), written);
        }
        for text in [
            "",
            "lun",
            "lun 7",
            "lun 7-7",
            "lun 24-6",
            "lun 7-25",
            "lun 7:60-8",
            "Lun 7-8",
            "lun- 7-8",
            "7-8",
            "lun 7:000-8",
            "lun +7-8",
        ] {
            assert_eq!(WeeklySpan::parse(text), None, "{text}");
        }
    }

    #[test]
    fn days_go_over_the_end_of_the_week() {
        let span = WeeklySpan::parse("sab-lun 1-2").expect("a span");
        let days: Vec<_> = DAYS
            .iter()
            .filter(|(_, day)| span.begins_on(*day))
            .collect();
        assert_eq!(
            days.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
            ["lun", "sab", "dom"]
        );
    }

    #[test]
    fn a_local_time_that_the_change_of_the_clock_skips_or_repeats_needs_its_offset() {
        for text in [
            "2026-03-29T02:30",
            "2026-10-25T02:30",
            "2026-12-01",
            "2026-02-30T10:00",
        ] {
            assert!(Instant::parse(text).is_none(), "{text}");
        }
        let at = |text: &str| Instant::parse(text).expect(text).0.to_rfc3339();
        assert_eq!(at("2026-10-25T02:30+01:00"), "2026-10-25T01:30:00+00:00");
        assert_eq!(at("2026-12-01T20:00"), "2026-12-01T19:00:00+00:00");
        assert_eq!(at("2026-07-01T20:00:30"), "2026-07-01T18:00:30+00:00");
    }
}
