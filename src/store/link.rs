//! A connection to either database for single statements: over it open requests are read and written, and tokens noted.

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Connection, PgConnection, SqliteConnection};

use crate::store::database::Database;
use crate::store::dialect::{Bind, Dialect, Values};
use crate::store::error::StoreError;
use crate::store::month::Month;

/// An open connection.
pub(super) enum Link {
    Sqlite(SqliteConnection),
    Postgres(Box<PgConnection>),
}

/// Waits until no other transaction works under that name; the first number keeps clear of other locks of this kind.
const TURN: &str = "SELECT pg_advisory_xact_lock(7204, hashtext(?))";

/// Binds a statement's parameters in their order.
pub(super) type Parameters<'p> = &'p (dyn Fn(&mut dyn Bind) + Send + Sync);

impl Link {
    pub(super) async fn open(database: &Database) -> Result<Link, StoreError> {
        match database {
            Database::Sqlite(segments) => Ok(Link::Sqlite(segments.open_requests().await?)),
            Database::Postgres(server) => Ok(Link::Postgres(Box::new(server.connect().await?))),
        }
    }

    /// A connection over which that month's exchanges are written; `None` where the month has no file.
    pub(super) async fn open_month(
        database: &Database,
        month: Month,
    ) -> Result<Option<Link>, StoreError> {
        match database {
            Database::Sqlite(segments) => match segments.months()?.contains(&month) {
                true => Ok(Some(Link::Sqlite(segments.open_to_write(month).await?))),
                false => Ok(None),
            },
            Database::Postgres(_) => Link::open(database).await.map(Some),
        }
    }

    /// The connection that is held, if it still stands, else a new one. It is taken out: one that fails, or whose user goes away in
    /// the middle, is closed, which undoes what it had begun; who is through with it puts it back.
    pub(super) async fn standing(
        held: &mut Option<Link>,
        database: &Database,
    ) -> Result<Link, StoreError> {
        if let Some(mut link) = held.take()
            && link.stands().await
        {
            return Ok(link);
        }
        Link::open(database).await
    }

    pub(super) async fn close(self) -> Result<(), StoreError> {
        match self {
            Link::Sqlite(connection) => connection.close().await?,
            Link::Postgres(connection) => connection.close().await?,
        }
        Ok(())
    }

    /// Whether it still stands: a server may have restarted since, and the worker that opened it may have ended.
    pub(super) async fn stands(&mut self) -> bool {
        match self {
            Link::Sqlite(_) => true,
            Link::Postgres(connection) => connection.ping().await.is_ok(),
        }
    }

    /// Begins a transaction; closing the connection undoes it.
    pub(super) async fn begin(&mut self) -> Result<(), StoreError> {
        let sql = match self {
            Link::Sqlite(_) => "BEGIN IMMEDIATE",
            Link::Postgres(_) => "BEGIN",
        };
        self.execute(sql, &|_| {}).await.map(drop)
    }

    /// Makes durable what was done since [`Link::begin`].
    pub(super) async fn commit(&mut self) -> Result<(), StoreError> {
        self.execute("COMMIT", &|_| {}).await.map(drop)
    }

    /// In a transaction that has begun: waits until no other goes on under the same name, on whatever node. SQLite lets one write at a
    /// time anyway; a server shows what others committed only once they are through.
    pub(super) async fn take_turn(&mut self, name: &str) -> Result<(), StoreError> {
        match self {
            Link::Sqlite(_) => Ok(()),
            Link::Postgres(_) => self
                .execute(TURN, &|to| to.text(Some(name)))
                .await
                .map(drop),
        }
    }

    /// Carries a statement out while nobody else, on whatever node, carries one out under the same name: what it counts first
    /// is still so when it writes. Returns how many rows it changed.
    pub(super) async fn execute_alone(
        &mut self,
        name: &str,
        sql: &'static str,
        parameters: Parameters<'_>,
    ) -> Result<u64, StoreError> {
        self.begin().await?;
        let done = match self.take_turn(name).await {
            Ok(()) => self.execute(sql, parameters).await,
            Err(error) => Err(error),
        };
        match done {
            Ok(rows) => self.commit().await.map(|()| rows),
            Err(error) => {
                self.execute("ROLLBACK", &|_| {}).await?;
                Err(error)
            }
        }
    }

    /// Carries a statement out; returns how many rows it changed.
    pub(super) async fn execute(
        &mut self,
        sql: &'static str,
        parameters: Parameters<'_>,
    ) -> Result<u64, StoreError> {
        Ok(match self {
            Link::Sqlite(connection) => {
                let mut arguments = SqliteArguments::default();
                parameters(&mut arguments);
                sqlx::query_with(sql, arguments)
                    .execute(connection)
                    .await?
                    .rows_affected()
            }
            Link::Postgres(connection) => {
                let mut arguments = PgArguments::default();
                parameters(&mut arguments);
                sqlx::query_with(Dialect::Postgres.statement(sql), arguments)
                    .execute(&mut **connection)
                    .await?
                    .rows_affected()
            }
        })
    }

    /// The rows that a statement finds, each read at once.
    pub(super) async fn fetch<T>(
        &mut self,
        sql: &'static str,
        parameters: Parameters<'_>,
        read: fn(&dyn Values) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        match self {
            Link::Sqlite(connection) => {
                let rows = rows_of_sqlite(connection, sql, parameters).await?;
                rows.iter().map(|row| read(row)).collect()
            }
            Link::Postgres(connection) => {
                let rows = rows_of_postgres(connection, sql, parameters).await?;
                rows.iter().map(|row| read(row)).collect()
            }
        }
    }
}

/// The rows that a statement of ours finds in a file.
pub(super) async fn rows_of_sqlite(
    connection: &mut SqliteConnection,
    sql: &'static str,
    parameters: Parameters<'_>,
) -> Result<Vec<SqliteRow>, sqlx::Error> {
    let mut arguments = SqliteArguments::default();
    parameters(&mut arguments);
    sqlx::query_with(sql, arguments).fetch_all(connection).await
}

/// The rows that a statement of ours finds on a server.
pub(super) async fn rows_of_postgres(
    connection: &mut PgConnection,
    sql: &'static str,
    parameters: Parameters<'_>,
) -> Result<Vec<PgRow>, sqlx::Error> {
    let mut arguments = PgArguments::default();
    parameters(&mut arguments);
    sqlx::query_with(Dialect::Postgres.statement(sql), arguments)
        .fetch_all(connection)
        .await
}
