//! From an answer to the contract's terms, as the adapter's response file says.

pub mod canonical;
pub mod cleaning;
pub mod condition;
pub mod dates;
pub mod expression;
pub mod field;
pub mod numbers;
pub mod outcome;
pub mod reading;
pub mod residence;
pub mod rows;
pub mod tables;

use std::collections::BTreeMap;

use super::error::{ConnectorError, Kind};
use super::extract::shape::{NodeId, Shape};
use super::extract::{CellRef, Extract};
use super::template::scope::Scope;
use crate::contract::document::Entry;
use crate::contract::operation::FieldSet;
use expression::{Expression, Trouble};
use field::FieldMapping;
use outcome::{Facts, Outcome, Verdict};
use rows::{Meant, NoRows, Rows};

/// A response file, read and checked.
#[derive(Debug)]
pub struct Mapping {
    /// What is read of the answer.
    pub shape: Shape,
    /// Where the answer proper begins: below the envelope for SOAP, else the whole.
    pub base: NodeId,
    /// Where a SOAP fault stands.
    pub fault: Option<FaultPlaces>,
    /// A place that must be there.
    pub expect: Option<NodeId>,
    /// Whether an answer without a body means that there is nothing.
    pub empty_body: bool,
    /// The rows; absent: the whole answer is one.
    pub rows: Option<Rows>,
    /// Rules about what the answer means.
    pub outcomes: Vec<Outcome>,
    /// Values for later steps.
    pub captures: Vec<Capture>,
    /// Fields, with their place in the operation's list and in its order.
    pub fields: Vec<(usize, FieldMapping)>,
}

/// Where a SOAP fault stands.
#[derive(Debug, Clone, Copy)]
pub struct FaultPlaces {
    /// The fault itself.
    pub fault: NodeId,
    /// `faultcode` of SOAP 1.1 and `Code/Value` of SOAP 1.2.
    pub code: [NodeId; 2],
    /// `faultstring` and `Reason/Text`.
    pub text: [NodeId; 2],
}

/// A value for later steps.
#[derive(Debug)]
pub struct Capture {
    /// Its name.
    pub name: Box<str>,
    /// Where it comes from.
    pub value: Expression,
    /// Whether it is a whole number.
    pub integer: bool,
    /// What its absence means.
    pub absent: NoRows,
    /// Whether it is taken from every row, for a step that is made once for each.
    pub every: bool,
}

/// What a step gave.
#[derive(Debug, Default)]
pub struct Given {
    /// One entry per row that is an entry of its own; else one at most.
    pub entries: Vec<Entry>,
    /// Values for later steps.
    pub captures: BTreeMap<Box<str>, String>,
    /// Values of which later steps are made once for each, every one once and in the order of the answer.
    pub lists: BTreeMap<Box<str>, Vec<String>>,
}

/// Whether an answer tells anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// There is something to read.
    Something,
    /// There is nothing.
    Nothing,
}

impl Mapping {
    /// The fields that the mapping can fill.
    pub fn given(&self) -> FieldSet {
        let positions = self.fields.iter().map(|(position, _)| *position);
        positions.fold(FieldSet::NONE, FieldSet::with)
    }

    /// Judges an answer by the rules. `document` absent: the answer had no body.
    pub fn judge(&self, facts: &Facts<'_>, scope: &Scope<'_>) -> Result<Told, ConnectorError> {
        for outcome in &self.outcomes {
            if outcome
                .fits(facts, scope)
                .map_err(|trouble| unintelligible(&trouble))?
            {
                return match outcome.verdict {
                    Verdict::Failure(kind) => Err(outcome.failure(kind, facts, scope)),
                    Verdict::Nothing => Ok(Told::Nothing),
                };
            }
        }
        if let Some(fault) = facts.fault {
            let error = ConnectorError::permanent(Kind::Failed, "an unknown SOAP fault");
            return Err(if outcome::is_code(fault.code) {
                error.with_code(fault.code)
            } else {
                error
            });
        }
        if let Some(error) = outcome::of_status(facts.status, facts.retry_after) {
            return Err(error);
        }
        match facts.document {
            Some(document) => match self.expect {
                Some(expected) if document.all(expected).next().is_none() => {
                    Err(ConnectorError::permanent(
                        Kind::Unintelligible,
                        "the answer is not the one expected",
                    ))
                }
                _ => Ok(Told::Something),
            },
            None if self.empty_body => Ok(Told::Nothing),
            None => Err(ConnectorError::permanent(
                Kind::Unintelligible,
                "an answer without a body",
            )),
        }
    }

    /// Takes what is wanted from an answer that told something; `None`: there was nothing.
    pub fn take(
        &self,
        told: Option<&Extract>,
        wanted: FieldSet,
        scope: &Scope<'_>,
    ) -> Result<Given, ConnectorError> {
        let Some(document) = told.map(Extract::document) else {
            return self.nothing(wanted, scope);
        };
        let Some(rows) = &self.rows else {
            return self.take_rows(&[document], wanted, scope);
        };
        let meant = rows.meant(document, scope);
        match meant.map_err(|trouble| unintelligible(&trouble))? {
            Meant::None => self.nothing(wanted, scope),
            Meant::Rows(rows) => self.take_rows(&rows, wanted, scope),
            Meant::Ambiguous(count) => Err(ConnectorError::ambiguous(count)),
            Meant::SomeoneElse => Err(ConnectorError::permanent(
                Kind::Unintelligible,
                "the answer is about another subject than the one asked about",
            )),
        }
    }

    fn take_rows(
        &self,
        rows: &[CellRef<'_>],
        wanted: FieldSet,
        scope: &Scope<'_>,
    ) -> Result<Given, ConnectorError> {
        let mut given = Given::default();
        for row in rows {
            let entry = field::entry(&self.fields, wanted, *row, scope);
            given.entries.push(
                entry.map_err(|bad| {
                    ConnectorError::permanent(Kind::Unintelligible, bad.to_string())
                })?,
            );
        }
        for capture in self.captures.iter().filter(|capture| capture.every) {
            let values = every(capture, rows, scope)?;
            given.lists.insert(capture.name.clone(), values);
        }
        if let [row] = rows {
            for capture in self.captures.iter().filter(|capture| !capture.every) {
                let value = capture.value.value(*row, scope);
                match value.map_err(|trouble| unintelligible(&trouble))? {
                    // Checked here: later it stands in a request or statement.
                    Some(value) if capture.integer && value.parse::<i64>().is_err() => {
                        return Err(not_whole(capture));
                    }
                    Some(value) => {
                        given
                            .captures
                            .insert(capture.name.clone(), value.into_owned());
                    }
                    None => absent(capture.absent, &capture.name)?,
                }
            }
        }
        Ok(given)
    }

    /// What a step gives that found nothing: lists are empty, other fields absent.
    fn nothing(&self, wanted: FieldSet, scope: &Scope<'_>) -> Result<Given, ConnectorError> {
        match &self.rows {
            None => self.take_rows(&[Extract::empty().document()], wanted, scope),
            Some(rows) => {
                absent(rows.none, "row")?;
                Ok(Given::default())
            }
        }
    }
}

/// The value of each row, the same one once.
fn every(
    capture: &Capture,
    rows: &[CellRef<'_>],
    scope: &Scope<'_>,
) -> Result<Vec<String>, ConnectorError> {
    let mut values: Vec<String> = Vec::new();
    for row in rows {
        let value = capture.value.value(*row, scope);
        match value.map_err(|trouble| unintelligible(&trouble))? {
            Some(value) if capture.integer && value.parse::<i64>().is_err() => {
                return Err(not_whole(capture));
            }
            Some(value) if values.iter().any(|known| *known == value) => {}
            Some(value) => values.push(value.into_owned()),
            None => absent(capture.absent, &capture.name)?,
        }
    }
    Ok(values)
}

fn not_whole(capture: &Capture) -> ConnectorError {
    ConnectorError::permanent(
        Kind::Unintelligible,
        format!("{} is not a whole number", capture.name),
    )
}

fn absent(meaning: NoRows, what: &str) -> Result<(), ConnectorError> {
    match meaning {
        NoRows::Nothing => Ok(()),
        NoRows::NotFound => Err(ConnectorError::permanent(
            Kind::NotFound,
            "by the adapter's rule",
        )),
        NoRows::Unintelligible => Err(ConnectorError::permanent(
            Kind::Unintelligible,
            format!("the answer has no {what}"),
        )),
    }
}

fn unintelligible(trouble: &Trouble) -> ConnectorError {
    ConnectorError::permanent(Kind::Unintelligible, trouble.0.to_string())
}
