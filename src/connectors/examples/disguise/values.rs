//! Values that are nobody's names: days moved, numbers of things replaced by others of the same form.

use chrono::{Datelike, Days, NaiveDate};

use crate::connectors::mapping::dates::{self, DateForm};

/// Forms of days that answers are searched for, beside those that mappings know.
const FORMS: [DateForm; 7] = [
    DateForm::Iso,
    DateForm::Slashes,
    DateForm::Dashes,
    DateForm::Compact,
    DateForm::DateTime,
    DateForm::CompactTime,
    DateForm::Dots,
];

/// The day that a text is, if it is one, and how it is written.
pub fn day(text: &str) -> Option<(NaiveDate, DateForm)> {
    FORMS.into_iter().find_map(|form| {
        let day = dates::read(text, &[form]).ok().flatten()?;
        // Eight digits can be many things.
        let compact = matches!(form, DateForm::Compact | DateForm::CompactTime);
        let likely = if compact { 1900..=2099 } else { 1800..=2200 };
        likely.contains(&day.year()).then_some((day, form))
    })
}

/// Another day in the place of that one; what stands behind it, like the hour, stays.
pub fn with_day(text: &str, form: DateForm, day: NaiveDate) -> String {
    let (written, length) = match form {
        DateForm::Slashes => (day.format("%d/%m/%Y").to_string(), 10),
        DateForm::Dashes => (day.format("%d-%m-%Y").to_string(), 10),
        DateForm::Dots => (day.format("%d.%m.%Y").to_string(), 10),
        DateForm::Compact | DateForm::CompactTime => (day.format("%Y%m%d").to_string(), 8),
        DateForm::Iso | DateForm::DateTime | DateForm::Midnight => {
            (day.format("%Y-%m-%d").to_string(), 10)
        }
    };
    format!("{written}{}", text.get(length..).unwrap_or_default())
}

/// A day so many days away from today as it was, and as many more: what is past stays past, what is to come stays to come.
pub fn moved(day: NaiveDate, by: u64, today: NaiveDate) -> NaiveDate {
    let moved = if day <= today {
        day.checked_sub_days(Days::new(by))
    } else {
        day.checked_add_days(Days::new(by))
    };
    moved.unwrap_or(day)
}

/// Every way in which a day may be written.
pub fn ways(day: NaiveDate) -> Vec<String> {
    let forms = ["%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y%m%d"];
    forms
        .iter()
        .map(|form| day.format(form).to_string())
        .collect()
}

/// A text of the same form: digits for digits, letters for letters, all else as it is.
pub fn alike(text: &str, mut next: impl FnMut() -> u32) -> String {
    let mut first = true;
    let alike = text.chars().map(|character| {
        let range = |from: char, count: u32, by: u32| {
            char::from_u32(u32::from(from) + by % count).unwrap_or(from)
        };
        let alike = match character {
            // A number does not begin to have a leading zero, and keeps the one that it has.
            '1'..='9' if first => range('1', 9, next()),
            '0' if first => '0',
            '0'..='9' => range('0', 10, next()),
            character if character.is_lowercase() => range('a', 26, next()),
            character if character.is_alphabetic() => range('A', 26, next()),
            other => other,
        };
        first = false;
        alike
    });
    alike.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_moved_in_the_form_in_which_it_is_written() {
        let today = NaiveDate::from_ymd_opt(2026, 11, 22).expect("a day");
        for (text, expected) in [
            ("1980-01-31", "1980-01-21"),
            ("31/01/1980", "21/01/1980"),
            ("31-01-1980", "21-01-1980"),
            ("31.01.1980", "21.01.1980"),
            ("19800131", "19800121"),
            ("1980-01-31T10:22:31+01:00", "1980-01-21T10:22:31+01:00"),
            ("2027-01-01", "2027-01-11"),
        ] {
            let (day, form) = day(text).expect("a day");
            assert_eq!(with_day(text, form, moved(day, 10, today)), expected);
        }
        for text in [
            "9999-12-31",
            "00000000",
            "12345678",
            "0001-01-01T00:00:00",
            "2019",
        ] {
            assert_eq!(day(text), None, "{text}");
        }
    }

    #[test]
    fn a_number_is_replaced_by_one_of_its_form() {
        let mut count = 0;
        let made = alike("CA-0071/b è", || {
            count += 7;
            count
        });
        assert_eq!(made.chars().count(), "CA-0071/b è".chars().count());
        assert!(
            made.contains('-') && made.contains('/') && !made.contains("0071"),
            "{made}"
        );
    }
}
