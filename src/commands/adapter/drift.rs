//! `pontile adapter drift`: what the running gateway saw change in the answers of back ends.

use std::path::Path;

use clap::Args;
use http::Method;
use serde_json::Value;

use crate::commands::door::{self, DoorArguments};

use super::{Failure, say};

/// Who asks, and how it is told.
#[derive(Debug, Args)]
pub struct DriftArguments {
    #[command(flatten)]
    door: DoorArguments,
    /// For tools
    #[arg(long)]
    json: bool,
}

/// Asks the gateway and prints each adapter's fields.
pub async fn run(config: &Path, arguments: DriftArguments) -> Result<(), Failure> {
    let text = door::ask(
        config,
        arguments.door,
        Method::GET,
        "/deriva",
        String::new(),
    )
    .await?;
    if arguments.json {
        return say(text.trim_end());
    }
    let report: Value = serde_json::from_str(&text)
        .map_err(|error| Failure::because("porta degli operatori", error))?;
    let adapters = report["items"].as_array().cloned().unwrap_or_default();
    if adapters.is_empty() {
        return say("Nessuna risposta guardata finora.");
    }
    for adapter in &adapters {
        tell(adapter)?;
    }
    Ok(())
}

fn tell(adapter: &Value) -> Result<(), Failure> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    say(format_args!(
        "{} {}: {} risposte guardate, campi comparsi {}, spariti {}, cambiati {}",
        text(&adapter["adattatore"]),
        text(&adapter["versione"]),
        adapter["risposte_guardate"],
        adapter["comparsi"],
        adapter["spariti"],
        adapter["cambiati"]
    ))?;
    for field in adapter["campi"].as_array().into_iter().flatten() {
        let change = match field["cambiamento"].as_str() {
            Some("appeared") => format!("comparso ({})", text(&field["adesso"])),
            Some("vanished") => format!("sparito ({})", text(&field["prima"])),
            _ => format!("da {} a {}", text(&field["prima"]), text(&field["adesso"])),
        };
        say(format_args!(
            "  {} {} {}: {change}, {} volte, l'ultima {}",
            text(&field["operazione"]),
            text(&field["passo"]),
            text(&field["campo"]),
            field["volte"],
            text(&field["ultima_volta"])
        ))?;
    }
    Ok(())
}
