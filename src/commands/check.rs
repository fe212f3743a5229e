//! `pontile check`: the whole configuration, every mistake at once.

use std::path::Path;
use std::sync::Arc;

use chrono::Utc;

use crate::config::loading;
use crate::config::mistake::Mistake;
use crate::snapshot::{self, Built, EnteEntry, Kept};

use super::{Failure, say};

/// Reads everything that `serve` would read and prints what it found.
pub fn run(config: &Path) -> Result<(), Failure> {
    let environment = loading::environment();
    let built = build(config, &environment).map_err(Failure::Configuration)?;
    let snapshot = &built.snapshot;
    let connected = |ente: &&Arc<EnteEntry>| ente.bindings().next().is_some();
    let portals = snapshot.portals().iter();
    say(format_args!(
        "La configurazione è valida: {} portali, {} concessioni, {} enti di cui {} con sistemi collegati, {} istanze.",
        snapshot.portals().len(),
        portals.map(|portal| portal.grants.len()).sum::<usize>(),
        snapshot.enti().len(),
        snapshot.enti().iter().filter(connected).count(),
        snapshot.backends().count(),
    ))?;
    for grant in snapshot.grants_not_in_force(Utc::now()) {
        say(format_args!("Attenzione: {grant}."))?;
    }
    let in_clear = snapshot.backends().map(|backend| &backend.instance);
    for instance in in_clear.filter(|instance| instance.is_in_clear()) {
        say(format_args!(
            "Attenzione: l'istanza {} è interrogata in chiaro (http://): chi sta sulla rete può leggere e cambiare domande, risposte e \
             credenziali. Chiedere al fornitore https://, o proteggere la tratta.",
            instance.name
        ))?;
    }
    say(format_args!("Impronta: {}", snapshot.digest))
}

/// The configuration as a first snapshot.
fn build(config: &Path, environment: &[(String, String)]) -> Result<Built, Vec<Mistake>> {
    let kept = Kept::new().map_err(|error| vec![Mistake::of_file(config, error.to_string())])?;
    snapshot::examine(config, environment, &kept)
}
