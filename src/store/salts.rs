//! Erasure of salts: without its salt a digest says nothing any more, not even to one who tries all bodies.

use chrono::{DateTime, Utc};
use sqlx::{Connection, PgConnection, SqliteConnection};
use uuid::Uuid;

use super::database::Database;
use super::dialect::{Dialect, Values};
use super::error::StoreError;
use super::month::{Month, least_scambio};
use super::sqlite::Segments;

/// Which salts go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Erasure {
    /// Those of one exchange.
    Of(Uuid),
    /// Those of all exchanges that began before then (to the millisecond).
    Before(DateTime<Utc>),
}

/// Rows that go in one transaction, so that exchanges wait a moment at most.
const AT_ONCE: i64 = 500;

impl Erasure {
    /// The numbers concerned: from the first up to, not including, the second.
    fn bounds(self) -> ([u8; 16], [u8; 16]) {
        match self {
            Erasure::Of(scambio) => (
                scambio.into_bytes(),
                scambio.as_u128().saturating_add(1).to_be_bytes(),
            ),
            Erasure::Before(at) => ([0; 16], least_scambio(at)),
        }
    }
}

/// Erases salts; returns of how many exchanges.
pub(super) async fn erase(database: &Database, erasure: Erasure) -> Result<u64, StoreError> {
    let (from, to) = erasure.bounds();
    match database {
        Database::Postgres(server) => {
            let mut connection = server.connect().await?;
            let erased = erase_postgres(&mut connection, from, to).await?;
            connection.close().await?;
            Ok(erased)
        }
        Database::Sqlite(segments) => {
            let mut erased = 0;
            for month in segments.months()? {
                if least_scambio(month.begins()) < to && from < least_scambio(month.ends()) {
                    erased += erase_month(segments, month, from, to).await?;
                }
            }
            Ok(erased)
        }
    }
}

const ERASE: &str = "DELETE FROM exchange_salt WHERE scambio >= ? AND scambio < ?";

async fn erase_postgres(
    connection: &mut PgConnection,
    from: [u8; 16],
    to: [u8; 16],
) -> Result<u64, StoreError> {
    let done = sqlx::query(Dialect::Postgres.statement(ERASE))
        .bind(&from[..])
        .bind(&to[..])
        .execute(connection)
        .await?;
    Ok(done.rows_affected())
}

/// Finds the rows without a lock, then deletes them in small transactions and overwrites their place in the file.
async fn erase_month(
    segments: &Segments,
    month: Month,
    from: [u8; 16],
    to: [u8; 16],
) -> Result<u64, StoreError> {
    let mut finder = segments.open_to_read(month).await?;
    let mut eraser = segments.open_to_write(month).await?;
    sqlx::query("PRAGMA secure_delete = ON")
        .execute(&mut eraser)
        .await?;
    let mut erased = 0;
    let mut last = 0;
    loop {
        let rows = find(&mut finder, last, from, to).await?;
        let (Some(first), Some(end)) = (rows.first(), rows.last()) else {
            break;
        };
        last = *end;
        let done = sqlx::query("DELETE FROM exchange_salt WHERE rowid >= ? AND rowid <= ? AND scambio >= ? AND scambio < ?")
            .bind(*first)
            .bind(last)
            .bind(&from[..])
            .bind(&to[..])
            .execute(&mut eraser)
            .await?;
        erased += done.rows_affected();
    }
    finder.close().await?;
    // The log still holds what stood there before.
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
        .execute(&mut eraser)
        .await?;
    eraser.close().await?;
    Ok(erased)
}

async fn find(
    connection: &mut SqliteConnection,
    after: i64,
    from: [u8; 16],
    to: [u8; 16],
) -> Result<Vec<i64>, StoreError> {
    let rows = sqlx::query(
        "SELECT rowid FROM exchange_salt WHERE rowid > ? AND scambio >= ? AND scambio < ? ORDER BY rowid LIMIT ?",
    )
    .bind(after)
    .bind(&from[..])
    .bind(&to[..])
    .bind(AT_ONCE)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| Ok(row.number(0)?.unwrap_or_default()))
        .collect()
}
