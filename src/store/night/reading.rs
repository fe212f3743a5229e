//! Reads a copy: rows by the value of a column, opened one at a time.

use std::path::Path;

use parking_lot::Mutex;
use rusqlite::{Connection, OpenFlags};

use super::key::{DataKey, searched};
use super::writing::ABOUT;
use super::{About, Place};
use crate::store::error::StoreError;
use crate::store::sealing::Ring;

/// A copy that is open; its file may be replaced or deleted meanwhile.
pub struct NightCopy {
    connection: Mutex<Connection>,
    key: DataKey,
    about: About,
    place: Place,
}

/// A row's columns in the order of its table's.
pub type Columns = Vec<Option<String>>;

impl std::fmt::Debug for NightCopy {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "NightCopy({:?})", self.place)
    }
}

impl NightCopy {
    pub(super) fn open(file: &Path, ring: &Ring, place: &Place) -> Result<NightCopy, StoreError> {
        let connection = connect(file)?;
        let (wrapped, mut sealed): (Vec<u8>, Vec<u8>) =
            connection.query_row("SELECT wrapped, about FROM copy", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        let key = DataKey::unwrap(ring, place, &wrapped)?;
        let about = serde_json::from_slice(key.open(ABOUT, 0, &mut sealed)?)
            .map_err(|_| StoreError::Unsealable("ciò che la copia dice di sé non si legge"))?;
        Ok(NightCopy {
            connection: Mutex::new(connection),
            key,
            about,
            place: place.clone(),
        })
    }

    pub(super) fn opened(
        file: &Path,
        key: DataKey,
        about: About,
        place: Place,
    ) -> Result<NightCopy, StoreError> {
        Ok(NightCopy {
            connection: Mutex::new(connect(file)?),
            key,
            about,
            place,
        })
    }

    /// What the copy says of itself.
    pub fn about(&self) -> &About {
        &self.about
    }

    /// The rows of a table that have this value in this column, which must be one of those by which rows are found; at most so
    /// many, each with its number in the copy. Waits for the disk: not for a worker's thread.
    pub fn find(
        &self,
        table: &str,
        column: &str,
        value: &str,
        most: usize,
    ) -> Result<Vec<(i64, Columns)>, StoreError> {
        let Some(index) = self.column(table, column) else {
            return Ok(Vec::new());
        };
        let wanted = searched(value);
        let connection = self.connection.lock();
        let mut statement = connection.prepare_cached(
            "SELECT row.id, row.sealed FROM finder JOIN row ON row.id = finder.id WHERE finder.tag = ? ORDER BY row.id",
        )?;
        let mut rows = statement.query([self.key.tag(table, column, value)])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let (id, mut sealed): (i64, Vec<u8>) = (row.get(0)?, row.get(1)?);
            // A tag of another table or value may be the same by chance: then it does not open, or is another value.
            let Ok(opened) = self.key.open(table, id, &mut sealed) else {
                if self.is_of_another_table(table, id, row.get(1)?) {
                    continue;
                }
                return Err(StoreError::Unsealable(
                    "una riga della copia è stata alterata o spostata",
                ));
            };
            let columns: Columns = serde_json::from_slice(opened)
                .map_err(|_| StoreError::Unsealable("una riga della copia non si legge"))?;
            let found_value = columns.get(index).and_then(Option::as_deref);
            if found_value.is_some_and(|found| searched(found) == wanted) {
                found.push((id, columns));
            }
            if found.len() == most {
                break;
            }
        }
        Ok(found)
    }

    fn column(&self, table: &str, column: &str) -> Option<usize> {
        let tables = &self.about.tables;
        let table = tables.iter().find(|known| known.name == table)?;
        table.columns.iter().position(|known| known == column)
    }

    fn is_of_another_table(&self, table: &str, id: i64, sealed: Vec<u8>) -> bool {
        let others = self.about.tables.iter().filter(|known| known.name != table);
        others
            .into_iter()
            .any(|other| self.key.open(&other.name, id, &mut sealed.clone()).is_ok())
    }
}

fn connect(file: &Path) -> Result<Connection, StoreError> {
    // The file is never changed, only replaced: no locks, no journal.
    let name = file.to_string_lossy();
    let name: String = name
        .chars()
        .map(|letter| match letter {
            '?' | '#' | '%' => format!("%{:02x}", u32::from(letter)),
            other => other.to_string(),
        })
        .collect();
    let connection = Connection::open_with_flags(
        format!("file:{name}?immutable=1&mode=ro"),
        OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_URI
            | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.execute_batch("PRAGMA cache_size = -1024")?;
    Ok(connection)
}
