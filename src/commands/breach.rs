//! `pontile breach report`: what left in a time, for the ente that must judge and notify a breach (GDPR articles 33 and 34).

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, SecondsFormat, Utc};
use clap::{Args, Subcommand};
use serde_json::json;

use crate::contract::codice_fiscale::CodiceFiscale;
use crate::contract::luogo::CodiceIstat;
use crate::contract::operation::Operation;
use crate::store::RecordReader;
use crate::store::breach::{Alike, Counted, Suspicion};
use crate::store::subject::EnteKey;

use super::trail::ReasonArguments;
use super::{Failure, parse_ente, record_failure, say, settings_of, trail};

/// What can be told of a breach.
#[derive(Debug, Subcommand)]
pub enum BreachCommand {
    /// Exchanges, enti, kinds of data and persons concerned, counted; with the ente's key, which of given persons they are
    Report(ReportArguments),
}

/// When, whose, and who is looked for.
#[derive(Debug, Args)]
pub struct ReportArguments {
    /// Exchanges that began at this instant or later (RFC 3339)
    #[arg(long)]
    from: DateTime<Utc>,
    /// Exchanges that began before this instant (RFC 3339); absent: until now
    #[arg(long)]
    to: Option<DateTime<Utc>>,
    /// Asked of this ente (ISTAT code); may be repeated; absent: of all
    #[arg(long, value_parser = parse_ente)]
    ente: Vec<CodiceIstat>,
    /// Of this portal alone
    #[arg(long)]
    portal: Option<String>,
    /// The ente's key (`pontile keys export`): the fiscal codes on standard input, one a line, are looked for and those concerned
    /// printed; the record itself holds no codes
    #[arg(long)]
    ente_key: Option<PathBuf>,
    /// As JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    why: ReasonArguments,
}

/// Runs the command.
pub async fn run(config: &Path, command: BreachCommand) -> Result<(), Failure> {
    let BreachCommand::Report(arguments) = command;
    let settings = settings_of(config)?;
    let to = arguments.to.unwrap_or_else(Utc::now);
    if to <= arguments.from {
        return Err(Failure::Usage("--to precede --from".to_owned()));
    }
    let key = arguments.ente_key.as_deref().map(EnteKey::load);
    let key = key.transpose().map_err(record_failure)?;
    let looked_for = match &key {
        Some(_) => codes_from_standard_input()?,
        None => Vec::new(),
    };
    let suspicion = Suspicion {
        enti: arguments.ente.iter().map(ToString::to_string).collect(),
        portal: arguments.portal.clone(),
    };
    if let Some(key) = &key
        && suspicion.enti.iter().any(|ente| *ente != key.ente)
    {
        let text = format!("la chiave è dell'ente {}", key.ente);
        return Err(Failure::Usage(text));
    }
    let record = RecordReader::open(&settings.record)
        .await
        .map_err(record_failure)?;
    // With a key persons of its ente are found, whichever enti are counted; with none and no ente all are.
    let concerned = match &key {
        Some(key) => key.ente.clone(),
        None => arguments
            .ente
            .iter()
            .map(CodiceIstat::as_str)
            .collect::<Vec<_>>()
            .join(" "),
    };
    let concerned = Some(concerned.as_str()).filter(|enti| !enti.is_empty());
    trail::note(&settings, "breach report", concerned, &arguments.why.reason).await?;
    let sums = record.sum_up(&suspicion, arguments.from, to).await;
    let sums = sums.map_err(record_failure)?;
    match arguments.json {
        true => say(as_json(arguments.from, to, &sums))?,
        false => tell(arguments.from, to, &sums)?,
    }
    key.map_or(Ok(()), |key| resolve(&key, &looked_for, &sums))
}

/// What an operation's answers hold, in the words of a notification.
fn kind_of_data(operation: &str) -> &'static str {
    match Operation::named(operation) {
        Some(Operation::RicercaPersona) => "dati anagrafici di una persona",
        Some(Operation::RecapitoAnpr) => "recapito di una persona, dall'ANPR",
        Some(Operation::FamigliaAnpr) => "dati dei componenti di una famiglia, dall'ANPR",
        Some(Operation::RicercaFamiglia) => "dati anagrafici dei componenti di una famiglia",
        Some(Operation::VerificaDichiarazione) => "conferme di ciò che una persona ha dichiarato",
        Some(Operation::RicercaPosizione | Operation::RicercaPosizioneInEnti) => {
            "posizione tributaria, immobili e contitolari"
        }
        Some(Operation::VariazioneSuperficie) => "dichiarazione per la tassa sui rifiuti",
        Some(Operation::RicercaAccessi) => "chi ha chiesto di una persona",
        Some(Operation::Enti | Operation::Ente | Operation::Servizi) => "nessun dato personale",
        None => "-",
    }
}

fn tell(
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    sums: &BTreeMap<Alike, Counted>,
) -> Result<(), Failure> {
    let exchanges: u64 = sums.values().map(|counted| counted.exchanges).sum();
    let given = |alike: &Alike| alike.outcome == "risposto";
    let answered = sums.iter().filter(|(alike, _)| given(alike));
    let answered: u64 = answered.map(|(_, counted)| counted.exchanges).sum();
    say(format_args!(
        "Dal {} al {}: {exchanges} scambi, {answered} con risposta; enti {}, persone {}.",
        instant(from),
        instant(to),
        sums.keys()
            .map(|alike| &alike.ente)
            .collect::<BTreeSet<_>>()
            .len(),
        persons(sums).len(),
    ))?;
    for (alike, counted) in sums {
        let or_dash = |text: &str| {
            if text.is_empty() {
                "-".to_owned()
            } else {
                text.to_owned()
            }
        };
        say(format_args!(
            "{:<6}  {:<16} {:<34} {} | finalità {}, concessione {} | {}: {} scambi, {} persone, dal {} al {}",
            or_dash(&alike.ente),
            or_dash(&alike.portal),
            or_dash(&alike.operation),
            kind_of_data(&alike.operation),
            or_dash(&alike.purpose),
            or_dash(&alike.grant),
            alike.outcome,
            counted.exchanges,
            counted.persons.len(),
            counted.first,
            counted.last,
        ))?;
    }
    Ok(())
}

fn as_json(from: DateTime<Utc>, to: DateTime<Utc>, sums: &BTreeMap<Alike, Counted>) -> String {
    let groups: Vec<_> = sums
        .iter()
        .map(|(alike, counted)| {
            json!({
                "ente": alike.ente,
                "portal": alike.portal,
                "operation": alike.operation,
                "dati": kind_of_data(&alike.operation),
                "purpose": alike.purpose,
                "grant": alike.grant,
                "outcome": alike.outcome,
                "scambi": counted.exchanges,
                "persone": counted.persons.len(),
                "primo": counted.first,
                "ultimo": counted.last,
            })
        })
        .collect();
    json!({ "from": instant(from), "to": instant(to), "persone": persons(sums).len(), "gruppi": groups }).to_string()
}

/// A person concerned at two enti counts twice: nothing in the record tells that they are one.
fn persons(sums: &BTreeMap<Alike, Counted>) -> BTreeSet<&String> {
    sums.values().flat_map(|counted| &counted.persons).collect()
}

/// Fiscal codes, one a line; a wrong one is named by its line.
fn codes_from_standard_input() -> Result<Vec<CodiceFiscale>, Failure> {
    let mut codes = Vec::new();
    for (position, line) in std::io::stdin().lock().lines().enumerate() {
        let line = line.map_err(|error| Failure::because("stdin", error))?;
        if !line.trim().is_empty() {
            let code = CodiceFiscale::parse(line.trim())
                .map_err(|error| Failure::Usage(format!("riga {}: {error}", position + 1)))?;
            codes.push(code);
        }
    }
    Ok(codes)
}

/// Prints which of the codes are concerned at the key's ente.
fn resolve(
    key: &EnteKey,
    looked_for: &[CodiceFiscale],
    sums: &BTreeMap<Alike, Counted>,
) -> Result<(), Failure> {
    let of_ente = sums.iter().filter(|(alike, _)| alike.ente == key.ente);
    let concerned: BTreeSet<&String> = of_ente.flat_map(|(_, counted)| &counted.persons).collect();
    let mut found = 0;
    for code in looked_for {
        let mut digests = key.digests(code.as_str()).into_iter();
        if digests.any(|digest| concerned.contains(&hex::encode(digest))) {
            found += 1;
            say(code.as_str())?;
        }
    }
    writeln!(
        std::io::stderr(),
        "{found} delle {} persone cercate, fra le {} interessate all'ente {}",
        looked_for.len(),
        concerned.len(),
        key.ente
    )
    .map_err(|error| Failure::because("stderr", error))
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
