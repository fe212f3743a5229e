//! Fiscal codes and VAT numbers, checked when they are made; their `Debug` shows no digit.

use std::fmt;

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Deserializer, Serialize};

/// The fiscal code of a person (16 characters, omocodia included) or the numeric one of an entity (11 digits).
///
/// Upper case, check character verified (DM 23 December 1976). Two codes are the same subject only if they are equal:
/// omocodia is never undone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct CodiceFiscale(String);

/// A VAT number: 11 digits with their check digit (Luhn).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct PartitaIva(String);

/// What is wrong with a code; never shows the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// Neither 16 letters and digits in their places nor 11 digits.
    #[error("il codice non ha la forma prevista")]
    Shape,
    /// The check character does not fit.
    #[error("il carattere di controllo non corrisponde")]
    Check,
}

impl CodiceFiscale {
    /// Parses a code; surrounding blanks and lower case are accepted, since back ends send both.
    pub fn parse(text: &str) -> Result<CodiceFiscale, CodeError> {
        let code = text.trim().to_ascii_uppercase();
        match code.len() {
            11 => check_numeric(&code)?,
            16 => check_personal(code.as_bytes())?,
            _ => return Err(CodeError::Shape),
        }
        Ok(CodiceFiscale(code))
    }

    /// The code, upper case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the code says that day of birth, whose century it leaves open; never true of an entity's code.
    pub fn says_born_on(&self, day: NaiveDate) -> bool {
        let code = self.0.as_bytes();
        let digit = |place: usize| match code[place] {
            digit @ b'0'..=b'9' => u32::from(digit - b'0'),
            letter => {
                let known = OMOCODIA.iter().position(|one| *one == letter);
                known.map_or(u32::MAX, |digit| u32::try_from(digit).unwrap_or(u32::MAX))
            }
        };
        if code.len() != 16 {
            return false;
        }
        let year = digit(6) * 10 + digit(7);
        let month = MONTHS.iter().position(|month| *month == code[8]);
        // Women's days are forty more.
        let written = digit(9) * 10 + digit(10);
        year == day.year_ce().1 % 100
            && month == Some(day.month0() as usize)
            && [day.day(), day.day() + 40].contains(&written)
    }
}

impl CodiceFiscale {
    /// Whether another code is this one but for omocodia: that of somebody else, or of the same person before or after theirs was changed.
    pub fn differs_by_omocodia(&self, other: &str) -> bool {
        let digit = |letter: u8| OMOCODIA.iter().position(|known| *known == letter);
        let same = |(place, (one, other)): (usize, (u8, u8))| match place {
            6 | 7 | 9 | 10 | 12..=14 => {
                let value =
                    |byte: u8| digit(byte).map_or(usize::from(byte.wrapping_sub(b'0')), |at| at);
                value(one) == value(other)
            }
            15 => true,
            _ => one == other,
        };
        let pairs = self.0.bytes().zip(other.bytes()).enumerate();
        self.0 != other && self.0.len() == 16 && other.len() == 16 && pairs.into_iter().all(same)
    }
}

impl PartitaIva {
    /// Parses a VAT number of 11 digits.
    pub fn parse(text: &str) -> Result<PartitaIva, CodeError> {
        let code = text.trim();
        if code.len() != 11 {
            return Err(CodeError::Shape);
        }
        check_numeric(code)?;
        Ok(PartitaIva(code.to_owned()))
    }

    /// The number, 11 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

const OMOCODIA: &[u8] = b"LMNPQRSTUV";
const MONTHS: &[u8] = b"ABCDEHLMPRST";
/// Values of `0-9` (and of `A-J`, which share them), then of `K-Z`, in odd places (counted from one).
const ODD: [u32; 26] = [
    1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
];

fn check_personal(code: &[u8]) -> Result<(), CodeError> {
    let digit_or_omocodia =
        |character: u8| character.is_ascii_digit() || OMOCODIA.contains(&character);
    let in_shape = code
        .iter()
        .enumerate()
        .all(|(place, &character)| match place {
            0..=5 | 11 | 15 => character.is_ascii_uppercase(),
            8 => MONTHS.contains(&character),
            _ => digit_or_omocodia(character),
        });
    if !in_shape {
        return Err(CodeError::Shape);
    }
    let value = |character: u8| {
        u32::from(if character.is_ascii_digit() {
            character - b'0'
        } else {
            character - b'A'
        })
    };
    let sum: u32 = code[..15]
        .iter()
        .enumerate()
        .map(|(place, &character)| {
            if place % 2 == 0 {
                ODD[value(character) as usize]
            } else {
                value(character)
            }
        })
        .sum();
    if sum % 26 == u32::from(code[15] - b'A') {
        Ok(())
    } else {
        Err(CodeError::Check)
    }
}

fn check_numeric(code: &str) -> Result<(), CodeError> {
    if !code.bytes().all(|character| character.is_ascii_digit()) {
        return Err(CodeError::Shape);
    }
    let sum: u32 = code
        .bytes()
        .enumerate()
        .map(|(place, character)| {
            let digit = u32::from(character - b'0');
            match (place % 2 == 0, digit * 2) {
                (true, _) => digit,
                (false, doubled) if doubled > 9 => doubled - 9,
                (false, doubled) => doubled,
            }
        })
        .sum();
    if sum.is_multiple_of(10) {
        Ok(())
    } else {
        Err(CodeError::Check)
    }
}

impl fmt::Debug for CodiceFiscale {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("CodiceFiscale(…)")
    }
}

impl fmt::Debug for PartitaIva {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PartitaIva(…)")
    }
}

impl<'de> Deserialize<'de> for CodiceFiscale {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        CodiceFiscale::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for PartitaIva {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        PartitaIva::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_says_the_day_of_birth_also_of_women_and_with_letters_for_digits() {
        let day = |text: &str| NaiveDate::parse_from_str(text, "%Y-%m-%d").expect("a day");
        let says = |code: &str, text: &str| {
            let code = CodiceFiscale::parse(code).expect("a code");
            code.says_born_on(day(text))
        };
        assert!(says("RSSMRA80A01C933H", "1980-01-01"));
        assert!(says("BNCNNA75T71B639E", "1975-12-31"));
        assert!(!says("RSSMRA80A01C933H", "1980-01-02"));
        assert!(!says("RSSMRA80A01C933H", "1980-02-01"));
        assert!(!says("RSSMRA80A01C933H", "1981-01-01"));
        assert!(!says("00743110157", "1980-01-01"));
    }

    #[test]
    fn valid_codes_are_accepted_with_and_without_omocodia() {
        for code in [
            "RSSMRA80A01C933H",
            "RSSMRA80A01C93PD",
            "rssmraulalmcvppp",
            " 00977350206 ",
        ] {
            assert!(CodiceFiscale::parse(code).is_ok(), "{code}");
        }
        assert!(PartitaIva::parse("86334519757").is_ok());
    }

    #[test]
    fn a_wrong_check_character_and_a_wrong_shape_are_told_apart() {
        assert_eq!(
            CodiceFiscale::parse("RSSMRA80A01C933A"),
            Err(CodeError::Check)
        );
        assert_eq!(
            CodiceFiscale::parse("RSSMRA80X01C933H"),
            Err(CodeError::Shape)
        );
        assert_eq!(PartitaIva::parse("86334519758"), Err(CodeError::Check));
        assert_eq!(PartitaIva::parse("8633451975"), Err(CodeError::Shape));
    }

    #[test]
    fn a_code_and_its_omocodia_are_told_from_another_persons() {
        let code = CodiceFiscale::parse("RSSMRA80A01C933H").expect("valid");
        assert!(code.differs_by_omocodia("RSSMRA80A01C93PD"));
        assert!(!code.differs_by_omocodia("RSSMRA80A01C933H"));
        assert!(!code.differs_by_omocodia("RSSMRA80A02C933H"));
    }

    #[test]
    fn debug_shows_no_character_of_the_code() {
        let code = CodiceFiscale::parse("RSSMRA80A01C933H").expect("valid");
        assert_eq!(format!("{code:?}"), "CodiceFiscale(…)");
    }
}
