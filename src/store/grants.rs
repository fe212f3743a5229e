//! The generations of the grants: what the files of a node said, numbered, and the news of the next one for all other nodes.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, Utc};
use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::time::timeout;

use crate::config::grant::Document;

use super::Store;
use super::database::Database;
use super::dialect::{Bind, Values};
use super::error::StoreError;
use super::link::Link;

/// What PostgreSQL's NOTIFY is told under.
pub(super) const CHANNEL: &str = "pontile_concessioni";

/// Without news the newest number is looked up as often as that.
const LOOK: Duration = Duration::from_secs(1);

/// A server that does not answer by then is not there.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the files of one node said at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generation {
    /// Its number, from 1.
    pub number: i64,
    /// The grants.
    pub documents: Vec<Document>,
}

/// What nodes tell each other: the newest numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct News {
    /// Of the grants' generations.
    pub grants: i64,
    /// Of the purges ([`super::purges`]).
    pub purge: i64,
    /// Changed by every mark of a protected person ([`super::protection`]) and every change of a code ([`super::changed_code`]) that is
    /// set or taken back.
    pub protected: i64,
}

/// Hears of new generations, of purges and of marks, over a connection of its own.
pub struct Follower {
    options: sqlx::postgres::PgConnectOptions,
    listener: Option<PgListener>,
}

impl Store {
    /// Makes the grants the newest generation, unless they are already, and tells the other nodes; returns its number.
    pub async fn publish_grants(
        &self,
        node: &str,
        documents: &[Document],
    ) -> Result<i64, StoreError> {
        let written = serde_json::to_string(documents)
            .map_err(|error| StoreError::Settings(format!("concessioni: {error}")))?;
        let own = digest(&SHA256, written.as_bytes());
        let mut link = Link::open(&self.inner.database).await?;
        let newest = link.fetch(NEWEST_DIGEST, &|_| {}, numbered).await?;
        if let Some((number, digest)) = newest.into_iter().next()
            && digest == own.as_ref()
        {
            link.close().await?;
            return Ok(number);
        }
        // Two nodes at once have the same number: the second fails on its key, and its operator reloads again.
        link.execute(INSERT, &|to| {
            to.number(Some(Utc::now().timestamp_micros()));
            to.text(Some(node));
            to.bytes(Some(own.as_ref()));
            to.text(Some(&written));
        })
        .await?;
        if let Database::Postgres(_) = self.inner.database {
            link.execute(NOTIFY, &|to| to.text(Some(CHANNEL))).await?;
        }
        let newest = link.fetch(NEWEST_DIGEST, &|_| {}, numbered).await?;
        link.close().await?;
        Ok(newest.first().map_or(0, |(number, _)| *number))
    }

    /// The same for who may not await: over a thread of its own.
    pub fn publish_grants_blocking(
        &self,
        node: &str,
        documents: &[Document],
    ) -> Result<i64, StoreError> {
        let publish = || {
            let published = async {
                let publish = self.publish_grants(node, documents);
                timeout(PATIENCE, publish).await.map_err(|_| late())?
            };
            super::runtime()?.block_on(published)
        };
        std::thread::scope(|scope| {
            let thread = scope.spawn(publish);
            thread.join().unwrap_or_else(|_| Err(late()))
        })
    }

    /// The newest generation; none where nobody has published any.
    pub async fn newest_grants(&self) -> Result<Option<Generation>, StoreError> {
        let mut link = Link::open(&self.inner.database).await?;
        let newest = link.fetch(NEWEST, &|_| {}, written).await?;
        link.close().await?;
        let Some((number, text)) = newest.into_iter().next() else {
            return Ok(None);
        };
        let documents = serde_json::from_str(&text)
            .map_err(|error| StoreError::Settings(format!("concessioni {number}: {error}")))?;
        Ok(Some(Generation { number, documents }))
    }

    /// Who hears of new generations; none where the database is of one node alone.
    pub fn grants_follower(&self) -> Option<Follower> {
        match &self.inner.database {
            Database::Sqlite(_) => None,
            Database::Postgres(server) => Some(Follower {
                options: server.options().clone(),
                listener: None,
            }),
        }
    }
}

/// Forgets the generations that were no longer in force at an instant.
pub(super) async fn prune(database: &Database, before: DateTime<Utc>) -> Result<u64, StoreError> {
    let mut link = Link::open(database).await?;
    let bind = |to: &mut dyn Bind| to.number(Some(before.timestamp_micros()));
    let pruned = link.execute(PRUNE, &bind).await?;
    link.close().await?;
    Ok(pruned)
}

impl Follower {
    /// Waits for news, a second at most, then tells the newest numbers; an error where the database cannot say them.
    pub async fn next(&mut self) -> Result<News, StoreError> {
        let mut listener = match self.listener.take() {
            Some(mut listener) => {
                // What was told while nobody listened is found by the look that follows.
                if let Ok(told) = timeout(LOOK, listener.recv()).await {
                    told?;
                }
                listener
            }
            None => timeout(PATIENCE, self.listen())
                .await
                .map_err(|_| late())??,
        };
        let look = sqlx::query(NEWS).fetch_one(&mut listener);
        let row = timeout(PATIENCE, look).await.map_err(|_| late())??;
        self.listener = Some(listener);
        Ok(News {
            grants: row.number(0)?.unwrap_or_default(),
            purge: row.number(1)?.unwrap_or_default(),
            protected: row.number(2)?.unwrap_or_default(),
        })
    }

    async fn listen(&self) -> Result<PgListener, StoreError> {
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(PATIENCE)
            .connect_lazy_with(self.options.clone());
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.listen(CHANNEL).await?;
        Ok(listener)
    }
}

const NEWEST_DIGEST: &str =
    "SELECT generation, digest FROM grant_generation ORDER BY generation DESC LIMIT 1";

const NEWEST: &str =
    "SELECT generation, documents FROM grant_generation ORDER BY generation DESC LIMIT 1";

const NEWS: &str = "SELECT (SELECT MAX(generation) FROM grant_generation), (SELECT MAX(number) FROM purge), \
     (SELECT COALESCE(MAX(number), 0) * 1000000 + COUNT(ended) FROM protection) \
     + (SELECT COALESCE(MAX(number), 0) * 1000000 + COUNT(ended) FROM changed_code)";

const INSERT: &str = "INSERT INTO grant_generation (generation, written, node, digest, documents) \
     SELECT COALESCE(MAX(generation), 0) + 1, ?, ?, ?, ? FROM grant_generation";

/// What was in force when the time to be kept began stays.
const PRUNE: &str = "DELETE FROM grant_generation WHERE generation < \
     (SELECT MAX(generation) FROM grant_generation WHERE written < ?)";

const NOTIFY: &str = "SELECT pg_notify(?, '')";

fn numbered(row: &dyn Values) -> Result<(i64, Vec<u8>), StoreError> {
    Ok((
        row.number(0)?.unwrap_or_default(),
        row.bytes(1)?.unwrap_or_default(),
    ))
}

fn written(row: &dyn Values) -> Result<(i64, String), StoreError> {
    Ok((
        row.number(0)?.unwrap_or_default(),
        row.text(1)?.unwrap_or_default(),
    ))
}

fn late() -> StoreError {
    StoreError::Settings("la base dati non risponde: le concessioni non si conoscono".to_owned())
}
