//! What came from a back end, kept in memory for a command that shows it or makes examples of it; the gateway keeps nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use super::error::ConnectorError;
use super::http::HttpResponse;
use super::sql::row::SqlRow;

/// One exchange of a call; its parts show no content in `Debug`.
#[derive(Clone)]
pub struct Taped {
    /// Its name: the step's, with a number from the second one of the step on.
    pub exchange: String,
    /// What it was made for.
    pub of: Of,
    /// What came.
    pub answer: Answer,
    /// How long that took.
    pub took: Duration,
}

/// What an exchange was made for.
#[derive(Clone)]
pub enum Of {
    /// A step of the operation, by its name.
    Step(String),
    /// The login, with what it gave.
    Login(Result<BTreeMap<Box<str>, String>, ConnectorError>),
}

/// What came.
#[derive(Clone)]
pub enum Answer {
    /// Over HTTP.
    Http(HttpResponse),
    /// From a database.
    Rows(Vec<SqlRow>),
}

impl std::fmt::Debug for Taped {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Taped({})", self.exchange)
    }
}

impl Answer {
    /// What can be said of it without showing anything: status and bytes, or rows.
    pub fn outline(&self) -> String {
        match self {
            Answer::Http(answer) => format!("stato {}, {} byte", answer.status, answer.body.len()),
            Answer::Rows(rows) => format!("{} righe", rows.len()),
        }
    }
}
