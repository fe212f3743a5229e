//! `pontile adapter check`: adapters' folders by themselves, every mistake with its place.

use crate::connectors::adapter::{Adapter, Connector};

use super::{Failure, Folders, say};

/// Reads every folder, tells what each offers, and fails with all mistakes of all of them.
pub fn run(folders: &Folders) -> Result<(), Failure> {
    let mut mistakes = Vec::new();
    for folder in folders.found()? {
        match Adapter::load(&folder) {
            Ok(adapter) => say(summary(&adapter))?,
            Err(found) => mistakes.extend(found),
        }
    }
    if mistakes.is_empty() {
        Ok(())
    } else {
        Err(Failure::Adapter(mistakes))
    }
}

/// Name, version, protocol, and the operations with their fields.
fn summary(adapter: &Adapter) -> String {
    let connector = match adapter.connector() {
        Connector::Soap(_) => "soap",
        Connector::Rest(_) => "rest",
        Connector::Sql => "sql",
        Connector::Manual => "manual",
        Connector::Files(_) => "files",
    };
    let operations = adapter.operations().iter().map(|offered| {
        let operation = offered.operation();
        let names: Vec<&str> = offered.fields().names(operation).collect();
        format!("\n  {operation}: {}", names.join(", "))
    });
    format!(
        "{} {} ({connector}){}",
        adapter.name(),
        adapter.version(),
        operations.collect::<String>()
    )
}
