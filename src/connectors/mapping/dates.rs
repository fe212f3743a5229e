//! Dates as back ends write them. A date that cannot be read is an error, never today; a local date is never shifted.

use chrono::{Datelike, NaiveDate};

/// A way to write a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateForm {
    /// `1980-01-31`.
    Iso,
    /// `31/01/1980`.
    Slashes,
    /// `31-01-1980`.
    Dashes,
    /// `31.01.1980`.
    Dots,
    /// `19800131`.
    Compact,
    /// `1980-01-31T10:22:31`, with or without fraction and zone: the date as it is written, whatever the hour.
    DateTime,
    /// The same with the hour 0: a local date dressed as an instant; another hour means that it was shifted.
    Midnight,
    /// `19800131102231` or `19800131 102231`.
    CompactTime,
}

/// A date that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoDate;

/// Every form by the name that mappings use.
pub const FORMS: [(&str, DateForm); 8] = [
    ("yyyy-MM-dd", DateForm::Iso),
    ("dd/MM/yyyy", DateForm::Slashes),
    ("dd-MM-yyyy", DateForm::Dashes),
    ("dd.MM.yyyy", DateForm::Dots),
    ("yyyyMMdd", DateForm::Compact),
    ("yyyy-MM-ddTHH:mm:ss", DateForm::DateTime),
    ("yyyy-MM-ddT00:00:00", DateForm::Midnight),
    ("yyyyMMddHHmmss", DateForm::CompactTime),
];

/// Years outside these are mistakes, except the two that stand for «no date».
const YEARS: std::ops::RangeInclusive<i32> = 1800..=2200;

impl DateForm {
    /// The form of that name.
    pub fn named(name: &str) -> Option<DateForm> {
        let found = FORMS.iter().find(|(known, _)| *known == name);
        found.map(|(_, form)| *form)
    }

    fn split(self, text: &str) -> Option<(&str, &str, &str)> {
        let date = |separator: u8, order: [std::ops::Range<usize>; 3], places: [usize; 2]| {
            let bytes = text.as_bytes();
            let fits = bytes.len() == 10 && places.iter().all(|place| bytes[*place] == separator);
            let [year, month, day] = order;
            fits.then(|| (&text[year], &text[month], &text[day]))
        };
        match self {
            Self::Iso => date(b'-', [0..4, 5..7, 8..10], [4, 7]),
            Self::Slashes => date(b'/', [6..10, 3..5, 0..2], [2, 5]),
            Self::Dashes => date(b'-', [6..10, 3..5, 0..2], [2, 5]),
            Self::Dots => date(b'.', [6..10, 3..5, 0..2], [2, 5]),
            Self::Compact => (text.len() == 8).then(|| (&text[..4], &text[4..6], &text[6..8])),
            Self::DateTime | Self::Midnight => {
                let (date, time) = text.split_at_checked(10)?;
                self.accepts_time(time).then_some(())?;
                Self::Iso.split(date)
            }
            Self::CompactTime => {
                let (date, time) = text.split_at_checked(8)?;
                let time = time.strip_prefix(' ').unwrap_or(time);
                (time.len() == 6 && digits(time)).then_some(())?;
                Self::Compact.split(date)
            }
        }
    }

    /// Whether the rest of a date-time fits: `T10:22:31`, `T00:00:00.000Z`, ` 00:00:00+01:00`.
    fn accepts_time(self, time: &str) -> bool {
        let Some(time) = time.strip_prefix(['T', ' ']) else {
            return false;
        };
        let Some((clock, rest)) = time.split_at_checked(8) else {
            return false;
        };
        let bytes = clock.as_bytes();
        let pairs = [&clock[..2], &clock[3..5], &clock[6..]];
        let is_clock = bytes[2] == b':' && bytes[5] == b':' && pairs.into_iter().all(digits);
        let midnight = pairs.into_iter().all(|pair| pair == "00");
        is_clock && (midnight || self == Self::DateTime) && is_fraction_and_zone(rest)
    }
}

fn is_fraction_and_zone(text: &str) -> bool {
    let zone = match text.strip_prefix('.') {
        None => text,
        Some(rest) => {
            let end = rest
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(rest.len());
            if end == 0 {
                return false;
            }
            &rest[end..]
        }
    };
    match zone.strip_prefix(['+', '-']) {
        None => matches!(zone, "" | "Z"),
        Some(offset) => {
            offset.len() == 5
                && digits(&offset[..2])
                && &offset[2..3] == ":"
                && digits(&offset[3..])
        }
    }
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Reads a date in the first form that fits; `Ok(None)` for the ways of writing that there is none.
pub fn read(text: &str, forms: &[DateForm]) -> Result<Option<NaiveDate>, NoDate> {
    if !text.is_ascii() {
        return Err(NoDate);
    }
    let parts = forms.iter().find_map(|form| form.split(text));
    let (year, month, day) = parts.ok_or(NoDate)?;
    of_parts(year, month, day)
}

/// Whether a text in which a date was found has it in front as `YYYY-MM-DD`: only the forms that begin so have hyphens there.
pub fn begins_as_written(text: &str) -> bool {
    matches!(text.as_bytes(), [_, _, _, _, b'-', _, _, b'-', _, _, ..])
}

/// Reads a date from its three numbers, which may have lost their leading zeros.
pub fn of_parts(year: &str, month: &str, day: &str) -> Result<Option<NaiveDate>, NoDate> {
    let number = |text: &str| {
        if digits(text) {
            text.parse::<u32>().map_err(|_| NoDate)
        } else {
            Err(NoDate)
        }
    };
    let (year, month, day) = (number(year)?, number(month)?, number(day)?);
    // 00000000, 01/01/0001 and 31/12/9999 all mean that there is no date.
    if (year, month, day) == (0, 0, 0) || year == 1 || year == 9999 {
        return Ok(None);
    }
    let year = i32::try_from(year).map_err(|_| NoDate)?;
    let date = NaiveDate::from_ymd_opt(year, month, day).ok_or(NoDate)?;
    if YEARS.contains(&date.year()) {
        Ok(Some(date))
    } else {
        Err(NoDate)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn in_form(name: &str, text: &str) -> Result<Option<NaiveDate>, NoDate> {
        read(text, &[DateForm::named(name).expect("a known form")])
    }

    fn day(year: i32, month: u32, day: u32) -> Option<NaiveDate> {
        NaiveDate::from_ymd_opt(year, month, day)
    }

    proptest! {
        #[test]
        fn a_date_written_in_any_form_is_read_back(number in 0_i64..140_000) {
            let start = NaiveDate::from_ymd_opt(1801, 1, 1).expect("a date");
            let date = start + chrono::Duration::days(number);
            for (form, pattern) in [
                (DateForm::Iso, "%Y-%m-%d"),
                (DateForm::Slashes, "%d/%m/%Y"),
                (DateForm::Dashes, "%d-%m-%Y"),
                (DateForm::Dots, "%d.%m.%Y"),
                (DateForm::Compact, "%Y%m%d"),
                (DateForm::DateTime, "%Y-%m-%dT23:59:59.999-05:00"),
                (DateForm::Midnight, "%Y-%m-%dT00:00:00.000Z"),
                (DateForm::CompactTime, "%Y%m%d 235959"),
            ] {
                let text = date.format(pattern).to_string();
                prop_assert_eq!(read(&text, &[form]), Ok(Some(date)), "{}", text);
            }
        }

        #[test]
        fn no_text_makes_the_reader_fail_otherwise_than_by_saying_so(text in "\\PC{0,30}") {
            for (_, form) in FORMS {
                let _either = read(&text, &[form]);
            }
        }
    }

    #[test]
    fn utc_midnight_is_never_shifted_and_a_shifted_date_is_refused() {
        assert_eq!(
            in_form("yyyy-MM-ddT00:00:00", "1980-01-01T00:00:00.000Z"),
            Ok(day(1980, 1, 1))
        );
        assert_eq!(
            in_form("yyyy-MM-ddT00:00:00", "1979-12-31T23:00:00.000Z"),
            Err(NoDate)
        );
    }

    #[test]
    fn the_ways_to_write_no_date_are_known() {
        for (form, text) in [
            ("yyyyMMdd", "00000000"),
            ("dd/MM/yyyy", "01/01/0001"),
            ("dd/MM/yyyy", "31/12/9999"),
            ("yyyy-MM-ddT00:00:00", "9999-12-31T00:00:00.000Z"),
            ("yyyy-MM-ddTHH:mm:ss", "0001-01-01T00:00:00"),
        ] {
            assert_eq!(in_form(form, text), Ok(None), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for (form, text) in [
            ("dd/MM/yyyy", "31/02/1980"),
            ("dd/MM/yyyy", "1980-01-01"),
            ("dd/MM/yyyy", "1/1/1980"),
            ("yyyy-MM-dd", "2980-01-01"),
            ("yyyyMMdd", "1980 101"),
            ("yyyy-MM-ddTHH:mm:ss", "1980-01-01"),
            ("yyyy-MM-ddTHH:mm:ss", "1980-01-01T10:22:31junk"),
        ] {
            assert_eq!(in_form(form, text), Err(NoDate), "{text}");
        }
    }

    #[test]
    fn three_integers_make_a_date() {
        assert_eq!(of_parts("1980", "1", "5"), Ok(day(1980, 1, 5)));
        assert_eq!(of_parts("0", "0", "0"), Ok(None));
        assert_eq!(of_parts("1980", "13", "5"), Err(NoDate));
    }
}
