//! `pontile pdnd tracing`: the file that who offers e-services on the PDND sends there every day.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use chrono::{Days, NaiveDate, Utc};
use clap::{Args, Subcommand};

use crate::store::RecordReader;
use crate::store::quota::{rome_day, rome_midnight_after};

use super::{Failure, record_failure, settings_of};

/// What can be done for the PDND.
#[derive(Debug, Subcommand)]
pub enum PdndCommand {
    /// Write the requests of one day that came with vouchers as CSV: date,purpose_id,token_id,status,requests_count
    Tracing(TracingArguments),
}

/// Which day, and where to.
#[derive(Debug, Args)]
pub struct TracingArguments {
    /// The day in Italy (2026-11-22); absent: yesterday
    #[arg(long)]
    day: Option<NaiveDate>,
    /// The file to write, which must not exist; absent: standard output
    #[arg(long)]
    output: Option<PathBuf>,
}

/// Runs the command.
pub async fn run(config: &Path, command: PdndCommand) -> Result<(), Failure> {
    let PdndCommand::Tracing(arguments) = command;
    let settings = settings_of(config)?;
    let today = rome_day(Utc::now());
    let day = arguments.day.unwrap_or(today - Days::new(1));
    let record = RecordReader::open(&settings.record)
        .await
        .map_err(record_failure)?;
    let counted = record.count_vouchers(
        rome_midnight_after(day - Days::new(1)),
        rome_midnight_after(day),
    );
    let counted = counted.await.map_err(record_failure)?;
    let mut lines = "date,purpose_id,token_id,status,requests_count\n".to_owned();
    for (traced, requests) in &counted {
        lines.push_str(&format!(
            "{day},{},{},{},{requests}\n",
            plain(&traced.purpose),
            plain(&traced.token),
            traced.status
        ));
    }
    match &arguments.output {
        Some(path) => std::fs::File::create_new(path)
            .and_then(|mut file| file.write_all(lines.as_bytes()))
            .map_err(|error| Failure::because(&path.display().to_string(), error)),
        None => io::stdout()
            .write_all(lines.as_bytes())
            .map_err(|error| Failure::because("stdout", error)),
    }
}

/// What the authority's identifiers are made of; anything else has no place in a table.
fn plain(id: &str) -> String {
    let plain = |one: &char| one.is_ascii_alphanumeric() || "._:-".contains(*one);
    id.chars().filter(plain).collect()
}
