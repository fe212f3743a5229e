//! The file of the open requests: one beside the monthly ones, since a request may be open across the end of a month.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::PathBuf;

use sqlx::{ConnectOptions, Connection, SqliteConnection};

use super::reader::MonthReader;
use super::{Segments, connect, remove, writing};
use crate::store::dialect::Dialect;
use crate::store::error::StoreError;
use crate::store::schema;

/// The file's name, in the record's folder and in a backup.
pub(in crate::store) const NAME: &str = "richieste.sqlite";

impl Segments {
    /// The file, whether it exists or not.
    pub(in crate::store) fn requests(&self) -> PathBuf {
        self.folder().join(NAME)
    }

    /// Opens it to read and write: nothing is acknowledged before it was synchronized.
    pub(in crate::store) async fn open_requests(&self) -> Result<SqliteConnection, StoreError> {
        let file = self.requests();
        connect(writing(&file).create_if_missing(false), &file).await
    }

    /// Opens it to read beside whoever writes it, leaving nothing in the folder.
    pub(in crate::store) async fn requests_reader(&self) -> Result<MonthReader, StoreError> {
        MonthReader::open(self.requests()).await
    }

    /// Makes it, or brings it to this program's schema. One that was there and is gone is missed: portals and officers
    /// count on what was in it.
    pub(super) async fn migrate_requests(&self) -> Result<(), StoreError> {
        let file = self.requests();
        if !file.exists() {
            if self.requests_known() {
                return Err(StoreError::Vanished(file));
            }
            let beside = file.with_extension("new");
            remove(&beside)?;
            let mut connection = writing(&beside).create_if_missing(true).connect().await?;
            schema::migrate(Dialect::Sqlite, &mut connection).await?;
            connection.close().await?;
            std::fs::rename(&beside, &file).map_err(StoreError::file("creare", &file))?;
            remove(&beside)?;
        }
        let mut connection = self.open_requests().await?;
        schema::migrate(Dialect::Sqlite, &mut connection).await?;
        connection.close().await?;
        let mark = self.requests_mark();
        match OpenOptions::new().write(true).create_new(true).open(&mark) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                return Err(StoreError::file("creare", &mark)(error));
            }
            _ => {}
        }
        crate::store::disk::sync_folder_of(&file)
    }

    /// Refuses to go on without it.
    pub(super) fn check_requests(&self) -> Result<(), StoreError> {
        match (self.requests().exists(), self.requests_known()) {
            (true, _) => Ok(()),
            (false, true) => Err(StoreError::Vanished(self.requests())),
            (false, false) => Err(schema::missing(&self.requests().display().to_string())),
        }
    }

    /// Lets it be made anew where it is gone.
    pub(super) fn begin_requests_anew(&self) -> Result<(), StoreError> {
        let mark = self.requests_mark();
        if self.requests().exists() || !mark.exists() {
            return Ok(());
        }
        std::fs::remove_file(&mark).map_err(StoreError::file("togliere", &mark))
    }

    fn requests_known(&self) -> bool {
        self.requests_mark().exists()
    }

    fn requests_mark(&self) -> PathBuf {
        self.requests().with_extension("known")
    }
}
