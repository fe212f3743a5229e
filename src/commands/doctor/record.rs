//! The record: whether its database answers with this program's schema, and whether its disk has room.

use crate::config::settings::Settings;
use crate::store::{Degraded, Store};

use super::Finding;

/// Opens the record beside a gateway that may be running, and closes it again.
pub(super) async fn look(settings: &Settings) -> Vec<Finding> {
    let opened = Store::open(&settings.record, settings.retention, &settings.node.name).await;
    let store = match opened {
        Ok(store) => store,
        Err(error) => return vec![Finding::error(format!("registrazione: {error}"))],
    };
    let health = store.health();
    store.close().await;
    let mut findings = vec![match &health.degraded {
        None => Finding::good("registrazione: la base dati risponde"),
        Some(Degraded::DiskLow) => Finding::error(format!(
            "disco: meno di {} liberi, gli scambi sarebbero rifiutati",
            mebibytes(settings.record.free_disk.0)
        )),
        Some(degraded) => Finding::error(format!("registrazione: {degraded:?}")),
    }];
    if let Some(free) = health.free_disk {
        let text = format!("disco: {} liberi per la registrazione", mebibytes(free));
        findings.push(if free < 4 * settings.record.free_disk.0 {
            Finding::warning(text)
        } else {
            Finding::good(text)
        });
    }
    findings
}

fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}
