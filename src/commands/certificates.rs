//! `pontile certificates`: the calendar of what ends: certificates, authorities, revocation lists and secrets with a date.

use std::path::Path;

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use http::Method;
use serde::Deserialize;

use crate::config::loading;
use crate::snapshot::{self, Kept, ends::Dated};

use super::door::{self, DoorArguments};
use super::{Failure, say};

/// How far ahead to look, and whom to ask.
#[derive(Debug, Args)]
pub struct CertificatesArguments {
    /// Only what ends within so many days, or has ended
    #[arg(long, value_name = "DAYS")]
    within: Option<i64>,
    #[command(subcommand)]
    of: Option<CalendarOf>,
}

/// Whose calendar, where it is not the configuration's.
#[derive(Debug, Subcommand)]
pub enum CalendarOf {
    /// Ask the running gateway, which has seen the portals' own certificates too
    Running(DoorArguments),
}

/// One line of the calendar, as the operators' door answers it too.
#[derive(Debug, Deserialize)]
struct Line {
    titolare: String,
    tipo: String,
    nome: String,
    fine: DateTime<Utc>,
    giorni: i64,
}

#[derive(Debug, Deserialize)]
struct Lines {
    items: Vec<Line>,
}

/// Prints the calendar, the soonest first; fails if anything has ended already.
pub async fn run(config: &Path, arguments: CertificatesArguments) -> Result<(), Failure> {
    let mut lines = match arguments.of {
        Some(CalendarOf::Running(door)) => asked(config, door).await?,
        None => configured(config)?,
    };
    if let Some(days) = arguments.within {
        lines.retain(|line| line.giorni < days);
    }
    if lines.is_empty() {
        return say("Nulla.");
    }
    for line in &lines {
        let when = match line.giorni {
            ..0 => "SCADUTO".to_owned(),
            0 => "oggi".to_owned(),
            days => format!("{days} giorni"),
        };
        let (holder, what, name) = (&line.titolare, &line.tipo, &line.nome);
        let day = line.fine.format("%Y-%m-%d %H:%MZ");
        say(format_args!("{when:>12}  {day}  {holder}  {what}  {name}"))?;
    }
    match lines.iter().filter(|line| line.giorni < 0).count() {
        0 => Ok(()),
        1 => Err(Failure::Failed("Uno è scaduto.".to_owned())),
        over => Err(Failure::Failed(format!("{over} sono scaduti."))),
    }
}

async fn asked(config: &Path, door: DoorArguments) -> Result<Vec<Line>, Failure> {
    let text = door::ask(config, door, Method::GET, "/scadenze", String::new()).await?;
    let lines: Lines = serde_json::from_str(&text)
        .map_err(|error| Failure::because("porta degli operatori", error))?;
    Ok(lines.items)
}

fn configured(config: &Path) -> Result<Vec<Line>, Failure> {
    let kept = Kept::new().map_err(|error| Failure::because("TLS", error))?;
    let built = snapshot::examine(config, &loading::environment(), &kept);
    let ends = built.map_err(Failure::Configuration)?.snapshot.ends();
    let now = Utc::now();
    Ok(ends.into_iter().map(|dated| line(dated, now)).collect())
}

fn line(dated: Dated, now: DateTime<Utc>) -> Line {
    Line {
        giorni: dated.days_left(now),
        tipo: dated.what.name().to_owned(),
        titolare: dated.holder,
        nome: dated.name,
        fine: dated.at,
    }
}
