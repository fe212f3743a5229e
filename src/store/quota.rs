//! Daily quotas: counted in memory over the durable counter, which moves in the record's own transaction.

use std::borrow::Cow;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Europe::Rome;
use foldhash::HashMap;
use parking_lot::Mutex;

use super::database::{Database, QuotaReader, Totals};
use super::error::StoreError;

/// What a daily quota counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QuotaKey {
    /// Portal.
    pub portal: Arc<str>,
    /// An operation, or of vouchers their purpose: [`QuotaKey::of_purpose`]. The column `operation`.
    pub counted: Cow<'static, str>,
    /// Ente, ISTAT code.
    pub ente: Arc<str>,
    /// Day in Europe/Rome, see [`rome_day`].
    pub day: NaiveDate,
}

impl QuotaKey {
    /// What is counted under the purpose of a voucher, whatever the operation: its name is no operation's.
    pub fn of_purpose(purpose: &str) -> Cow<'static, str> {
        Cow::Owned(format!("pdnd:{purpose}"))
    }
}

/// Why an exchange is not admitted.
#[derive(Debug, thiserror::Error)]
pub enum QuotaRefused {
    /// The day's quota is used up.
    #[error("la quota del giorno è esaurita")]
    Spent {
        /// When the next day begins in Europe/Rome.
        until: DateTime<Utc>,
    },
    /// The durable counter cannot be read, so nobody knows.
    #[error("il contatore della quota: {0}")]
    Unknown(#[from] StoreError),
}

/// The quotas of all portals.
pub struct Quotas {
    table: Arc<QuotaTable>,
    /// One reads at a time: at midnight all counters are read anew, many of them at once.
    reader: tokio::sync::Mutex<QuotaReader>,
}

/// A place in a day's quota. Goes into the record, which makes it count; dropped before that, it gives the place back.
#[derive(Debug)]
pub struct QuotaHold {
    table: Arc<QuotaTable>,
    key: QuotaKey,
    remaining: u32,
    settled: bool,
}

#[derive(Debug, Default)]
pub(super) struct QuotaTable {
    counters: Mutex<HashMap<QuotaKey, Counter>>,
}

#[derive(Debug, Default)]
struct Counter {
    /// What the database says; `None` until read, and again after a write of unknown outcome.
    durable: Option<u64>,
    /// Admitted and not yet recorded.
    held: u64,
    /// Raised whenever a write may have moved the durable counter, so that a reading from before it is not believed.
    epoch: u64,
}

enum Verdict {
    Admitted(QuotaHold),
    Spent,
    Unread,
}

impl Quotas {
    pub(super) fn new(database: Database) -> Quotas {
        Quotas {
            table: Arc::default(),
            reader: tokio::sync::Mutex::new(QuotaReader::new(database)),
        }
    }

    pub(super) fn table(&self) -> Arc<QuotaTable> {
        Arc::clone(&self.table)
    }

    /// Admits one more exchange under the key if fewer than `limit` were recorded or are under way on its day.
    ///
    /// On several nodes each knows the others' exchanges as of its own last record under the key.
    pub async fn admit(&self, key: QuotaKey, limit: u32) -> Result<QuotaHold, QuotaRefused> {
        loop {
            match self.table.admit(&key, limit) {
                Verdict::Admitted(hold) => return Ok(hold),
                Verdict::Spent => {
                    return Err(QuotaRefused::Spent {
                        until: rome_midnight_after(key.day),
                    });
                }
                Verdict::Unread => self.read(&key).await?,
            }
        }
    }

    async fn read(&self, key: &QuotaKey) -> Result<(), StoreError> {
        let mut reader = self.reader.lock().await;
        // Whoever had the reader before may have read this very counter.
        if let Some(epoch) = self.table.unread(key) {
            let used = reader.quota_used(key).await?;
            self.table.learn(key, epoch, used);
        }
        Ok(())
    }
}

impl QuotaRefused {
    /// Whether it is the portal that has used up its day.
    pub fn is_spent(&self) -> bool {
        matches!(self, QuotaRefused::Spent { .. })
    }
}

impl QuotaTable {
    fn admit(self: &Arc<Self>, key: &QuotaKey, limit: u32) -> Verdict {
        let mut counters = self.counters.lock();
        if !counters.contains_key(key) {
            let yesterday = key.day.pred_opt().unwrap_or(key.day);
            counters.retain(|other, counter| other.day >= yesterday || counter.held > 0);
        }
        let counter = counters.entry(key.clone()).or_default();
        let Some(durable) = counter.durable else {
            return Verdict::Unread;
        };
        let Some(left) = u64::from(limit).checked_sub(durable + counter.held + 1) else {
            return Verdict::Spent;
        };
        counter.held += 1;
        Verdict::Admitted(QuotaHold {
            table: Arc::clone(self),
            key: key.clone(),
            remaining: u32::try_from(left).unwrap_or(u32::MAX),
            settled: false,
        })
    }

    /// The epoch of a counter whose durable value is not known.
    fn unread(&self, key: &QuotaKey) -> Option<u64> {
        let counters = self.counters.lock();
        let counter = counters.get(key)?;
        counter.durable.is_none().then_some(counter.epoch)
    }

    fn learn(&self, key: &QuotaKey, epoch: u64, used: u64) {
        let mut counters = self.counters.lock();
        if let Some(counter) = counters.get_mut(key)
            && counter.epoch == epoch
        {
            counter.durable = Some(used);
        }
    }

    /// The records of these places are durable: they are used up. `totals` are the counters as the write returned them;
    /// other nodes may have moved them too. The table is locked once for the whole batch.
    pub(super) fn count(&self, holds: impl Iterator<Item = QuotaHold>, totals: &Totals) {
        let mut counters = self.counters.lock();
        for mut hold in holds {
            hold.settled = true;
            if let Some(counter) = counters.get_mut(&hold.key) {
                counter.held -= 1;
                counter.epoch += 1;
                counter.durable = counter.durable.map(|durable| durable + 1);
            }
        }
        for (key, used) in totals {
            if let Some(counter) = counters.get_mut(key) {
                counter.durable = counter.durable.map(|durable| durable.max(*used));
            }
        }
    }

    fn with(&self, key: &QuotaKey, change: impl FnOnce(&mut Counter)) {
        let mut counters = self.counters.lock();
        if let Some(counter) = counters.get_mut(key) {
            change(counter);
        }
    }
}

impl QuotaHold {
    /// What it counts against.
    pub fn key(&self) -> &QuotaKey {
        &self.key
    }

    /// How many more the quota admitted when this was made.
    pub fn remaining(&self) -> u32 {
        self.remaining
    }

    /// Nobody knows whether its record is durable: the counter must be read again.
    pub(super) fn doubt(mut self) {
        self.settled = true;
        self.table.with(&self.key, |counter| {
            counter.held -= 1;
            counter.epoch += 1;
            counter.durable = None;
        });
    }
}

impl Drop for QuotaHold {
    fn drop(&mut self) {
        if !self.settled {
            self.table.with(&self.key, |counter| counter.held -= 1);
        }
    }
}

/// The day of an instant in Europe/Rome, where quotas begin anew.
pub fn rome_day(at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&Rome).date_naive()
}

/// The instant at which the day after that one begins in Europe/Rome.
pub fn rome_midnight_after(day: NaiveDate) -> DateTime<Utc> {
    rome_midnight(day.succ_opt().unwrap_or(day))
}

/// The instant at which the day begins in Europe/Rome.
pub(super) fn rome_midnight(day: NaiveDate) -> DateTime<Utc> {
    let midnight = day.and_time(NaiveTime::MIN);
    Rome.from_local_datetime(&midnight)
        .earliest()
        .map_or_else(|| midnight.and_utc(), |instant| instant.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(day: &str) -> QuotaKey {
        QuotaKey {
            portal: "sportello".into(),
            counted: "anagrafe.ricerche-persona".into(),
            ente: "013075".into(),
            day: day.parse().expect("a date"),
        }
    }

    fn table(used: u64) -> (Arc<QuotaTable>, QuotaKey) {
        let table = Arc::new(QuotaTable::default());
        let key = key("2026-11-03");
        assert!(matches!(table.admit(&key, 3), Verdict::Unread));
        table.learn(&key, table.unread(&key).expect("unread"), used);
        (table, key)
    }

    #[test]
    fn a_quota_admits_as_many_as_its_limit_and_takes_back_what_was_not_recorded() {
        let (table, key) = table(1);
        let Verdict::Admitted(first) = table.admit(&key, 3) else {
            panic!("two places are free");
        };
        assert_eq!(first.remaining(), 1);
        let Verdict::Admitted(second) = table.admit(&key, 3) else {
            panic!("one place is free");
        };
        assert!(matches!(table.admit(&key, 3), Verdict::Spent));
        drop(first);
        table.count([second].into_iter(), &Totals::new());
        let Verdict::Admitted(third) = table.admit(&key, 3) else {
            panic!("the first gave its place back");
        };
        table.count([third].into_iter(), &Totals::new());
        assert!(matches!(table.admit(&key, 3), Verdict::Spent));
    }

    #[test]
    fn a_counter_in_doubt_is_read_again_and_an_old_reading_is_not_believed() {
        let (table, key) = table(0);
        let Verdict::Admitted(hold) = table.admit(&key, 3) else {
            panic!("three places are free");
        };
        hold.doubt();
        let epoch = table.unread(&key).expect("the counter is in doubt");
        table.learn(&key, epoch - 1, 0);
        assert!(matches!(table.admit(&key, 3), Verdict::Unread));
        table.learn(&key, epoch, 3);
        assert!(matches!(table.admit(&key, 3), Verdict::Spent));
    }

    #[test]
    fn the_day_ends_at_midnight_in_rome_whatever_the_season() {
        let day = |text: &str| rome_day(text.parse().expect("an instant")).to_string();
        assert_eq!(day("2026-01-31T22:59:59Z"), "2026-01-31");
        assert_eq!(day("2026-01-31T23:00:00Z"), "2026-02-01");
        assert_eq!(day("2026-07-31T21:59:59Z"), "2026-07-31");
        assert_eq!(day("2026-07-31T22:00:00Z"), "2026-08-01");
        let ends = |text: &str| rome_midnight_after(text.parse().expect("a date")).to_rfc3339();
        assert_eq!(ends("2026-03-28"), "2026-03-28T23:00:00+00:00");
        assert_eq!(ends("2026-03-29"), "2026-03-29T22:00:00+00:00");
        assert_eq!(ends("2026-10-24"), "2026-10-24T22:00:00+00:00");
        assert_eq!(ends("2026-10-25"), "2026-10-25T23:00:00+00:00");
    }
}
