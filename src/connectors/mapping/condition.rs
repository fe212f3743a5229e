//! Conditions on an answer: a value and a test.

use super::expression::{Expression, Found, Trouble, render};
use crate::connectors::extract::CellRef;
use crate::connectors::template::Template;
use crate::connectors::template::scope::Scope;

/// A value and a test.
#[derive(Debug)]
pub struct Condition {
    /// The value.
    pub value: Expression,
    /// The test.
    pub test: Test,
}

/// What is asked of a value.
#[derive(Debug)]
pub enum Test {
    /// It is one of these; what is not there is none of them.
    Is(Vec<Template>),
    /// It is none of these; what is not there is none of them.
    IsNot(Vec<Template>),
    /// It is there, or it is not.
    Present(bool),
    /// A date that is not known to be after this one.
    NotAfter(Day),
    /// A date that is not known to be before this one.
    NotBefore(Day),
    /// So many characters.
    Length(usize),
    /// The same as another value; what is not there is never the same.
    SameAs(Expression),
}

/// The day that a date is compared with.
#[derive(Debug)]
pub enum Day {
    /// A text, perhaps with placeholders.
    Text(Template),
    /// Another date of the answer; where there is none, nothing is known to be after or before it.
    Value(Expression),
}

impl Day {
    fn value<'a>(&'a self, at: CellRef<'a>, scope: &'a Scope<'_>) -> Found<'a> {
        match self {
            Day::Text(text) => render(text, scope).map(Some),
            Day::Value(value) => value.value(at, scope),
        }
    }
}

impl Condition {
    /// Whether the condition holds.
    pub fn holds(&self, at: CellRef<'_>, scope: &Scope<'_>) -> Result<bool, Trouble> {
        let value = || self.value.value(at, scope);
        match &self.test {
            Test::Present(wanted) => Ok(self.value.is_present(at, scope)? == *wanted),
            Test::Is(texts) => is_one_of(value()?.as_deref(), texts, scope),
            Test::IsNot(texts) => is_one_of(value()?.as_deref(), texts, scope).map(|is| !is),
            // Both are written YYYY-MM-DD, so the order of the letters is that of the days.
            Test::NotAfter(day) => {
                let both = value()?.zip(day.value(at, scope)?);
                Ok(both.is_none_or(|(value, day)| value <= day))
            }
            Test::NotBefore(day) => {
                let both = value()?.zip(day.value(at, scope)?);
                Ok(both.is_none_or(|(value, day)| value >= day))
            }
            Test::Length(length) => {
                Ok(value()?.is_some_and(|value| value.chars().count() == *length))
            }
            Test::SameAs(other) => {
                let value = value()?;
                Ok(value.is_some() && value == other.value(at, scope)?)
            }
        }
    }
}

fn is_one_of(value: Option<&str>, texts: &[Template], scope: &Scope<'_>) -> Result<bool, Trouble> {
    let Some(value) = value else {
        return Ok(false);
    };
    for text in texts {
        if render(text, scope)? == value {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether all conditions hold.
pub fn all_hold(
    conditions: &[Condition],
    at: CellRef<'_>,
    scope: &Scope<'_>,
) -> Result<bool, Trouble> {
    for condition in conditions {
        if !condition.holds(at, scope)? {
            return Ok(false);
        }
    }
    Ok(true)
}
