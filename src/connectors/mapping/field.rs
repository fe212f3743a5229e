//! Fields of the contract filled from an answer, each value checked against what may stand there.

use std::borrow::Cow;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::canonical::Kind;
use super::condition::{Condition, all_hold};
use super::expression::{Expression, Items, Trouble};
use crate::connectors::extract::CellRef;
use crate::connectors::places::{self, Told};
use crate::connectors::template::placeholder::Scope;
use crate::contract::importo::Importo;

/// A field and where its value comes from.
#[derive(Debug)]
pub struct FieldMapping {
    /// The field's path, for mistakes.
    pub path: &'static str,
    /// The same, name by name.
    pub names: Vec<&'static str>,
    /// What may stand there.
    pub kind: Kind,
    /// Whether the contract demands it.
    pub required: bool,
    /// Where the value comes from.
    pub content: Content,
}

/// Where the value of a field comes from.
#[derive(Debug)]
pub enum Content {
    /// A single value.
    Value(Expression),
    /// A place.
    Place(Vec<Condition>, Box<PlaceMapping>),
    /// A list of objects.
    List(Items, Vec<FieldMapping>),
    /// A list of single values.
    Values(Items, Expression),
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

/// Fills the fields from a row or item.
pub fn fill<'m>(
    fields: impl IntoIterator<Item = &'m FieldMapping>,
    at: CellRef<'_>,
    scope: &Scope<'_>,
    into: &mut Map<String, Value>,
) -> Result<(), BadField> {
    for field in fields {
        let value = field.value(at, scope)?;
        match value {
            Some(value) => insert(into, &field.names, value),
            None if field.required => {
                return Err(BadField {
                    field: field.path.to_owned(),
                    reason: Cow::Borrowed("is missing"),
                });
            }
            None => {}
        }
    }
    Ok(())
}

fn insert(object: &mut Map<String, Value>, names: &[&'static str], value: Value) {
    match names {
        [] => {}
        [last] => {
            object.insert((*last).to_owned(), value);
        }
        [first, rest @ ..] => {
            let inner = object
                .entry(*first)
                .or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                insert(inner, rest, value);
            }
        }
    }
}

impl FieldMapping {
    fn value(&self, at: CellRef<'_>, scope: &Scope<'_>) -> Result<Option<Value>, BadField> {
        let here = |trouble: Trouble| BadField {
            field: self.path.to_owned(),
            reason: trouble.0,
        };
        match &self.content {
            Content::Value(expression) => {
                let text = expression.value(at, scope).map_err(here)?;
                text.map(|text| in_form(&text, self.kind))
                    .transpose()
                    .map_err(here)
            }
            Content::Place(when, place) => {
                if !all_hold(when, at, scope).map_err(here)? {
                    return Ok(None);
                }
                place.value(at, scope).map_err(here)
            }
            Content::List(items, fields) => {
                let mut list = Vec::new();
                for item in items.of(at, scope).map_err(here)? {
                    let mut object = Map::new();
                    fill(fields, item, scope, &mut object).map_err(|bad| BadField {
                        field: format!("{}.{}", self.path, bad.field),
                        reason: bad.reason,
                    })?;
                    list.push(Value::Object(object));
                }
                Ok(Some(Value::Array(list)))
            }
            Content::Values(items, take) => {
                let mut list = Vec::new();
                for item in items.of(at, scope).map_err(here)? {
                    if let Some(text) = take.value(item, scope).map_err(here)? {
                        list.push(in_form(&text, Kind::CodiceFiscale).map_err(here)?);
                    }
                }
                Ok(Some(Value::Array(list)))
            }
        }
    }
}

impl PlaceMapping {
    fn value(&self, at: CellRef<'_>, scope: &Scope<'_>) -> Result<Option<Value>, Trouble> {
        let part = |expression: &'_ Option<Expression>| match expression {
            Some(expression) => {
                let text = expression.value(at, scope)?;
                Ok(text.map(Cow::into_owned))
            }
            None => Ok(None),
        };
        let (istat, belfiore) = (part(&self.istat)?, part(&self.belfiore)?);
        let (stato, denominazione) = (part(&self.stato)?, part(&self.denominazione)?);
        let on = match part(&self.on)? {
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
        if place
            .as_ref()
            .and_then(|place| place.denominazione.as_ref())
            .is_some_and(|name| name.chars().count() > 200)
        {
            return Err(Trouble::of("longer than the contract allows"));
        }
        let place = place.map(serde_json::to_value).transpose();
        place.map_err(|_| Trouble::of("not a place"))
    }
}

fn date(text: &str) -> Result<NaiveDate, Trouble> {
    if let Some(date) = date_as_written(text) {
        return Ok(date);
    }
    text.parse().map_err(|_| Trouble::of("not a date"))
}

/// Puts a text into the form that the contract wants.
pub fn in_form(text: &str, kind: Kind) -> Result<Value, Trouble> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let checked = |fits: bool, reason: &'static str| {
        if fits {
            Ok(Value::String(text.to_owned()))
        } else {
            Err(Trouble::of(reason))
        }
    };
    match kind {
        Kind::Text(longest) => checked(
            text.chars().count() <= longest,
            "longer than the contract allows",
        ),
        Kind::CodiceFiscale => {
            let code = text.to_ascii_uppercase();
            let fits = (11..=16).contains(&code.len())
                && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
            if fits {
                Ok(Value::String(code))
            } else {
                Err(Trouble::of("not a fiscal code"))
            }
        }
        Kind::Digits(count) => checked(
            text.len() == count && digits(text),
            "not the number of digits expected",
        ),
        Kind::Iso3 => checked(
            text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase()),
            "not an ISO 3166-1 code",
        ),
        Kind::Date => match date_as_written(text) {
            Some(_) => Ok(Value::String(text.to_owned())),
            None => Ok(Value::String(date(text)?.to_string())),
        },
        Kind::Money => {
            let amount = Importo::euro(decimal(text)?);
            let amount = amount.ok_or(Trouble::of("not an amount with two decimals"))?;
            serde_json::to_value(amount).map_err(|_| Trouble::of("not an amount"))
        }
        Kind::Decimal(largest) => {
            let number = decimal(text)?;
            let fits = number >= Decimal::ZERO && number <= Decimal::from(largest);
            if fits && number.scale() <= 4 {
                Ok(Value::String(number.normalize().to_string()))
            } else {
                Err(Trouble::of("outside the range of the contract"))
            }
        }
        Kind::Integer(largest) => {
            let number = decimal(text)?;
            let whole = number
                .is_integer()
                .then(|| i32::try_from(number))
                .and_then(Result::ok);
            match whole.filter(|whole| (0..=largest).contains(whole)) {
                Some(whole) => Ok(Value::from(whole)),
                None => Err(Trouble::of("not a whole number of the range expected")),
            }
        }
        Kind::Truth => match text {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err(Trouble::of("neither true nor false")),
        },
        Kind::OneOf(words) => checked(words.contains(&text), "not one of the contract's words"),
        Kind::Place | Kind::List(_) | Kind::Codes => Err(Trouble::of("not a single value")),
    }
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
