//! The command line: one file per command, each a plain function of its arguments.

pub mod serve;
pub mod check;
pub mod adapter;
pub mod migrate;
pub mod doctor;
pub mod certificates;
pub mod cache;
pub mod record;
pub mod evidence;
pub mod keys;
pub mod night;
pub mod logbook;
pub mod breach;
pub mod pdnd;
pub mod backup;
pub mod openapi;
pub mod portal;
pub mod sign;
pub mod verify;
mod door;
mod privacy;
mod trail;

use std::fmt;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::mistake::Mistake;
use crate::config::reading::source::Source;
use crate::config::settings::Settings;
use crate::config::{coherence, loading};
use crate::contract::codice_fiscale::CodiceFiscale;
use crate::contract::luogo::CodiceIstat;
use crate::operators::reason::Reason;
use crate::signing;
use crate::store::StoreError;

/// Interoperability gateway for Italian provinces and their municipalities.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Exit codes: 0 done, 1 failed, 2 wrong usage or a configuration with mistakes."
)]
pub struct Arguments {
    /// Main configuration file
    #[arg(
        long,
        global = true,
        env = "PONTILE_CONFIG",
        default_value = "/etc/pontile/pontile.toml"
    )]
    config: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve portals and operators until SIGTERM; SIGHUP reloads
    Serve,
    /// Read the whole configuration and print every mistake
    Check,
    /// Make the record's database and key file, or bring them up to date
    Migrate {
        /// Give up the exchanges of a month whose file is gone, and begin an empty one
        #[arg(long, requires = "reason")]
        begin_anew: bool,
        /// Why they are given up, in 10 to 300 characters: it stands in the operators' logbook
        #[arg(long, requires = "begin_anew", value_parser = trail::parse_reason)]
        reason: Option<Reason>,
    },
    /// Check clock, disk, certificates, secrets, database and every back end
    Doctor,
    /// What ends, the soonest first: certificates, authorities, revocation lists, secrets with a date
    Certificates(certificates::CertificatesArguments),
    /// The answers that the running gateway keeps in memory
    #[command(subcommand)]
    Cache(cache::CacheCommand),
    /// What is on record
    #[command(subcommand)]
    Record(record::RecordCommand),
    /// The evidence of what is on record
    #[command(subcommand)]
    Evidence(evidence::EvidenceCommand),
    /// The secrets under which the record knows persons
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Night copies: what there is, what became of the files, files accepted although they were refused
    #[command(subcommand)]
    Night(night::NightCommand),
    /// What operators did, at their door and by commands
    #[command(subcommand)]
    Logbook(logbook::LogbookCommand),
    /// What got out, where somebody got in
    #[command(subcommand)]
    Breach(breach::BreachCommand),
    /// What the PDND wants to be told
    #[command(subcommand)]
    Pdnd(pdnd::PdndCommand),
    /// Back the record up, beside a gateway that goes on; the backup is verified
    Backup {
        /// A new or empty folder
        folder: PathBuf,
    },
    /// Verify a backup and put it where no record is yet; the key file must be there already
    Restore {
        /// The backup's folder
        folder: PathBuf,
        /// Only verify
        #[arg(long)]
        verify_only: bool,
        /// Why it is restored, in 10 to 300 characters: it stands in the operators' logbook
        #[arg(long, required_unless_present = "verify_only", value_parser = trail::parse_reason)]
        reason: Option<Reason>,
    },
    /// Portals
    #[command(subcommand)]
    Portal(portal::PortalCommand),
    /// Adapters: read them, replay their examples, begin a new one
    #[command(subcommand)]
    Adapter(adapter::AdapterCommand),
    /// Sign a document with a card of your own, on your own machine (CAdES B-B): needs no configuration
    Sign(sign::SignArguments),
    /// Verify every signature of a signed document and print a report: needs no configuration
    Verify(verify::VerifyArguments),
    /// Take the content out of a signed document without verifying anything
    Extract(verify::ExtractArguments),
    /// Write the OpenAPI documents into a folder
    Openapi {
        /// The folder
        folder: PathBuf,
    },
}

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub enum Failure {
    /// The configuration has these mistakes.
    Configuration(Vec<Mistake>),
    /// An adapter or its examples have these mistakes.
    Adapter(Vec<Mistake>),
    /// Wrong usage.
    Usage(String),
    /// Anything else.
    Failed(String),
}

/// Runs the command.
pub fn run(arguments: Arguments) -> Result<(), Failure> {
    let config = arguments.config;
    // Published documents and adapters are what we write for others to read.
    if !matches!(
        arguments.command,
        Command::Openapi { .. } | Command::Adapter(_)
    ) {
        privacy::close_our_files_to_others();
    }
    match arguments.command {
        Command::Serve => wait_for(serve::run(config)),
        Command::Check => check::run(&config),
        Command::Migrate { reason, .. } => wait_for(migrate::run(&config, reason.as_ref())),
        Command::Doctor => wait_for(doctor::run(&config)),
        Command::Certificates(arguments) => wait_for(certificates::run(&config, arguments)),
        Command::Cache(command) => wait_for(cache::run(&config, command)),
        Command::Record(command) => wait_for(record::run(&config, command)),
        Command::Evidence(command) => wait_for(evidence::run(&config, command)),
        Command::Keys(command) => wait_for(keys::run(&config, &command)),
        Command::Night(command) => wait_for(night::run(&config, command)),
        Command::Logbook(command) => wait_for(logbook::run(&config, command)),
        Command::Pdnd(command) => wait_for(pdnd::run(&config, command)),
        Command::Breach(command) => wait_for(breach::run(&config, command)),
        Command::Backup { folder } => wait_for(backup::backup(&config, &folder)),
        Command::Restore {
            folder,
            verify_only: false,
            reason: Some(reason),
        } => wait_for(backup::restore(&config, &folder, &reason)),
        Command::Restore { folder, .. } => wait_for(backup::verify(&folder)),
        Command::Portal(command) => portal::run(command),
        Command::Adapter(command) => wait_for(adapter::run(&config, command)),
        Command::Sign(arguments) => wait_for(sign::run(arguments)),
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Extract(arguments) => verify::extract(&arguments),
        Command::Openapi { folder } => openapi::run(&folder),
    }
}

/// Runs what waits for files, databases and sockets. The doors' workers have runtimes of their own.
fn wait_for(command: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::because("runtime", error))?;
    let done = runtime.block_on(command);
    // A token that hangs in a call would hold up the end for as long.
    runtime.shutdown_background();
    done
}

/// The fixed settings, for commands that need neither adapters nor certificates.
fn settings_of(config: &Path) -> Result<Settings, Failure> {
    let source = Source::read(config).map_err(|mistake| Failure::Configuration(vec![mistake]))?;
    let written = loading::read(&source.name, &loading::environment());
    let mut mistakes = coherence::settings::check(&written.sections, &written.places);
    mistakes.extend(written.mistakes);
    mistakes.sort();
    match written.sections.settings() {
        Some(settings) if mistakes.is_empty() => Ok(settings),
        _ => Err(Failure::Configuration(mistakes)),
    }
}

/// A fiscal code: on the command line every user of the machine could read it.
fn code_from_standard_input() -> Result<String, Failure> {
    let mut line = String::new();
    std::io::stdin()
        .read_line(&mut line)
        .map_err(|error| Failure::because("stdin", error))?;
    CodiceFiscale::parse(&line)
        .map(|code| code.as_str().to_owned())
        .map_err(|error| Failure::Usage(error.to_string()))
}

fn parse_ente(text: &str) -> Result<CodiceIstat, String> {
    CodiceIstat::parse(text).ok_or_else(|| "un codice ISTAT ha sei cifre".to_owned())
}

fn record_failure(error: StoreError) -> Failure {
    Failure::because("registrazione degli scambi", error)
}

/// Prints a line. A reader that has gone away, like `head`, is no failure but an end.
fn say(line: impl fmt::Display) -> Result<(), Failure> {
    match writeln!(std::io::stdout().lock(), "{line}") {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
        written => written.map_err(|error| Failure::because("stdout", error)),
    }
}

impl Failure {
    /// The process's exit code.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Failure::Failed(_) => ExitCode::from(1),
            // Whoever starts us again by itself must not here: three mistaken PINs lock a card.
            Failure::Configuration(_) if signing::pin_was_refused() => ExitCode::from(77),
            Failure::Configuration(_) | Failure::Adapter(_) | Failure::Usage(_) => {
                ExitCode::from(2)
            }
        }
    }

    /// A failure with its cause.
    pub fn because(what: &str, cause: impl fmt::Display) -> Failure {
        Failure::Failed(format!("{what}: {cause}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Configuration(mistakes) => list(mistakes, "nella configurazione", formatter),
            Failure::Adapter(mistakes) => list(mistakes, "negli adapter", formatter),
            Failure::Usage(text) | Failure::Failed(text) => formatter.write_str(text),
        }
    }
}

fn list(mistakes: &[Mistake], place: &str, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    for mistake in mistakes {
        writeln!(formatter, "{mistake}")?;
    }
    match mistakes.len() {
        1 => write!(formatter, "Un errore {place}."),
        number => write!(formatter, "{number} errori {place}."),
    }
}
