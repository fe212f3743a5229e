//! The record in PostgreSQL: several nodes on one database, its tables partitioned by calendar month.

pub(super) mod writer;
pub(super) mod partitions;
mod steps;

use std::str::FromStr;

use secrecy::ExposeSecret;
use sqlx::postgres::{PgArguments, PgConnectOptions};
use sqlx::{ConnectOptions, Connection, PgConnection};

use crate::config::record::RecordSettings;

use super::dialect::{Dialect, Values};
use super::error::StoreError;
use super::keys;
use super::month::Month;
use super::quota::QuotaKey;
use super::schema;
use super::subject::SubjectKeys;
use super::tables::{QUOTA_USED, bind_quota_key};

/// How to reach the database.
#[derive(Debug, Clone)]
pub(super) struct Server {
    options: Box<PgConnectOptions>,
}

impl Server {
    /// Takes the address from `[record] database` and the password from where `[record] password` says.
    pub(super) fn of(settings: &RecordSettings) -> Result<Server, StoreError> {
        let refused =
            |error: sqlx::Error| StoreError::Settings(format!("[record] database: {error}"));
        let mut options = PgConnectOptions::from_str(&settings.database)
            .map_err(refused)?
            .application_name("pontile record")
            .options([("synchronous_commit", "on")])
            .disable_statement_logging();
        if let Some(reference) = &settings.password {
            let password = reference
                .read()
                .map_err(|error| StoreError::Settings(format!("[record] password: {error}")))?;
            options = options.password(password.expose_secret());
        }
        Ok(Server {
            options: Box::new(options),
        })
    }

    /// The same, for one who only reads: the server refuses whatever else.
    pub(super) fn only_to_read(self) -> Server {
        let options = self
            .options
            .options([("default_transaction_read_only", "on")]);
        Server {
            options: Box::new(options),
        }
    }

    /// How to reach it.
    pub(super) fn options(&self) -> &PgConnectOptions {
        &self.options
    }

    /// A connection of its own: the writer has one for good, the rare readers one each time.
    pub(super) async fn connect(&self) -> Result<PgConnection, StoreError> {
        Ok(self.options.connect().await?)
    }

    /// Whether this program and its key file fit the database, and whether the server keeps what it confirms.
    pub(super) async fn check(&self, subject_keys: &SubjectKeys) -> Result<(), StoreError> {
        let place = "la base dati";
        let mut connection = self.connect().await?;
        let fsync = sqlx::query("SHOW fsync")
            .fetch_one(&mut connection)
            .await?
            .text(0)?;
        if fsync.as_deref() != Some("on") {
            return Err(StoreError::Settings(
                "il server PostgreSQL gira con fsync = off: nulla di ciò che conferma è durevole"
                    .to_owned(),
            ));
        }
        let row = sqlx::query(schema::QUESTION)
            .fetch_one(&mut connection)
            .await;
        let row = row.map_err(|error| match error {
            sqlx::Error::Database(_) | sqlx::Error::RowNotFound => schema::missing(place),
            other => StoreError::Database(other),
        })?;
        let version = row.number(0)?.unwrap_or_default();
        schema::judge(place, version, row.number(1)?.unwrap_or_default())?;
        let seen = sqlx::query(keys::SEEN).fetch_all(&mut connection).await?;
        keys::compare(place, &seen, subject_keys)?;
        Ok(connection.close().await?)
    }

    /// Notes the fingerprints of the persons' secrets.
    pub(super) async fn note_keys(&self, subject_keys: &SubjectKeys) -> Result<(), StoreError> {
        let mut connection = self.connect().await?;
        for (version, fingerprint) in subject_keys.fingerprints() {
            let mut arguments = PgArguments::default();
            keys::bind_note(&mut arguments, version, &fingerprint);
            sqlx::query_with(Dialect::Postgres.statement(keys::NOTE), arguments)
                .execute(&mut connection)
                .await?;
        }
        Ok(connection.close().await?)
    }

    /// Brings the schema to this program's and makes the partitions of these months.
    pub(super) async fn migrate(&self, current: Month) -> Result<Vec<Month>, StoreError> {
        let mut connection = self.connect().await?;
        schema::migrate(Dialect::Postgres, &mut connection).await?;
        connection.close().await?;
        self.keep_up(current).await?;
        self.months().await
    }
}

/// What all nodes' exchanges recorded so far used of a quota.
pub(super) async fn quota_used(
    connection: &mut PgConnection,
    key: &QuotaKey,
) -> Result<u64, StoreError> {
    let mut arguments = PgArguments::default();
    bind_quota_key(&mut arguments, key);
    let row = sqlx::query_with(Dialect::Postgres.statement(QUOTA_USED), arguments)
        .fetch_optional(connection)
        .await?;
    let used = row.map_or(Ok(None), |row| row.number(0))?;
    Ok(used.and_then(|used| u64::try_from(used).ok()).unwrap_or(0))
}
