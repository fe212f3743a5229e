//! What differs between SQLite and PostgreSQL in the common subset of SQL: placeholders, and how values are bound and read.

use std::borrow::Cow;
use std::fmt::Write;

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments, AssertSqlSafe, Row};

/// The two languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    /// A statement of ours, written with `?` for its parameters, in this language.
    pub(super) fn statement(self, sql: &'static str) -> AssertSqlSafe<Cow<'static, str>> {
        AssertSqlSafe(match self {
            Dialect::Sqlite => Cow::Borrowed(sql),
            Dialect::Postgres => {
                let mut numbered = String::with_capacity(sql.len() + 16);
                for (position, part) in sql.split('?').enumerate() {
                    if position > 0 {
                        self.placeholder(position, &mut numbered);
                    }
                    numbered.push_str(part);
                }
                Cow::Owned(numbered)
            }
        })
    }

    /// Writes the placeholder of the parameter at that position, from 1.
    pub(super) fn placeholder(self, position: usize, sql: &mut String) {
        match self {
            Dialect::Sqlite => sql.push('?'),
            Dialect::Postgres => {
                write!(sql, "${position}").expect("a string can always be written to");
            }
        }
    }

    /// What stands before and after a parameter that is a JSON list of hexadecimal texts, to select them as bytes.
    pub(super) fn selected_as_bytes(self) -> (&'static str, &'static str) {
        match self {
            Dialect::Sqlite => ("SELECT unhex(value) FROM json_each(", ")"),
            Dialect::Postgres => (
                "SELECT decode(value, 'hex') FROM json_array_elements_text(CAST(",
                " AS json)) AS listed (value)",
            ),
        }
    }
}

/// Takes a statement's parameters in their order.
pub(super) trait Bind {
    /// BIGINT or INTEGER.
    fn number(&mut self, value: Option<i64>);
    /// TEXT.
    fn text(&mut self, value: Option<&str>);
    /// BYTEA or BLOB.
    fn bytes(&mut self, value: Option<&[u8]>);
}

const BINDS: &str = "numbers, texts and bytes can always be bound";

impl Bind for SqliteArguments {
    fn number(&mut self, value: Option<i64>) {
        self.add(value).expect(BINDS);
    }

    fn text(&mut self, value: Option<&str>) {
        self.add(value.map(str::to_owned)).expect(BINDS);
    }

    fn bytes(&mut self, value: Option<&[u8]>) {
        self.add(value.map(<[u8]>::to_vec)).expect(BINDS);
    }
}

impl Bind for PgArguments {
    fn number(&mut self, value: Option<i64>) {
        self.add(value).expect(BINDS);
    }

    fn text(&mut self, value: Option<&str>) {
        self.add(value).expect(BINDS);
    }

    fn bytes(&mut self, value: Option<&[u8]>) {
        self.add(value).expect(BINDS);
    }
}

/// Gives a result row's values by position, from 0.
pub(super) trait Values {
    fn number(&self, position: usize) -> Result<Option<i64>, sqlx::Error>;
    fn text(&self, position: usize) -> Result<Option<String>, sqlx::Error>;
    fn bytes(&self, position: usize) -> Result<Option<Vec<u8>>, sqlx::Error>;
}

impl Values for SqliteRow {
    fn number(&self, position: usize) -> Result<Option<i64>, sqlx::Error> {
        self.try_get(position)
    }

    fn text(&self, position: usize) -> Result<Option<String>, sqlx::Error> {
        self.try_get(position)
    }

    fn bytes(&self, position: usize) -> Result<Option<Vec<u8>>, sqlx::Error> {
        self.try_get(position)
    }
}

impl Values for PgRow {
    fn number(&self, position: usize) -> Result<Option<i64>, sqlx::Error> {
        self.try_get(position)
    }

    fn text(&self, position: usize) -> Result<Option<String>, sqlx::Error> {
        self.try_get(position)
    }

    fn bytes(&self, position: usize) -> Result<Option<Vec<u8>>, sqlx::Error> {
        self.try_get(position)
    }
}
