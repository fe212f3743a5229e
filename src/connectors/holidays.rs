//! The public holidays of Italy (law 260/1949 as amended; Saint Francis's since 2026, law 151/2025).

use chrono::{Datelike, Days, NaiveDate};

/// Day and month of those that have a fixed day.
const FIXED: [(u32, u32); 11] = [
    (1, 1),
    (6, 1),
    (25, 4),
    (1, 5),
    (2, 6),
    (15, 8),
    (1, 11),
    (8, 12),
    (25, 12),
    (26, 12),
    SAINT_FRANCIS,
];

const SAINT_FRANCIS: (u32, u32) = (4, 10);
const FIRST_OF_SAINT_FRANCIS: i32 = 2026;

/// Whether the day is a public holiday; other Sundays are not counted.
pub fn is_holiday(day: NaiveDate) -> bool {
    let date = (day.day(), day.month());
    if date == SAINT_FRANCIS && day.year() < FIRST_OF_SAINT_FRANCIS {
        return false;
    }
    let easter = easter(day.year());
    FIXED.contains(&date)
        || easter == Some(day)
        || easter.and_then(|easter| easter.checked_add_days(Days::new(1))) == Some(day)
}

/// Easter Sunday by the Gregorian computus (Meeus, Jones and Butcher).
fn easter(year: i32) -> Option<NaiveDate> {
    let (golden, century, rest) = (year % 19, year / 100, year % 100);
    let leap = century - century / 4 - (century - (century + 8) / 25 + 1) / 3;
    let epact = (19 * golden + leap + 15) % 30;
    let weekday = (32 + 2 * (century % 4) + 2 * (rest / 4) - epact - rest % 4) % 7;
    let correction = (golden + 11 * epact + 22 * weekday) / 451;
    let sum = epact + weekday - 7 * correction + 114;
    NaiveDate::from_ymd_opt(
        year,
        u32::try_from(sum / 31).ok()?,
        u32::try_from(sum % 31 + 1).ok()?,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    #[test]
    fn easter_monday_moves_and_the_others_stay() {
        for monday in [
            "2023-04-10",
            "2024-04-01",
            "2025-04-21",
            "2026-04-06",
            "2027-03-29",
            "2038-04-26",
        ] {
            assert!(is_holiday(day(monday)), "{monday}");
            assert!(
                is_holiday(day(monday) - Days::new(1)),
                "the Sunday before {monday}"
            );
            assert!(
                !is_holiday(day(monday) + Days::new(1)),
                "the Tuesday after {monday}"
            );
        }
        for text in [
            "2026-01-06",
            "2026-04-25",
            "2026-08-15",
            "2026-12-26",
            "2026-10-04",
        ] {
            assert!(is_holiday(day(text)), "{text}");
        }
        for text in ["2025-10-04", "2026-11-02", "2026-12-24", "2026-03-01"] {
            assert!(!is_holiday(day(text)), "{text}");
        }
    }
}
