//! Which rows of an answer are meant: none, one, several of one person, or all of them.

use std::borrow::Cow;

use super::condition::Condition;
use super::expression::{Expression, Trouble, is_known};
use crate::connectors::extract::CellRef;
use crate::connectors::extract::shape::NodeId;
use crate::connectors::template::scope::Scope;

/// Where rows stand and how many there may be.
#[derive(Debug)]
pub struct Rows {
    /// The place of a row.
    pub each: NodeId,
    /// What tells rows apart: one that is there again counts once.
    pub once: Option<Expression>,
    /// What it means that there is none.
    pub none: NoRows,
    /// What it means that there are several.
    pub several: Several,
    /// The code of whom a row is about: must be the code asked about.
    pub asked: Option<Expression>,
    /// The code of a row, where one of all must be of whom the question is about.
    pub includes: Option<Expression>,
}

/// What it means that there is no row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoRows {
    /// Nobody answers to the question.
    NotFound,
    /// This step has nothing to add.
    Nothing,
    /// The answer is not what it should be.
    Unintelligible,
}

/// What it means that there are several rows.
#[derive(Debug)]
pub enum Several {
    /// Several subjects answer to the question.
    Ambiguous,
    /// Each is an entry of its own.
    All,
    /// Registrations of one person, of which one holds; ambiguous if they are of several persons.
    OneSubject(Box<OneSubject>),
}

/// How one registration of a person is chosen.
#[derive(Debug)]
pub struct OneSubject {
    /// What the rows of one person have in common.
    pub same: Expression,
    /// The product's own mark of a registration: rows that rank alike and differ in it cannot be told apart.
    pub registration: Option<Expression>,
    /// The first condition that a row fulfils gives its rank; none fulfilled: last.
    pub prefer: Vec<Condition>,
    /// Among the best, the one with the latest date.
    pub latest: Option<Expression>,
}

/// The rows that are meant.
#[derive(Debug)]
pub enum Meant<'a> {
    /// No row.
    None,
    /// These: exactly one, unless each is an entry of its own.
    Rows(Vec<CellRef<'a>>),
    /// So many different subjects.
    Ambiguous(usize),
    /// The answer is about someone else.
    SomeoneElse,
}

impl Rows {
    /// The rows of the answer that are meant.
    pub fn meant<'a>(
        &'a self,
        document: CellRef<'a>,
        scope: &'a Scope<'_>,
    ) -> Result<Meant<'a>, Trouble> {
        let mut rows: Vec<CellRef<'a>> = Vec::new();
        for row in document.all(self.each).filter(|row| !row.is_nothing()) {
            if !is_known(self.once.as_ref(), row, &rows, scope)? {
                rows.push(row);
            }
        }
        let chosen = match (&self.several, &*rows) {
            (_, []) => return Ok(Meant::None),
            (Several::All, _) => {
                if let Some(asked) = &self.asked {
                    for row in &rows {
                        if !is_asked(asked.value(*row, scope)?, scope) {
                            return Ok(Meant::SomeoneElse);
                        }
                    }
                }
                if let Some(includes) = &self.includes {
                    let mut found = false;
                    for row in &rows {
                        found |= is_asked(includes.value(*row, scope)?, scope);
                    }
                    if !found {
                        return Ok(Meant::SomeoneElse);
                    }
                }
                return Ok(Meant::Rows(rows));
            }
            (_, [only]) => *only,
            (Several::Ambiguous, several) => return Ok(Meant::Ambiguous(several.len())),
            (Several::OneSubject(rule), several) => match rule.choose(several, scope)? {
                Ok(row) => row,
                Err(subjects) => return Ok(Meant::Ambiguous(subjects)),
            },
        };
        if let Some(asked) = &self.asked
            && !is_asked(asked.value(chosen, scope)?, scope)
        {
            return Ok(Meant::SomeoneElse);
        }
        Ok(Meant::Rows(vec![chosen]))
    }
}

fn is_asked(code: Option<Cow<'_, str>>, scope: &Scope<'_>) -> bool {
    let asked = scope.call.parameters.soggetto();
    match (code, asked) {
        (Some(code), Some(asked)) => code.trim().eq_ignore_ascii_case(asked),
        _ => false,
    }
}

impl OneSubject {
    /// The row that holds, or how many different subjects the rows are about.
    fn choose<'a>(
        &'a self,
        rows: &[CellRef<'a>],
        scope: &'a Scope<'_>,
    ) -> Result<Result<CellRef<'a>, usize>, Trouble> {
        let mut subjects: Vec<Option<Cow<'_, str>>> = Vec::new();
        for row in rows {
            let subject = self.same.value(*row, scope)?;
            // Rows without the mark of a person cannot be known to be of the same one.
            if subject.is_none() || !subjects.contains(&subject) {
                subjects.push(subject);
            }
        }
        if subjects.len() > 1 {
            return Ok(Err(subjects.len()));
        }
        let mut ranked = Vec::with_capacity(rows.len());
        for row in rows {
            ranked.push((self.rank(*row, scope)?, *row));
        }
        ranked.sort_by(|(one, _), (two, _)| one.cmp(two));
        let Some(((best, row), others)) = ranked.split_first() else {
            return Ok(Err(0));
        };
        for (_, other) in others.iter().filter(|(rank, _)| rank == best) {
            if !self.are_the_same(*row, *other, scope)? {
                return Ok(Err(rows.len()));
            }
        }
        Ok(Ok(*row))
    }

    /// Whether two rows that rank alike are one registration sent twice.
    fn are_the_same(
        &self,
        row: CellRef<'_>,
        other: CellRef<'_>,
        scope: &Scope<'_>,
    ) -> Result<bool, Trouble> {
        let mark = |row| match &self.registration {
            Some(mark) => mark.value(row, scope).map(|mark| mark.map(Cow::into_owned)),
            None => Ok(None),
        };
        Ok(row.same_as(other) && mark(row)? == mark(other)?)
    }

    /// The smaller, the better.
    fn rank<'a>(
        &'a self,
        row: CellRef<'a>,
        scope: &'a Scope<'_>,
    ) -> Result<(usize, std::cmp::Reverse<Option<String>>), Trouble> {
        let mut rank = self.prefer.len();
        for (place, condition) in self.prefer.iter().enumerate() {
            if condition.holds(row, scope)? {
                rank = place;
                break;
            }
        }
        let latest = match &self.latest {
            Some(latest) => latest.value(row, scope)?.map(Cow::into_owned),
            None => None,
        };
        Ok((rank, std::cmp::Reverse(latest)))
    }
}
