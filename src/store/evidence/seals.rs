//! The seals of a node's roots: which wait, and where one is put. A seal stands for all roots before it, since each names the one before.

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Utc};
use tokio::sync::{Mutex, Notify};

use crate::store::database::Database;
use crate::store::dialect::{Bind, Values};
use crate::store::error::StoreError;
use crate::store::link::Link;

use super::{count, number};

/// The newest first: what it covers has the longest use of it.
const WAITING: &str = "SELECT batch, document FROM evidence_root WHERE node = ? AND seal IS NULL ORDER BY batch DESC LIMIT 1";

/// A seal is given once.
const SEAL: &str =
    "UPDATE evidence_root SET seal = ?, sealed = ? WHERE node = ? AND batch = ? AND seal IS NULL";

/// Of the roots after the newest one that has a seal, when the first was made.
const UNCOVERED: &str = "SELECT min(made) FROM evidence_root WHERE node = ? AND seal IS NULL AND batch > \
     (SELECT COALESCE(max(batch), 0) FROM evidence_root WHERE node = ? AND seal IS NOT NULL)";

const HOW_MANY: &str = "SELECT count(*) FROM evidence_root WHERE node = ? AND seal IS NULL";

/// A root without its seal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsealed {
    /// Its batch.
    pub batch: u64,
    /// Its bytes.
    pub document: Vec<u8>,
}

/// The seals of one node's roots.
pub struct Seals {
    database: Database,
    node: String,
    link: Mutex<Option<Link>>,
    /// Wakes whoever seals: there is a new root.
    made: Notify,
    /// When the oldest root was made that no seal covers, in microseconds; 0: none.
    uncovered: AtomicI64,
    waiting: AtomicI64,
}

impl Seals {
    pub(in crate::store) fn new(database: Database, node: &str) -> Seals {
        Seals {
            database,
            node: node.to_owned(),
            link: Mutex::default(),
            made: Notify::new(),
            uncovered: AtomicI64::new(0),
            waiting: AtomicI64::new(0),
        }
    }

    /// Ends with the next root that is made.
    pub async fn next_root(&self) {
        self.made.notified().await;
    }

    pub(super) fn root_was_made(&self) {
        self.made.notify_one();
    }

    /// Since when exchanges are on record that no seal covers, as of the last look.
    pub fn uncovered_since(&self) -> Option<DateTime<Utc>> {
        match self.uncovered.load(Ordering::Relaxed) {
            0 => None,
            micros => DateTime::from_timestamp_micros(micros),
        }
    }

    /// Roots without their own seal, as of the last look.
    pub fn waiting(&self) -> u64 {
        count(Some(self.waiting.load(Ordering::Relaxed)))
    }

    /// The newest root without a seal.
    pub async fn newest_unsealed(&self) -> Result<Option<Unsealed>, StoreError> {
        let mut held = self.link.lock().await;
        let mut link = Link::standing(&mut held, &self.database).await?;
        let node = self.node.as_str();
        let bind = &|to: &mut dyn Bind| to.text(Some(node));
        let rows = link
            .fetch(WAITING, bind, |row| {
                Ok(Unsealed {
                    batch: count(row.number(0)?),
                    document: row.bytes(1)?.unwrap_or_default(),
                })
            })
            .await?;
        *held = Some(link);
        Ok(rows.into_iter().next())
    }

    /// Puts a root's seal (CMS, DER) beside it, durably.
    pub async fn put(&self, batch: u64, seal: &[u8]) -> Result<(), StoreError> {
        let mut held = self.link.lock().await;
        let mut link = Link::standing(&mut held, &self.database).await?;
        let now = Utc::now().timestamp_micros();
        link.execute(SEAL, &|to| {
            to.bytes(Some(seal));
            to.number(Some(now));
            to.text(Some(&self.node));
            to.number(Some(number(batch)));
        })
        .await?;
        *held = Some(link);
        Ok(())
    }

    /// Looks how many roots wait, and since when.
    pub async fn look(&self) -> Result<(), StoreError> {
        let mut held = self.link.lock().await;
        let mut link = Link::standing(&mut held, &self.database).await?;
        let node = self.node.as_str();
        let twice = &|to: &mut dyn Bind| {
            to.text(Some(node));
            to.text(Some(node));
        };
        let since = link.fetch(UNCOVERED, twice, first_number).await?;
        let once = &|to: &mut dyn Bind| to.text(Some(node));
        let waiting = link.fetch(HOW_MANY, once, first_number).await?;
        *held = Some(link);
        let first = |rows: Vec<Option<i64>>| rows.into_iter().next().flatten().unwrap_or(0);
        self.uncovered.store(first(since), Ordering::Relaxed);
        self.waiting.store(first(waiting), Ordering::Relaxed);
        Ok(())
    }

    /// Closes its connection.
    pub(in crate::store) async fn close(&self) {
        if let Some(link) = self.link.lock().await.take()
            && let Err(error) = link.close().await
        {
            tracing::warn!(%error, "la base dati delle radici non si è chiusa in ordine");
        }
    }
}

fn first_number(row: &dyn Values) -> Result<Option<i64>, StoreError> {
    row.number(0).map_err(StoreError::from)
}
