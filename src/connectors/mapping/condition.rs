//! Conditions on an answer: a value and a test.

use super::expression::{Expression, Trouble, render};
use crate::connectors::extract::CellRef;
use crate::connectors::template::Template;
use crate::connectors::template::placeholder::Scope;

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
    NotAfter(Template),
    /// A date that is not known to be before this one.
    NotBefore(Template),
    /// So many characters.
    Length(usize),
    /// The same as another value; what is not there is never the same.
    SameAs(Expression),
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
            Test::NotAfter(date) => {
                let date = render(date, scope)?;
                Ok(value()?.is_none_or(|value| value <= date))
            }
            Test::NotBefore(date) => {
                let date = render(date, scope)?;
                Ok(value()?.is_none_or(|value| value >= date))
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
