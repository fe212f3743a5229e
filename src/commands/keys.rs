//! `pontile keys rotate`: a new version of the secrets under which the record knows persons, requests or night copies are sealed.

use std::path::Path;

use clap::{Subcommand, ValueEnum};

use crate::config::settings::Settings;
use crate::store::Store;
use crate::store::night::Vault;

use super::{Failure, record_failure, say, settings_of, trail};

/// What can be done with the secrets.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Add a version: digests of persons are made with it from the next reload on, requests are sealed with it from the next
    /// start on; the versions before stay and are still of use
    Rotate {
        /// Which secrets
        #[arg(value_enum, default_value_t = Secrets::Persone)]
        which: Secrets,
    },
}

/// Secrets that have versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Secrets {
    /// Those of the persons' digests in the record
    Persone,
    /// Those under which requests that outlive their call are sealed
    Richieste,
    /// Those that wrap the keys of the night copies; every copy's key is wrapped anew at once
    Notturni,
}

/// Runs the command.
pub async fn run(config: &Path, command: &KeysCommand) -> Result<(), Failure> {
    let KeysCommand::Rotate { which } = command;
    let settings = settings_of(config)?;
    match which {
        Secrets::Persone => rotate_subjects(&settings).await,
        Secrets::Richieste => rotate_requests(&settings),
        Secrets::Notturni => rotate_masters(&settings),
    }
}

fn rotate_requests(settings: &Settings) -> Result<(), Failure> {
    let version = Store::rotate_request_keys(&settings.record).map_err(record_failure)?;
    let keys = settings.record.request_keys();
    say(format_args!(
        "Aggiunta la versione {version} alle chiavi delle richieste, {keys}: il file va di nuovo conservato in copia, a parte."
    ))?;
    say(
        "Su ogni altro nodo va copiato lo stesso file; poi ciascuno la prende con la rilettura: `systemctl reload pontile`, SIGHUP \
         o `POST /ricarica`. Le versioni precedenti si possono togliere, con un riavvio, quando è passata la conservazione delle richieste.",
    )?;
    trail::tell(settings, || {
        tracing::info!(version, "nuova versione della chiave delle richieste");
    })
}

fn rotate_masters(settings: &Settings) -> Result<(), Failure> {
    let vault = Vault::open(&settings.night, &settings.record.subject_key);
    let (version, copies) = vault.rotate().map_err(record_failure)?;
    let keys = vault.keys();
    say(format_args!(
        "Aggiunta la versione {version} alle chiavi delle copie notturne, {keys}: il file va di nuovo conservato in copia, a parte. \
         Copie ricifrate con essa: {copies}."
    ))?;
    say(
        "Il gateway la prende con la rilettura: `systemctl reload pontile`, SIGHUP o `POST /ricarica`. Dopo, le versioni precedenti \
         si possono togliere.",
    )?;
    trail::tell(settings, || {
        tracing::info!(version, copies, "nuova chiave delle copie notturne");
    })
}

async fn rotate_subjects(settings: &Settings) -> Result<(), Failure> {
    let version = Store::rotate_keys(&settings.record)
        .await
        .map_err(record_failure)?;
    let file = settings.record.subject_key.display();
    say(format_args!(
        "Aggiunta la versione {version} alla chiave {file}: il file va di nuovo conservato in copia, a parte."
    ))?;
    say(
        "Su ogni altro nodo va copiato lo stesso file; poi ciascuno lo prende con la rilettura: \
         `systemctl reload pontile`, SIGHUP o `POST /ricarica`.",
    )?;
    trail::tell(settings, || {
        tracing::info!(version, "nuova versione della chiave delle persone");
    })
}
