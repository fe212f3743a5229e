//! The manifest of a backup: which files belong to it, their digests, and what is in them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use aws_lc_rs::digest::{Context, SHA256};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::store::disk::sync_folder_of;
use crate::store::error::StoreError;
use crate::store::schema;
use crate::store::subject::SubjectKeys;

/// The manifest's file in the backup's folder.
pub(super) const MANIFEST: &str = "manifest.json";

/// The form of backups that this program writes and reads.
const FORMAT: u32 = 1;

/// What a backup consists of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The form of the backup.
    pub format: u32,
    /// When it was made.
    pub made: DateTime<Utc>,
    /// `sqlite` or `postgres`.
    pub database: String,
    /// The version of the schema.
    pub schema: i64,
    /// Fingerprints of the key file's masters by version, hexadecimal: the backup is of use only with that key file.
    pub subject_keys: BTreeMap<i64, String>,
    /// The files.
    pub parts: Vec<Part>,
}

/// One file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Its name in the backup's folder.
    pub file: String,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
    /// Rows by table.
    pub rows: BTreeMap<String, u64>,
    /// The columns of the table that it holds; empty for a whole SQLite database.
    pub columns: Vec<String>,
}

impl Manifest {
    pub(super) fn new(database: &str, keys: &SubjectKeys, parts: Vec<Part>) -> Manifest {
        Manifest {
            format: FORMAT,
            made: Utc::now(),
            database: database.to_owned(),
            schema: schema::VERSION,
            subject_keys: fingerprints(keys),
            parts,
        }
    }

    /// Writes it as the last file of the backup: without it there is none.
    pub(super) fn write(&self, folder: &Path) -> Result<(), StoreError> {
        let path = folder.join(MANIFEST);
        let failed = StoreError::file("scrivere", &path);
        let text = serde_json::to_vec_pretty(self)
            .map_err(|error| StoreError::Backup(error.to_string()))?;
        File::create_new(&path)
            .and_then(|mut file| {
                file.write_all(&text)?;
                file.sync_all()
            })
            .map_err(failed)?;
        sync_folder_of(&path)
    }

    pub(super) fn read(folder: &Path) -> Result<Manifest, StoreError> {
        let path = folder.join(MANIFEST);
        let text = std::fs::read(&path).map_err(StoreError::file("leggere", &path))?;
        let manifest: Manifest = serde_json::from_slice(&text)
            .map_err(|error| StoreError::Backup(format!("{}: {error}", path.display())))?;
        if manifest.format != FORMAT {
            return Err(StoreError::Backup(format!(
                "{} ha la forma {}, questo programma legge la {FORMAT}",
                path.display(),
                manifest.format
            )));
        }
        Ok(manifest)
    }

    /// Refuses a folder with files that the manifest does not name, or names that lead elsewhere.
    pub(super) fn refuse_strange_files(&self, folder: &Path) -> Result<(), StoreError> {
        for entry in std::fs::read_dir(folder).map_err(StoreError::file("leggere", folder))? {
            let name = entry
                .map_err(StoreError::file("leggere", folder))?
                .file_name();
            let known = name == MANIFEST || self.parts.iter().any(|part| name == *part.file);
            if !known {
                return Err(StoreError::Backup(format!(
                    "{} non fa parte della copia",
                    folder.join(name).display()
                )));
            }
        }
        match self.parts.iter().find(|part| part.file.contains('/')) {
            Some(part) => Err(StoreError::Backup(format!(
                "{} non è un file di una copia",
                part.file
            ))),
            None => Ok(()),
        }
    }

    /// Refuses a backup of a schema that this program does not know.
    pub(super) fn judge(&self) -> Result<(), StoreError> {
        if self.schema > schema::VERSION {
            return Err(StoreError::Backup(format!(
                "ha lo schema {}, questo programma conosce il {}: installare la versione più recente",
                self.schema,
                schema::VERSION
            )));
        }
        Ok(())
    }

    /// Refuses a key file under which the backup's persons could not be found.
    pub(super) fn compare(&self, keys: &SubjectKeys) -> Result<(), StoreError> {
        let present = fingerprints(keys);
        for (version, fingerprint) in &self.subject_keys {
            if present.get(version) != Some(fingerprint) {
                return Err(keys.wrong(format!(
                    "la sua versione {version} non è quella della copia: prima va rimesso il file della chiave"
                )));
            }
        }
        Ok(())
    }
}

impl Part {
    /// Describes a file that was just written, and makes it durable.
    pub(super) async fn of(
        folder: &Path,
        file: String,
        columns: Vec<String>,
        rows: BTreeMap<String, u64>,
    ) -> Result<Part, StoreError> {
        let path = folder.join(&file);
        let written = File::open(&path).and_then(|handle| handle.sync_all());
        written.map_err(StoreError::file("sincronizzare", &path))?;
        Ok(Part {
            sha256: digest_of(path).await?,
            file,
            rows,
            columns,
        })
    }

    /// Refuses a file that is not the one that was described.
    pub(super) async fn verify(&self, folder: &Path) -> Result<(), StoreError> {
        let path = folder.join(&self.file);
        if digest_of(path.clone()).await? == self.sha256 {
            return Ok(());
        }
        Err(StoreError::Backup(format!(
            "{} è cambiato dopo che la copia è stata fatta",
            path.display()
        )))
    }
}

fn fingerprints(keys: &SubjectKeys) -> BTreeMap<i64, String> {
    let fingerprints = keys.fingerprints().into_iter();
    fingerprints
        .map(|(version, fingerprint)| (version, hex::encode(fingerprint)))
        .collect()
}

async fn digest_of(path: std::path::PathBuf) -> Result<String, StoreError> {
    let digest = tokio::task::spawn_blocking(move || {
        let failed = StoreError::file("leggere", &path);
        read_through(&path).map_err(failed)
    });
    digest
        .await
        .map_err(|error| StoreError::Backup(error.to_string()))?
}

fn read_through(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let mut digest = Context::new(&SHA256);
    let mut chunk = vec![0; 1 << 20];
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok(hex::encode(digest.finish())),
            read => digest.update(&chunk[..read]),
        }
    }
}
