//! What operators did: rows of which each holds the digest of the one before, so that whoever changes one changes all later ones.

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use crate::config::record::RecordSettings;

use super::database::Database;
use super::dialect::{Bind, Values};
use super::error::StoreError;
use super::link::Link;

/// What an operator is about to do, or was refused.
#[derive(Debug, Clone, Copy)]
pub struct Deed<'a> {
    /// The operator's name in the configuration, or the account under which a command runs.
    pub operator: &'a str,
    /// SHA-256 of the operator's certificate; a command shows none.
    pub certificate: Option<[u8; 32]>,
    /// The resource with its method, or the command.
    pub action: &'a str,
    /// The ente that it is about, if it is one.
    pub ente: Option<&'a str>,
    /// Why, in the operator's words.
    pub reason: Option<&'a str>,
    /// [`ADMITTED`], or the slug of the problem by which it was refused.
    pub outcome: &'a str,
}

/// The outcome of what was not refused.
pub const ADMITTED: &str = "ammesso";

/// A row of the logbook. Its digest is the SHA-256 of all the rest as JSON, without blanks and in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Noted {
    /// From 1, without a gap.
    pub number: i64,
    /// RFC 3339, microseconds.
    pub at: String,
    /// Where it was done.
    pub node: String,
    /// Who.
    pub operator: String,
    /// SHA-256 of the certificate, hexadecimal.
    pub certificate: Option<String>,
    /// What.
    pub action: String,
    /// About which ente.
    pub ente: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// [`ADMITTED`], or why not.
    pub outcome: String,
    /// The digest of the row before, hexadecimal; zeros in the first.
    pub previous: String,
    /// Its own digest, hexadecimal.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub digest: String,
}

/// What a look at the whole chain found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chain {
    /// Nothing was ever done.
    Empty,
    /// Every row follows from the one before; those before the first were past their retention.
    Whole {
        /// The number of the first row that there is.
        first: i64,
        /// The last row: who keeps its digest elsewhere notices a chain that was cut at its end, or written anew.
        last: Box<Noted>,
    },
    /// The row of this number is not what was written, or is not there.
    Broken(i64),
}

/// Rows that are read at a time, at most.
pub const MOST_NOTED: u32 = 1_000;

/// The name under which nodes take turns.
const TURN: &str = "operator_logbook";

const LAST: &str = "SELECT number, digest FROM operator_logbook ORDER BY number DESC LIMIT 1";

const INSERT: &str = "INSERT INTO operator_logbook \
     (number, at, node, operator, certificate, action, ente, reason, outcome, previous, digest) \
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

const OLDEST_FIRST: &str = "SELECT number, at, node, operator, certificate, action, ente, reason, outcome, previous, digest \
     FROM operator_logbook WHERE number > ? ORDER BY number LIMIT ?";

const NEWEST_FIRST: &str = "SELECT number, at, node, operator, certificate, action, ente, reason, outcome, previous, digest \
     FROM operator_logbook WHERE number < ? ORDER BY number DESC LIMIT ?";

/// The newest row stays in any case: the chain goes on from it.
const PRUNE: &str = "DELETE FROM operator_logbook WHERE at < ? AND number < (SELECT MAX(number) FROM operator_logbook)";

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

    /// Follows the chain from its first row to its last.
    pub async fn verify(&self) -> Result<Chain, StoreError> {
        let mut chain = Chain::Empty;
        loop {
            let after = match &chain {
                Chain::Whole { last, .. } => last.number,
                _ => 0,
            };
            let page = self.page(OLDEST_FIRST, after, MOST_NOTED).await?;
            if page.is_empty() {
                return Ok(chain);
            }
            for row in page {
                chain = match chain {
                    Chain::Whole { first, last } if row.follows(&last)? => Chain::Whole {
                        first,
                        last: Box::new(row),
                    },
                    Chain::Empty if row.is_genuine()? => Chain::Whole {
                        first: row.number,
                        last: Box::new(row),
                    },
                    Chain::Whole { last, .. } => return Ok(Chain::Broken(last.number + 1)),
                    _ => return Ok(Chain::Broken(row.number)),
                };
            }
        }
    }

    /// Forgets what was done before an instant; returns how many rows.
    pub(super) async fn prune(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let mut link = Link::open(&self.database).await?;
        let bind = |to: &mut dyn Bind| to.number(Some(before.timestamp_micros()));
        let pruned = link.execute(PRUNE, &bind).await?;
        link.close().await?;
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
        let rows = link.fetch(sql, &bind, row).await?;
        link.close().await?;
        Ok(rows)
    }
}

impl Noted {
    /// The row of a deed behind the one with that number and digest.
    fn following(
        before: i64,
        previous: &[u8],
        at: DateTime<Utc>,
        node: &str,
        deed: Deed<'_>,
    ) -> Result<Noted, StoreError> {
        let mut row = Noted {
            number: before + 1,
            at: written(at),
            node: node.to_owned(),
            operator: deed.operator.to_owned(),
            certificate: deed.certificate.map(hex::encode),
            action: deed.action.to_owned(),
            ente: deed.ente.map(str::to_owned),
            reason: deed.reason.map(str::to_owned),
            outcome: deed.outcome.to_owned(),
            previous: hex::encode(previous),
            digest: String::new(),
        };
        row.digest = row.computed()?;
        Ok(row)
    }

    fn computed(&self) -> Result<String, StoreError> {
        let without = Noted {
            digest: String::new(),
            ..self.clone()
        };
        let text = serde_json::to_vec(&without)
            .map_err(|error| StoreError::Settings(format!("operator_logbook: {error}")))?;
        Ok(hex::encode(digest(&SHA256, &text)))
    }

    fn is_genuine(&self) -> Result<bool, StoreError> {
        Ok(self.computed()? == self.digest)
    }

    fn follows(&self, last: &Noted) -> Result<bool, StoreError> {
        let next = self.number == last.number + 1 && self.previous == last.digest;
        Ok(next && self.is_genuine()?)
    }
}

fn written(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

fn number_and_digest(row: &dyn Values) -> Result<(i64, Vec<u8>), StoreError> {
    Ok((
        row.number(0)?.unwrap_or_default(),
        row.bytes(1)?.unwrap_or_default(),
    ))
}

fn row(row: &dyn Values) -> Result<Noted, StoreError> {
    let text = |position| row.text(position).map(Option::unwrap_or_default);
    let hexadecimal = |position| row.bytes(position).map(|bytes| bytes.map(hex::encode));
    let at = row.number(1)?.and_then(DateTime::from_timestamp_micros);
    Ok(Noted {
        number: row.number(0)?.unwrap_or_default(),
        at: at.map(written).unwrap_or_default(),
        node: text(2)?,
        operator: text(3)?,
        certificate: hexadecimal(4)?,
        action: text(5)?,
        ente: row.text(6)?,
        reason: row.text(7)?,
        outcome: text(8)?,
        previous: hexadecimal(9)?.unwrap_or_default(),
        digest: hexadecimal(10)?.unwrap_or_default(),
    })
}
