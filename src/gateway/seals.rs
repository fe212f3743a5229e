//! Whether the evidence has its seal, as it stands now.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::config::seal::RefuseAfter;

use super::Gateway;

/// A batch takes a second, and a card half a second to sign: what waits longer waits for its key.
const USUAL: Duration = Duration::from_secs(5);

/// How the sealing goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealStanding {
    /// Roots without a seal of their own.
    pub waiting: u64,
    /// Since when exchanges are on record that no seal covers.
    pub uncovered_since: Option<DateTime<Utc>>,
    /// For how long.
    pub waited: Duration,
    refuse_after: RefuseAfter,
}

impl SealStanding {
    /// Whether it waits longer than sealing takes.
    pub fn is_late(&self) -> bool {
        self.waited > USUAL
    }

    /// Whether exchanges that write, or only ask, are refused for it.
    pub fn refuses(&self, writes: bool) -> bool {
        let allowed = match writes {
            true => self.refuse_after.writes,
            false => self.refuse_after.reads,
        };
        allowed.is_some_and(|allowed| self.waited > allowed.0)
    }
}

impl Gateway {
    /// How the sealing goes; `None` where nothing is sealed.
    pub fn sealing(&self) -> Option<SealStanding> {
        let snapshot = self.snapshot();
        let seal = snapshot.seal.as_ref()?;
        let seals = self.store.seals();
        let uncovered_since = seals.uncovered_since();
        let waited = uncovered_since.map(|since| Utc::now() - since);
        Some(SealStanding {
            waiting: seals.waiting(),
            uncovered_since,
            waited: waited
                .and_then(|waited| waited.to_std().ok())
                .unwrap_or_default(),
            refuse_after: seal.refuse_after,
        })
    }
}
