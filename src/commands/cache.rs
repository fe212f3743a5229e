//! `pontile cache purge`: asks the running gateway, through its operators' door, to forget answers.

use std::path::Path;

use clap::{Args, Subcommand};
use http::Method;
use serde_json::{Map, Value};

use crate::contract::luogo::CodiceIstat;
use crate::contract::operation::Operation;

use super::door::{self, DoorArguments};
use super::{Failure, code_from_standard_input, parse_ente, say};

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
    #[command(flatten)]
    door: DoorArguments,
}

/// Runs the command.
pub async fn run(config: &Path, command: CacheCommand) -> Result<(), Failure> {
    let CacheCommand::Purge(arguments) = command;
    let body = Value::Object(criteria(&arguments)?).to_string();
    let text = door::ask(config, arguments.door, Method::POST, "/cache/purge", body).await?;
    say(text.trim_end())
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

fn parse_operation(text: &str) -> Result<Operation, String> {
    Operation::named(text).ok_or_else(|| Operation::ALL.map(Operation::name).join(", "))
}
