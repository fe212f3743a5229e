//! Since when this node has not known whether the grants that it holds are the newest: several nodes share one database.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Without contact for so long a revocation on another node may be in force that this one does not know of.
const LONGEST_SILENCE: Duration = Duration::from_secs(5);

/// The number of the grants in force, and when it was last seen to be the newest.
#[derive(Debug, Default)]
pub struct Contact {
    number: AtomicI64,
    /// None on a node that is alone with its database: what its files say is in force.
    seen: Mutex<Option<Instant>>,
}

impl Contact {
    /// The number of the generation in force; 0 before any was published.
    pub fn number(&self) -> i64 {
        self.number.load(Ordering::Acquire)
    }

    /// These grants are in force from now on.
    pub fn in_force(&self, number: i64) {
        self.number.store(number, Ordering::Release);
    }

    /// They were the newest at that instant; from the first word on silence counts.
    pub fn seen_newest(&self, at: Instant) {
        *self.seen.lock() = Some(at);
    }

    /// Whether they may still be trusted to be the newest.
    pub fn is_recent(&self, now: Instant) -> bool {
        let seen = *self.seen.lock();
        seen.is_none_or(|seen| now.saturating_duration_since(seen) <= LONGEST_SILENCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_counts_from_the_first_word_on_and_bears_five_seconds() {
        let contact = Contact::default();
        let now = Instant::now();
        assert!(contact.is_recent(now + Duration::from_hours(1)), "alone");
        contact.seen_newest(now);
        assert!(contact.is_recent(now + Duration::from_secs(5)));
        assert!(!contact.is_recent(now + Duration::from_millis(5_001)));
        contact.seen_newest(now + Duration::from_secs(6));
        assert!(contact.is_recent(now + Duration::from_secs(7)));
    }
}
