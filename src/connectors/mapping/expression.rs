//! What a mapping takes from an answer: where a value stands, how it is cleaned and turned into the contract's form.

use std::borrow::Cow;

use rust_decimal::Decimal;

use super::cleaning::Cleaning;
use super::condition::{Condition, all_hold};
use super::dates;
use crate::connectors::extract::CellRef;
use crate::connectors::extract::shape::NodeId;
use crate::connectors::template::Template;
use crate::connectors::template::scope::Scope;
use crate::contract::instants;

/// A value of an answer.
#[derive(Debug)]
pub struct Expression {
    /// All must hold, else there is no value.
    pub when: Vec<Condition>,
    /// Where it comes from.
    pub source: Source,
    /// What is done with it.
    pub cleaning: Cleaning,
}

/// Where a value comes from.
#[derive(Debug)]
pub enum Source {
    /// The text at a place, relative to the row or item.
    Path(NodeId, Pick),
    /// A fixed text or one with placeholders.
    Template(Template),
    /// Several values, those that are there, with a separator.
    Join(Vec<Expression>, Box<str>),
    /// The first value that is there.
    First(Vec<Expression>),
    /// The first whose conditions hold.
    Case(Vec<(Vec<Condition>, Expression)>),
    /// Day, month and year apart.
    DateParts {
        /// The day.
        day: Box<Expression>,
        /// The month.
        month: Box<Expression>,
        /// The year.
        year: Box<Expression>,
    },
    /// A value of one of several items.
    OneOf {
        /// The items.
        items: Items,
        /// Of those left, the one with the latest date; absent: there may be only one.
        latest: Option<Box<Expression>>,
        /// The value, relative to the item.
        take: Box<Expression>,
    },
    /// The sum of a number over several items.
    Sum {
        /// The items.
        items: Items,
        /// The number, relative to the item.
        number: Box<Expression>,
    },
}

/// Items of a repeated place.
#[derive(Debug)]
pub struct Items {
    /// The items that these stand in; absent: the row.
    pub within: Option<Box<Items>>,
    /// The place.
    pub each: NodeId,
    /// Only those of which all this holds.
    pub conditions: Vec<Condition>,
    /// What tells items apart: one that is there again counts once.
    pub once: Option<Box<Expression>>,
}

/// Which text, if a place occurs more than once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pick {
    /// It must not.
    Only,
    /// The first that is not blank.
    First,
}

/// Why a value cannot be read; quotes nothing of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble(pub Cow<'static, str>);

impl Trouble {
    /// A trouble with a fixed text.
    pub const fn of(text: &'static str) -> Trouble {
        Trouble(Cow::Borrowed(text))
    }
}

/// A value, if there is one.
pub type Found<'a> = Result<Option<Cow<'a, str>>, Trouble>;

impl Expression {
    /// The value relative to a row or item.
    pub fn value<'a>(&'a self, at: CellRef<'a>, scope: &'a Scope<'_>) -> Found<'a> {
        if !all_hold(&self.when, at, scope)? {
            return Ok(None);
        }
        match self.source.value(at, scope)? {
            Some(text) => self.cleaning.apply(text),
            None => Ok(None),
        }
    }

    /// Whether something stands there, be it only a group of other places.
    pub fn is_present(&self, at: CellRef<'_>, scope: &Scope<'_>) -> Result<bool, Trouble> {
        let Source::Path(node, _) = self.source else {
            return Ok(self.value(at, scope)?.is_some());
        };
        let found = at.all(node).any(|cell| match cell.text() {
            Some(text) => matches!(
                self.cleaning.apply(Cow::Borrowed(text)),
                Ok(Some(_)) | Err(_)
            ),
            None => !cell.is_nothing(),
        });
        Ok(found)
    }
}

impl Source {
    /// The text before anything is done with it.
    pub fn value<'a>(&'a self, at: CellRef<'a>, scope: &'a Scope<'_>) -> Found<'a> {
        match self {
            Source::Path(node, pick) => text_at(at, *node, *pick),
            Source::Template(template) => render(template, scope).map(Some),
            Source::Join(parts, separator) => {
                let mut joined = String::new();
                for part in parts {
                    if let Some(text) = part.value(at, scope)? {
                        if !joined.is_empty() {
                            joined.push_str(separator);
                        }
                        joined.push_str(&text);
                    }
                }
                Ok((!joined.is_empty()).then_some(Cow::Owned(joined)))
            }
            Source::First(alternatives) => {
                for alternative in alternatives {
                    if let Some(text) = alternative.value(at, scope)? {
                        return Ok(Some(text));
                    }
                }
                Ok(None)
            }
            Source::Case(cases) => {
                for (conditions, expression) in cases {
                    if all_hold(conditions, at, scope)? {
                        return expression.value(at, scope);
                    }
                }
                Ok(None)
            }
            Source::DateParts { day, month, year } => {
                let parts = [year, month, day].map(|part| part.value(at, scope));
                let [year, month, day] = parts;
                let (Some(year), Some(month), Some(day)) = (year?, month?, day?) else {
                    return Ok(None);
                };
                let date = dates::of_parts(&year, &month, &day);
                let date = date.map_err(|_| Trouble::of("three numbers that make no date"))?;
                Ok(date.map(|date| Cow::Owned(instants::day(date))))
            }
            Source::OneOf {
                items,
                latest,
                take,
            } => match chosen(&items.of(at, scope)?, latest.as_deref(), scope)? {
                Some(item) => take.value(item, scope),
                None => Ok(None),
            },
            Source::Sum { items, number } => sum(&items.of(at, scope)?, number, scope),
        }
    }
}

impl Items {
    /// The items of which every condition holds, each one once.
    pub fn of<'a>(
        &'a self,
        at: CellRef<'a>,
        scope: &'a Scope<'_>,
    ) -> Result<Vec<CellRef<'a>>, Trouble> {
        let around = match &self.within {
            Some(around) => around.of(at, scope)?,
            None => vec![at],
        };
        let mut items = Vec::new();
        for at in around {
            // What tells items apart does so within one of what they stand in.
            let begin = items.len();
            for item in at.all(self.each).filter(|item| !item.is_nothing()) {
                if all_hold(&self.conditions, item, scope)?
                    && !is_known(self.once.as_deref(), item, &items[begin..], scope)?
                {
                    items.push(item);
                }
            }
        }
        Ok(items)
    }
}

/// Whether an item is among those known, by what tells items apart; two with one identifier that differ are nobody's to
/// choose from.
pub fn is_known(
    once: Option<&Expression>,
    item: CellRef<'_>,
    known: &[CellRef<'_>],
    scope: &Scope<'_>,
) -> Result<bool, Trouble> {
    let identifier = once.map(|once| once.value(item, scope)).transpose()?;
    let (Some(once), Some(Some(identifier))) = (once, identifier) else {
        return Ok(false);
    };
    for other in known {
        if once.value(*other, scope)?.as_ref() == Some(&identifier) {
            return if item.same_as(*other) {
                Ok(true)
            } else {
                Err(Trouble::of("one identifier of two that differ"))
            };
        }
    }
    Ok(false)
}

/// A template's text; a missing placeholder is a fault of the configuration that the request would already have met.
pub fn render<'a>(template: &'a Template, scope: &'a Scope<'_>) -> Result<Cow<'a, str>, Trouble> {
    template
        .render(scope)
        .map_err(|error| Trouble(Cow::Owned(error.detail)))
}

fn text_at(at: CellRef<'_>, node: NodeId, pick: Pick) -> Found<'_> {
    let mut found = None;
    for cell in at.all(node) {
        match cell.text() {
            None if cell.is_nothing() => {}
            None => return Err(Trouble::of("a structure where a value was expected")),
            Some(text) if is_blank(text) => {}
            Some(text) if pick == Pick::First => return Ok(Some(Cow::Borrowed(text))),
            Some(_) if found.is_some() => {
                return Err(Trouble::of("occurs more than once"));
            }
            Some(text) => found = Some(Cow::Borrowed(text)),
        }
    }
    Ok(found)
}

fn is_blank(text: &str) -> bool {
    // Most texts tell it by their first byte.
    !text
        .bytes()
        .next()
        .is_some_and(|first| first.is_ascii_graphic())
        && text.trim().is_empty()
}

fn chosen<'a>(
    items: &[CellRef<'a>],
    latest: Option<&Expression>,
    scope: &Scope<'_>,
) -> Result<Option<CellRef<'a>>, Trouble> {
    let Some(latest) = latest else {
        return match items {
            [] => Ok(None),
            [only] => Ok(Some(*only)),
            _ => Err(Trouble::of("occurs more than once")),
        };
    };
    let mut best: Option<(Option<String>, CellRef<'a>)> = None;
    for item in items {
        let date = latest.value(*item, scope)?.map(Cow::into_owned);
        if best.as_ref().is_none_or(|(known, _)| date > *known) {
            best = Some((date, *item));
        }
    }
    Ok(best.map(|(_, item)| item))
}

fn sum(items: &[CellRef<'_>], number: &Expression, scope: &Scope<'_>) -> Found<'static> {
    let mut total: Option<Decimal> = None;
    for item in items {
        if let Some(text) = number.value(*item, scope)? {
            let term = Decimal::from_str_exact(&text).map_err(|_| Trouble::of("not a number"))?;
            let sum = total.unwrap_or_default().checked_add(term);
            total = Some(sum.ok_or(Trouble::of("a sum too large"))?);
        }
    }
    Ok(total.map(|total| Cow::Owned(total.to_string())))
}
