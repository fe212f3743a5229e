//! `pontile keys rotate`: a new version of the secrets under which the record knows persons.

use std::path::Path;

use clap::Subcommand;

use crate::store::Store;

use super::{Failure, record_failure, say, settings_of, trail};

/// What can be done with the secrets.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Add a version, which makes the digests of persons from the next reload on; those before stay and are searched
    Rotate,
}

/// Runs the command.
pub async fn run(config: &Path, command: &KeysCommand) -> Result<(), Failure> {
    let KeysCommand::Rotate = command;
    let settings = settings_of(config)?;
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
    trail::tell(&settings, || {
        tracing::info!(version, "nuova versione della chiave delle persone");
    })
}
