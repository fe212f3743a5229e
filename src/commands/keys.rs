//! `pontile keys`: new versions of the secrets under which the record knows persons, requests or night copies are sealed; an ente's own;
//! keys that sign, made on their tokens.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};

use crate::config::key::TokenKey;
use crate::config::loading;
use crate::config::settings::Settings;
use crate::contract::luogo::CodiceIstat;
use crate::signing::{self, NewKey};
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
    /// Make a key on its token, where the configuration says ([[key]]): it cannot leave the token and does nothing but sign. The PIN
    /// is the one of the configuration
    Create {
        /// The name of the [[key]]
        name: String,
        /// What kind of key
        #[arg(long, value_enum, default_value_t = Kind::P256)]
        kind: Kind,
        /// The file for its public key (PEM), for whoever certifies it; it must not exist
        #[arg(long)]
        output: PathBuf,
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

/// Kinds of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// ECDSA on P-256
    P256,
    /// RSA of 2048 bits, which clients of the PDND need
    Rsa2048,
    /// RSA of 3072 bits
    Rsa3072,
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
        KeysCommand::Create {
            name,
            kind,
            output,
            why,
        } => {
            let key = token_key(config, name)?;
            return create(&settings, &key, *kind, output, why).await;
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

fn token_key(config: &Path, name: &str) -> Result<TokenKey, Failure> {
    let written = loading::read(config, &loading::environment());
    let keys = written.keys.read.into_iter();
    let key = keys.map(|entry| entry.value).find(|key| key.name == name);
    key.ok_or_else(|| Failure::Usage(format!("non c'è una [[key]] «{name}»")))
}

async fn create(
    settings: &Settings,
    key: &TokenKey,
    kind: Kind,
    output: &Path,
    why: &ReasonArguments,
) -> Result<(), Failure> {
    trail::note(settings, "keys create", None, &why.reason).await?;
    let kind = match kind {
        Kind::P256 => NewKey::P256,
        Kind::Rsa2048 => NewKey::Rsa(2048),
        Kind::Rsa3072 => NewKey::Rsa(3072),
    };
    // Made before the key: one whose public half went nowhere could not be made again under its name.
    let unwritable = |failure| Failure::because(&output.display().to_string(), failure);
    let file = OpenOptions::new().write(true).create_new(true).open(output);
    let mut file = file.map_err(unwritable)?;
    let public = signing::create(key, kind);
    if public.is_err() {
        let _ = std::fs::remove_file(output);
    }
    let public = public.map_err(|failure| Failure::because(&key.name, failure))?;
    file.write_all(&public).map_err(unwritable)?;
    say(format_args!(
        "Creata sul token la chiave {}; la sua chiave pubblica è in {}: con essa si chiede il certificato, che va sul token o in «certificate».",
        key.name,
        output.display()
    ))
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
         o `POST /ricarica`. Le versioni precedenti si possono togliere, con un riavvio, quando è passata la conservazione delle richieste e non vale più nessun cambio di codice fiscale attestato prima.",
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
