//! The back ends: whether each one is there and accepts us.

use chrono::{DateTime, Utc};
use chrono_tz::Europe::Rome;
use futures_util::future::join_all;

use crate::config::calendar::Calendar;
use crate::connectors::closures::closed_until;
use crate::connectors::instance::Instances;
use crate::snapshot::{Backend, Snapshot};

use super::Finding;

/// Probes all of them at once, but those that their calendar closes; each has its own deadline. One that does not answer is a warning: the gateway serves the others.
pub(super) async fn look(snapshot: &Snapshot) -> Vec<Finding> {
    let instances = Instances::new();
    let probe = async |backend: &Backend| {
        let name = &backend.instance.name;
        if let Some(closed) = closed(name, &backend.instance.calendar, Utc::now()) {
            return closed;
        }
        let instance = instances.get(&backend.instance);
        match instance.probe(&backend.adapter).await {
            Ok(()) => Finding::good(format!("sistemi: {name} risponde")),
            Err(failure) => Finding::warning(format!("sistemi: {name}: {failure}")),
        }
    };
    join_all(snapshot.backends().map(probe)).await
}

/// What there is to say of a back end at an hour at which nobody is to be there.
fn closed(name: &str, calendar: &Calendar, at: DateTime<Utc>) -> Option<Finding> {
    let until = closed_until(calendar, at)?.with_timezone(&Rome);
    let until = until.format("%d/%m/%Y %H:%M");
    Some(Finding::good(format!(
        "sistemi: {name} è chiuso da calendario fino al {until}, non interrogato"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_back_end_that_its_calendar_closes_is_told_as_closed_and_when_it_opens() {
        let holiday: DateTime<Utc> = "2026-12-08T10:00:00Z".parse().expect("an instant");
        let calendar = Calendar {
            closed_on_holidays: true,
            ..Calendar::default()
        };
        let finding = closed("anagrafe", &calendar, holiday).expect("closed");
        assert!(finding.text.contains("fino al 09/12/2026 00:00"));
        assert!(closed("anagrafe", &Calendar::default(), holiday).is_none());
    }
}
