//! SQLite: a file that is opened read-only and never created.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::TryStreamExt;
use sqlx::query::Query;
use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteConnectOptions, SqliteRow};
use sqlx::{
    AssertSqlSafe, Column, ConnectOptions, Connection as _, Executor, Row, SqlSafeStr,
    SqliteConnection, Statement as _, TypeInfo, ValueRef,
};

use super::failure::Failure;
use super::intake::{Intake, float, unread};
use super::row::SqlValue;
use super::server::SessionLimits;
use super::statement::Statement;

/// After so many steps of its machine SQLite asks whether it shall go on: some milliseconds.
const STEPS: i32 = 10_000;

/// A database file.
#[derive(Debug)]
pub struct SqliteFile {
    path: PathBuf,
    limits: SessionLimits,
}

/// An open file and its thread. What it is doing when it is dropped ends soon after.
#[derive(Debug)]
pub struct SqliteSession {
    connection: SqliteConnection,
    dropped: Arc<AtomicBool>,
    path: PathBuf,
    file: Option<(u64, u64)>,
}

impl Drop for SqliteSession {
    fn drop(&mut self) {
        self.dropped.store(true, Ordering::Relaxed);
    }
}

impl SqliteFile {
    /// The file at a path.
    pub fn new(path: &str, limits: SessionLimits) -> SqliteFile {
        SqliteFile {
            path: path.into(),
            limits,
        }
    }

    /// Opens the file.
    pub async fn connect(&self) -> Result<SqliteSession, sqlx::Error> {
        let options = SqliteConnectOptions::new()
            .filename(&self.path)
            .read_only(true)
            .create_if_missing(false)
            .busy_timeout(self.limits.lock)
            .pragma("query_only", "on")
            .disable_statement_logging();
        let file = device_and_number(&self.path);
        let mut connection = options.connect().await?;
        let dropped = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&dropped);
        let mut handle = connection.lock_handle().await?;
        handle.set_progress_handler(STEPS, move || !seen.load(Ordering::Relaxed));
        drop(handle);
        Ok(SqliteSession {
            connection,
            dropped,
            path: self.path.clone(),
            file,
        })
    }
}

impl SqliteSession {
    /// Whether the open file still stands at its path: a copy made every night takes the place of the old one.
    pub fn is_current(&self) -> bool {
        self.file.is_some() && self.file == device_and_number(&self.path)
    }

    /// Reads rows.
    pub async fn read(
        &mut self,
        statement: &Statement,
        values: &[&SqlValue],
        intake: &mut Intake<'_>,
    ) -> Result<(), Failure> {
        let text = AssertSqlSafe(Arc::clone(&statement.numbered));
        let mut query = sqlx::query(text);
        for value in values {
            query = bind(query, value);
        }
        let mut rows = query.fetch(&mut self.connection);
        while let Some(row) = rows.try_next().await? {
            intake.take(&row, text_of)?;
        }
        Ok(())
    }
}

fn device_and_number(path: &Path) -> Option<(u64, u64)> {
    let file = std::fs::metadata(path).ok()?;
    Some((file.dev(), file.ino()))
}

/// The names of a statement's columns.
pub async fn columns(
    session: &mut SqliteSession,
    statement: &Statement,
) -> Result<Vec<String>, Failure> {
    // SQLite looks at the file's tables and views only when it reads: until then it prepares for those that it knew.
    let look = "SELECT count(*) FROM sqlite_schema";
    sqlx::query(look).fetch_one(&mut session.connection).await?;
    let text = AssertSqlSafe(Arc::clone(&statement.numbered)).into_sql_str();
    // What is prepared may have been so before the view changed.
    session.connection.clear_cached_statements().await?;
    let prepared = session.connection.prepare(text).await?;
    let names = prepared.columns().iter();
    Ok(names.map(|column| column.name().to_lowercase()).collect())
}

fn bind<'q>(
    query: Query<'q, Sqlite, SqliteArguments>,
    value: &SqlValue,
) -> Query<'q, Sqlite, SqliteArguments> {
    match value {
        SqlValue::Text(text) => query.bind(text.clone()),
        SqlValue::Integer(number) => query.bind(*number),
        SqlValue::Date(day) => query.bind(*day),
        SqlValue::Null => query.bind(None::<String>),
    }
}

/// SQLite's values have types, its columns only wishes.
fn text_of(row: &SqliteRow, index: usize) -> Result<Option<String>, Failure> {
    let value = row.try_get_raw(index)?;
    if value.is_null() {
        return Ok(None);
    }
    let actual = value.type_info();
    let declared = row.column(index).type_info().name();
    let text = match actual.name() {
        "INTEGER" => match (declared, row.try_get_unchecked::<i64, _>(index)?) {
            ("BOOLEAN", 0) => Some("false".to_owned()),
            ("BOOLEAN", 1) => Some("true".to_owned()),
            (_, number) => Some(number.to_string()),
        },
        "REAL" => float(row.try_get_unchecked::<f64, _>(index)?),
        "TEXT" => {
            let text: String = row.try_get_unchecked(index)?;
            let is_time = declared == "DATETIME";
            Some(if is_time { with_t(text) } else { text })
        }
        _ => None,
    };
    text.map(Some)
        .ok_or_else(|| unread(row, index, actual.name()))
}

/// SQLite's own functions write a blank between day and time.
fn with_t(text: String) -> String {
    match text.split_once(' ') {
        Some((day, time)) if day.len() == 10 => format!("{day}T{time}"),
        _ => text,
    }
}
