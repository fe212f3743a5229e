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
            say(visible(
                &line.map_err(|error| Failure::because("JSON", error))?,
            ))?;
        } else {
            say(visible(&line_of(noted)))?;
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

/// What would move a terminal's cursor, or turn the order of its letters, is written out: a row is one line and stays what it is. In JSON
/// such characters stand in texts alone, where this means the same.
fn visible(text: &str) -> String {
    let turns = |one: char| matches!(one, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut out = String::with_capacity(text.len());
    for one in text.chars() {
        if one.is_control() || turns(one) {
            out.push_str(&format!("\\u{:04x}", u32::from(one)));
        } else {
            out.push(one);
        }
    }
    out
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_forge_a_line_is_written_out() {
        let forged = "uno\n2  due\u{1b}[1A\u{9b}2K\u{202e}tre, perché sì";
        let shown = "uno\\u000a2  due\\u001b[1A\\u009b2K\\u202etre, perché sì";
        assert_eq!(visible(forged), shown);
        let json = serde_json::to_string(forged).expect("JSON");
        let read: String = serde_json::from_str(&visible(&json)).expect("JSON");
        assert_eq!(read, forged);
    }
}
