//! `pontile cache purge`: asks the running gateway, through its operators' door, to forget answers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::{Args, Subcommand};
use serde_json::{Map, Value};

use crate::config::calendar::Calendar;
use crate::config::door::Door;
use crate::config::instance::{BackendTls, Bounds, InstanceSettings};
use crate::connectors::http::{HttpClient, HttpRequest};
use crate::contract::luogo::CodiceIstat;
use crate::contract::operation::Operation;

use super::{Failure, code_from_standard_input, parse_ente, say, settings_of};

/// The gateway answers at once, or something is wrong.
const PATIENCE: Duration = Duration::from_secs(10);

/// What can be done with the cache.
#[derive(Debug, Subcommand)]
pub enum CacheCommand {
    /// Forget answers: all, or those that fit every criterion
    Purge(PurgeArguments),
}

/// Which answers to forget, and who asks.
#[derive(Debug, Args)]
pub struct PurgeArguments {
    /// Of this ente (ISTAT code)
    #[arg(long, value_parser = parse_ente)]
    ente: Option<CodiceIstat>,
    /// Of this operation, like anagrafe.ricerche-persona
    #[arg(long, value_parser = parse_operation)]
    operation: Option<Operation>,
    /// About the person whose fiscal code is on standard input: on the command line others would see it
    #[arg(long)]
    person: bool,
    /// The operator's certificate (PEM)
    #[arg(long)]
    certificate: PathBuf,
    /// The operator's key (PEM)
    #[arg(long)]
    key: PathBuf,
    /// The authority of the gateway's own certificate (PEM); absent: the first of those that its operators' door trusts
    #[arg(long)]
    authority: Option<PathBuf>,
    /// Where the operators' door is, as its certificate names it; absent: localhost and the configured port
    #[arg(long)]
    address: Option<String>,
}

/// Runs the command.
pub async fn run(config: &Path, command: CacheCommand) -> Result<(), Failure> {
    let CacheCommand::Purge(arguments) = command;
    let body = criteria(&arguments)?;
    let door = settings_of(config)?.operator_door;
    let failed = |error| Failure::because("porta degli operatori", error);
    let client = HttpClient::new(&as_instance(&door, arguments)).map_err(failed)?;
    let request = HttpRequest {
        method: http::Method::POST,
        path: "/cache/purge".to_owned(),
        headers: vec![(
            http::header::CONTENT_TYPE,
            http::HeaderValue::from_static("application/json"),
        )],
        body: Value::Object(body).to_string().into(),
        repeatable: true,
    };
    let answer = client
        .send(request, Instant::now() + PATIENCE)
        .await
        .map_err(failed)?;
    let text = String::from_utf8_lossy(&answer.body);
    match answer.status {
        200 => say(text.trim_end()),
        status => Err(Failure::Failed(format!(
            "la porta degli operatori ha risposto {status}: {text}"
        ))),
    }
}

fn criteria(arguments: &PurgeArguments) -> Result<Map<String, Value>, Failure> {
    let mut criteria = Map::new();
    if let Some(ente) = &arguments.ente {
        criteria.insert("ente".to_owned(), ente.as_str().into());
    }
    if let Some(operation) = &arguments.operation {
        criteria.insert("operation".to_owned(), operation.name().into());
    }
    if arguments.person {
        let code = code_from_standard_input()?;
        criteria.insert("codice_fiscale".to_owned(), code.into());
    }
    Ok(criteria)
}

/// The door as the client for back ends takes one.
fn as_instance(door: &Door, arguments: PurgeArguments) -> InstanceSettings {
    let address = arguments
        .address
        .unwrap_or_else(|| format!("https://localhost:{}", door.address.port()));
    InstanceSettings {
        name: "operatori".to_owned(),
        adapter: String::new(),
        address,
        values: BTreeMap::new(),
        per_portal: BTreeMap::new(),
        secrets: BTreeMap::new(),
        tls: BackendTls {
            authorities: arguments
                .authority
                .or_else(|| door.authorities.first().cloned()),
            certificate: Some(arguments.certificate),
            key: Some(arguments.key),
        },
        calendar: Calendar::default(),
        deferred: crate::config::instance::Deferred::default(),
        bounds: Bounds::default(),
    }
}

fn parse_operation(text: &str) -> Result<Operation, String> {
    Operation::named(text).ok_or_else(|| Operation::ALL.map(Operation::name).join(", "))
}
