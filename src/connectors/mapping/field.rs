//! Fields of the contract written from an answer, each value checked against what may stand there.

use std::borrow::Cow;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::canonical::Kind;
use super::condition::{Condition, all_hold};
use super::expression::{Expression, Found, Items, Trouble};
use super::residence;
use crate::connectors::extract::CellRef;
use crate::connectors::places::{self, Told};
use crate::connectors::template::scope::Scope;
use crate::contract::document::{Entry, Role};
use crate::contract::importo::Importo;
use crate::contract::operation::FieldSet;

/// A field and where its value comes from.
#[derive(Debug)]
pub struct FieldMapping {
    /// The field's path, for mistakes.
    pub path: &'static str,
    /// The last name of it, as JSON writes it before the value: `"nome":`.
    pub key: Box<str>,
    /// Whether the contract demands it wherever what contains it is there.
    pub required: bool,
    /// Where the value comes from.
    pub content: Content,
}

/// Where the value of a field comes from.
#[derive(Debug)]
pub enum Content {
    /// A single value, and what may stand there.
    Value(Kind, Expression),
    /// A place.
    Place(Vec<Condition>, Box<PlaceMapping>),
    /// An object, which is there if one of its fields is.
    Group(Vec<FieldMapping>),
    /// A list of objects.
    List(Items, Vec<FieldMapping>),
    /// A list of fiscal codes.
    Codes(Items, Expression),
}

/// What is told about a place.
#[derive(Debug, Default)]
pub struct PlaceMapping {
    /// ISTAT code of a municipality or state.
    pub istat: Option<Expression>,
    /// Cadastral code.
    pub belfiore: Option<Expression>,
    /// ISTAT code of a foreign state.
    pub stato: Option<Expression>,
    /// Name.
    pub denominazione: Option<Expression>,
    /// Day of the event.
    pub on: Option<Expression>,
}

/// A field whose value is outside the contract's form; the value itself is never told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("field {field}: {reason}")]
pub struct BadField {
    /// The field's path.
    pub field: String,
    /// What is wrong.
    pub reason: Cow<'static, str>,
}

impl BadField {
    fn of(path: &str, trouble: Trouble) -> BadField {
        BadField {
            field: path.to_owned(),
            reason: trouble.0,
        }
    }

    fn missing(path: &str) -> BadField {
        BadField {
            field: path.to_owned(),
            reason: Cow::Borrowed("is missing"),
        }
    }
}

/// Bytes that the fields of one person take, so that they are seldom moved while they are written.
const USUAL_LENGTH: usize = 768;

/// Writes the wanted fields of a row or of the whole answer.
pub fn entry(
    fields: &[(usize, FieldMapping)],
    wanted: FieldSet,
    at: CellRef<'_>,
    scope: &Scope<'_>,
) -> Result<Entry, BadField> {
    let mut entry = Entry::with_capacity(USUAL_LENGTH, fields.len());
    for (position, field) in fields {
        if wanted.contains(*position) {
            entry.write(*position, |entry| {
                if field.path == residence::RESIDENZA
                    && !residence::may_be_given(fields, entry, at, scope)
                        .map_err(|trouble| BadField::of(residence::STATO_ANAGRAFICO, trouble))?
                {
                    return Ok(false);
                }
                let written = field.write(at, scope, entry)?;
                if written || !field.required {
                    Ok(written)
                } else {
                    Err(BadField::missing(field.path))
                }
            })?;
        }
    }
    Ok(entry)
}

/// What the fields of an object gave.
struct Members {
    /// Whether one is there.
    any: bool,
    /// The first that the contract demands and that is not.
    missing: Option<&'static str>,
}

/// Writes the fields of an object, its braces left out.
fn members(
    fields: &[FieldMapping],
    at: CellRef<'_>,
    scope: &Scope<'_>,
    entry: &mut Entry,
) -> Result<Members, BadField> {
    let mut members = Members {
        any: false,
        missing: None,
    };
    for field in fields {
        let before = entry.mark();
        if members.any {
            entry.raw(",");
        }
        if field.write(at, scope, entry)? {
            members.any = true;
        } else {
            entry.back_to(before);
            if field.required {
                members.missing = members.missing.or(Some(field.path));
            }
        }
    }
    Ok(members)
}

impl FieldMapping {
    /// Writes name and value; `false`: there is no value, and what was written is to be taken back.
    pub fn write(
        &self,
        at: CellRef<'_>,
        scope: &Scope<'_>,
        entry: &mut Entry,
    ) -> Result<bool, BadField> {
        let here = |trouble: Trouble| BadField::of(self.path, trouble);
        entry.raw(&self.key);
        match &self.content {
            Content::Value(kind, expression) => {
                let Some(text) = expression.value(at, scope).map_err(here)? else {
                    return Ok(false);
                };
                write_in_form(&text, *kind, entry).map_err(here)?;
                Ok(true)
            }
            Content::Place(when, place) => {
                if !all_hold(when, at, scope).map_err(here)? {
                    return Ok(false);
                }
                place.write(at, scope, entry).map_err(here)
            }
            Content::Group(fields) => {
                entry.raw("{");
                let members = members(fields, at, scope, entry)?;
                entry.raw("}");
                match members.missing {
                    Some(path) if members.any => Err(BadField::missing(path)),
                    _ => Ok(members.any),
                }
            }
            Content::List(items, fields) => {
                let items = items.of(at, scope).map_err(here)?;
                self.write_list(&items, fields, scope, entry)?;
                Ok(true)
            }
            Content::Codes(items, take) => {
                let items = items.of(at, scope).map_err(here)?;
                write_codes(&items, take, scope, entry).map_err(here)?;
                Ok(true)
            }
        }
    }

    fn write_list(
        &self,
        items: &[CellRef<'_>],
        fields: &[FieldMapping],
        scope: &Scope<'_>,
        entry: &mut Entry,
    ) -> Result<(), BadField> {
        let inside = |bad: BadField| BadField {
            field: format!("{}.{}", self.path, bad.field),
            reason: bad.reason,
        };
        entry.raw("[");
        for (index, item) in items.iter().enumerate() {
            entry.raw(if index > 0 { ",{" } else { "{" });
            let members = members(fields, *item, scope, entry).map_err(inside)?;
            if let Some(path) = members.missing {
                return Err(inside(BadField::missing(path)));
            }
            entry.raw("}");
        }
        entry.raw("]");
        Ok(())
    }
}

fn write_codes(
    items: &[CellRef<'_>],
    take: &Expression,
    scope: &Scope<'_>,
    entry: &mut Entry,
) -> Result<(), Trouble> {
    entry.raw("[");
    let mut first = true;
    for item in items {
        if let Some(text) = take.value(*item, scope)? {
            if !first {
                entry.raw(",");
            }
            first = false;
            let code = codice_fiscale(&text)?;
            entry.text(&code);
            entry.names(&code, Role::Contitolare);
        }
    }
    entry.raw("]");
    Ok(())
}

impl PlaceMapping {
    fn write(
        &self,
        at: CellRef<'_>,
        scope: &Scope<'_>,
        entry: &mut Entry,
    ) -> Result<bool, Trouble> {
        fn part<'a>(
            expression: Option<&'a Expression>,
            at: CellRef<'a>,
            scope: &'a Scope<'_>,
        ) -> Found<'a> {
            match expression {
                Some(expression) => expression.value(at, scope),
                None => Ok(None),
            }
        }
        let (istat, belfiore) = (
            part(self.istat.as_ref(), at, scope)?,
            part(self.belfiore.as_ref(), at, scope)?,
        );
        let stato = part(self.stato.as_ref(), at, scope)?;
        let denominazione = part(self.denominazione.as_ref(), at, scope)?;
        let on = match part(self.on.as_ref(), at, scope)? {
            Some(text) => Some(date(&text)?),
            None => None,
        };
        let place = places::resolve(&Told {
            istat: istat.as_deref(),
            belfiore: belfiore.as_deref(),
            stato: stato.as_deref(),
            denominazione: denominazione.as_deref(),
            on,
        });
        let Some(place) = place else {
            return Ok(false);
        };
        let name = place.denominazione;
        if name.is_some_and(|name| !is_within(name, 200)) {
            return Err(Trouble::of("longer than the contract allows"));
        }
        place.write(entry);
        Ok(true)
    }
}

/// Writes a text in the form that the contract wants.
#[expect(clippy::too_many_lines, reason = "a table: one arm a kind of field")]
pub fn write_in_form(text: &str, kind: Kind, entry: &mut Entry) -> Result<(), Trouble> {
    let mut checked = |fits: bool, reason: &'static str| {
        if fits {
            entry.text(text);
            Ok(())
        } else {
            Err(Trouble::of(reason))
        }
    };
    match kind {
        Kind::Text(longest) => checked(is_within(text, longest), "longer than the contract allows"),
        Kind::CodiceFiscale => {
            let code = codice_fiscale(text)?;
            entry.text(&code);
            entry.names(&code, Role::Interessato);
            Ok(())
        }
        Kind::PartitaIva => {
            checked(is_digits(text, 11), "not the number of digits expected")?;
            if !entry.has(Role::Interessato) {
                entry.names(text, Role::Interessato);
            }
            Ok(())
        }
        Kind::Digits(count) => checked(is_digits(text, count), "not the number of digits expected"),
        Kind::Iso3 => checked(
            text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase()),
            "not an ISO 3166-1 code",
        ),
        Kind::Date => {
            if date_as_written(text).is_some() {
                entry.text(text);
            } else {
                entry.value(&date(text)?);
            }
            Ok(())
        }
        Kind::Money => {
            let amount = Importo::euro(decimal(text)?);
            entry.value(&amount.ok_or(Trouble::of("not an amount with two decimals"))?);
            Ok(())
        }
        Kind::Decimal(largest) => {
            let number = decimal(text)?;
            let fits = number >= Decimal::ZERO && number <= Decimal::from(largest);
            if !fits || number.scale() > 4 {
                return Err(Trouble::of("outside the range of the contract"));
            }
            entry.value(&number.normalize());
            Ok(())
        }
        Kind::Integer(largest) => {
            let number = decimal(text)?;
            let whole = number
                .is_integer()
                .then(|| i32::try_from(number))
                .and_then(Result::ok);
            let whole = whole.filter(|whole| (0..=largest).contains(whole));
            let outside = Trouble::of("not a whole number of the range expected");
            entry.value(&whole.ok_or(outside)?);
            Ok(())
        }
        Kind::Truth => match text {
            "true" | "false" => {
                entry.raw(text);
                Ok(())
            }
            _ => Err(Trouble::of("neither true nor false")),
        },
        Kind::OneOf(words) => checked(words.contains(&text), "not one of the contract's words"),
        Kind::Place | Kind::List(_) | Kind::Codes => Err(Trouble::of("not a single value")),
    }
}

fn codice_fiscale(text: &str) -> Result<Cow<'_, str>, Trouble> {
    let fits =
        (11..=16).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !fits {
        return Err(Trouble::of("not a fiscal code"));
    }
    Ok(if text.bytes().any(|byte| byte.is_ascii_lowercase()) {
        Cow::Owned(text.to_ascii_uppercase())
    } else {
        Cow::Borrowed(text)
    })
}

/// Whether a text has at most so many characters; no character has less than a byte.
fn is_within(text: &str, longest: usize) -> bool {
    text.len() <= longest || text.chars().count() <= longest
}

fn is_digits(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn date(text: &str) -> Result<NaiveDate, Trouble> {
    if let Some(date) = date_as_written(text) {
        return Ok(date);
    }
    text.parse().map_err(|_| Trouble::of("not a date"))
}

/// A date that already stands as `YYYY-MM-DD`, read without the detours of a general parser.
fn date_as_written(text: &str) -> Option<NaiveDate> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *text.as_bytes() else {
        return None;
    };
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0_u32, |number, digit| {
            digit
                .is_ascii_digit()
                .then(|| number * 10 + u32::from(digit - b'0'))
        })
    };
    let year = i32::try_from(number(&[y1, y2, y3, y4])?).ok()?;
    NaiveDate::from_ymd_opt(year, number(&[m1, m2])?, number(&[d1, d2])?)
}

fn decimal(text: &str) -> Result<Decimal, Trouble> {
    Decimal::from_str_exact(text).map_err(|_| Trouble::of("not a number"))
}
