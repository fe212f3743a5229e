//! Verdicts on clients' chains, remembered until time alone may change them; a reload begins anew.

use chrono::{DateTime, Utc};
use foldhash::HashMap;
use parking_lot::RwLock;

use super::Verdict;
use super::peer::ChainKey;

/// Verdicts remembered at most; beyond, all are forgotten and passed again.
const MOST: usize = 10_000;

#[derive(Debug, Default)]
pub(super) struct Verdicts {
    of: RwLock<HashMap<ChainKey, Remembered>>,
}

#[derive(Debug)]
struct Remembered {
    verdict: Verdict,
    /// The next moment at which time alone may change the verdict.
    until: DateTime<Utc>,
}

impl Verdicts {
    /// The verdict on a chain, if it still holds.
    pub(super) fn on(&self, chain: &ChainKey, now: DateTime<Utc>) -> Option<Verdict> {
        let verdicts = self.of.read();
        let remembered = verdicts.get(chain)?;
        (now < remembered.until).then_some(remembered.verdict)
    }

    pub(super) fn remember(&self, chain: ChainKey, verdict: Verdict, until: DateTime<Utc>) {
        let mut verdicts = self.of.write();
        if verdicts.len() >= MOST {
            verdicts.clear();
        }
        verdicts.insert(chain, Remembered { verdict, until });
    }
}
