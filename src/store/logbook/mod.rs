//! What operators did: rows of which each holds the digest of the one before, so that whoever changes one changes all later ones.

mod chain;
mod row;

use chrono::{DateTime, Utc};

use crate::config::record::RecordSettings;

use super::database::Database;
use super::dialect::{Bind, Values};
use super::error::StoreError;
use super::link::Link;

pub use chain::Chain;
pub use row::{ADMITTED, Deed, Noted, TOLD};

/// Rows that are read at a time, at most.
pub const MOST_NOTED: u32 = 1_000;

/// The name under which nodes take turns.
const TURN: &str = "operator_logbook";

/// Whatever became of the rows themselves: after a cut end the next one does not close the gap. Programs before schema 12 do not
/// tell the end, so a row may be beyond it.
const LAST: &str = "SELECT number, digest FROM (SELECT number, digest FROM operator_logbook \
     UNION ALL SELECT number, digest FROM logbook_end) AS row ORDER BY number DESC LIMIT 1";

const END: &str = "UPDATE logbook_end SET number = ?, digest = ? WHERE id = 1";

const INSERT: &str = "INSERT INTO operator_logbook \
     (number, at, node, operator, certificate, action, ente, reason, outcome, previous, digest) \
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

const OLDEST_FIRST: &str = "SELECT number, at, node, operator, certificate, action, ente, reason, outcome, previous, digest \
     FROM operator_logbook WHERE number > ? ORDER BY number LIMIT ?";

const NEWEST_FIRST: &str = "SELECT number, at, node, operator, certificate, action, ente, reason, outcome, previous, digest \
     FROM operator_logbook WHERE number < ? ORDER BY number DESC LIMIT ?";

/// The first row, and the first that is not older than an instant: clocks differ among nodes, and only a beginning can be taken away.
/// The newest row stays in any case, for the chain goes on from it.
const FIRST_KEPT: &str = "SELECT MIN(number), COALESCE((SELECT MIN(number) FROM operator_logbook WHERE at >= ?), MAX(number)) \
     FROM operator_logbook";

const PRUNE: &str = "DELETE FROM operator_logbook WHERE number < ?";

/// The logbook of what operators did, shared by all nodes on a database.
pub struct Logbook {
    database: Database,
}

impl Logbook {
    /// The logbook of a record, also beside a gateway that goes on.
    pub fn of(settings: &RecordSettings) -> Result<Logbook, StoreError> {
        Database::of(settings).map(Logbook::in_database)
    }

    pub(super) fn in_database(database: Database) -> Logbook {
        Logbook { database }
    }

    /// Notes a deed; when this returns it is durable. To be called before the deed is done.
    pub async fn note(&self, node: &str, deed: Deed<'_>) -> Result<Noted, StoreError> {
        let mut link = Link::open(&self.database).await?;
        link.begin().await?;
        link.take_turn(TURN).await?;
        let row = append(&mut link, node, deed).await?;
        link.commit().await?;
        link.close().await?;
        Ok(row)
    }

    /// The rows before a number (`None`: all), the newest first, [`MOST_NOTED`] at most.
    pub async fn newest(&self, before: Option<i64>, limit: u32) -> Result<Vec<Noted>, StoreError> {
        let limit = limit.clamp(1, MOST_NOTED);
        self.page(NEWEST_FIRST, before.unwrap_or(i64::MAX), limit)
            .await
    }

    /// Forgets the rows before the first one that is not older than an instant, and notes that it did; returns how many rows.
    pub(super) async fn prune(&self, node: &str, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let mut link = Link::open(&self.database).await?;
        link.begin().await?;
        link.take_turn(TURN).await?;
        let bind = |to: &mut dyn Bind| to.number(Some(before.timestamp_micros()));
        let found = link.fetch(FIRST_KEPT, &bind, numbers).await?;
        let (first, kept) = found.into_iter().next().unwrap_or_default();
        let mut pruned = 0;
        let mut noted = None;
        if first < kept {
            let upto = chain::upto(kept - 1);
            noted = Some(append(&mut link, node, chain::pruning(&upto)).await?);
            pruned = link.execute(PRUNE, &|to| to.number(Some(kept))).await?;
        }
        link.commit().await?;
        link.close().await?;
        if let Some(noted) = noted {
            noted.tell();
        }
        Ok(pruned)
    }

    async fn page(
        &self,
        sql: &'static str,
        from: i64,
        limit: u32,
    ) -> Result<Vec<Noted>, StoreError> {
        let mut link = Link::open(&self.database).await?;
        let bind = |to: &mut dyn Bind| {
            to.number(Some(from));
            to.number(Some(i64::from(limit)));
        };
        let rows = link.fetch(sql, &bind, row::read).await?;
        link.close().await?;
        Ok(rows)
    }
}

/// Puts a deed at the end of the chain, in a transaction whose turn it is.
async fn append(link: &mut Link, node: &str, deed: Deed<'_>) -> Result<Noted, StoreError> {
    let last = link.fetch(LAST, &|_| {}, number_and_digest).await?;
    let (before, previous) = last.into_iter().next().unwrap_or((0, vec![0; 32]));
    let at = Utc::now();
    let row = Noted::following(before, &previous, at, node, deed)?;
    let own = hex::decode(&row.digest).unwrap_or_default();
    link.execute(INSERT, &|to| {
        to.number(Some(row.number));
        to.number(Some(at.timestamp_micros()));
        to.text(Some(node));
        to.text(Some(deed.operator));
        to.bytes(deed.certificate.as_ref().map(<[u8; 32]>::as_slice));
        to.text(Some(deed.action));
        to.text(deed.ente);
        to.text(deed.reason);
        to.text(Some(deed.outcome));
        to.bytes(Some(&previous));
        to.bytes(Some(&own));
    })
    .await?;
    link.execute(END, &|to| {
        to.number(Some(row.number));
        to.bytes(Some(&own));
    })
    .await?;
    Ok(row)
}

fn number_and_digest(row: &dyn Values) -> Result<(i64, Vec<u8>), StoreError> {
    Ok((
        row.number(0)?.unwrap_or_default(),
        row.bytes(1)?.unwrap_or_default(),
    ))
}

fn numbers(row: &dyn Values) -> Result<(i64, i64), StoreError> {
    Ok((
        row.number(0)?.unwrap_or_default(),
        row.number(1)?.unwrap_or_default(),
    ))
}
