//! Tables as data: columns, rows and the SQL that makes them in each engine.

use chrono::NaiveDate;

use super::database::Database;

/// Type of a column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// Whole number of so many digits.
    Number(u8),
    /// Digits in all, and after the point.
    Decimal(u8, u8),
    /// Fixed width, padded with blanks.
    Char(u8),
    Text(u8),
    Date,
    Timestamp,
}

/// A value; decimals are given as whole numbers of their smallest unit.
#[derive(Debug, Clone)]
pub enum Value {
    Null,
    Int(i64),
    Text(String),
    Date(NaiveDate),
}

impl Value {
    /// `S` or `N`.
    pub fn yes_no(yes: bool) -> Value {
        if yes { "S" } else { "N" }.into()
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Value::Int(value)
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Value::Int(value.into())
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Value::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Value::Text(value)
    }
}

impl From<NaiveDate> for Value {
    fn from(value: NaiveDate) -> Self {
        Value::Date(value)
    }
}

pub type Row = Vec<Value>;

/// A base table and the view of all its columns.
pub struct Table {
    pub name: &'static str,
    pub view: &'static str,
    pub columns: &'static [(&'static str, Kind)],
    pub rows: Vec<Row>,
}

impl Table {
    pub fn drop_statements(&self, database: &Database) -> String {
        let cascade = if matches!(database, Database::Postgres(_)) {
            " CASCADE"
        } else {
            ""
        };
        format!(
            "DROP VIEW IF EXISTS {}{cascade}; DROP TABLE IF EXISTS {}{cascade};",
            self.view, self.name
        )
    }

    pub fn create_statement(&self, database: &Database) -> String {
        let columns: Vec<_> = self
            .columns
            .iter()
            .map(|(name, kind)| format!("{name} {}", sql_type(*kind, database)))
            .collect();
        let options = if matches!(database, Database::Mysql(_)) {
            " CHARACTER SET utf8mb4"
        } else {
            ""
        };
        format!(
            "CREATE TABLE {} ({}){options}",
            self.name,
            columns.join(", ")
        )
    }

    pub fn insert_statement(&self, database: &Database, rows: &[Row]) -> String {
        let rows: Vec<_> = rows
            .iter()
            .map(|row| {
                let values: Vec<_> = self
                    .columns
                    .iter()
                    .zip(row)
                    .map(|((_, kind), value)| literal(*kind, value, database))
                    .collect();
                format!("({})", values.join(","))
            })
            .collect();
        format!("INSERT INTO {} VALUES {}", self.name, rows.join(","))
    }

    pub fn view_statement(&self) -> String {
        self.view_with(str::to_owned, "")
    }

    /// The view with its columns written by `column` and a condition after the table.
    pub fn view_with(&self, column: impl Fn(&str) -> String, condition: &str) -> String {
        let columns: Vec<_> = self.columns.iter().map(|(name, _)| column(name)).collect();
        format!(
            "CREATE VIEW {} AS SELECT {} FROM {}{condition}",
            self.view,
            columns.join(", "),
            self.name
        )
    }
}

fn sql_type(kind: Kind, database: &Database) -> String {
    if matches!(database, Database::Sqlite(_)) {
        return if matches!(kind, Kind::Number(_)) {
            "INTEGER"
        } else {
            "TEXT"
        }
        .to_owned();
    }
    match kind {
        Kind::Number(digits) => format!("NUMERIC({digits})"),
        Kind::Decimal(digits, scale) => format!("DECIMAL({digits},{scale})"),
        Kind::Char(width) => format!("CHAR({width})"),
        Kind::Text(width) => format!("VARCHAR({width})"),
        Kind::Date => "DATE".to_owned(),
        Kind::Timestamp if matches!(database, Database::Mysql(_)) => "DATETIME".to_owned(),
        Kind::Timestamp => "TIMESTAMP".to_owned(),
    }
}

fn literal(kind: Kind, value: &Value, database: &Database) -> String {
    let sqlite = matches!(database, Database::Sqlite(_));
    match (kind, value) {
        (_, Value::Null) => "NULL".to_owned(),
        (Kind::Decimal(_, scale), Value::Int(units)) => {
            let unit = 10_i64.pow(scale.into());
            let number = format!(
                "{}.{:0width$}",
                units / unit,
                units % unit,
                width = scale.into()
            );
            if sqlite {
                format!("'{number}'")
            } else {
                number
            }
        }
        (_, Value::Int(number)) => number.to_string(),
        // SQLite does not pad by itself.
        (Kind::Char(width), Value::Text(text)) if sqlite => {
            quoted(&format!("{text:<width$}", width = width.into()))
        }
        (_, Value::Text(text)) => quoted(text),
        (Kind::Timestamp, Value::Date(day)) => format!("'{day} 03:00:00'"),
        (_, Value::Date(day)) => format!("'{day}'"),
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
