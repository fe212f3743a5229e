//! Tells operators what ends: by the metric of days left, and in the log 60, 30 and 7 days ahead, and once it is over.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use parking_lot::Mutex;

use crate::gateway::Gateway;
use crate::snapshot::ends::Dated;
use crate::trust::Ending;

/// Days ahead at which something is told in the log, and the last time when it is over.
const STEPS: [i64; 4] = [60, 30, 7, 0];

/// What was told in the log already, and at which step.
#[derive(Debug, Default)]
pub struct Expiry {
    told: Mutex<HashMap<Told, i64>>,
}

type Told = (String, Ending, String, DateTime<Utc>);

/// Keeps the metric of days left true.
pub fn measure(gateway: &Gateway) {
    let now = Utc::now();
    for dated in gateway.snapshot().ends() {
        let file = dated.name.rsplit('/').next().unwrap_or_default();
        let name = format!("{} {} {file}", dated.holder, dated.what.name());
        let days = (dated.at - now).as_seconds_f64() / 86_400.0;
        gateway.telemetry.metrics.certificate_days_left(&name, days);
    }
}

impl Expiry {
    /// Writes a line about whatever has come to a step since the last look.
    pub fn warn(&self, ends: Vec<Dated>, now: DateTime<Utc>) {
        let mut told = self.told.lock();
        let before = std::mem::take(&mut *told);
        for dated in ends {
            let days = dated.days_left(now);
            let Some(step) = step(days) else { continue };
            // Its issuer renews it every day: what counts is that it was fetched.
            if dated.what == Ending::FetchedList && days >= 0 {
                continue;
            }
            let (holder, name, at) = (&dated.holder, &dated.name, dated.at);
            let key = (holder.clone(), dated.what, name.clone(), at);
            if before.get(&key) != Some(&step) {
                let what = dated.what.name();
                if days < 0 {
                    tracing::error!(holder, what, name, %at, "è scaduto");
                } else {
                    tracing::warn!(holder, what, name, %at, days, "sta per scadere");
                }
            }
            told.insert(key, step);
        }
    }
}

/// The last step that was reached with so many days left; none where it is far.
fn step(days: i64) -> Option<i64> {
    STEPS.into_iter().rfind(|step| days < *step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn something_is_told_at_each_step_once() {
        assert_eq!(step(60), None);
        assert_eq!(step(59), Some(60));
        assert_eq!(step(30), Some(60));
        assert_eq!(step(29), Some(30));
        assert_eq!(step(6), Some(7));
        assert_eq!(step(0), Some(7));
        assert_eq!(step(-1), Some(0));
    }

    #[test]
    fn what_is_no_longer_configured_is_forgotten() {
        let expiry = Expiry::default();
        let now = Utc::now();
        let dated = Dated {
            holder: "cantu".to_owned(),
            what: Ending::Secret,
            name: "password".to_owned(),
            at: now + chrono::TimeDelta::days(5),
        };
        expiry.warn(vec![dated], now);
        assert_eq!(expiry.told.lock().len(), 1);
        expiry.warn(Vec::new(), now);
        assert!(expiry.told.lock().is_empty());
    }
}
