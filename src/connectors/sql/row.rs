//! What is bound to a statement, and what comes back: columns as canonical text.

use std::sync::Arc;

use chrono::NaiveDate;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// A value to bind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum SqlValue {
    /// Text; a number compared with a character column is text too.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A day.
    Date(NaiveDate),
    /// Nothing.
    Null,
}

/// A row: columns by lower-case name, each `None` (NULL) or text in its canonical form.
///
/// Days are `1980-01-31`; local times `1980-01-31T10:22:31`, with a fraction only where there is one; instants the same
/// in Italian time with its offset; numbers exact, with a point; truth values `true` and `false`; `CHAR` without the
/// blanks that pad it; other text as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlRow {
    names: Arc<[String]>,
    values: Vec<Option<String>>,
}

impl SqlRow {
    /// A row of these columns; there are as many values as names.
    pub fn new(names: Arc<[String]>, values: Vec<Option<String>>) -> SqlRow {
        SqlRow { names, values }
    }

    /// The text of a column; `None` where it is NULL or the row has no such column.
    pub fn text(&self, column: &str) -> Option<&str> {
        let index = self.names.iter().position(|name| name == column)?;
        self.values[index].as_deref()
    }

    /// Whether the row has such a column.
    pub fn has(&self, column: &str) -> bool {
        self.names.iter().any(|name| name == column)
    }

    /// Every column with its text, in the statement's order.
    pub fn columns(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        let texts = self.values.iter().map(Option::as_deref);
        self.names.iter().map(String::as_str).zip(texts)
    }
}

impl Serialize for SqlRow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.values.len()))?;
        for (name, text) in self.columns() {
            map.serialize_entry(name, &text)?;
        }
        map.end()
    }
}
