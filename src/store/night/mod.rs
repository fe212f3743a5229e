//! Night copies: the rows of one night's files, sealed on disk, one SQLite file per instance and ente.
//!
//! Each copy has a data key of its own, which stands in the file wrapped by a master key. Rows are found by keyed tags, never by
//! what they hold. A copy is never changed: a new one takes its place by a rename.

mod key;
mod pace;
mod reading;
mod writing;

use std::fs;
use std::path::{Path, PathBuf};

use parking_lot::RwLock;
use serde::{Deserialize, Serialize};

use chrono::{DateTime, NaiveDate, Utc};

use crate::config::night::Night;
use crate::config::secret::SecretReference;

use super::error::StoreError;
use super::sealing::Ring;
pub use pace::Paced;
pub use reading::NightCopy;
pub use writing::{CopyWriter, Finished, Replaced};

/// Names the setting of the master keys where they are wrong.
const MASTER_KEY: &str = "[night] master_key";
/// The copy in force.
const COPY: &str = "copia.db";
/// The copy in the making.
const NEW: &str = "nuova.db";
/// Held while a copy takes another's place.
const LOCK: &str = "blocco";

/// The folder of the copies and the master keys.
pub struct Vault {
    folder: PathBuf,
    reference: SecretReference,
    /// Why there are none, as operators are told.
    ring: RwLock<Result<Ring, String>>,
}

/// Whose copy: an instance's, of one ente.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Place {
    /// The instance's name.
    pub instance: String,
    /// The ente's ISTAT code.
    pub ente: String,
}

/// What a copy says of itself; sealed with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The date in the names of its files.
    pub date: NaiveDate,
    /// When it was made.
    pub made: DateTime<Utc>,
    /// The adapter that read the files, by its digest.
    pub adapter: String,
    /// Its tables.
    pub tables: Vec<Table>,
}

/// A table of a copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its columns in the rows' order.
    pub columns: Vec<String>,
    /// How many rows it has.
    pub rows: u64,
}

impl Vault {
    /// The vault of these settings. Without its keys it is there all the same: what was sealed under them does not open, and
    /// new copies cannot be made until they are read again.
    pub fn open(settings: &Night, subject_key: &Path) -> Vault {
        let reference = settings.master_keys(subject_key);
        Vault {
            folder: settings.folder.clone(),
            ring: RwLock::new(read(&reference)),
            reference,
        }
    }

    /// Makes the file of a first master key, unless there is one; tells whether it made one.
    pub fn create(settings: &Night, subject_key: &Path) -> Result<bool, StoreError> {
        let reference = settings.master_keys(subject_key);
        Ring::create(&reference, "le chiavi delle copie notturne")
    }

    /// Where the master keys stand.
    pub fn keys(&self) -> &SecretReference {
        &self.reference
    }

    /// Reads the master keys anew.
    pub fn read_keys_again(&self) {
        *self.ring.write() = read(&self.reference);
    }

    /// Adds a master key and has it wrap the key of every copy; returns its number and how many copies those were. Running
    /// gateways go on with the copies that they have open, and take the key up when they read their files again.
    pub fn rotate(&self) -> Result<(u32, usize), StoreError> {
        let number = Ring::rotate(&self.reference, MASTER_KEY)?;
        self.read_keys_again();
        let mut rewrapped = 0;
        for place in self.places()? {
            if writing::rewrap(self, &place)? {
                rewrapped += 1;
            }
        }
        Ok((number, rewrapped))
    }

    /// Every instance and ente that has a folder here.
    pub fn places(&self) -> Result<Vec<Place>, StoreError> {
        let mut places = Vec::new();
        for instance in folders_in(&self.folder)? {
            for ente in folders_in(&self.folder.join(&instance))? {
                places.push(Place {
                    instance: instance.clone(),
                    ente,
                });
            }
        }
        places.sort();
        Ok(places)
    }

    /// The folder of that instance and ente, for its copy and for what else belongs to it.
    pub fn folder_of(&self, place: &Place) -> PathBuf {
        self.folder.join(&place.instance).join(&place.ente)
    }

    /// Makes that folder, for our user alone, and returns it.
    pub fn make_folder_of(&self, place: &Place) -> Result<PathBuf, StoreError> {
        let folder = self.folder_of(place);
        private_folder(&folder)?;
        Ok(folder)
    }

    /// Opens the copy in force; `None`: there is none.
    pub fn copy(&self, place: &Place) -> Result<Option<NightCopy>, StoreError> {
        let file = self.folder_of(place).join(COPY);
        if !file.exists() {
            return Ok(None);
        }
        self.with_ring(|ring| NightCopy::open(&file, ring, place))
            .map(Some)
    }

    /// Begins a new copy beside the one in force.
    pub fn begin(&self, place: &Place) -> Result<CopyWriter, StoreError> {
        let folder = self.make_folder_of(place)?;
        self.with_ring(|ring| CopyWriter::begin(&folder, ring, place))
    }

    /// Deletes the copy; whoever has it open keeps it until they let go.
    pub fn delete(&self, place: &Place) -> Result<bool, StoreError> {
        let file = self.folder_of(place).join(COPY);
        match fs::remove_file(&file) {
            Ok(()) => {
                super::disk::sync_folder_of(&file)?;
                Ok(true)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(StoreError::file("cancellare", &file)(error)),
        }
    }

    fn with_ring<T>(
        &self,
        work: impl FnOnce(&Ring) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        match &*self.ring.read() {
            Ok(ring) => work(ring),
            Err(reason) => Err(StoreError::Settings(reason.clone())),
        }
    }
}

impl Place {
    /// What a copy's key is sealed for.
    fn wrapped_for(&self) -> Vec<u8> {
        format!("night copy\0{}\0{}", self.instance, self.ente).into_bytes()
    }
}

fn read(reference: &SecretReference) -> Result<Ring, String> {
    Ring::read(reference, MASTER_KEY).map_err(|error| error.to_string())
}

/// Makes a folder that only our user may look into.
fn private_folder(folder: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(StoreError::file("creare", folder))
}

fn folders_in(folder: &Path) -> Result<Vec<String>, StoreError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(StoreError::file("leggere", folder)(error)),
    };
    let folders = entries
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    Ok(folders
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect())
}
