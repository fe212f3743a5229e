//! Whether the logbook is as it was written, from its first row to its last.

use crate::store::error::StoreError;
use crate::store::link::Link;

use super::row::{ADMITTED, Deed, Noted};
use super::{Logbook, MOST_NOTED, OLDEST_FIRST, number_and_digest};

/// What a look at the whole chain found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chain {
    /// Nothing was ever done: an emptied logbook is broken.
    Empty,
    /// Every row follows from the one before, the newest that was written is there, and what was before the first was forgotten past
    /// its retention, as a row says.
    Whole {
        /// The number of the first row that there is.
        first: i64,
        /// The last row: who keeps its digest elsewhere notices a chain that was cut at its end, or written anew.
        last: Box<Noted>,
    },
    /// The row of this number is not what was written, or is not there.
    Broken(i64),
}

const WRITTEN_END: &str = "SELECT number, digest FROM logbook_end WHERE id = 1";

/// Who notes that rows were forgotten: nobody can log on or run a command under that name.
const UPKEEP: &str = "pontile";

const PRUNING: &str = "conservazione";

/// How the deed says until which row.
const UPTO: &str = "fino alla riga ";

/// Until which row was forgotten, in words.
pub(super) fn upto(number: i64) -> String {
    format!("{UPTO}{number}")
}

/// The deed of forgetting rows past their retention.
pub(super) fn pruning(upto: &str) -> Deed<'_> {
    Deed {
        operator: UPKEEP,
        certificate: None,
        action: PRUNING,
        ente: None,
        reason: Some(upto),
        outcome: ADMITTED,
    }
}

/// What a walk along the chain has seen so far.
#[derive(Default)]
struct Walk {
    first: Option<i64>,
    last: Option<Noted>,
    /// Until which row a row says that it was forgotten.
    forgotten: i64,
    /// Whether the row was there that was the newest when the walk began.
    end_seen: bool,
}

impl Logbook {
    /// Follows the chain from its first row to its last.
    pub async fn verify(&self) -> Result<Chain, StoreError> {
        let mut link = Link::open(&self.database).await?;
        let end = link.fetch(WRITTEN_END, &|_| {}, number_and_digest).await?;
        link.close().await?;
        let end = end.into_iter().next();
        let mut walk = Walk::default();
        loop {
            let after = walk.last.as_ref().map_or(0, |last| last.number);
            let page = self.page(OLDEST_FIRST, after, MOST_NOTED).await?;
            if page.is_empty() {
                return Ok(walk.judged(end));
            }
            for row in page {
                if let Some(broken) = walk.step(row, end.as_ref())? {
                    return Ok(Chain::Broken(broken));
                }
            }
        }
    }
}

impl Walk {
    /// Takes the next row; the number of the one that is wrong, if one is.
    fn step(
        &mut self,
        row: Noted,
        end: Option<&(i64, Vec<u8>)>,
    ) -> Result<Option<i64>, StoreError> {
        match &self.last {
            Some(last) if row.follows(last)? => {}
            Some(last) => return Ok(Some(last.number + 1)),
            None if row.is_genuine()? => self.first = Some(row.number),
            None => return Ok(Some(row.number)),
        }
        if row.number == 1 && row.previous.bytes().any(|digit| digit != b'0') {
            return Ok(Some(1));
        }
        if let Some((number, digest)) = end
            && *number == row.number
        {
            self.end_seen = row.digest == hex::encode(digest);
        }
        if let Some(upto) = forgotten(&row) {
            self.forgotten = self.forgotten.max(upto);
        }
        self.last = Some(row);
        Ok(None)
    }

    /// What the whole walk says, with the newest row as it was written beside the chain.
    fn judged(self, end: Option<(i64, Vec<u8>)>) -> Chain {
        let end = end.map(|(number, _)| number);
        let (Some(first), Some(last)) = (self.first, self.last) else {
            return match end {
                Some(0) => Chain::Empty,
                Some(number) => Chain::Broken(number),
                None => Chain::Broken(1),
            };
        };
        if first > self.forgotten + 1 {
            return Chain::Broken(first - 1);
        }
        match end {
            // A program before schema 12 wrote the first rows.
            Some(0) => {}
            _ if self.end_seen => {}
            // The migration made it: without it nobody knows how many rows there were.
            _ => return Chain::Broken(end.unwrap_or(i64::MAX).min(last.number + 1)),
        }
        Chain::Whole {
            first,
            last: Box::new(last),
        }
    }
}

/// Until which row this one says that it was forgotten.
fn forgotten(row: &Noted) -> Option<i64> {
    let by_upkeep = row.operator == UPKEEP && row.certificate.is_none() && row.action == PRUNING;
    let reason = row.reason.as_deref().filter(|_| by_upkeep)?;
    reason.strip_prefix(UPTO)?.parse().ok()
}
