//! Reading a month's file beside whoever writes it, leaving nothing in the folder.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use sqlx::{Connection, SqliteConnection};

use super::{log_of, reading};
use crate::store::error::StoreError;

/// A month's file, open to read.
///
/// SQLite makes a log and an index of it beside every file that it opens, and one who only reads cannot remove them
/// again. So a file that nobody has open is read as it lies there, and read again should somebody have begun to write.
pub(in crate::store) struct MonthReader {
    file: PathBuf,
    connection: SqliteConnection,
    /// What the file was like when it was opened, if nobody else had it open.
    resting: Option<Resting>,
}

/// What tells a change of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Resting {
    device: u64,
    number: u64,
    length: u64,
    modified: (i64, i64),
}

impl MonthReader {
    pub(super) async fn open(file: PathBuf) -> Result<MonthReader, StoreError> {
        let resting = resting(&file)?;
        let options = reading(&file).immutable(resting.is_some());
        Ok(MonthReader {
            connection: super::connect(options, &file).await?,
            file,
            resting,
        })
    }

    pub(in crate::store) fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }

    /// Whether somebody may have written beside what was just read, or tried to be: then the file is open anew, and it
    /// must be asked again.
    pub(in crate::store) async fn was_disturbed(&mut self) -> Result<bool, StoreError> {
        if self.resting.is_none() || self.resting == resting(&self.file)? {
            return Ok(false);
        }
        let anew = MonthReader::open(self.file.clone()).await?;
        let before = std::mem::replace(self, anew);
        before.close().await?;
        Ok(true)
    }

    pub(in crate::store) async fn close(self) -> Result<(), StoreError> {
        Ok(self.connection.close().await?)
    }
}

/// The file's state while it has no log, which it has as long as anybody has it open.
fn resting(file: &Path) -> Result<Option<Resting>, StoreError> {
    let log = log_of(file);
    if log
        .try_exists()
        .map_err(StoreError::file("cercare", &log))?
    {
        return Ok(None);
    }
    let found = std::fs::metadata(file).map_err(StoreError::file("cercare", file))?;
    Ok(Some(Resting {
        device: found.dev(),
        number: found.ino(),
        length: found.size(),
        modified: (found.mtime(), found.mtime_nsec()),
    }))
}
