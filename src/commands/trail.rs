//! What a command did that changes the record, or shows persons in it: in the operators' logbook, and in the gateway's own log.

use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

use clap::Args;

use crate::config::settings::Settings;
use crate::operators::reason::Reason;
use crate::store::Logbook;
use crate::store::logbook::{ADMITTED, Deed};
use crate::telemetry::log::{Log, LogSettings, events};

use super::{Failure, record_failure};

/// Why it is done: for what others may one day ask about.
#[derive(Debug, Clone, Args)]
pub struct ReasonArguments {
    /// Why, in 10 to 300 characters and without anybody's fiscal code: it stands in the operators' logbook
    #[arg(long, value_parser = parse_reason)]
    pub(super) reason: Reason,
}

/// Notes durably what a command is about to do.
pub(super) async fn note(
    settings: &Settings,
    command: &str,
    ente: Option<&str>,
    reason: &Reason,
) -> Result<(), Failure> {
    let deed = Deed {
        operator: &account(),
        certificate: None,
        action: &format!("pontile {command}"),
        ente,
        reason: Some(reason.as_str()),
        outcome: ADMITTED,
    };
    let logbook = Logbook::of(&settings.record).map_err(record_failure)?;
    let noted = logbook.note(&settings.node.name, deed).await;
    noted.map(drop).map_err(record_failure)
}

/// Runs what tells it, with the log open beside a gateway that goes on.
pub(super) fn tell(settings: &Settings, event: impl FnOnce()) -> Result<(), Failure> {
    let log = Log::open(&LogSettings {
        file: settings.log.file.clone(),
        keep_months: settings.retention.logs_months,
    })
    .map_err(|error| Failure::because("log", error))?;
    let log = Arc::new(log);
    // Whatever the gateway leaves out, this is told.
    events::receive(&log, "info").map_err(|error| Failure::because("log", error))?;
    event();
    log.close();
    Ok(())
}

/// The account that the command runs under, and whose it was before `sudo`.
fn account() -> String {
    let own = std::fs::metadata("/proc/self").map_or(0, |process| process.uid());
    match std::env::var("SUDO_USER") {
        Ok(before) => format!("uid {own} (sudo: {before})"),
        Err(_) => format!("uid {own}"),
    }
}

pub(super) fn parse_reason(text: &str) -> Result<Reason, String> {
    Reason::parse(text).map_err(str::to_owned)
}
