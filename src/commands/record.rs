//! `pontile record list | export | erase-salts`: what is on record, for operators and for the ente itself.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use chrono::{DateTime, SecondsFormat, Utc};
use clap::{Args, Subcommand};
use uuid::Uuid;

use crate::config::settings::Settings;
use crate::contract::luogo::CodiceIstat;
use crate::operators::reason::Reason;
use crate::store::read::{Person, RecordFilter, RecordRow};
use crate::store::{Erasure, Month, RecordReader, Store};

use super::trail::{ReasonArguments, parse_reason};
use super::{
    Failure, code_from_standard_input, parse_ente, record_failure, say, settings_of, trail,
};

/// What can be done with the record.
#[derive(Debug, Subcommand)]
pub enum RecordCommand {
    /// List exchanges, the newest first
    List(ListArguments),
    /// Erase salts, after which the digests of those exchanges prove nothing any more; this cannot be undone
    EraseSalts(EraseArguments),
    /// Write every exchange asked of one ente as JSON lines, the oldest first
    Export(ExportArguments),
}

/// Which exchanges to list.
#[derive(Debug, Args)]
pub struct ListArguments {
    /// This exchange alone (the `scambio` of a problem document)
    #[arg(long)]
    scambio: Option<Uuid>,
    /// Of this portal
    #[arg(long)]
    portal: Option<String>,
    /// Asked of this ente (ISTAT code)
    #[arg(long, value_parser = parse_ente)]
    ente: Option<CodiceIstat>,
    /// With this outcome: `risposto`, or the slug of a problem
    #[arg(long)]
    outcome: Option<String>,
    /// Begun at this instant or later (RFC 3339)
    #[arg(long)]
    from: Option<DateTime<Utc>>,
    /// Begun before this instant (RFC 3339)
    #[arg(long)]
    to: Option<DateTime<Utc>>,
    /// In which the person is concerned whose fiscal code is on standard input: on the command line others would see it
    #[arg(long, requires = "ente", requires = "reason")]
    person: bool,
    /// Why a person is looked for, in 10 to 300 characters and without anybody's fiscal code: it stands in the operators' logbook
    #[arg(long, value_parser = parse_reason)]
    reason: Option<Reason>,
    /// Older than this exchange: the last one of the page before
    #[arg(long)]
    before: Option<Uuid>,
    /// So many at most (1 to 1000)
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
    /// As JSON lines with every column
    #[arg(long)]
    json: bool,
}

/// What to export.
#[derive(Debug, Args)]
pub struct ExportArguments {
    /// The ente (ISTAT code)
    #[arg(long, value_parser = parse_ente)]
    ente: CodiceIstat,
    /// Begun at this instant or later (RFC 3339); absent: from the beginning
    #[arg(long)]
    from: Option<DateTime<Utc>>,
    /// Begun before this instant (RFC 3339); absent: until now
    #[arg(long)]
    to: Option<DateTime<Utc>>,
    /// The file to write, which must not exist; absent: standard output
    #[arg(long)]
    output: Option<PathBuf>,
    #[command(flatten)]
    why: ReasonArguments,
}

/// Which salts to erase.
#[derive(Debug, Args)]
pub struct EraseArguments {
    /// Of all exchanges that began before this month (2026-11) or instant (RFC 3339)
    #[arg(
        long,
        value_parser = parse_month_or_instant,
        required_unless_present = "scambio",
        conflicts_with = "scambio"
    )]
    before: Option<DateTime<Utc>>,
    /// Of this exchange alone
    #[arg(long)]
    scambio: Option<Uuid>,
    /// Do not ask first
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    why: ReasonArguments,
}

/// Runs the command.
pub async fn run(config: &Path, command: RecordCommand) -> Result<(), Failure> {
    let settings = settings_of(config)?;
    match command {
        RecordCommand::List(arguments) => list(&settings, arguments).await,
        RecordCommand::Export(arguments) => export(&settings, arguments).await,
        RecordCommand::EraseSalts(arguments) => erase_salts(&settings, &arguments).await,
    }
}

async fn open(settings: &Settings) -> Result<RecordReader, Failure> {
    RecordReader::open(&settings.record)
        .await
        .map_err(record_failure)
}

async fn list(settings: &Settings, arguments: ListArguments) -> Result<(), Failure> {
    let record = open(settings).await?;
    let person = match (&arguments.ente, &arguments.reason) {
        (Some(ente), Some(reason)) if arguments.person => {
            let code = code_from_standard_input()?;
            let ente = ente.as_str().to_owned();
            trail::note(settings, "record list --person", Some(&ente), reason).await?;
            Some(Person { ente, code })
        }
        _ => None,
    };
    let filter = RecordFilter {
        scambio: arguments.scambio,
        portal: arguments.portal,
        ente: arguments.ente.map(|ente| ente.as_str().to_owned()),
        outcome: arguments.outcome,
        from: arguments.from,
        to: arguments.to,
        persons: person.into_iter().collect(),
        before: arguments.before,
        limit: arguments.limit,
    };
    let rows = record.list(&filter).await.map_err(record_failure)?;
    for row in &rows {
        if arguments.json {
            let line = serde_json::to_string(row);
            say(line.map_err(|error| Failure::because("JSON", error))?)?;
        } else {
            say(line_of(row))?;
        }
    }
    Ok(())
}

/// One line for people: when, number, portal, ente, operation, outcome, where the answer came from.
fn line_of(row: &RecordRow) -> String {
    let text = |column| match row.text(column) {
        "" => "-",
        text => text,
    };
    format!(
        "{}  {}  {:<16} {:<6}  {:<26} {} {}",
        text("begun"),
        row.scambio,
        text("portal"),
        text("ente"),
        text("operation"),
        text("outcome"),
        text("cache")
    )
    .trim_end_matches([' ', '-'])
    .to_owned()
}

async fn export(settings: &Settings, arguments: ExportArguments) -> Result<(), Failure> {
    let record = open(settings).await?;
    let ente = arguments.ente;
    let from = arguments.from.unwrap_or(DateTime::UNIX_EPOCH);
    let to = arguments.to.unwrap_or_else(Utc::now);
    let (file, name) = match &arguments.output {
        Some(path) => (std::fs::File::create_new(path), path.display().to_string()),
        None => (
            io::stdout().as_fd().try_clone_to_owned().map(Into::into),
            "stdout".to_owned(),
        ),
    };
    let file = file.map_err(|error| Failure::because(&name, error))?;
    let mut out = tokio::fs::File::from_std(file);
    let reason = &arguments.why.reason;
    trail::note(settings, "record export", Some(ente.as_str()), reason).await?;
    let exported = record
        .export(ente.as_str(), from, to, &mut out)
        .await
        .map_err(record_failure)?;
    // The numbers go beside the lines, not among them.
    writeln!(io::stderr(), "{exported} scambi dell'ente {ente}")
        .map_err(|error| Failure::because("stderr", error))
}

async fn erase_salts(settings: &Settings, arguments: &EraseArguments) -> Result<(), Failure> {
    let (erasure, of) = match (arguments.before, arguments.scambio) {
        (Some(before), None) => (
            Erasure::Before(before),
            format!(
                "di tutti gli scambi iniziati prima del {}",
                before.to_rfc3339_opts(SecondsFormat::Millis, true)
            ),
        ),
        (None, Some(scambio)) => (Erasure::Of(scambio), format!("dello scambio {scambio}")),
        _ => {
            let text = "indicare --before oppure --scambio";
            return Err(Failure::Usage(text.to_owned()));
        }
    };
    if !arguments.yes && !is_confirmed(&of)? {
        return Err(Failure::Failed("Nulla è stato cancellato.".to_owned()));
    }
    trail::note(settings, "record erase-salts", None, &arguments.why.reason).await?;
    let erased = Store::erase_salts_beside(&settings.record, erasure)
        .await
        .map_err(record_failure)?;
    say(format_args!("Cancellati i sali {of}: {erased} scambi."))?;
    trail::tell(settings, || {
        tracing::warn!(of, erased, "sali della registrazione cancellati");
    })
}

fn is_confirmed(of: &str) -> Result<bool, Failure> {
    let failed = |error| Failure::because("terminale", error);
    let question = format!(
        "Si cancellano per sempre i sali {of}: le loro impronte non proveranno più nulla. Procedere? [sì/no] "
    );
    io::stderr()
        .write_all(question.as_bytes())
        .map_err(failed)?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).map_err(failed)?;
    Ok(["sì", "si", "s"].contains(&answer.trim().to_lowercase().as_str()))
}

fn parse_month_or_instant(text: &str) -> Result<DateTime<Utc>, String> {
    let instant = || {
        DateTime::parse_from_rfc3339(text)
            .ok()
            .map(|at| at.to_utc())
    };
    Month::parse(text)
        .map(Month::begins)
        .or_else(instant)
        .ok_or_else(|| "un mese (2026-11) o un istante RFC 3339 (2026-11-01T00:00:00Z)".to_owned())
}
