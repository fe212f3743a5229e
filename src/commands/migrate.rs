//! `pontile migrate`: makes the record's database and key file, or brings an older schema up to date.

use std::path::Path;

use crate::operators::reason::Reason;
use crate::store::night::Vault;
use crate::store::{Store, VERSION};

use super::{Failure, record_failure, say, settings_of, trail};

/// Needs only the sections to be sound: a first installation migrates before its adapters and certificates are there.
pub async fn run(config: &Path, begin_anew: Option<&Reason>) -> Result<(), Failure> {
    let settings = settings_of(config)?;
    let migrated = match begin_anew {
        Some(_) => Store::begin_anew(&settings.record).await,
        None => Store::migrate(&settings.record).await,
    };
    let migrated = migrated.map_err(record_failure)?;
    // Only now there is a logbook for sure.
    if let Some(reason) = begin_anew {
        trail::note(&settings, "migrate --begin-anew", None, reason).await?;
    }
    let months: Vec<String> = migrated.months.iter().map(ToString::to_string).collect();
    say(format_args!(
        "Registrazione pronta, schema {VERSION}: {}",
        match months.as_slice() {
            [] => "una base dati sola".to_owned(),
            months => months.join(", "),
        }
    ))?;
    if let Some(month) = migrated.month_made {
        say(format_args!("Creato il file del mese {month}, vuoto."))?;
    }
    if migrated.key_made {
        say(format_args!(
            "Creata la chiave {}: va conservata in copia, fuori dalla base dati.",
            settings.record.subject_key.display()
        ))?;
    }
    if migrated.request_key_made {
        say(format_args!(
            "Creata la chiave delle richieste, {}: va conservata in copia, fuori dalla base dati.",
            settings.record.request_keys()
        ))?;
    }
    let record = &settings.record;
    if Vault::create(&settings.night, &record.subject_key).map_err(record_failure)? {
        say(format_args!(
            "Creata la chiave delle copie notturne, {}: va conservata in copia, fuori dalla loro cartella.",
            settings.night.master_keys(&record.subject_key)
        ))?;
    }
    Ok(())
}
