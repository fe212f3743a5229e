//! What all nodes are to forget of the answers that each keeps in memory: told by one, heard by the others. Persons are not named, so a
//! purge about one reaches the others as one about all of the same ente and operation.

use chrono::{TimeDelta, Utc};
use tokio::sync::Mutex;

use super::database::Database;
use super::dialect::{Bind, Values};
use super::error::StoreError;
use super::grants::CHANNEL;
use super::link::Link;

/// How long a purge is told: who has heard nothing for longer forgets everything.
const TOLD: TimeDelta = TimeDelta::hours(1);

/// The name under which nodes take turns.
const TURN: &str = "purge";

const INSERT: &str = "INSERT INTO purge (number, at, node, ente, operation) \
     SELECT COALESCE(MAX(number), 0) + 1, ?, ?, ?, ? FROM purge";

/// The newest stays: the numbers go on from it.
const PRUNE: &str = "DELETE FROM purge WHERE at < ? AND number < (SELECT MAX(number) FROM purge)";

const SINCE: &str =
    "SELECT number, node, ente, operation FROM purge WHERE number > ? ORDER BY number";

const NOTIFY: &str = "SELECT pg_notify(?, '')";

/// A purge that some node told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldPurge {
    /// From 1, without a gap.
    pub number: i64,
    /// The node that has carried it out already.
    pub node: String,
    /// Of this ente alone.
    pub ente: Option<String>,
    /// Of this operation alone, by its name.
    pub operation: Option<String>,
}

/// The purges of all nodes on a database.
pub struct Purges {
    database: Database,
    link: Mutex<Option<Link>>,
}

impl Purges {
    pub(super) fn new(database: Database) -> Purges {
        Purges {
            database,
            link: Mutex::default(),
        }
    }

    /// Tells all other nodes to forget answers; an absent criterion matches all. When this returns each hears of it, at once or within a
    /// second, or does not answer.
    pub async fn tell(
        &self,
        node: &str,
        ente: Option<&str>,
        operation: Option<&str>,
    ) -> Result<(), StoreError> {
        // Files are of one node.
        let Database::Postgres(_) = self.database else {
            return Ok(());
        };
        let now = Utc::now();
        let mut held = self.link.lock().await;
        let mut link = Link::standing(&mut held, &self.database).await?;
        link.begin().await?;
        link.take_turn(TURN).await?;
        link.execute(INSERT, &|to| {
            to.number(Some(now.timestamp_micros()));
            to.text(Some(node));
            to.text(ente);
            to.text(operation);
        })
        .await?;
        let old = (now - TOLD).timestamp_micros();
        link.execute(PRUNE, &|to| to.number(Some(old))).await?;
        link.execute(NOTIFY, &|to| to.text(Some(CHANNEL))).await?;
        link.commit().await?;
        *held = Some(link);
        Ok(())
    }

    /// What was told after that number, the oldest first.
    pub async fn since(&self, number: i64) -> Result<Vec<ToldPurge>, StoreError> {
        let mut held = self.link.lock().await;
        let mut link = Link::standing(&mut held, &self.database).await?;
        let bind = |to: &mut dyn Bind| to.number(Some(number));
        let found = link.fetch(SINCE, &bind, told).await?;
        *held = Some(link);
        Ok(found)
    }

    pub(super) async fn close(&self) {
        if let Some(link) = self.link.lock().await.take()
            && let Err(error) = link.close().await
        {
            tracing::warn!(%error, "la connessione delle cancellazioni dalla memoria non si chiude come si deve");
        }
    }
}

fn told(row: &dyn Values) -> Result<ToldPurge, StoreError> {
    Ok(ToldPurge {
        number: row.number(0)?.unwrap_or_default(),
        node: row.text(1)?.unwrap_or_default(),
        ente: row.text(2)?,
        operation: row.text(3)?,
    })
}
