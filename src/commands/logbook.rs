//! `pontile logbook list | verify`: what operators did, and whether it is still as it was written.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde::Deserialize;

use crate::store::Logbook;
use crate::store::logbook::{Chain, MOST_NOTED, Noted, TOLD};

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
    Verify {
        /// Hold the rows against the digests in this file of the technical log, as it was gathered elsewhere; may be repeated
        #[arg(long)]
        log: Vec<PathBuf>,
    },
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
        LogbookCommand::Verify { log } => verify(&logbook, &log).await,
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

async fn verify(logbook: &Logbook, logs: &[PathBuf]) -> Result<(), Failure> {
    let (first, last) = match logbook.verify().await.map_err(record_failure)? {
        Chain::Empty => return say("Il giornale è vuoto."),
        Chain::Whole { first, last } => (first, last),
        Chain::Broken(number) => {
            return Err(Failure::Failed(format!(
                "Il giornale è alterato: la riga {number} manca o non è quella che fu scritta."
            )));
        }
    };
    let whole = format!(
        "Il giornale è integro dalla riga {first} alla {}, del {}: impronta {}.",
        last.number, last.at, last.digest
    );
    if logs.is_empty() {
        return say(format_args!(
            "{whole} Confrontarla con quella che il log tecnico ha annotato per la stessa riga, raccolto altrove (--log)."
        ));
    }
    let mut told = BTreeSet::new();
    for log in logs {
        let read = digests_told(log)
            .map_err(|error| Failure::because(&log.display().to_string(), error))?;
        told.extend(read);
    }
    // What is past its retention is told by the log alone.
    let told = told.split_off(&(first, String::new()));
    let differing = compare(logbook, &told).await?;
    match differing {
        None => say(format_args!(
            "{whole} Le righe che il log annota sono le stesse: {}.",
            told.len()
        )),
        Some(number) => Err(Failure::Failed(format!(
            "Il giornale è stato riscritto: la riga {number} non è quella che il log tecnico ha annotato."
        ))),
    }
}

/// A line of the technical log, as far as it is about a row.
#[derive(Deserialize)]
struct Line {
    message: String,
    number: i64,
    digest: String,
}

/// Numbers and digests of the rows that a file of the technical log tells of.
fn digests_told(log: &Path) -> std::io::Result<Vec<(i64, String)>> {
    let mut told = Vec::new();
    for line in BufReader::new(File::open(log)?).split(b'\n') {
        let line: Option<Line> = serde_json::from_slice(&line?).ok();
        let row = line.filter(|line| line.message == TOLD);
        told.extend(row.map(|row| (row.number, row.digest)));
    }
    Ok(told)
}

/// The first row that is not as it was told.
async fn compare(
    logbook: &Logbook,
    told: &BTreeSet<(i64, String)>,
) -> Result<Option<i64>, Failure> {
    let mut missing: BTreeSet<&(i64, String)> = told.iter().collect();
    let mut before = None;
    loop {
        let rows = logbook.newest(before, MOST_NOTED).await;
        let rows = rows.map_err(record_failure)?;
        let Some(oldest) = rows.last() else {
            return Ok(missing.first().map(|(number, _)| *number));
        };
        before = Some(oldest.number);
        for row in rows {
            missing.remove(&(row.number, row.digest));
        }
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
