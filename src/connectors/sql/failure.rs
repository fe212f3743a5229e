//! What goes wrong with a database, in the connectors' terms: codes and names of columns, never a value.

use std::time::Duration;

use sqlx::mysql::MySqlDatabaseError;
use sqlx::postgres::PgDatabaseError;
use sqlx::sqlite::SqliteError;

use crate::connectors::error::{ConnectorError, Kind};

/// Why a statement brought no answer.
#[derive(Debug)]
pub enum Failure {
    /// The database or its driver failed.
    Driver(sqlx::Error),
    /// More rows or bytes than allowed.
    Oversized,
    /// A column whose type or content is not read.
    Value {
        /// The column.
        column: String,
        /// Its type in the database.
        type_name: String,
    },
    /// Two columns of the answer have this name.
    SameName(String),
    /// A row cannot be written down for the transcript.
    Unwritable,
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Failure {
        Failure::Driver(error)
    }
}

/// How long a database that is locked, full or starting is left alone.
const PAUSE: Duration = Duration::from_secs(2);

/// What a code of a database means to us.
enum Meaning {
    Refused,
    TimedOut,
    /// Locked by others until our limit ended.
    Locked,
    /// Overloaded, starting.
    Unavailable,
    /// The connection is lost.
    Lost,
    /// There is no such file.
    Missing,
    /// The file is no sound database.
    Unreadable,
    /// The view is not as the statement expects it.
    ViewChanged,
    /// An accident that may not happen again.
    Accident,
    Failed,
}

impl Failure {
    /// The error for the caller; `step` says what was tried.
    pub fn into_error(self, step: &str) -> ConnectorError {
        match self {
            Failure::Driver(error) => of_driver(step, error),
            Failure::Oversized => ConnectorError::permanent(
                Kind::Oversized,
                format!("{step}: more rows or bytes than allowed"),
            ),
            Failure::Value { column, type_name } => ConnectorError::permanent(
                Kind::Unintelligible,
                format!("{step}: a value of column {column}, of type {type_name}, is not read"),
            ),
            Failure::SameName(name) => ConnectorError::permanent(
                Kind::Unintelligible,
                format!("{step}: two columns have the name {name}"),
            ),
            Failure::Unwritable => {
                ConnectorError::permanent(Kind::Gateway, format!("{step}: a row cannot be written"))
            }
        }
    }
}

fn of_driver(step: &str, error: sqlx::Error) -> ConnectorError {
    let permanent = |kind, what: &str| ConnectorError::permanent(kind, format!("{step}: {what}"));
    match error {
        sqlx::Error::Database(error) => of_database(step, &*error),
        // Texts of the operating system name no data.
        sqlx::Error::Io(error) => {
            ConnectorError::passing(Kind::Unreachable, format!("{step}: {error}"))
        }
        sqlx::Error::Tls(error) => permanent(Kind::Unreachable, &format!("TLS: {error}")),
        sqlx::Error::Configuration(_) => permanent(Kind::Gateway, "address or TLS files not valid"),
        sqlx::Error::Encode(_) => permanent(Kind::Gateway, "a value cannot be bound"),
        sqlx::Error::WorkerCrashed => {
            ConnectorError::passing(Kind::Failed, format!("{step}: the database's thread ended"))
        }
        // Their texts may repeat what the database sent.
        sqlx::Error::Protocol(_)
        | sqlx::Error::Decode(_)
        | sqlx::Error::ColumnDecode { .. }
        | sqlx::Error::TypeNotFound { .. } => {
            permanent(Kind::Unintelligible, "the driver cannot read the answer")
        }
        _ => permanent(Kind::Failed, "the driver failed"),
    }
}

fn of_database(step: &str, error: &(dyn sqlx::error::DatabaseError + 'static)) -> ConnectorError {
    let (code, meaning) = if let Some(error) = error.try_downcast_ref::<PgDatabaseError>() {
        (error.code().to_owned(), of_sqlstate(error.code()))
    } else if let Some(error) = error.try_downcast_ref::<MySqlDatabaseError>() {
        (error.number().to_string(), of_mysql_number(error.number()))
    } else if let Some(error) = error.try_downcast_ref::<SqliteError>() {
        let code = sqlx::error::DatabaseError::code(error).unwrap_or_default();
        (code.to_string(), of_sqlite_code(&code))
    } else {
        (String::new(), Meaning::Failed)
    };
    meaning.into_error(step, &code, error.message())
}

impl Meaning {
    /// `message` is passed on only where it names no more than columns and views.
    fn into_error(self, step: &str, code: &str, message: &str) -> ConnectorError {
        let error = match self {
            Meaning::Refused => ConnectorError::permanent(
                Kind::CredentialsRefused,
                format!("{step}: account, password or right refused"),
            ),
            Meaning::TimedOut => ConnectorError::passing(
                Kind::TimedOut,
                format!("{step}: the database ended the statement at its time limit"),
            ),
            Meaning::Unavailable => ConnectorError::later(
                Kind::Unavailable,
                PAUSE,
                format!("{step}: overloaded or starting"),
            ),
            // The database is there and only this read had to wait too long: to the portal a time-out, not a closed office.
            Meaning::Locked => ConnectorError::later(
                Kind::TimedOut,
                PAUSE,
                format!("{step}: locked until the time limit"),
            ),
            Meaning::Lost => ConnectorError::passing(
                Kind::Unreachable,
                format!("{step}: the database ended the connection"),
            ),
            Meaning::Missing => ConnectorError::permanent(
                Kind::Unreachable,
                format!("{step}: the database's file cannot be opened"),
            ),
            Meaning::Unreadable => ConnectorError::permanent(
                Kind::Unintelligible,
                format!("{step}: the file is no sound database"),
            ),
            Meaning::ViewChanged => ConnectorError::permanent(
                Kind::Unintelligible,
                format!("{step}: the view changed: {message}"),
            ),
            Meaning::Accident => {
                ConnectorError::passing(Kind::Failed, format!("{step}: the database failed"))
            }
            Meaning::Failed => {
                ConnectorError::permanent(Kind::Failed, format!("{step}: the database failed"))
            }
        };
        error.with_code(code)
    }
}

/// PostgreSQL, appendix A of its manual.
fn of_sqlstate(code: &str) -> Meaning {
    match code {
        "42501" => Meaning::Refused,
        // Cancelled at the time limit. It counts as an outage like a server that is down, and never says that nobody was found.
        "57014" => Meaning::TimedOut,
        "55P03" => Meaning::Locked,
        "57P03" => Meaning::Unavailable,
        "57P01" | "57P02" | "57P05" | "25P03" => Meaning::Lost,
        // No such view, column, function, schema; the rest of class 42 may quote more than names.
        "42P01" | "42703" | "42883" | "3F000" => Meaning::ViewChanged,
        // A cached plan of a view that was made anew; a conflict with replication; a deadlock.
        "0A000" | "40001" | "40P01" => Meaning::Accident,
        _ => match code.get(..2) {
            Some("28") => Meaning::Refused,
            Some("53") => Meaning::Unavailable,
            Some("08") => Meaning::Lost,
            Some("58" | "XX") => Meaning::Accident,
            _ => Meaning::Failed,
        },
    }
}

/// MySQL and MariaDB, by their own numbers: SQLSTATE is too coarse there.
fn of_mysql_number(number: u16) -> Meaning {
    match number {
        // Wrong password or host, no right on database, view or column, expired password.
        1044 | 1045 | 1130 | 1142 | 1143 | 1227 | 1370 | 1698 | 1820 | 1862 => Meaning::Refused,
        1317 | 1969 | 3024 => Meaning::TimedOut,
        // Lock waits, and locks that a statement may not wait for.
        1205 | 3572 => Meaning::Locked,
        // Too many connections, host or account at its limit, deadlock.
        1040 | 1129 | 1203 | 1213 | 1226 => Meaning::Unavailable,
        // Shutdown, connection killed, gone or idle for too long.
        1053 | 1927 | 2006 | 2013 | 4031 => Meaning::Lost,
        // No such column, view or function; a view over something that is gone.
        1054 | 1146 | 1305 | 1356 => Meaning::ViewChanged,
        _ => Meaning::Failed,
    }
}

/// SQLite: the low byte is the primary result code.
fn of_sqlite_code(code: &str) -> Meaning {
    match code.parse::<u32>().map(|code| code & 0xff) {
        // SQLITE_ERROR at preparing: no such table or column.
        Ok(1) => Meaning::ViewChanged,
        Ok(3 | 23) => Meaning::Refused,
        Ok(5 | 6) => Meaning::Locked,
        Ok(9) => Meaning::TimedOut,
        Ok(10 | 17) => Meaning::Accident,
        Ok(11 | 26) => Meaning::Unreadable,
        Ok(14) => Meaning::Missing,
        _ => Meaning::Failed,
    }
}
