//! The command line: one file per command, each a plain function of its arguments.

pub mod check;
pub mod doctor;
pub mod openapi;
pub mod portal;

use std::fmt;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::mistake::Mistake;

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
    /// Read the whole configuration and print every mistake
    Check,
    /// Check clock, disk, certificates, secrets, database and every back end
    Doctor,
    /// Portals
    #[command(subcommand)]
    Portal(portal::PortalCommand),
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
    /// Wrong usage.
    Usage(String),
    /// Anything else.
    Failed(String),
}

/// Runs the command.
pub fn run(arguments: Arguments) -> Result<(), Failure> {
    let config = arguments.config;
    match arguments.command {
        Command::Check => check::run(&config),
        Command::Doctor => wait_for(doctor::run(&config)),
        Command::Portal(command) => portal::run(command),
        Command::Openapi { folder } => openapi::run(&folder),
    }
}

/// Runs what waits for files, databases and sockets. The doors' workers have runtimes of their own.
fn wait_for(command: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::because("runtime", error))?;
    runtime.block_on(command)
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
            Failure::Configuration(_) | Failure::Usage(_) => ExitCode::from(2),
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
            Failure::Configuration(mistakes) => {
                for mistake in mistakes {
                    writeln!(formatter, "{mistake}")?;
                }
                match mistakes.len() {
                    1 => formatter.write_str("Un errore nella configurazione."),
                    number => write!(formatter, "{number} errori nella configurazione."),
                }
            }
            Failure::Usage(text) | Failure::Failed(text) => formatter.write_str(text),
        }
    }
}
