//! The qualified trust services of a list: who issues qualified certificates and time stamps, and since when they are supervised for it.

use chrono::{DateTime, Utc};

use super::services::{Element, certificates};

/// A service of a kind that makes signatures qualified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QualifiedService {
    /// What it issues.
    pub issues: Issues,
    /// Its certificates, DER.
    pub certificates: Vec<Vec<u8>>,
    /// Its states, the newest first; each lasts until the one before it begins.
    pub states: Vec<ServiceState>,
    /// Some of what it issues is not qualified whatever it says (qualifier `NotQualified`), by criteria that are not judged here.
    pub has_exceptions: bool,
}

/// What a service issues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Issues {
    /// Qualified certificates (CA/QC).
    Certificates,
    /// Qualified time stamps (TSA/QTST).
    TimeStamps,
}

/// A state of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceState {
    /// `StatusStartingTime`.
    pub from: DateTime<Utc>,
    /// Whether what it issued then is qualified: granted, or supervised or accredited under the rules before July 2016.
    pub is_qualified: bool,
}

/// The words of the states that count, the last part of their identifiers.
const QUALIFIED: [&str; 4] = [
    "granted",
    "undersupervision",
    "supervisionincessation",
    "accredited",
];

impl QualifiedService {
    /// Whether the service was qualified then; `false` before its first state.
    pub fn was_qualified(&self, at: DateTime<Utc>) -> bool {
        let state = self.states.iter().find(|state| state.from <= at);
        state.is_some_and(|state| state.is_qualified)
    }
}

/// The service, if it is of a kind that counts and can be read.
pub(super) fn of(service: Element<'_, '_>) -> Option<QualifiedService> {
    let today = service.child("ServiceInformation").ok()?;
    let issues = issues(today)?;
    let mut states = vec![state(today)?];
    if let Ok(history) = service.child("ServiceHistory") {
        let instances = history.children("ServiceHistoryInstance");
        states.extend(
            instances
                .filter(|one| self::issues(*one) == Some(issues))
                .filter_map(state),
        );
    }
    states.sort_by_key(|state| std::cmp::Reverse(state.from));
    Some(QualifiedService {
        issues,
        certificates: certificates(today).ok()?,
        states,
        has_exceptions: today.holds("uri", "/NotQualified"),
    })
}

fn issues(instance: Element<'_, '_>) -> Option<Issues> {
    let kind = instance.child("ServiceTypeIdentifier").ok()?.text();
    match kind.strip_prefix("http://uri.etsi.org/TrstSvc/Svctype/")? {
        "CA/QC" => Some(Issues::Certificates),
        "TSA/QTST" => Some(Issues::TimeStamps),
        _ => None,
    }
}

fn state(instance: Element<'_, '_>) -> Option<ServiceState> {
    let status = instance.child("ServiceStatus").ok()?.text();
    let (_, word) = status.rsplit_once('/')?;
    Some(ServiceState {
        from: instance.child("StatusStartingTime").ok()?.moment().ok()?,
        is_qualified: QUALIFIED.contains(&word),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_qualified_from_a_state_that_counts_until_the_next() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().expect("an instant");
        let state = |from: &str, is_qualified| ServiceState {
            from: at(from),
            is_qualified,
        };
        let service = QualifiedService {
            issues: Issues::Certificates,
            certificates: Vec::new(),
            states: vec![
                state("2020-01-01T00:00:00Z", false),
                state("2016-07-01T00:00:00Z", true),
            ],
            has_exceptions: false,
        };
        assert!(!service.was_qualified(at("2016-06-30T23:59:59Z")));
        assert!(service.was_qualified(at("2019-12-31T23:59:59Z")));
        assert!(!service.was_qualified(at("2020-01-01T00:00:00Z")));
    }
}
