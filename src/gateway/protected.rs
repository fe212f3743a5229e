//! Persons whom an ente has marked as protected, as this node knows them: digests in memory, so that no exchange waits for them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};

use crate::store::protection::{Marked, SCOPE};
use crate::store::{StoreError, SubjectKeys};

use super::Gateway;

/// The marks that hold.
#[derive(Debug)]
pub struct Protected {
    /// What the store told of their changes when they were read; negative before that.
    changes: AtomicI64,
    marked: ArcSwap<HashMap<[u8; 32], Option<DateTime<Utc>>>>,
}

impl Default for Protected {
    fn default() -> Protected {
        Protected {
            changes: AtomicI64::new(-1),
            marked: ArcSwap::default(),
        }
    }
}

impl Protected {
    /// Whether nobody is marked: then nothing needs to be asked of anybody.
    pub fn is_empty(&self) -> bool {
        self.marked.load().is_empty()
    }

    /// Whether a person is marked at that instant.
    pub fn holds(&self, keys: &SubjectKeys, code: &str, at: DateTime<Utc>) -> bool {
        let marked = self.marked.load();
        if marked.is_empty() {
            return false;
        }
        let digests = keys.digests(SCOPE, code);
        let mut ends = digests.iter().filter_map(|digest| marked.get(digest));
        ends.any(|until| until.is_none_or(|until| at < until))
    }

    fn read(&self, changes: i64, marked: Marked) {
        let mut held: HashMap<[u8; 32], Option<DateTime<Utc>>> = HashMap::new();
        for (person, until) in marked {
            // Of several marks the one that lasts longest counts.
            let known = held.entry(person).or_insert(until);
            *known = known.zip(until).map(|(known, until)| known.max(until));
        }
        self.marked.store(held.into());
        self.changes.store(changes, Ordering::Release);
    }
}

impl Gateway {
    /// Whether an ente has marked the person as protected.
    pub fn is_protected(&self, code: &str, at: DateTime<Utc>) -> bool {
        self.protected.holds(self.store.subject_keys(), code, at)
    }

    /// Learns who is marked, and forgets the answers about those who are.
    pub async fn learn_protected(&self) -> Result<(), StoreError> {
        let (changes, marked) = self.store.protected().await?;
        self.protected.read(changes, marked);
        let now = Utc::now();
        if !self.protected.is_empty() {
            self.cache.forget(|code| self.is_protected(code, now));
        }
        Ok(())
    }

    /// The same where the store tells another number than the last time: marks were set or taken back since.
    pub async fn hear_protected(&self, changes: i64) -> Result<(), StoreError> {
        match self.protected.changes.load(Ordering::Acquire) == changes {
            true => Ok(()),
            false => self.learn_protected().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn of_several_marks_the_one_that_lasts_longest_counts_under_every_key() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("subject.key");
        SubjectKeys::create(&file).expect("created");
        let keys = SubjectKeys::load(&file).expect("loaded");
        let (person, _) = keys.digest(SCOPE, "RSSMRA80A01C933H");
        let now = Utc::now();
        let protected = Protected::default();
        assert!(protected.is_empty());
        assert!(!protected.holds(&keys, "RSSMRA80A01C933H", now));
        let (soon, late) = (now + TimeDelta::hours(1), now + TimeDelta::hours(2));
        protected.read(2, vec![(person, Some(late)), (person, Some(soon))]);
        SubjectKeys::rotate(&file).expect("rotated");
        keys.reload().expect("reloaded");
        assert!(protected.holds(&keys, "rssmra80a01c933h", soon));
        assert!(!protected.holds(&keys, "RSSMRA80A01C933H", late));
        assert!(!protected.holds(&keys, "BNCNNA75T71B639E", now));
        protected.read(3, vec![(person, Some(soon)), (person, None)]);
        assert!(protected.holds(&keys, "RSSMRA80A01C933H", late));
    }
}
