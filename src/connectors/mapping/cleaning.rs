//! What is done with a text of an answer until it is in the contract's form.

use std::borrow::Cow;

use chrono::NaiveDate;
use encoding_rs::WINDOWS_1252;

use super::dates::{self, DateForm};
use super::expression::{Found, Trouble};
use super::numbers::NumberForm;
use super::tables::Table;
use crate::contract::instants;

/// What is done with a text.
#[derive(Debug, Default)]
pub struct Cleaning {
    /// Left as it is, blanks included.
    pub verbatim: bool,
    /// Turned into capitals.
    pub upper: bool,
    /// Texts that mean that there is no value.
    pub nulls: Vec<Box<str>>,
    /// Digits: filled up with zeros from the left.
    pub pad: Option<usize>,
    /// A form of the Italian offices.
    pub form: Option<Form>,
    /// Replaced by what a table says.
    pub table: Option<Lookup>,
    /// Read as a date, written `YYYY-MM-DD`.
    pub date: Vec<DateForm>,
    /// Read as a number, written with a point.
    pub number: Option<NumberForm>,
}

/// A form of the Italian offices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `A03` becomes `A/3`.
    CategoriaCatastale,
    /// `3944 - TARI` becomes `3944`.
    LeadingDigits,
}

/// A table and what holds for a text that it does not have.
#[derive(Debug, Clone)]
pub struct Lookup {
    /// The table.
    pub table: Table,
    /// What holds for a text that it does not have.
    pub unknown: Unknown,
}

/// What holds for a text that a table does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unknown {
    /// There is no value.
    Omit,
    /// The answer is not understood.
    Refuse,
    /// The text itself is the value.
    Keep,
    /// This is the value.
    Be(Box<str>),
}

impl Cleaning {
    /// The value that the text stands for, if any.
    pub fn apply<'a>(&'a self, text: Cow<'a, str>) -> Found<'a> {
        let plain = is_plain(&text);
        let text = if self.verbatim || plain {
            text
        } else {
            collapse(text)
        };
        if text.is_empty() || self.nulls.iter().any(|null| **null == *text) {
            return Ok(None);
        }
        let text = if plain || self.verbatim {
            text
        } else {
            encoded_once(text)
        };
        if !plain && text.chars().any(char::is_control) {
            return Err(Trouble::of("a text with control characters"));
        }
        // Printable ASCII without small letters is in capitals already.
        let text = if self.upper && (!plain || text.bytes().any(|byte| byte.is_ascii_lowercase())) {
            Cow::Owned(text.to_uppercase())
        } else {
            text
        };
        let text = match self.pad {
            Some(width) => padded(text, width),
            None => text,
        };
        let text = match self.form {
            Some(form) => form.apply(text),
            None => text,
        };
        let text = match &self.table {
            Some(lookup) => match lookup.find(text)? {
                Some(text) => text,
                None => return Ok(None),
            },
            None => text,
        };
        self.convert(text)
    }

    fn convert<'a>(&self, text: Cow<'a, str>) -> Found<'a> {
        if !self.date.is_empty() {
            let date = dates::read(&text, &self.date);
            let date = date.map_err(|_| Trouble::of("not a date of the declared form"))?;
            return Ok(date.map(|date| written(date, text)));
        }
        match self.number {
            Some(form) => match form.read(&text) {
                Ok(number) => Ok(Some(Cow::Owned(number.to_string()))),
                Err(_) => Err(Trouble::of("not a number of the declared form")),
            },
            None => Ok(Some(text)),
        }
    }
}

/// The date as `YYYY-MM-DD`; a text that begins so is cut, not written anew.
fn written(date: NaiveDate, text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) if dates::begins_as_written(text) => Cow::Borrowed(&text[..10]),
        _ => Cow::Owned(instants::day(date)),
    }
}

/// Whether a text, as nearly all are, is of printable ASCII with single blanks inside: there is nothing to clean.
fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    // Codes, dates and most names have no blank at all.
    is_word(bytes) || bytes.split(|byte| *byte == b' ').all(is_word)
}

/// Whether a text is printable ASCII without any blank.
fn is_word(text: &[u8]) -> bool {
    // Without a branch per byte, so that many bytes are looked at in one step.
    let graphic = text
        .iter()
        .fold(true, |all, byte| all & byte.is_ascii_graphic());
    graphic & !text.is_empty()
}

/// A text whose letters, as bytes of Windows-1252, are UTF-8 was encoded twice on its way (`NICCOLÃ’`): it is read once
/// more. No name is written with such letters one after the other; whatever else it may be stays as it is.
fn encoded_once(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.is_ascii() {
        return text;
    }
    let (bytes, _, has_others) = WINDOWS_1252.encode(&text);
    match String::from_utf8(bytes.into_owned()) {
        Ok(once) if !has_others => Cow::Owned(once),
        Ok(_) | Err(_) => text,
    }
}

/// Takes blanks off the ends and makes one of several inside.
fn collapse(text: Cow<'_, str>) -> Cow<'_, str> {
    let clean = text.trim().len() == text.len()
        && !text.contains("  ")
        && !text.contains(|c: char| c.is_whitespace() && c != ' ');
    if clean {
        return text;
    }
    let mut collapsed = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !collapsed.is_empty() {
            collapsed.push(' ');
        }
        collapsed.push_str(word);
    }
    Cow::Owned(collapsed)
}

fn padded(text: Cow<'_, str>, width: usize) -> Cow<'_, str> {
    if text.len() < width && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Cow::Owned(format!("{text:0>width$}"))
    } else {
        text
    }
}

impl Form {
    fn apply(self, text: Cow<'_, str>) -> Cow<'_, str> {
        match self {
            Form::LeadingDigits => {
                let end = text
                    .find(|c: char| !c.is_ascii_digit())
                    .unwrap_or(text.len());
                Cow::Owned(text[..end].to_owned())
            }
            Form::CategoriaCatastale => {
                let parts = text.split_at_checked(1);
                let digits = parts.filter(|(letter, number)| {
                    letter.bytes().all(|byte| byte.is_ascii_uppercase())
                        && !number.is_empty()
                        && number.bytes().all(|byte| byte.is_ascii_digit())
                });
                match digits {
                    Some((letter, number)) => {
                        let number = number.trim_start_matches('0');
                        Cow::Owned(format!("{letter}/{number}"))
                    }
                    None => text,
                }
            }
        }
    }
}

impl Lookup {
    fn find<'a>(&'a self, text: Cow<'a, str>) -> Found<'a> {
        if let Some(found) = self.table.get(&text) {
            return Ok(Some(Cow::Borrowed(found)));
        }
        match &self.unknown {
            Unknown::Omit => Ok(None),
            Unknown::Refuse => Err(Trouble::of("a code outside its table")),
            Unknown::Keep => Ok(Some(text)),
            Unknown::Be(value) => Ok(Some(Cow::Borrowed(value))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(text: &str) -> Option<String> {
        let cleaning = Cleaning::default();
        let found = cleaning.apply(Cow::Borrowed(text));
        found.expect("a text").map(Cow::into_owned)
    }

    #[test]
    fn what_was_encoded_twice_is_read_and_nothing_else_is_touched() {
        assert_eq!(cleaned("NICCOLÃ’").as_deref(), Some("NICCOLÒ"));
        assert_eq!(
            cleaned(" CANTÃ™   D'ANGELO ").as_deref(),
            Some("CANTÙ D'ANGELO")
        );
        assert_eq!(cleaned("50 â‚¬").as_deref(), Some("50 €"));
        for text in ["NICCOLÒ", "CANTU'", "JOÃO", "Ã", "ÂNGELA", "ČAPEK", "Ω"] {
            assert_eq!(cleaned(text).as_deref(), Some(text));
        }
        let verbatim = Cleaning {
            verbatim: true,
            ..Cleaning::default()
        };
        let kept = verbatim.apply(Cow::Borrowed("NICCOLÃ’"));
        assert_eq!(kept.expect("a text").as_deref(), Some("NICCOLÃ’"));
    }
}
