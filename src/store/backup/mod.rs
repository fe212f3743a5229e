//! Backups that are verified when they are made and again before they are restored.
//!
//! A backup is a folder: the files, and a manifest written last that holds their digests and how many rows are in them.
//! The key file of the subjects' digests is not in it: it is to be kept apart from the database, backups included.

mod manifest;
mod sqlite;
mod postgres;

use std::path::Path;

use crate::config::record::RecordSettings;

use super::database::Database;
use super::error::StoreError;
use super::subject::SubjectKeys;

pub use manifest::{Manifest, Part};

use manifest::MANIFEST;

/// Backs the record up into a new or empty folder, beside a gateway that goes on; verifies what it wrote.
pub(super) async fn backup(settings: &RecordSettings, to: &Path) -> Result<Manifest, StoreError> {
    let database = Database::of(settings)?;
    let keys = SubjectKeys::load(&settings.subject_key)?;
    database.check(&keys).await?;
    super::sqlite::make_folder(to)?;
    let mut entries = std::fs::read_dir(to).map_err(StoreError::file("leggere", to))?;
    if entries.next().is_some() {
        return Err(StoreError::Backup(format!("{} non è vuota", to.display())));
    }
    let (kind, parts) = match &database {
        Database::Sqlite(segments) => (sqlite::KIND, sqlite::backup(segments, to).await?),
        Database::Postgres(server) => (postgres::KIND, postgres::backup(server, to).await?),
    };
    let manifest = Manifest::new(kind, &keys, parts);
    manifest.write(to)?;
    verify(to).await
}

/// Checks every file of a backup against its manifest; returns the manifest.
pub(super) async fn verify(from: &Path) -> Result<Manifest, StoreError> {
    let manifest = Manifest::read(from)?;
    manifest.refuse_strange_files(from)?;
    for part in &manifest.parts {
        part.verify(from).await?;
        if manifest.database == sqlite::KIND {
            sqlite::verify(from, part).await?;
        }
    }
    Ok(manifest)
}

/// Puts a verified backup into an empty record: a folder without months, or a migrated database without exchanges.
pub(super) async fn restore(
    settings: &RecordSettings,
    from: &Path,
) -> Result<Manifest, StoreError> {
    let database = Database::of(settings)?;
    let manifest = verify(from).await?;
    manifest.judge()?;
    manifest.compare(&SubjectKeys::load(&settings.subject_key)?)?;
    match (&database, manifest.database.as_str()) {
        (Database::Sqlite(segments), sqlite::KIND) => {
            sqlite::restore(segments, from, &manifest).await?;
        }
        (Database::Postgres(server), postgres::KIND) => {
            postgres::restore(server, from, &manifest).await?;
        }
        _ => {
            return Err(StoreError::Backup(format!(
                "{} è la copia di una base dati di un altro tipo",
                from.join(MANIFEST).display()
            )));
        }
    }
    Ok(manifest)
}
