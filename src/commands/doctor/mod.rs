//! `pontile doctor`: everything around the gateway that must be well: clock, disk, certificates, secrets, keys on tokens, database, back ends.

mod clock;
mod keys;
mod record;
mod backends;

use std::path::Path;

use chrono::Utc;

use crate::config::loading;
use crate::snapshot::{self, Kept, Snapshot};
use crate::trust::Ending;

use super::{Failure, say};

/// What ends within so many days is told.
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
    findings.extend(ends(&built.snapshot));
    findings.extend(keys::look(&built.snapshot));
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

fn ends(snapshot: &Snapshot) -> Vec<Finding> {
    let now = Utc::now();
    let findings = snapshot.ends().into_iter().map(|dated| {
        let name = format!("{} {}", dated.holder, dated.name);
        // A grant that is over refuses its portal and nobody else.
        let is_granted = matches!(dated.what, Ending::Grant | Ending::Convenzione);
        match dated.days_left(now) {
            days @ ..0 if is_granted => {
                Finding::warning(format!("scadenze: {name} è scaduto da {} giorni", -days))
            }
            days @ ..0 => Finding::error(format!("scadenze: {name} è scaduto da {} giorni", -days)),
            days @ 0..SOON_DAYS if dated.what != Ending::FetchedList => {
                Finding::warning(format!("scadenze: {name} scade fra {days} giorni"))
            }
            days => Finding::good(format!("scadenze: {name} scade fra {days} giorni")),
        }
    });
    findings.collect()
}
