//! `pontile doctor`: everything around the gateway that must be well: clock, disk, certificates, secrets, database, back ends.

mod clock;
mod record;
mod backends;

use std::path::Path;

use chrono::Utc;

use crate::config::loading;
use crate::snapshot::{self, Kept, Snapshot};

use super::{Failure, say};

/// Certificates and revocation lists that end within so many days are told.
const SOON_DAYS: i64 = 30;

/// One thing that was looked at.
#[derive(Debug)]
struct Finding {
    weight: Weight,
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weight {
    Good,
    Warning,
    Error,
}

impl Finding {
    fn good(text: impl Into<String>) -> Finding {
        Finding {
            weight: Weight::Good,
            text: text.into(),
        }
    }

    fn warning(text: impl Into<String>) -> Finding {
        Finding {
            weight: Weight::Warning,
            text: text.into(),
        }
    }

    fn error(text: impl Into<String>) -> Finding {
        Finding {
            weight: Weight::Error,
            text: text.into(),
        }
    }
}

/// Looks at everything and prints a line each; fails if anything would keep the gateway from serving.
pub async fn run(config: &Path) -> Result<(), Failure> {
    let environment = loading::environment();
    let kept = Kept::new().map_err(|error| Failure::because("TLS", error))?;
    let built = snapshot::examine(config, &environment, &kept).map_err(Failure::Configuration)?;
    let mut findings = clock::look(config);
    findings.extend(certificates(&built.snapshot));
    findings.extend(record::look(&built.settings).await);
    findings.extend(backends::look(&built.snapshot).await);
    for finding in &findings {
        let weight = match finding.weight {
            Weight::Good => "bene",
            Weight::Warning => "ATTENZIONE",
            Weight::Error => "ERRORE",
        };
        say(format_args!("{weight:<10} {}", finding.text))?;
    }
    let errors = findings
        .iter()
        .filter(|finding| finding.weight == Weight::Error)
        .count();
    match errors {
        0 => Ok(()),
        1 => Err(Failure::Failed("Un errore.".to_owned())),
        errors => Err(Failure::Failed(format!("{errors} errori."))),
    }
}

fn certificates(snapshot: &Snapshot) -> Vec<Finding> {
    let mut ends: Vec<_> = snapshot
        .trust
        .ends()
        .iter()
        .chain(snapshot.operators_trust.ends())
        .chain(snapshot.backend_ends.iter().map(|(_, end)| end))
        .collect();
    ends.sort_by(|one, other| (one.at, &one.file).cmp(&(other.at, &other.file)));
    ends.dedup();
    let now = Utc::now();
    ends.into_iter()
        .map(|end| {
            let days = end.days_left(now);
            let file = end.file.display();
            match days {
                ..0 => Finding::error(format!("certificati: {file} è scaduto da {} giorni", -days)),
                0..SOON_DAYS => {
                    Finding::warning(format!("certificati: {file} scade fra {days} giorni"))
                }
                _ => Finding::good(format!("certificati: {file} scade fra {days} giorni")),
            }
        })
        .collect()
}
