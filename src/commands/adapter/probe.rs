//! `pontile adapter probe`: asks a live back end and says what answers, without showing anybody.

use std::path::Path;
use std::time::Instant;

use clap::Args;
use serde_json::Value;

use crate::connectors::adapter::Connector;
use crate::connectors::error::{ConnectorError, Kind};
use crate::connectors::examples::written;
use crate::connectors::http::HttpClient;
use crate::connectors::tape;
use crate::contract::operation::FieldSet;

use super::asking::Outcome;
use super::live::{Live, LiveArguments, Question};
use super::{Failure, say};

/// Whom to ask, and how much to show.
#[derive(Debug, Args)]
pub struct ProbeArguments {
    #[command(flatten)]
    live: LiveArguments,
    /// Show the answer, personal data included
    #[arg(long)]
    show: bool,
}

/// Asks, and tells connection, login, exchanges, outcome and fields.
pub async fn run(config: &Path, arguments: &ProbeArguments) -> Result<(), Failure> {
    let live = Live::read(config, &arguments.live).await?;
    let binding = &live.binding;
    say(format_args!(
        "{} (adapter {} {}), ente {}",
        binding.instance.name,
        binding.adapter.name(),
        binding.adapter.version(),
        binding.tenant.codice_istat
    ))?;
    connect(&live).await?;
    let began = Instant::now();
    let [question] = &*live.questions else {
        return Err(Failure::Usage("una domanda per volta".to_owned()));
    };
    let outcome = live.ask(question).await;
    let took = began.elapsed();
    for taped in &outcome.tape {
        tell(
            "chiamata",
            format_args!(
                "{}: {} in {} ms",
                taped.exchange,
                taped.answer.outline(),
                taped.took.as_millis()
            ),
        )?;
    }
    tell("tempo", format_args!("{} ms in tutto", took.as_millis()))?;
    told(&live, question, &outcome)?;
    if arguments.show {
        show(&live, &outcome)?;
    }
    match outcome.answer {
        Err(error) if !is_an_answer(&error) => Err(Failure::Failed(
            "Il sistema non ha risposto come deve.".to_owned(),
        )),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Connection and login, each by itself so that one knows which of them fails.
async fn connect(live: &Live) -> Result<(), Failure> {
    let failed = |what: &str, error: &ConnectorError| Failure::Failed(format!("{what}: {error}"));
    let binding = &live.binding;
    let settings = &binding.instance;
    if !matches!(
        binding.adapter.connector(),
        Connector::Sql | Connector::Files(_)
    ) {
        let began = Instant::now();
        let client = HttpClient::new(settings).map_err(|error| failed("collegamento", &error))?;
        client
            .probe()
            .await
            .map_err(|error| failed("collegamento", &error))?;
        let tls = match (
            settings.address.starts_with("https:"),
            &settings.tls.certificate,
        ) {
            (true, Some(_)) => "TLS con certificato nostro",
            (true, None) => "TLS",
            (false, _) => "senza TLS",
        };
        tell(
            "collegamento",
            format_args!("{} ms, {tls}", began.elapsed().as_millis()),
        )?;
    }
    let began = Instant::now();
    let probed = live.instance.probe(&binding.adapter).await;
    let what = match (binding.adapter.connector(), binding.adapter.token()) {
        (Connector::Sql, _) => "collegamento, con le colonne che servono",
        (Connector::Files(_), _) => "elenco dei file",
        (_, Some(_)) => "accesso",
        (_, None) => return Ok(()),
    };
    probed.map_err(|error| failed(what, &error))?;
    tell(what, format_args!("{} ms", began.elapsed().as_millis()))
}

/// A failure that the back end itself answered, about this subject.
fn is_an_answer(error: &ConnectorError) -> bool {
    matches!(
        error.kind,
        Kind::NotFound | Kind::Ambiguous | Kind::Unsupported
    )
}

/// What came of it: which fields are there, never what stands in them.
fn told(live: &Live, question: &Question, outcome: &Outcome) -> Result<(), Failure> {
    let answer = match &outcome.answer {
        Ok(answer) => answer,
        Err(error) => return tell("esito", error),
    };
    let entries = entries(&document(live, outcome));
    tell("esito", format_args!("trovato, {} voci", entries.len()))?;
    let filled = |name: &str| entries.iter().any(|entry| entry.get(name).is_some());
    let (_, wanted) = &question.asked;
    let names: Vec<&str> = wanted.names(live.operation).collect();
    let (full, empty): (Vec<&str>, Vec<&str>) = names.into_iter().partition(|name| filled(name));
    tell("campi pieni", full.join(", "))?;
    let lacking: Vec<&str> = answer.unavailable.names(live.operation).collect();
    let empty: Vec<&str> = empty
        .into_iter()
        .filter(|name| !lacking.contains(name))
        .collect();
    tell("campi vuoti", empty.join(", "))?;
    tell("non offerti", lacking.join(", "))
}

/// The answer in the contract's terms.
fn document(live: &Live, outcome: &Outcome) -> Value {
    let mut out = Vec::new();
    if let Ok(answer) = &outcome.answer {
        answer
            .document
            .write_cut(FieldSet::all(live.operation), &mut out);
    }
    serde_json::from_slice(&out).unwrap_or_default()
}

fn entries(document: &Value) -> Vec<Value> {
    match document {
        Value::Array(entries) => entries.clone(),
        Value::Null => Vec::new(),
        one => vec![one.clone()],
    }
}

fn show(live: &Live, outcome: &Outcome) -> Result<(), Failure> {
    // What a login gives opens the door to everybody's data.
    let shown = outcome
        .tape
        .iter()
        .filter(|taped| matches!(taped.of, tape::Of::Step(_)));
    for taped in shown {
        say(format_args!("\n── {}", taped.exchange))?;
        match &taped.answer {
            tape::Answer::Http(answer) => say(String::from_utf8_lossy(&answer.body))?,
            tape::Answer::Rows(rows) => say(written::write_rows(rows))?,
        }
    }
    say(format_args!("\n{:#}", document(live, outcome)))
}

fn tell(what: &str, text: impl std::fmt::Display) -> Result<(), Failure> {
    say(format_args!("{what:<14}{text}"))
}
