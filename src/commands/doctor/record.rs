//! The record: whether its database answers with this program's schema, and whether its disk has room.

use std::path::PathBuf;

use crate::config::settings::Settings;
use crate::store::{RecordReader, StoreError};

use super::Finding;

/// Reads the record beside a gateway that may be running.
pub(super) async fn look(settings: &Settings) -> Vec<Finding> {
    match RecordReader::open(&settings.record).await {
        Err(error) => vec![Finding::error(format!("registrazione: {error}"))],
        Ok(record) => {
            let answers = Finding::good("registrazione: la base dati risponde");
            let demanded = settings.record.free_disk.0;
            std::iter::once(answers)
                .chain(lost(record.vanished()))
                .chain(room(record.free_disk(), demanded))
                .collect()
        }
    }
}

/// Months whose exchanges are missing.
fn lost(vanished: Result<Vec<PathBuf>, StoreError>) -> Vec<Finding> {
    match vanished {
        Ok(files) => {
            let gone = |file: &PathBuf| format!("registrazione: {} non c'è più", file.display());
            files
                .iter()
                .map(|file| Finding::error(gone(file)))
                .collect()
        }
        Err(error) => vec![Finding::error(format!("registrazione: {error}"))],
    }
}

/// What is to be said of the disk, where it is ours.
fn room(free: Result<Option<u64>, StoreError>, demanded: u64) -> Option<Finding> {
    let free = match free {
        Ok(free) => free?,
        Err(error) => return Some(Finding::error(format!("disco: {error}"))),
    };
    let text = format!("disco: {} liberi per la registrazione", mebibytes(free));
    Some(if free < demanded {
        Finding::error(format!(
            "{text}, meno dei {} richiesti: gli scambi sono rifiutati",
            mebibytes(demanded)
        ))
    } else if free < demanded.saturating_mul(4) {
        Finding::warning(text)
    } else {
        Finding::good(text)
    })
}

fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}
