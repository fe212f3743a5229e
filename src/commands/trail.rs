//! What a command did that changes the record, told in the gateway's own log.

use std::sync::Arc;

use crate::config::settings::Settings;
use crate::telemetry::log::{Log, LogSettings, events};

use super::Failure;

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
