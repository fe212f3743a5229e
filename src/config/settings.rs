//! The settings that hold from start to stop: a change of them needs a restart.

use super::cache::Cache;
use super::door::Door;
use super::login::Login;
use super::night::Night;
use super::node::Node;
use super::record::{RecordSettings, Retention};
use super::telemetry::{Log, Traces};

/// The settings that hold from start to stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// This node.
    pub node: Node,
    /// The portals' door.
    pub portal_door: Door,
    /// The operators' door.
    pub operator_door: Door,
    /// The login host, if there is one.
    pub login: Option<Login>,
    /// The cache.
    pub cache: Cache,
    /// The record.
    pub record: RecordSettings,
    /// The night copies.
    pub night: Night,
    /// How long things are kept.
    pub retention: Retention,
    /// The log.
    pub log: Log,
    /// The export of traces.
    pub traces: Traces,
}

impl Settings {
    /// The sections in which `next` differs and which only a restart brings into force; a door's certificate, key,
    /// authorities and revocation lists are not among them: they are read anew with every snapshot.
    pub fn sections_needing_restart(&self, next: &Settings) -> Vec<&'static str> {
        let doors_differ = |ours: &Door, theirs: &Door| !ours.is_the_same_listener(theirs);
        [
            ("node", self.node != next.node),
            (
                "portal_door",
                doors_differ(&self.portal_door, &next.portal_door),
            ),
            (
                "operator_door",
                doors_differ(&self.operator_door, &next.operator_door),
            ),
            (
                "login",
                match (&self.login, &next.login) {
                    (Some(ours), Some(theirs)) => {
                        ours.name != theirs.name
                            || ours.proxy != theirs.proxy
                            || doors_differ(&ours.door, &theirs.door)
                    }
                    (None, None) => false,
                    _ => true,
                },
            ),
            ("cache", self.cache != next.cache),
            ("record", self.record != next.record),
            ("night", self.night != next.night),
            ("retention", self.retention != next.retention),
            ("log", self.log != next.log),
            ("traces", self.traces != next.traces),
        ]
        .into_iter()
        .filter(|(_, differs)| *differs)
        .map(|(section, _)| section)
        .collect()
    }
}
