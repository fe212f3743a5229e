//! The enti that are on record, those that left the configuration included.

use std::collections::BTreeSet;

use super::database::Database;
use super::error::StoreError;
use super::read::{Reader, RecordFilter, Selection};
use super::subject::SubjectKeys;

/// Contexts are few, whatever the exchanges: each stands for thousands.
const ENTI: &str = "SELECT DISTINCT ente FROM exchange_context WHERE ente IS NOT NULL";

/// The ISTAT codes of the enti that were asked in the time of the filter, and perhaps of others.
pub(super) async fn on_record(
    database: &Database,
    filter: &RecordFilter,
    keys: &SubjectKeys,
) -> Result<BTreeSet<String>, StoreError> {
    let mut enti = BTreeSet::new();
    for part in database.parts(&Selection::of(filter, keys))? {
        let mut reader = part.reader().await?;
        enti.extend(reader.enti().await?);
        reader.close().await?;
    }
    Ok(enti)
}

impl Reader {
    async fn enti(&mut self) -> Result<Vec<String>, StoreError> {
        loop {
            let enti = match self {
                Reader::Sqlite(month) => {
                    let connection = month.connection();
                    sqlx::query_scalar(ENTI).fetch_all(connection).await
                }
                Reader::Postgres(connection) => {
                    sqlx::query_scalar(ENTI).fetch_all(&mut **connection).await
                }
            };
            if let Reader::Sqlite(month) = self
                && month.was_disturbed().await?
            {
                continue;
            }
            return Ok(enti?);
        }
    }
}
