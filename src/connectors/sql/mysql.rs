//! MySQL and MariaDB: sessions that cannot write, and their values as canonical text.

use std::sync::Arc;

use chrono::{NaiveDate, NaiveDateTime};
use futures_util::TryStreamExt;
use secrecy::{ExposeSecret, SecretString};
use sqlx::mysql::{
    MySqlArguments, MySqlConnectOptions, MySqlDatabaseError, MySqlRow, MySqlSslMode,
};
use sqlx::query::Query;
use sqlx::{
    AssertSqlSafe, Column, ConnectOptions, Connection as _, Decode, Executor, MySql,
    MySqlConnection, Row, SqlSafeStr, Statement as _, Type, TypeInfo, ValueRef,
};

use crate::config::instance::InstanceSettings;
use crate::connectors::error::ConnectorError;

use super::failure::Failure;
use super::intake::{Intake, float, instant, local_time, unread};
use super::row::SqlValue;
use super::server::{Protection, SessionLimits, protection, unusable};
use super::statement::Statement;

/// There is no variable of that name.
const UNKNOWN_VARIABLE: u16 = 1193;

/// A MySQL or MariaDB server.
#[derive(Debug)]
pub struct MySqlServer {
    options: MySqlConnectOptions,
    limits: SessionLimits,
}

impl MySqlServer {
    /// The server at an instance's address.
    pub fn new(
        settings: &InstanceSettings,
        limits: SessionLimits,
    ) -> Result<MySqlServer, ConnectorError> {
        let options: MySqlConnectOptions = settings
            .address
            .parse()
            .map_err(|_| unusable("it is not well formed"))?;
        let host = match options.get_socket() {
            Some(_) => "/",
            None => options.get_host(),
        };
        let mode = match protection(settings, host)? {
            Protection::AsWritten => options.get_ssl_mode(),
            Protection::Verified => MySqlSslMode::VerifyIdentity,
            Protection::Local => MySqlSslMode::Disabled,
        };
        let mut options = options.ssl_mode(mode).disable_statement_logging();
        let tls = &settings.tls;
        if let Some(authorities) = &tls.authorities {
            options = options.ssl_ca(authorities);
        }
        if let (Some(certificate), Some(key)) = (&tls.certificate, &tls.key) {
            options = options.ssl_client_cert(certificate).ssl_client_key(key);
        }
        Ok(MySqlServer { options, limits })
    }

    /// Connects and settles the session. The driver itself asks for UTF-8, UTC and `||` as concatenation.
    pub async fn connect(&self, password: &SecretString) -> Result<MySqlConnection, sqlx::Error> {
        let options = self.options.clone().password(password.expose_secret());
        let mut connection = options.connect().await?;
        let session = format!(
            "SET SESSION TRANSACTION READ ONLY; \
             SET SESSION sql_mode = CONCAT(@@sql_mode, ',ANSI_QUOTES'), \
             SESSION lock_wait_timeout = {}, SESSION wait_timeout = {}",
            self.limits.lock.as_secs().max(1),
            self.limits.rest.as_secs(),
        );
        set(&mut connection, session).await?;
        let statement = self.limits.statement;
        let mariadb = format!(
            "SET SESSION max_statement_time = {}",
            statement.as_secs_f64()
        );
        match set(&mut connection, mariadb).await {
            Err(sqlx::Error::Database(error)) if is_unknown_variable(&*error) => {
                let mysql = format!("SET SESSION max_execution_time = {}", statement.as_millis());
                set(&mut connection, mysql).await?;
            }
            other => other?,
        }
        Ok(connection)
    }
}

async fn set(connection: &mut MySqlConnection, text: String) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(text))
        .execute(connection)
        .await?;
    Ok(())
}

fn is_unknown_variable(error: &(dyn sqlx::error::DatabaseError + 'static)) -> bool {
    error
        .try_downcast_ref::<MySqlDatabaseError>()
        .is_some_and(|error| error.number() == UNKNOWN_VARIABLE)
}

/// Reads rows.
pub async fn read(
    connection: &mut MySqlConnection,
    statement: &Statement,
    values: &[&SqlValue],
    intake: &mut Intake<'_>,
) -> Result<(), Failure> {
    let text = AssertSqlSafe(Arc::clone(&statement.marked));
    let mut query = sqlx::query(text);
    for index in &statement.marks {
        query = bind(query, values[*index]);
    }
    let mut rows = query.fetch(connection);
    while let Some(row) = rows.try_next().await? {
        intake.take(&row, text_of)?;
    }
    Ok(())
}

/// The names of a statement's columns.
pub async fn columns(
    connection: &mut MySqlConnection,
    statement: &Statement,
) -> Result<Vec<String>, Failure> {
    let text = AssertSqlSafe(Arc::clone(&statement.marked)).into_sql_str();
    // What is prepared may have been so before the view changed.
    connection.clear_cached_statements().await?;
    let prepared = connection.prepare(text).await?;
    let names = prepared.columns().iter();
    Ok(names.map(|column| column.name().to_lowercase()).collect())
}

fn bind<'q>(
    query: Query<'q, MySql, MySqlArguments>,
    value: &SqlValue,
) -> Query<'q, MySql, MySqlArguments> {
    match value {
        SqlValue::Text(text) => query.bind(text.clone()),
        SqlValue::Integer(number) => query.bind(*number),
        SqlValue::Date(day) => query.bind(*day),
        SqlValue::Null => query.bind(None::<String>),
    }
}

fn text_of(row: &MySqlRow, index: usize) -> Result<Option<String>, Failure> {
    let value = row.try_get_raw(index)?;
    // Zero dates count as NULL: that is how these databases write that there is none.
    if value.is_null() {
        return Ok(None);
    }
    let kind = value.type_info().into_owned();
    let wire: &[u8] = Decode::<MySql>::decode(value).map_err(sqlx::Error::Decode)?;
    let name = kind.name();
    let text = match name {
        _ if <str as Type<MySql>>::compatible(&kind) => text(wire).map(|text| match name {
            "CHAR" | "BINARY" => text.trim_end_matches(' ').to_owned(),
            _ => text,
        }),
        "DECIMAL" => text(wire),
        "TINYINT" | "SMALLINT" | "MEDIUMINT" | "INT" | "BIGINT" => {
            Some(row.try_get_unchecked::<i64, _>(index)?.to_string())
        }
        "BOOLEAN" => Some(match row.try_get_unchecked::<i64, _>(index)? {
            0 => "false".to_owned(),
            1 => "true".to_owned(),
            // TINYINT(1) is also used for small numbers.
            number => number.to_string(),
        }),
        "BIT" => match wire {
            [0] => Some("false".to_owned()),
            [1] => Some("true".to_owned()),
            _ => None,
        },
        "FLOAT" => {
            let number: f32 = row.try_get_unchecked(index)?;
            number.is_finite().then(|| number.to_string())
        }
        "DOUBLE" => float(row.try_get_unchecked::<f64, _>(index)?),
        "DATE" => day(wire).map(|day| day.to_string()),
        "DATETIME" => time(wire).map(local_time),
        "TIMESTAMP" => time(wire).map(instant),
        "YEAR" => Some(row.try_get_unchecked::<u64, _>(index)?.to_string()),
        _ if name.ends_with(" UNSIGNED") => {
            Some(row.try_get_unchecked::<u64, _>(index)?.to_string())
        }
        _ => None,
    };
    text.map(Some).ok_or_else(|| unread(row, index, name))
}

fn text(wire: &[u8]) -> Option<String> {
    String::from_utf8(wire.to_vec()).ok()
}

/// A length, two bytes of year, month and day; a day like `1980-00-00` is none.
fn day(wire: &[u8]) -> Option<NaiveDate> {
    let (low, high) = (*wire.get(1)?, *wire.get(2)?);
    let year = u16::from_le_bytes([low, high]);
    NaiveDate::from_ymd_opt(year.into(), (*wire.get(3)?).into(), (*wire.get(4)?).into())
}

/// The same followed by hour, minute and second, and by microseconds; what is zero at the end is not sent.
fn time(wire: &[u8]) -> Option<NaiveDateTime> {
    let byte = |index: usize| u32::from(wire.get(index).copied().unwrap_or(0));
    let micros = (8..12).rev().fold(0, |sum, index| sum << 8 | byte(index));
    day(wire)?.and_hms_micro_opt(byte(5), byte(6), byte(7), micros)
}
