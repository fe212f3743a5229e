//! PostgreSQL: sessions that cannot write, and its binary values as canonical text.

use std::sync::Arc;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use futures_util::TryStreamExt;
use secrecy::{ExposeSecret, SecretString};
use sqlx::encode::{Encode, IsNull};
use sqlx::postgres::{
    PgArguments, PgConnectOptions, PgRow, PgSslMode, PgTypeInfo, PgTypeKind, types::Oid,
};
use sqlx::query::Query;
use sqlx::{
    AssertSqlSafe, Column, ConnectOptions, Connection as _, Executor, PgConnection, Postgres, Row,
    SqlSafeStr, Statement as _, Type, TypeInfo, ValueRef,
};

use crate::config::instance::InstanceSettings;
use crate::connectors::error::ConnectorError;

use super::failure::Failure;
use super::intake::{Intake, float, instant, local_time, unread};
use super::numeric;
use super::row::SqlValue;
use super::server::{Protection, SessionLimits, protection, unusable};
use super::statement::Statement;

/// A PostgreSQL server.
#[derive(Debug)]
pub struct PostgresServer {
    options: PgConnectOptions,
    session: String,
}

impl PostgresServer {
    /// The server at an instance's address.
    pub fn new(
        settings: &InstanceSettings,
        limits: SessionLimits,
    ) -> Result<PostgresServer, ConnectorError> {
        let options: PgConnectOptions = settings
            .address
            .parse()
            .map_err(|_| unusable("it is not well formed"))?;
        let host = match options.get_socket() {
            Some(_) => "/",
            None => options.get_host(),
        };
        let mode = match protection(settings, host)? {
            Protection::AsWritten => options.get_ssl_mode(),
            Protection::Verified => PgSslMode::VerifyFull,
            Protection::Local => PgSslMode::Disable,
        };
        let mut options = options
            .ssl_mode(mode)
            .application_name("pontile")
            .disable_statement_logging();
        let tls = &settings.tls;
        if let Some(authorities) = &tls.authorities {
            options = options.ssl_root_cert(authorities);
        }
        if let (Some(certificate), Some(key)) = (&tls.certificate, &tls.key) {
            options = options.ssl_client_cert(certificate).ssl_client_key(key);
        }
        Ok(PostgresServer {
            options,
            session: session(limits),
        })
    }

    /// Connects and settles the session.
    pub async fn connect(&self, password: &SecretString) -> Result<PgConnection, sqlx::Error> {
        let options = self.options.clone().password(password.expose_secret());
        let mut connection = options.connect().await?;
        sqlx::raw_sql(AssertSqlSafe(self.session.as_str()))
            .execute(&mut connection)
            .await?;
        Ok(connection)
    }
}

/// The last two settings exist since PostgreSQL 14: a statement whose client has gone ends within a second.
fn session(limits: SessionLimits) -> String {
    format!(
        "SET default_transaction_read_only = on; SET statement_timeout = {}; SET lock_timeout = {}; \
         SET TIME ZONE 'Europe/Rome'; \
         SELECT set_config(name, CASE name WHEN 'idle_session_timeout' THEN '{}' ELSE '1000' END, false) \
         FROM pg_catalog.pg_settings WHERE name IN ('idle_session_timeout', 'client_connection_check_interval')",
        limits.statement.as_millis(),
        limits.lock.as_millis(),
        limits.rest.as_millis(),
    )
}

/// Reads rows.
pub async fn read(
    connection: &mut PgConnection,
    statement: &Statement,
    values: &[&SqlValue],
    intake: &mut Intake<'_>,
) -> Result<(), Failure> {
    let mut query = sqlx::query(AssertSqlSafe(typed(&statement.numbered, values)));
    for value in values {
        query = bind(query, value);
    }
    let mut rows = query.fetch(connection);
    while let Some(row) = rows.try_next().await? {
        intake.take(&row, text_of)?;
    }
    Ok(())
}

/// The statement with a remark on the kinds of its values: the driver keeps what it prepared under the text alone, and
/// would send a value of one kind where the server expects another.
fn typed(text: &str, values: &[&SqlValue]) -> String {
    let kinds: String = values
        .iter()
        .map(|value| match value {
            SqlValue::Text(_) => 't',
            SqlValue::Integer(_) => 'i',
            SqlValue::Date(_) => 'd',
            SqlValue::Null => 'n',
        })
        .collect();
    format!("{text}\n-- {kinds}")
}

/// The names of a statement's columns.
pub async fn columns(
    connection: &mut PgConnection,
    statement: &Statement,
) -> Result<Vec<String>, Failure> {
    let text = AssertSqlSafe(Arc::clone(&statement.numbered)).into_sql_str();
    // What is prepared may have been so before the view changed.
    connection.clear_cached_statements().await?;
    let prepared = connection.prepare(text).await?;
    let names = prepared.columns().iter();
    Ok(names.map(|column| column.name().to_lowercase()).collect())
}

fn bind<'q>(
    query: Query<'q, Postgres, PgArguments>,
    value: &SqlValue,
) -> Query<'q, Postgres, PgArguments> {
    match value {
        SqlValue::Text(text) => query.bind(text.clone()),
        SqlValue::Integer(number) => query.bind(*number),
        SqlValue::Date(day) => query.bind(*day),
        SqlValue::Null => query.bind(Nothing),
    }
}

/// NULL of whatever type the statement wants there.
struct Nothing;

impl Type<Postgres> for Nothing {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(0))
    }
}

impl Encode<'_, Postgres> for Nothing {
    fn encode_by_ref(
        &self,
        _: &mut sqlx::postgres::PgArgumentBuffer,
    ) -> Result<IsNull, sqlx::error::BoxDynError> {
        Ok(IsNull::Yes)
    }
}

fn text_of(row: &PgRow, index: usize) -> Result<Option<String>, Failure> {
    let value = row.try_get_raw(index)?;
    if value.is_null() {
        return Ok(None);
    }
    let kind = value.type_info();
    let wire = value.as_bytes().map_err(sqlx::Error::Decode)?;
    let is_text = matches!(kind.kind(), PgTypeKind::Enum(_));
    let text = match kind.name() {
        _ if is_text => text(wire),
        "TEXT" | "VARCHAR" | "NAME" | "UNKNOWN" | "\"CHAR\"" | "citext" => text(wire),
        "CHAR" => text(wire).map(|text| text.trim_end_matches(' ').to_owned()),
        "INT2" => wire
            .try_into()
            .ok()
            .map(|wire| i16::from_be_bytes(wire).to_string()),
        "INT4" => wire
            .try_into()
            .ok()
            .map(|wire| i32::from_be_bytes(wire).to_string()),
        "INT8" => integer(wire).map(|number| number.to_string()),
        "OID" => wire
            .try_into()
            .ok()
            .map(|wire| u32::from_be_bytes(wire).to_string()),
        "NUMERIC" => numeric::text(wire),
        "FLOAT4" => wire.try_into().ok().and_then(|wire| {
            let number = f32::from_be_bytes(wire);
            number.is_finite().then(|| number.to_string())
        }),
        "FLOAT8" => wire
            .try_into()
            .ok()
            .and_then(|wire| float(f64::from_be_bytes(wire))),
        "BOOL" => (wire.len() == 1).then(|| (wire[0] != 0).to_string()),
        "DATE" => day(wire),
        "TIMESTAMP" => time(wire, local_time),
        "TIMESTAMPTZ" => time(wire, instant),
        _ => None,
    };
    text.map(Some)
        .ok_or_else(|| unread(row, index, kind.name()))
}

fn text(wire: &[u8]) -> Option<String> {
    String::from_utf8(wire.to_vec()).ok()
}

fn integer(wire: &[u8]) -> Option<i64> {
    wire.try_into().ok().map(i64::from_be_bytes)
}

/// Days since 2000-01-01; PostgreSQL's two infinities are told in its own words.
fn day(wire: &[u8]) -> Option<String> {
    match i32::from_be_bytes(wire.try_into().ok()?) {
        i32::MAX => Some("infinity".to_owned()),
        i32::MIN => Some("-infinity".to_owned()),
        days => {
            let day = epoch()?
                .date()
                .checked_add_signed(TimeDelta::try_days(days.into())?)?;
            Some(day.to_string())
        }
    }
}

/// Microseconds since 2000-01-01.
fn time(wire: &[u8], written: fn(NaiveDateTime) -> String) -> Option<String> {
    match integer(wire)? {
        i64::MAX => Some("infinity".to_owned()),
        i64::MIN => Some("-infinity".to_owned()),
        micros => epoch()?
            .checked_add_signed(TimeDelta::microseconds(micros))
            .map(written),
    }
}

fn epoch() -> Option<NaiveDateTime> {
    Some(NaiveDate::from_ymd_opt(2000, 1, 1)?.and_time(NaiveTime::MIN))
}
