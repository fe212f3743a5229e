//! `pontile logbook list | verify`: what operators did, and whether it is still as it was written.

use std::path::Path;

use clap::Subcommand;

use crate::store::Logbook;
use crate::store::logbook::{Chain, Noted};

use super::{Failure, record_failure, say, settings_of};

/// What can be done with the logbook.
#[derive(Debug, Subcommand)]
pub enum LogbookCommand {
    /// What was done, the newest first
    List {
        /// Before the row of this number
        #[arg(long)]
        before: Option<i64>,
        /// So many at most (1 to 1000)
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
        /// As JSON lines with every column
        #[arg(long)]
        json: bool,
    },
    /// Follow the chain from its first row to its last; fails where one is not what was written
    Verify,
}

/// Runs the command.
pub async fn run(config: &Path, command: LogbookCommand) -> Result<(), Failure> {
    let settings = settings_of(config)?;
    let logbook = Logbook::of(&settings.record).map_err(record_failure)?;
    match command {
        LogbookCommand::List {
            before,
            limit,
            json,
        } => list(&logbook, before, limit, json).await,
        LogbookCommand::Verify => verify(&logbook).await,
    }
}

async fn list(
    logbook: &Logbook,
    before: Option<i64>,
    limit: u32,
    json: bool,
) -> Result<(), Failure> {
    let rows = logbook
        .newest(before, limit)
        .await
        .map_err(record_failure)?;
    for noted in &rows {
        if json {
            let line = serde_json::to_string(noted);
            say(line.map_err(|error| Failure::because("JSON", error))?)?;
        } else {
            say(line_of(noted))?;
        }
    }
    Ok(())
}

/// One line for people: number, when, who, what, about which ente, outcome, why.
fn line_of(noted: &Noted) -> String {
    format!(
        "{}  {}  {:<16} {:<28} {:<6} {}  {}",
        noted.number,
        noted.at,
        noted.operator,
        noted.action,
        noted.ente.as_deref().unwrap_or("-"),
        noted.outcome,
        noted.reason.as_deref().unwrap_or_default()
    )
    .trim_end()
    .to_owned()
}

async fn verify(logbook: &Logbook) -> Result<(), Failure> {
    match logbook.verify().await.map_err(record_failure)? {
        Chain::Empty => say("Il giornale è vuoto."),
        Chain::Whole { first, last } => say(format_args!(
            "Il giornale è integro dalla riga {first} alla {}, del {}: impronta {}. Confrontarla con quella che il log tecnico ha \
             annotato per la stessa riga.",
            last.number, last.at, last.digest
        )),
        Chain::Broken(number) => Err(Failure::Failed(format!(
            "Il giornale è alterato: la riga {number} manca o non è quella che fu scritta."
        ))),
    }
}
