//! `pontile keys rotate`: a new version of the secrets under which the record knows persons, requests or night copies are sealed.

use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};

use crate::config::settings::Settings;
use crate::contract::luogo::CodiceIstat;
use crate::store::night::Vault;
use crate::store::{Store, SubjectKeys};

use super::trail::ReasonArguments;
use super::{Failure, parse_ente, record_failure, say, settings_of, trail};

/// What can be done with the secrets.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Add a version: digests of persons are made with it from the next reload on, requests are sealed with it from the next
    /// start on; the versions before stay and are still of use
    Rotate {
        /// Which secrets
        #[arg(value_enum, default_value_t = Secrets::Persone)]
        which: Secrets,
        #[command(flatten)]
        why: ReasonArguments,
    },
    /// Write one ente's own secrets into a new file, for the ente to keep: with it the ente tells which of its persons the record
    /// knows, and nothing of other enti
    Export {
        /// The ente (ISTAT code)
        #[arg(long, value_parser = parse_ente)]
        ente: CodiceIstat,
        /// The file to write, which must not exist
        #[arg(long)]
        output: PathBuf,
        #[command(flatten)]
        why: ReasonArguments,
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

impl Secrets {
    /// As they are named on the command line.
    fn name(self) -> &'static str {
        match self {
            Secrets::Persone => "persone",
            Secrets::Richieste => "richieste",
            Secrets::Notturni => "notturni",
        }
    }
}

/// Runs the command.
pub async fn run(config: &Path, command: &KeysCommand) -> Result<(), Failure> {
    let settings = settings_of(config)?;
    let (which, why) = match command {
        KeysCommand::Rotate { which, why } => (which, why),
        KeysCommand::Export { ente, output, why } => {
            return export(&settings, ente, output, why).await;
        }
    };
    let rotating = format!("keys rotate {}", which.name());
    trail::note(&settings, &rotating, None, &why.reason).await?;
    match which {
        Secrets::Persone => rotate_subjects(&settings).await,
        Secrets::Richieste => rotate_requests(&settings),
        Secrets::Notturni => rotate_masters(&settings),
    }
}

async fn export(
    settings: &Settings,
    ente: &CodiceIstat,
    output: &Path,
    why: &ReasonArguments,
) -> Result<(), Failure> {
    let keys = SubjectKeys::load(&settings.record.subject_key).map_err(record_failure)?;
    trail::note(settings, "keys export", Some(ente.as_str()), &why.reason).await?;
    let key = keys.of_ente(ente.as_str());
    key.save(output).map_err(record_failure)?;
    say(format_args!(
        "Scritta in {} la chiave dell'ente {ente}: chi ha anche il registro può provare quali codici fiscali vi sono. Va consegnata \
         all'ente e non conservata qui.",
        output.display()
    ))
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
