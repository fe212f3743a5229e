//! Writes a copy beside the one in force, and puts it in its place.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, params};

use super::key::DataKey;
use super::pace::Pace;
use super::{About, COPY, LOCK, NEW, NightCopy, Place, Vault};
use crate::store::error::StoreError;
use crate::store::sealing::Ring;

/// The table of what a copy says of itself, as rows are bound to tables.
pub(super) const ABOUT: &str = "about";

/// A crash leaves a file that nobody looks at, so nothing need be safe before the end. The cache bounds the memory.
const SCHEMA: &str = "
    PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -2048;
    CREATE TABLE copy (wrapped BLOB NOT NULL, about BLOB NOT NULL);
    CREATE TABLE row (id INTEGER PRIMARY KEY, sealed BLOB NOT NULL);
    CREATE TABLE finder (tag INTEGER NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (tag, id)) WITHOUT ROWID;
    BEGIN";

/// Rows, some three megabytes of a registry, after which what was written goes to the disk: the whole at its end would hold up
/// everybody whose record waits for the same disk.
const ROWS_A_FLUSH: i64 = 4_096;

/// Tags that are kept until they are written, 16 MiB; those that are written at a time, a millisecond's work; and how many times
/// make a flush.
const FINDERS_AT_ONCE: usize = 1 << 20;
const FINDERS_A_PIECE: usize = 512;
const PIECES_A_FLUSH: usize = 128;

/// Bytes by which a replaced copy is shortened at a time, and the rest between two times.
const PIECE: u64 = 4 << 20;
const BETWEEN_PIECES: Duration = Duration::from_millis(5);

/// A copy in the making; without [`CopyWriter::finish`] nothing comes of it.
pub struct CopyWriter {
    connection: Connection,
    flushed: File,
    key: DataKey,
    wrapped: Vec<u8>,
    next: i64,
    /// Tags and rows that are found by them, until they are written in their order.
    finders: Vec<(i64, i64)>,
    piece: Vec<u8>,
    file: Unfinished,
    place: Place,
}

/// A whole copy that is not yet in force; dropped, it is deleted.
pub struct Finished {
    copy: NightCopy,
    file: Unfinished,
}

/// A file that goes away unless it is put in its place.
struct Unfinished {
    path: PathBuf,
    kept: bool,
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.kept {
            // What is left over is overwritten by the next one.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

impl CopyWriter {
    pub(super) fn begin(
        folder: &Path,
        ring: &Ring,
        place: &Place,
    ) -> Result<CopyWriter, StoreError> {
        let path = folder.join(NEW);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(StoreError::file("cancellare", &path)(error));
            }
            Ok(()) | Err(_) => {}
        }
        let connection = Connection::open(&path)?;
        let file = Unfinished { path, kept: false };
        connection.execute_batch(SCHEMA)?;
        let flushed = File::open(&file.path).map_err(StoreError::file("aprire", &file.path))?;
        let (key, wrapped) = DataKey::fresh(ring, place);
        Ok(CopyWriter {
            connection,
            flushed,
            key,
            wrapped,
            next: 1,
            finders: Vec::new(),
            piece: Vec::new(),
            file,
            place: place.clone(),
        })
    }

    /// Adds a row to a table: its columns, and the columns by which it is found with their values.
    pub fn add(
        &mut self,
        table: &str,
        columns: &[Option<&str>],
        keys: &[(&str, &str)],
    ) -> Result<(), StoreError> {
        let id = self.next;
        self.next += 1;
        self.piece.clear();
        serde_json::to_writer(&mut self.piece, columns)
            .map_err(|error| StoreError::Settings(error.to_string()))?;
        self.key.seal(table, id, &mut self.piece);
        self.connection
            .prepare_cached("INSERT INTO row (id, sealed) VALUES (?, ?)")?
            .execute(params![id, self.piece])?;
        for (column, value) in keys {
            self.finders.push((self.key.tag(table, column, value), id));
        }
        if id % ROWS_A_FLUSH == 0 {
            self.flush()?;
        }
        if self.finders.len() >= FINDERS_AT_ONCE {
            self.write_finders()?;
        }
        Ok(())
    }

    /// Writes the tags in their order: as they come they would touch every page of their tree, again and again.
    fn write_finders(&mut self) -> Result<(), StoreError> {
        let mut finders = std::mem::take(&mut self.finders);
        finders.sort_unstable();
        let mut pace = Pace::begin();
        for (number, piece) in finders.chunks(FINDERS_A_PIECE).enumerate() {
            let mut find = self
                .connection
                .prepare_cached("INSERT OR IGNORE INTO finder (tag, id) VALUES (?, ?)")?;
            for (tag, id) in piece {
                find.execute(params![tag, id])?;
            }
            drop(find);
            if number % PIECES_A_FLUSH == PIECES_A_FLUSH - 1 {
                self.flush()?;
            }
            pace.rest();
        }
        Ok(())
    }

    fn flush(&self) -> Result<(), StoreError> {
        let flushed = self.flushed.sync_data();
        flushed.map_err(StoreError::file("sincronizzare", &self.file.path))
    }

    /// Ends the copy and makes it durable.
    pub fn finish(mut self, about: About) -> Result<Finished, StoreError> {
        self.write_finders()?;
        self.piece.clear();
        serde_json::to_writer(&mut self.piece, &about)
            .map_err(|error| StoreError::Settings(error.to_string()))?;
        self.key.seal(ABOUT, 0, &mut self.piece);
        self.connection.execute(
            "INSERT INTO copy (wrapped, about) VALUES (?, ?)",
            params![self.wrapped, self.piece],
        )?;
        self.connection.execute_batch("COMMIT")?;
        let path = self.file.path.clone();
        self.connection
            .close()
            .map_err(|(_, error)| StoreError::from(error))?;
        self.flushed
            .sync_all()
            .map_err(StoreError::file("sincronizzare", &path))?;
        Ok(Finished {
            copy: NightCopy::opened(&path, self.key, about, self.place)?,
            file: self.file,
        })
    }
}

impl Finished {
    /// Puts the copy in force: at once and for good. What it replaces is still to be let go of.
    pub fn swap(mut self) -> Result<(NightCopy, Option<Replaced>), StoreError> {
        let folder = self.file.path.with_file_name("");
        let _held = hold(&folder)?;
        // There may be none.
        let before = File::options().write(true).open(folder.join(COPY)).ok();
        put(&self.file.path, &folder)?;
        self.file.kept = true;
        Ok((self.copy, before.map(Replaced)))
    }
}

/// The file of a copy that another has replaced: nobody finds it any more, and who has it open may go on reading.
///
/// Deleted whole, a file of a hundred megabytes holds the file system up for as long as a hundred records.
pub struct Replaced(File);

impl Replaced {
    /// Deletes the file in pieces. Nobody may be reading it any more.
    #[expect(clippy::disallowed_methods, reason = "on a thread of the night's own")]
    pub fn let_go(self) {
        let Ok(mut length) = self.0.metadata().map(|about| about.len()) else {
            return;
        };
        while length > 0 {
            length = length.saturating_sub(PIECE);
            // Where it does not work the whole goes at the end.
            if self.0.set_len(length).is_err() {
                return;
            }
            thread::sleep(BETWEEN_PIECES);
        }
    }
}

/// Has the newest master key wrap the key of a copy; `false`: there is no copy, or it does not open under any key.
pub(super) fn rewrap(vault: &Vault, place: &Place) -> Result<bool, StoreError> {
    let folder = vault.folder_of(place);
    let copy = folder.join(COPY);
    let _held = hold(&folder)?;
    if !copy.exists() {
        return Ok(false);
    }
    let beside = folder.join("ruotata.db");
    std::fs::copy(&copy, &beside).map_err(StoreError::file("copiare", &copy))?;
    let mut file = Unfinished {
        path: beside,
        kept: false,
    };
    let connection = Connection::open_with_flags(&file.path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let wrapped: Vec<u8> =
        connection.query_row("SELECT wrapped FROM copy", [], |row| row.get(0))?;
    let wrapped = vault.with_ring(|ring| {
        let secret = ring.open(&place.wrapped_for(), &wrapped)?;
        Ok(ring.seal(&place.wrapped_for(), &secret))
    });
    let wrapped = match wrapped {
        Ok(wrapped) => wrapped,
        Err(StoreError::Unsealable(reason)) => {
            tracing::warn!(instance = %place.instance, ente = %place.ente, reason, "la copia notturna non si apre con nessuna chiave: la rifà il prossimo file");
            return Ok(false);
        }
        Err(error) => return Err(error),
    };
    connection.execute("UPDATE copy SET wrapped = ?", params![wrapped])?;
    connection
        .close()
        .map_err(|(_, error)| StoreError::from(error))?;
    File::open(&file.path)
        .and_then(|handle| handle.sync_all())
        .map_err(StoreError::file("sincronizzare", &file.path))?;
    put(&file.path, &folder)?;
    file.kept = true;
    Ok(true)
}

/// Keeps others from putting a copy in force in that folder.
fn hold(folder: &Path) -> Result<File, StoreError> {
    let path = folder.join(LOCK);
    let lock = File::create(&path).map_err(StoreError::file("creare", &path))?;
    lock.lock().map_err(StoreError::file("bloccare", &path))?;
    Ok(lock)
}

fn put(new: &Path, folder: &Path) -> Result<(), StoreError> {
    let copy = folder.join(COPY);
    std::fs::rename(new, &copy).map_err(StoreError::file("rinominare in", &copy))?;
    crate::store::disk::sync_folder_of(&copy)
}
