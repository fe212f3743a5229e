//! Which months ever had a file: one that is gone is missed, not silently begun anew.
//!
//! A mark stays beside each file until its month is dropped: an empty file `record-<month>.known`.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::PathBuf;

use sqlx::Connection;
use sqlx::sqlite::SqliteArguments;

use super::Segments;
use crate::store::error::StoreError;
use crate::store::keys;
use crate::store::month::Month;
use crate::store::subject::SubjectKeys;

impl Segments {
    /// Notes that the month has a file.
    pub(super) fn note(&self, month: Month) -> Result<(), StoreError> {
        let mark = self.mark(month);
        match OpenOptions::new().write(true).create_new(true).open(&mark) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                Err(StoreError::file("creare", &mark)(error))
            }
            _ => Ok(()),
        }
    }

    /// Whether the month has or had a file.
    pub(super) fn is_known(&self, month: Month) -> Result<bool, StoreError> {
        let mark = self.mark(month);
        mark.try_exists()
            .map_err(StoreError::file("cercare", &mark))
    }

    /// Forgets that the month had a file.
    pub(super) fn forget(&self, month: Month) -> Result<(), StoreError> {
        let mark = self.mark(month);
        match std::fs::remove_file(&mark) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(StoreError::file("togliere", &mark)(error))
            }
            _ => Ok(()),
        }
    }

    /// The months that have or had a file, the oldest first.
    pub(super) fn known(&self) -> Result<Vec<Month>, StoreError> {
        self.months_named(".known")
    }

    /// The files that are gone, the oldest first.
    pub(in crate::store) fn vanished(&self) -> Result<Vec<PathBuf>, StoreError> {
        let files = self.known()?.into_iter().map(|month| self.file(month));
        Ok(files.filter(|file| !file.exists()).collect())
    }

    /// Whether nothing shows that a record ever was here.
    pub(in crate::store) fn is_untouched(&self) -> Result<bool, StoreError> {
        Ok(self.months()?.is_empty() && self.known()?.is_empty())
    }

    /// Lets the files of that month and of later ones that are gone be made anew.
    pub(in crate::store) fn begin_anew(&self, current: Month) -> Result<(), StoreError> {
        for month in self.known()? {
            if month >= current && !self.file(month).exists() {
                self.forget(month)?;
            }
        }
        self.begin_requests_anew()
    }

    /// Notes the secrets' fingerprints in the files that are written: of last month, this one and the next.
    pub(in crate::store) async fn note_keys(
        &self,
        current: Month,
        subject_keys: &SubjectKeys,
    ) -> Result<(), StoreError> {
        for month in (-1..=1).map(|months| current.plus(months)) {
            if !self.file(month).exists() {
                continue;
            }
            let mut connection = self.open_to_write(month).await?;
            for (version, fingerprint) in subject_keys.fingerprints() {
                let mut arguments = SqliteArguments::default();
                keys::bind_note(&mut arguments, version, &fingerprint);
                sqlx::query_with(keys::NOTE, arguments)
                    .execute(&mut connection)
                    .await?;
            }
            connection.close().await?;
        }
        Ok(())
    }

    fn mark(&self, month: Month) -> PathBuf {
        self.file(month).with_extension("known")
    }
}
