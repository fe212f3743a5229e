//! `pontile backup | restore`: the record out of the machine and back again, verified both ways.

use std::path::Path;

use chrono::SecondsFormat;

use crate::operators::reason::Reason;
use crate::store::{Manifest, Store};

use super::{Failure, record_failure, say, settings_of, trail};

/// Backs the record up beside a gateway that goes on, into a new or empty folder.
pub async fn backup(config: &Path, folder: &Path) -> Result<(), Failure> {
    let settings = settings_of(config)?;
    let manifest = Store::backup(&settings.record, folder)
        .await
        .map_err(record_failure)?;
    tell("Copia fatta e verificata", folder, &manifest)?;
    say(format_args!(
        "La chiave {} non è nella copia: va conservata a parte.",
        settings.record.subject_key.display()
    ))
}

/// Puts a verified backup where no record is yet.
pub async fn restore(config: &Path, folder: &Path, reason: &Reason) -> Result<(), Failure> {
    let settings = settings_of(config)?;
    let manifest = Store::restore(&settings.record, folder)
        .await
        .map_err(record_failure)?;
    // Only now there is a logbook: the one of the backup.
    trail::note(&settings, "restore", None, reason).await?;
    tell("Copia verificata e ripristinata", folder, &manifest)
}

/// Looks whether a backup is whole, without a record to put it in.
pub async fn verify(folder: &Path) -> Result<(), Failure> {
    let manifest = Store::verify(folder).await.map_err(record_failure)?;
    tell("Copia integra", folder, &manifest)
}

fn tell(what: &str, folder: &Path, manifest: &Manifest) -> Result<(), Failure> {
    let rows = manifest
        .parts
        .iter()
        .filter_map(|part| part.rows.get("exchange"));
    say(format_args!(
        "{what}: {} scambi in {} ({} file, del {}).",
        rows.sum::<u64>(),
        folder.display(),
        manifest.parts.len(),
        manifest.made.to_rfc3339_opts(SecondsFormat::Secs, true)
    ))
}
