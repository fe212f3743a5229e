//! Numbers as back ends write them, as exact decimals: never floating point, never a guess about commas.

use rust_decimal::Decimal;

/// A way to write a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberForm {
    /// `1234.50`.
    Point,
    /// `1234,50` or `1.234,50`.
    Comma,
    /// Whole cents: `123450`.
    Cents,
}

/// A number that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoNumber;

/// Every form by the name that mappings use.
pub const FORMS: [(&str, NumberForm); 3] = [
    ("point", NumberForm::Point),
    ("comma", NumberForm::Comma),
    ("cents", NumberForm::Cents),
];

impl NumberForm {
    /// The form of that name.
    pub fn named(name: &str) -> Option<NumberForm> {
        let found = FORMS.iter().find(|(known, _)| *known == name);
        found.map(|(_, form)| *form)
    }

    /// Reads a number.
    pub fn read(self, text: &str) -> Result<Decimal, NoNumber> {
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => ("-", digits),
            None => ("", text),
        };
        let (whole, fraction) = match self {
            NumberForm::Point => split(digits, '.'),
            NumberForm::Comma => split(digits, ','),
            NumberForm::Cents => (digits, None),
        };
        let whole = match self {
            NumberForm::Comma => ungroup(whole).ok_or(NoNumber)?,
            NumberForm::Point | NumberForm::Cents => whole.to_owned(),
        };
        let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !all_digits(&whole) || !fraction.is_none_or(all_digits) || whole.len() > 18 {
            return Err(NoNumber);
        }
        let plain = format!("{sign}{whole}.{}", fraction.unwrap_or("0"));
        let mut number = Decimal::from_str_exact(&plain).map_err(|_| NoNumber)?;
        if self == NumberForm::Cents {
            number /= Decimal::ONE_HUNDRED;
        }
        Ok(number.normalize())
    }
}

fn split(text: &str, separator: char) -> (&str, Option<&str>) {
    match text.split_once(separator) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    }
}

/// Takes out points that group the digits by three; any other point spoils the number.
fn ungroup(whole: &str) -> Option<String> {
    if !whole.contains('.') {
        return Some(whole.to_owned());
    }
    let mut groups = whole.split('.');
    let first = groups.next()?;
    let fits = (1..=3).contains(&first.len()) && groups.all(|group| group.len() == 3);
    fits.then(|| whole.replace('.', ""))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::from_str_exact(text).expect("a decimal")
    }

    proptest! {
        #[test]
        fn an_amount_written_in_any_form_is_read_back_exactly(cents in -10_000_000_000_i64..10_000_000_000) {
            let amount = Decimal::new(cents, 2);
            let point = amount.to_string();
            prop_assert_eq!(NumberForm::Point.read(&point), Ok(amount.normalize()));
            prop_assert_eq!(NumberForm::Comma.read(&point.replace('.', ",")), Ok(amount.normalize()));
            prop_assert_eq!(NumberForm::Comma.read(&grouped(cents)), Ok(amount.normalize()));
            prop_assert_eq!(NumberForm::Cents.read(&cents.to_string()), Ok(amount.normalize()));
        }

        #[test]
        fn no_text_makes_the_reader_fail_otherwise_than_by_saying_so(text in "\\PC{0,40}") {
            for (_, form) in FORMS {
                let _either = form.read(&text);
            }
        }
    }

    fn grouped(cents: i64) -> String {
        let whole = (cents.abs() / 100).to_string();
        let mut text = String::new();
        for (place, digit) in whole.chars().enumerate() {
            if place > 0 && (whole.len() - place).is_multiple_of(3) {
                text.push('.');
            }
            text.push(digit);
        }
        let sign = if cents < 0 { "-" } else { "" };
        format!("{sign}{text},{:02}", cents.abs() % 100)
    }

    #[test]
    fn decimal_comma_and_point_are_not_mixed_up() {
        assert_eq!(
            NumberForm::Comma.read("1.234,50"),
            Ok(decimal("1234.50").normalize())
        );
        assert_eq!(NumberForm::Comma.read("12.34"), Err(NoNumber));
        assert_eq!(NumberForm::Point.read("12,34"), Err(NoNumber));
        assert_eq!(NumberForm::Point.read("1,234.50"), Err(NoNumber));
        assert_eq!(NumberForm::Comma.read("33,3"), Ok(decimal("33.3")));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "", "-", ",5", "5,", "1e3", "NaN", "1 000", "--1", "+1", "١٢",
        ] {
            assert_eq!(NumberForm::Comma.read(text), Err(NoNumber), "{text}");
            assert_eq!(NumberForm::Point.read(text), Err(NoNumber), "{text}");
        }
    }
}
