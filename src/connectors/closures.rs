//! When a back end is closed by its calendar, and until when; local times are Europe/Rome, also on nights of a clock change.
//!
//! A local time that the change skips is the first instant after it; of one that comes twice, spans begin at the first
//! and end at the second.

use chrono::{
    DateTime, Days, Duration, LocalResult, NaiveDate, NaiveTime, TimeZone, Timelike, Utc,
};
use chrono_tz::Europe::Rome;

use super::holidays::is_holiday;
use crate::config::calendar::{Calendar, WeeklySpan};

/// How far ahead an opening is looked for; nobody is told to come back later than that.
const HORIZON: Duration = Duration::days(365);

/// A closure that is known before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Its begin.
    pub from: DateTime<Utc>,
    /// Its end.
    pub to: DateTime<Utc>,
    /// Why.
    pub why: Why,
    /// Why, in the ente's own words.
    pub reason: Option<String>,
}

/// Why a back end is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Planned maintenance.
    Maintenance,
    /// A public holiday.
    Holiday,
}

/// When the back end answers again; `None` if it is open.
pub fn closed_until(calendar: &Calendar, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if calendar.is_empty() {
        return None;
    }
    let limit = at + HORIZON;
    let mut until = at;
    // One closure may end within the next.
    while let Some(later) = end_of_closure(calendar, until) {
        until = later;
        if until >= limit {
            return Some(limit);
        }
    }
    (until > at).then_some(until)
}

/// The maintenance and the holidays that fall, whole or in part, between two instants, by their begin.
pub fn planned(calendar: &Calendar, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<Planned> {
    let maintenance = |(from, to), reason| Planned {
        from,
        to,
        why: Why::Maintenance,
        reason,
    };
    let once = calendar.once.iter();
    let mut all: Vec<Planned> = once
        .map(|window| maintenance((window.from, window.to), window.reason.clone()))
        .collect();
    let mut day = day_before(from);
    while start(day, 0) < to {
        let spans = calendar.weekly.iter();
        let spans = spans.filter_map(|span| occurrence(span, day));
        all.extend(spans.map(|span| maintenance(span, None)));
        if calendar.closed_on_holidays && is_holiday(day) {
            all.push(Planned {
                from: start(day, 0),
                to: start(next(day), 0),
                why: Why::Holiday,
                reason: None,
            });
        }
        day = next(day);
    }
    all.retain(|planned| planned.from < to && from < planned.to);
    all.sort_by_key(|planned| (planned.from, planned.to));
    all
}

/// The end of a closure that holds at that instant.
fn end_of_closure(calendar: &Calendar, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let today = at.with_timezone(&Rome).date_naive();
    let once = calendar.once.iter();
    let window = once
        .filter(|window| window.from <= at && at < window.to)
        .map(|window| window.to)
        .max();
    let holiday = (calendar.closed_on_holidays && is_holiday(today)).then(|| start(next(today), 0));
    let maintenance = end_within(&calendar.weekly, at);
    let hours = match end_within(&calendar.open, at) {
        None if !calendar.open.is_empty() => Some(next_opening(&calendar.open, at)),
        _ => None,
    };
    [window, holiday, maintenance, hours]
        .into_iter()
        .flatten()
        .max()
}

/// The end of a span that holds at that instant, the latest if several do.
fn end_within(spans: &[WeeklySpan], at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let yesterday = day_before(at);
    [yesterday, next(yesterday)]
        .into_iter()
        .flat_map(|day| spans.iter().filter_map(move |span| occurrence(span, day)))
        .filter(|(from, to)| *from <= at && at < *to)
        .map(|(_, to)| to)
        .max()
}

/// The first begin of a span after that instant; every span begins at least once a week.
fn next_opening(spans: &[WeeklySpan], at: DateTime<Utc>) -> DateTime<Utc> {
    let mut day = at.with_timezone(&Rome).date_naive();
    // A week later its day may be the one whose clock change left nothing of the span.
    for _ in 0..=14 {
        let begins = spans.iter().filter_map(|span| occurrence(span, day));
        if let Some(begin) = begins.map(|(from, _)| from).filter(|from| *from > at).min() {
            return begin;
        }
        day = next(day);
    }
    at + HORIZON
}

/// Begin and end of the span that begins on that day.
fn occurrence(span: &WeeklySpan, day: NaiveDate) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    use chrono::Datelike;
    if !span.begins_on(day.weekday()) {
        return None;
    }
    let last = if span.crosses_midnight() {
        next(day)
    } else {
        day
    };
    let (from, to) = (start(day, span.from), end(last, span.to));
    (from < to).then_some((from, to))
}

/// The first instant that has that local time.
fn start(day: NaiveDate, minutes: u16) -> DateTime<Utc> {
    instant(day, minutes, |first, _| first)
}

/// The last instant that has that local time.
fn end(day: NaiveDate, minutes: u16) -> DateTime<Utc> {
    instant(day, minutes, |_, second| second)
}

fn instant(
    day: NaiveDate,
    minutes: u16,
    of_two: impl FnOnce(DateTime<chrono_tz::Tz>, DateTime<chrono_tz::Tz>) -> DateTime<chrono_tz::Tz>,
) -> DateTime<Utc> {
    let local = day.and_time(NaiveTime::MIN) + Duration::minutes(i64::from(minutes));
    match Rome.from_local_datetime(&local) {
        LocalResult::Single(at) => at.to_utc(),
        LocalResult::Ambiguous(first, second) => of_two(first, second).to_utc(),
        // In Italy the clock has always skipped whole hours.
        LocalResult::None => {
            let skipped = Duration::minutes(60 - i64::from(local.minute()));
            Rome.from_local_datetime(&(local + skipped))
                .earliest()
                .map_or_else(|| local.and_utc(), |at| at.to_utc())
        }
    }
}

fn day_before(at: DateTime<Utc>) -> NaiveDate {
    let today = at.with_timezone(&Rome).date_naive();
    today.checked_sub_days(Days::new(1)).unwrap_or(today)
}

fn next(day: NaiveDate) -> NaiveDate {
    day.checked_add_days(Days::new(1)).unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::calendar::Window;

    fn spans(texts: &[&str]) -> Vec<WeeklySpan> {
        texts
            .iter()
            .map(|text| WeeklySpan::parse(text).expect("a span"))
            .collect()
    }

    fn weekly(texts: &[&str]) -> Calendar {
        Calendar {
            weekly: spans(texts),
            ..Calendar::default()
        }
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse::<DateTime<chrono::FixedOffset>>()
            .expect("an instant")
            .to_utc()
    }

    /// The local end of the closure, or that there is none.
    fn until(calendar: &Calendar, text: &str) -> String {
        let end = closed_until(calendar, at(text));
        end.map_or("open".to_owned(), |end| {
            end.with_timezone(&Rome).to_rfc3339()
        })
    }

    #[test]
    fn thursday_evening_is_closed_in_winter_and_in_summer_at_the_same_local_time() {
        let calendar = weekly(&["gio 20:00-22:00"]);
        assert_eq!(
            until(&calendar, "2026-01-15T20:00:00+01:00"),
            "2026-01-15T22:00:00+01:00"
        );
        assert_eq!(
            until(&calendar, "2026-07-16T21:59:59+02:00"),
            "2026-07-16T22:00:00+02:00"
        );
        for open in [
            "2026-01-15T19:59:59+01:00",
            "2026-01-15T22:00:00+01:00",
            "2026-01-16T21:00:00+01:00",
        ] {
            assert_eq!(until(&calendar, open), "open", "{open}");
        }
    }

    #[test]
    fn a_window_across_midnight_belongs_to_the_day_on_which_it_begins() {
        let calendar = weekly(&["dom 23:00-1:30"]);
        assert_eq!(
            until(&calendar, "2026-01-11T23:30:00+01:00"),
            "2026-01-12T01:30:00+01:00"
        );
        assert_eq!(
            until(&calendar, "2026-01-12T01:29:00+01:00"),
            "2026-01-12T01:30:00+01:00"
        );
        assert_eq!(until(&calendar, "2026-01-11T01:00:00+01:00"), "open");
    }

    #[test]
    fn on_the_nights_of_a_clock_change_windows_end_when_the_clock_says_so() {
        let calendar = weekly(&["sab-dom 1:30-3:30"]);
        // 29 March 2026: 2:00 becomes 3:00, so that the two hours are one.
        assert_eq!(
            until(&calendar, "2026-03-29T01:30:00+01:00"),
            "2026-03-29T03:30:00+02:00"
        );
        let left = closed_until(&calendar, at("2026-03-29T01:30:00+01:00")).expect("closed")
            - at("2026-03-29T01:30:00+01:00");
        assert_eq!(left, Duration::hours(1));
        // 25 October 2026: 3:00 becomes 2:00, so that the two hours are three.
        let left = closed_until(&calendar, at("2026-10-25T01:30:00+02:00")).expect("closed")
            - at("2026-10-25T01:30:00+02:00");
        assert_eq!(left, Duration::hours(3));
        assert_eq!(
            until(&calendar, "2026-10-25T02:59:00+02:00"),
            "2026-10-25T03:30:00+01:00"
        );

        // A begin that is skipped is the end of the gap, a window within it none at all, one that comes twice both.
        assert_eq!(
            until(&weekly(&["dom 2:15-4"]), "2026-03-29T03:00:00+02:00"),
            "2026-03-29T04:00:00+02:00"
        );
        assert_eq!(
            until(&weekly(&["dom 2:15-2:45"]), "2026-03-29T03:00:00+02:00"),
            "open"
        );
        assert_eq!(
            until(&weekly(&["dom 2:15-2:45"]), "2026-10-25T02:50:00+02:00"),
            "2026-10-25T02:45:00+01:00"
        );
    }

    #[test]
    fn outside_its_opening_hours_it_is_closed_until_it_opens() {
        let calendar = Calendar {
            open: spans(&["lun-ven 7:00-20:00", "sab 8-13"]),
            closed_on_holidays: true,
            ..Calendar::default()
        };
        assert_eq!(until(&calendar, "2026-01-14T12:00:00+01:00"), "open");
        assert_eq!(
            until(&calendar, "2026-01-14T20:00:00+01:00"),
            "2026-01-15T07:00:00+01:00"
        );
        // From Saturday to Monday, over the night on which the clock goes forward.
        assert_eq!(
            until(&calendar, "2026-03-28T13:00:00+01:00"),
            "2026-03-30T07:00:00+02:00"
        );
        // Good Friday evening: Saturday is open, Easter and its Monday are not.
        assert_eq!(
            until(&calendar, "2026-04-04T13:30:00+02:00"),
            "2026-04-07T07:00:00+02:00"
        );
        assert_eq!(
            until(&calendar, "2026-04-06T09:00:00+02:00"),
            "2026-04-07T07:00:00+02:00"
        );
        assert_eq!(
            calendar.hours().as_deref(),
            Some("lun-ven 7:00-20:00, sab 8:00-13:00, chiuso nei giorni festivi")
        );
    }

    #[test]
    fn closures_that_follow_each_other_are_one() {
        let calendar = Calendar {
            once: vec![Window {
                from: at("2026-01-15T22:00:00+01:00"),
                to: at("2026-01-16T06:00:00+01:00"),
                reason: None,
            }],
            ..weekly(&["gio 20-22", "ven 6-7"])
        };
        assert_eq!(
            until(&calendar, "2026-01-15T20:30:00+01:00"),
            "2026-01-16T07:00:00+01:00"
        );
    }

    #[test]
    fn two_weeks_of_plans_hold_what_falls_into_them_in_order() {
        let calendar = Calendar {
            closed_on_holidays: true,
            once: vec![Window {
                from: at("2026-12-22T18:00:00+01:00"),
                to: at("2026-12-23T06:00:00+01:00"),
                reason: Some("aggiornamento".to_owned()),
            }],
            ..weekly(&["gio 20-22"])
        };
        let found = planned(
            &calendar,
            at("2026-12-17T21:00:00+01:00"),
            at("2026-12-31T21:00:00+01:00"),
        );
        let written: Vec<_> = found
            .iter()
            .map(|one| {
                (
                    one.from.with_timezone(&Rome).format("%d %H:%M").to_string(),
                    one.why,
                )
            })
            .collect();
        let [maintenance, holiday] = [Why::Maintenance, Why::Holiday];
        assert_eq!(
            written,
            [
                ("17 20:00".to_owned(), maintenance),
                ("22 18:00".to_owned(), maintenance),
                ("24 20:00".to_owned(), maintenance),
                ("25 00:00".to_owned(), holiday),
                ("26 00:00".to_owned(), holiday),
                ("31 20:00".to_owned(), maintenance),
            ]
        );
    }

    #[test]
    fn what_never_opens_is_told_to_come_back_in_a_year_and_no_later() {
        let calendar = weekly(&["lun-dom 0-24"]);
        let now = at("2026-01-15T20:30:00+01:00");
        assert_eq!(closed_until(&calendar, now), Some(now + HORIZON));
    }
}
