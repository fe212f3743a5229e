//! `pontile adapter explain`: where each field of an example's answer comes from, and what was ignored.

use std::path::PathBuf;

use clap::Args;

use crate::connectors::adapter::Adapter;
use crate::connectors::examples::example_at;
use crate::connectors::examples::explain::{Exchange, Field, Trace, explain};
use crate::connectors::examples::setting::Setting;

use super::{Failure, say, wrong};

/// What to explain.
#[derive(Debug, Args)]
pub struct ExplainArguments {
    /// The folder of the example: adapters/<adapter>/examples/<operation>/<case>
    example: PathBuf,
    /// For tools
    #[arg(long)]
    json: bool,
}

/// Plays the example and prints how its answer came about.
pub fn run(arguments: &ExplainArguments) -> Result<(), Failure> {
    let (folder, example) = example_at(&arguments.example).map_err(wrong)?;
    let adapter = Adapter::load(&folder).map_err(Failure::Adapter)?;
    let setting = Setting::of_example(&folder, &adapter, &example).map_err(wrong)?;
    let explained = explain(&adapter, &setting, &example).map_err(wrong)?;
    if arguments.json {
        let text = serde_json::to_string_pretty(&explained);
        return say(text.map_err(|error| Failure::because("JSON", error))?);
    }
    say(format_args!("{} {}", adapter.name(), example.name()))?;
    for exchange in &explained.exchanges {
        tell(exchange)?;
    }
    if let Some(kind) = explained.answer["errore"].as_str() {
        let code = explained.answer["codice"].as_str();
        let code = code.map_or(String::new(), |code| format!(", codice {code}"));
        say(format_args!("\nIl portale riceve un errore: {kind}{code}"))?;
    }
    Ok(())
}

fn tell(exchange: &Exchange) -> Result<(), Failure> {
    say(format_args!("\n── {}", exchange.exchange))?;
    if let Some(rule) = &exchange.rule {
        say(format_args!("regola {rule}"))?;
    }
    if let Some(rows) = &exchange.rows {
        say(format_args!("righe {rows}"))?;
    }
    for field in &exchange.fields {
        field_of("", field)?;
    }
    for capture in &exchange.captures {
        field_of("cattura ", capture)?;
    }
    if !exchange.ignored.is_empty() {
        say("ignorati:")?;
    }
    for ignored in &exchange.ignored {
        let text = ignored
            .text
            .as_ref()
            .map_or("vuoto".to_owned(), |text| format!("«{text}»"));
        let times = if ignored.times > 1 {
            format!(" ({} volte)", ignored.times)
        } else {
            String::new()
        };
        say(format_args!("  {}{times}: {text}", ignored.place))?;
    }
    Ok(())
}

fn field_of(what: &str, field: &Field) -> Result<(), Failure> {
    let value = field
        .value
        .as_ref()
        .map_or("niente".to_owned(), ToString::to_string);
    say(format_args!("{what}{} = {value}", field.field))?;
    for trace in &field.from {
        follow(trace, 1)?;
    }
    Ok(())
}

fn follow(trace: &Trace, depth: usize) -> Result<(), Failure> {
    let indent = "  ".repeat(depth);
    let part = trace
        .part
        .as_ref()
        .map_or(String::new(), |part| format!("{part} "));
    let mut line = format!("{indent}{part}← {}", trace.place);
    match &trace.text {
        Some(text) if trace.of.is_empty() => line += &format!(": «{text}»"),
        Some(_) => {}
        None => line += ": non c'è",
    }
    for change in &trace.steps {
        let text = change
            .text
            .as_ref()
            .map_or("niente".to_owned(), |text| format!("«{text}»"));
        line += &format!(" → {}: {text}", change.step);
    }
    if let Some(because) = &trace.because {
        line += &format!(" ({because})");
    }
    say(line)?;
    trace.of.iter().try_for_each(|part| follow(part, depth + 1))
}
