//! `pontile evidence check`: whether what is on record fits the roots that stand for it.

use std::path::Path;

use clap::Subcommand;

use crate::store::RecordReader;
use crate::store::evidence::{Fault, Verdict};

use super::{Failure, record_failure, say, settings_of};

/// What can be done with the evidence of exchanges.
#[derive(Debug, Subcommand)]
pub enum EvidenceCommand {
    /// Walk the roots of all nodes from the first to the last, compute every receipt anew, and tell whatever does not fit; a gateway
    /// may go on beside it
    Check,
}

/// Runs the command.
pub async fn run(config: &Path, command: EvidenceCommand) -> Result<(), Failure> {
    match command {
        EvidenceCommand::Check => check(config).await,
    }
}

async fn check(config: &Path) -> Result<(), Failure> {
    let settings = settings_of(config)?;
    let record = RecordReader::open(&settings.record)
        .await
        .map_err(record_failure)?;
    let verdict = record.check_evidence().await.map_err(record_failure)?;
    for fault in &verdict.faults {
        say(line_of(fault))?;
    }
    say(summary(&verdict))?;
    match verdict.faults.len() {
        0 => Ok(()),
        faults => Err(Failure::Failed(format!(
            "Le prove non reggono in {faults} punti: confrontare le radici con quelle consegnate ad altri, e la registrazione con le sue copie."
        ))),
    }
}

fn line_of(fault: &Fault) -> String {
    match fault.batch {
        Some(batch) => format!("nodo {}, lotto {batch}: {}", fault.node, fault.what),
        None => format!("nodo {}: {}", fault.node, fault.what),
    }
}

fn summary(verdict: &Verdict) -> String {
    let checked = verdict.checked;
    format!(
        "Radici: {} ({} con il sigillo, che qui non si verifica). Scambi sotto una radice: {} ricalcolati, {} di mesi non più registrati; {} in attesa di radice.",
        checked.roots, checked.sealed, checked.exchanges, checked.dropped, checked.waiting
    )
}
