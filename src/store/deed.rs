//! What tables of what officers set down by a deed have in common: shown by ente, ended once, forgotten with what operators did.

use chrono::{DateTime, Utc};

use super::database::Database;
use super::dialect::{Bind, Values};
use super::error::StoreError;
use super::link::Link;

/// Rows that a list shows at most.
const SHOWN: i64 = 500;

/// What a row says that ends something.
#[derive(Debug, Clone, Copy)]
pub(super) struct End<'a> {
    pub number: i64,
    pub operator: &'a str,
    pub why: &'a str,
}

/// The rows of an ente, the newest first: 500 at most. The statement takes the ente and their number.
pub(super) async fn of_ente<T>(
    database: &Database,
    sql: &'static str,
    ente: &str,
    read: fn(&dyn Values) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut link = Link::open(database).await?;
    let bind = |to: &mut dyn Bind| {
        to.text(Some(ente));
        to.number(Some(SHOWN));
    };
    let found = link.fetch(sql, &bind, read).await?;
    link.close().await?;
    Ok(found)
}

/// One row. The statement takes its number.
pub(super) async fn one<T>(
    database: &Database,
    sql: &'static str,
    number: i64,
    read: fn(&dyn Values) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    let mut link = Link::open(database).await?;
    let bind = |to: &mut dyn Bind| to.number(Some(number));
    let found = link.fetch(sql, &bind, read).await?;
    link.close().await?;
    Ok(found.into_iter().next())
}

/// Ends one; `false`: there is none of that number that has not ended. The statement takes instant, operator, reason and number.
pub(super) async fn end(
    link: &mut Link,
    sql: &'static str,
    end: End<'_>,
) -> Result<bool, StoreError> {
    let bind = |to: &mut dyn Bind| {
        to.number(Some(Utc::now().timestamp_micros()));
        to.text(Some(end.operator));
        to.text(Some(end.why));
        to.number(Some(end.number));
    };
    Ok(link.execute(sql, &bind).await? > 0)
}

/// Forgets those that had ended at an instant, which is each of the statement's parameters.
pub(super) async fn prune(
    database: &Database,
    sql: &'static str,
    before: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let mut link = Link::open(database).await?;
    let bind = |to: &mut dyn Bind| {
        for _ in sql.matches('?') {
            to.number(Some(before.timestamp_micros()));
        }
    };
    let pruned = link.execute(sql, &bind).await?;
    link.close().await?;
    Ok(pruned)
}

/// The number that a statement selects.
pub(super) fn number(row: &dyn Values) -> Result<i64, StoreError> {
    Ok(row.number(0)?.unwrap_or_default())
}

/// An instant, where there is one.
pub(super) fn instant(
    row: &dyn Values,
    position: usize,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let micros = row.number(position)?;
    Ok(micros.and_then(DateTime::from_timestamp_micros))
}
