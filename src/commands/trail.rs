//! What a command did that changes the record, or shows persons in it: in the operators' logbook, and in the gateway's own log.

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
    let noted = noted.map_err(record_failure)?;
    tell(settings, || noted.tell())
}

/// Runs what tells it, with the log open beside a gateway that goes on.
pub(super) fn tell(settings: &Settings, event: impl FnOnce()) -> Result<(), Failure> {
    // Standard output is the command's own.
    let Some(file) = &settings.log.file else {
        return events::tell_beside(None, event).map_err(|error| Failure::because("log", error));
    };
    let log = Log::open(&LogSettings {
        file: Some(file.clone()),
        keep_months: settings.retention.logs_months,
    });
    let log = Arc::new(log.map_err(|error| Failure::because(&file.display().to_string(), error))?);
    events::tell_beside(Some(&log), event).map_err(|error| Failure::because("log", error))?;
    log.close();
    match log.dropped() {
        0 => Ok(()),
        _ => Err(Failure::Failed(format!(
            "{}: non si può scrivere",
            file.display()
        ))),
    }
}

/// The account that the command runs under, and whose session it is.
fn account() -> String {
    let read = |file: &str| std::fs::read_to_string(file).unwrap_or_default();
    named(
        &read("/proc/self/status"),
        &read("/proc/self/loginuid"),
        std::env::var("SUDO_USER").ok().as_deref(),
    )
}

/// Whose it is by the kernel's two files. Who logged on is the kernel's word, which no command can change; where it has none `sudo` tells
/// it, but only to root: anybody else writes into the environment what they like.
fn named(status: &str, login: &str, sudo_user: Option<&str>) -> String {
    let ids = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    let effective = ids.and_then(|ids| ids.split_whitespace().nth(1)?.parse::<u32>().ok());
    let Some(effective) = effective else {
        return "uid ignoto".to_owned();
    };
    let login = login
        .trim()
        .parse::<u32>()
        .ok()
        .filter(|uid| *uid != u32::MAX);
    match (login, sudo_user.filter(|name| is_account(name))) {
        (Some(login), _) => format!("uid {effective} (sessione: uid {login})"),
        (None, Some(name)) if effective == 0 => format!("uid 0 (sudo: {name})"),
        (None, _) => format!("uid {effective}"),
    }
}

fn is_account(name: &str) -> bool {
    let may_stand =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_.-".contains(&byte);
    (1..=32).contains(&name.len()) && name.bytes().all(may_stand)
}

pub(super) fn parse_reason(text: &str) -> Result<Reason, String> {
    Reason::parse(text).map_err(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_what_the_kernel_says_and_the_environment_adds_to_it_for_root_alone() {
        let of = |uid: u32| format!("Name:\tpontile\nUid:\t1000\t{uid}\t{uid}\t{uid}\nGid:\t0\n");
        let (nobody, anna) = ("4294967295", Some("anna"));
        assert_eq!(named(&of(0), "1001\n", anna), "uid 0 (sessione: uid 1001)");
        assert_eq!(named(&of(0), nobody, anna), "uid 0 (sudo: anna)");
        assert_eq!(named(&of(0), "", anna), "uid 0 (sudo: anna)");
        assert_eq!(named(&of(33), nobody, anna), "uid 33");
        assert_eq!(named(&of(33), "1001", anna), "uid 33 (sessione: uid 1001)");
        for forged in ["", "anna)\n2  bruno", "ANNA", &"a".repeat(33), "\u{1b}[2K"] {
            assert_eq!(named(&of(0), nobody, Some(forged)), "uid 0");
        }
        assert_eq!(named("", "1001", anna), "uid ignoto");
    }
}
