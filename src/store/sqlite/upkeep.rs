//! Care of the monthly files beside the writer: the next month's file ahead, indexes on what is over, deletion of what is too old.

use std::collections::BTreeSet;

use chrono::{DateTime, Duration, Utc};
use sqlx::Connection;

use super::{Segments, log_of, remove};
use crate::store::error::StoreError;
use crate::store::month::Month;

/// So long before a month begins its file is made.
const AHEAD: Duration = Duration::days(1);

/// So long after a month has ended no exchange that began in it is still under way.
const SETTLED: Duration = Duration::hours(1);

/// Makes the persons of a month that is over quick to find.
const INDEX: &str =
    "CREATE INDEX IF NOT EXISTS exchange_subject_digest ON exchange_subject (digest)";

impl Segments {
    /// Makes the coming month's file and indexes the months that are over.
    pub(in crate::store) async fn keep_up(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        // The current month's is made by the writer, once: should it vanish, nobody makes another behind its back.
        let next = Month::of(now + AHEAD);
        if next != Month::of(now) {
            self.create(next).await?;
        }
        for month in self.months()? {
            if month.ends() + SETTLED < now && !self.is_indexed(month).await? {
                let mut connection = self.open_to_write(month).await?;
                sqlx::query(INDEX).execute(&mut connection).await?;
                connection.close().await?;
            }
        }
        Ok(())
    }

    /// Gives the disk back what the logs hold, as far as nobody is in them.
    pub(in crate::store) async fn empty_logs(&self) -> Result<(), StoreError> {
        for month in self.months()? {
            if !log_of(&self.file(month)).exists() {
                continue;
            }
            let mut connection = self.open_to_write(month).await?;
            sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
                .execute(&mut connection)
                .await?;
            connection.close().await?;
        }
        Ok(())
    }

    async fn is_indexed(&self, month: Month) -> Result<bool, StoreError> {
        let mut reader = self.reader(month).await?;
        let row = sqlx::query(
            "SELECT 1 FROM sqlite_schema WHERE type = 'index' AND name = 'exchange_subject_digest'",
        )
        .fetch_optional(reader.connection())
        .await?;
        reader.close().await?;
        Ok(row.is_some())
    }

    /// Deletes the files of the months before that one; returns them.
    #[expect(clippy::unused_async, reason = "the other database waits here")]
    pub(in crate::store) async fn drop_before(
        &self,
        first: Month,
    ) -> Result<Vec<Month>, StoreError> {
        let mut dropped: BTreeSet<Month> = self.known()?.into_iter().collect();
        dropped.extend(self.months()?);
        dropped.retain(|month| *month < first);
        for month in &dropped {
            remove(&self.file(*month))?;
            self.forget(*month)?;
        }
        if !dropped.is_empty() {
            crate::store::disk::sync_folder_of(&self.file(first))?;
        }
        Ok(dropped.into_iter().collect())
    }
}
