//! `pontile night`: the night copies, the reports on their files, and files that are accepted although they were refused.

use std::path::Path;

use clap::Subcommand;

use crate::connectors::files::report::Report;
use crate::connectors::files::state::{self, State};
use crate::contract::luogo::CodiceIstat;
use crate::store::night::{Place, Vault};

use super::trail::ReasonArguments;
use super::{Failure, parse_ente, record_failure, say, settings_of, trail};

/// What can be done with night copies.
#[derive(Debug, Subcommand)]
pub enum NightCommand {
    /// Every copy with its date and rows, and the files that were refused last
    List,
    /// The reports on an ente's files as JSON lines, the latest first: files, line numbers and reasons
    Report {
        /// The instance's name
        instance: String,
        /// ISTAT code of the ente
        #[arg(value_parser = parse_ente)]
        ente: CodiceIstat,
        /// So many at most
        #[arg(long, default_value_t = 1)]
        last: usize,
    },
    /// Accept the files that were refused last: too few rows, too many rejected lines, or seen before. The gateway reads them
    /// within seconds
    Accept {
        /// The instance's name
        instance: String,
        /// ISTAT code of the ente
        #[arg(value_parser = parse_ente)]
        ente: CodiceIstat,
        #[command(flatten)]
        why: ReasonArguments,
    },
}

/// Runs the command.
pub async fn run(config: &Path, command: NightCommand) -> Result<(), Failure> {
    let settings = settings_of(config)?;
    let vault = Vault::open(&settings.night, &settings.record.subject_key);
    match command {
        NightCommand::List => list(&vault),
        NightCommand::Report {
            instance,
            ente,
            last,
        } => report(&vault, &place(instance, &ente), last),
        NightCommand::Accept {
            instance,
            ente,
            why,
        } => {
            trail::note(&settings, "night accept", Some(ente.as_str()), &why.reason).await?;
            let place = place(instance, &ente);
            let digest = accept(&vault, &place)?;
            trail::tell(&settings, || {
                tracing::info!(instance = %place.instance, ente = %place.ente, digest, "file notturno accettato da un operatore");
            })
        }
    }
}

fn place(instance: String, ente: &CodiceIstat) -> Place {
    Place {
        instance,
        ente: ente.to_string(),
    }
}

fn list(vault: &Vault) -> Result<(), Failure> {
    for place in vault.places().map_err(record_failure)? {
        let state = state_of(vault, &place)?;
        let copy = match &state.in_force {
            Some(copy) => format!(
                "{}, righe {}, scartate {}",
                copy.date,
                copy.rows.values().sum::<u64>(),
                copy.rejected
            ),
            None => "nessuna copia".to_owned(),
        };
        let refused = match &state.refused {
            Some((_, outcome)) => format!("; ultimo file non preso: {}", outcome.name()),
            None => String::new(),
        };
        say(format_args!(
            "{} {}: {copy}{refused}",
            place.instance, place.ente
        ))?;
    }
    Ok(())
}

fn report(vault: &Vault, place: &Place, last: usize) -> Result<(), Failure> {
    let reports = state::reports(&vault.folder_of(place), last);
    let reports: Vec<Report> = reports.map_err(|error| Failure::because("rapporti", error))?;
    if reports.is_empty() {
        return Err(Failure::Failed(format!(
            "nessun rapporto per {} {}",
            place.instance, place.ente
        )));
    }
    for report in reports {
        say(serde_json::json!(report))?;
    }
    Ok(())
}

fn accept(vault: &Vault, place: &Place) -> Result<String, Failure> {
    let state = state_of(vault, place)?;
    let (digest, outcome) = state
        .refused
        .ok_or_else(|| Failure::Failed("non c'è un file rifiutato da accettare".to_owned()))?;
    if !outcome.can_be_accepted() {
        return Err(Failure::Failed(format!(
            "il file rifiutato non si può accettare: {}",
            outcome.name()
        )));
    }
    state::accept(&vault.folder_of(place), &digest)
        .map_err(|error| Failure::because("accettazione", error))?;
    say("Accettato: il gateway lo legge entro pochi secondi, se il file è ancora dove era.")?;
    Ok(digest)
}

fn state_of(vault: &Vault, place: &Place) -> Result<State, Failure> {
    State::read(&vault.folder_of(place)).map_err(|error| Failure::because("stato", error))
}
