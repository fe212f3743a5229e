//! Persons whom enti have marked as protected: by keyed digest, never by code. A mark that ended stays as long as what operators did.

use chrono::{DateTime, Utc};

use super::Store;
use super::database::Database;
use super::deed::{self, End, instant, number};
use super::dialect::{Bind, Values};
use super::error::StoreError;
use super::grants::CHANNEL;
use super::link::Link;

/// The scope of the persons' digests: one for all enti, since a mark of one holds at all.
pub const SCOPE: &str = "protezioni";

/// The name under which nodes take turns.
const TURN: &str = "protection";

/// A person marked by an ente, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// From 1, in the order in which they were set.
    pub number: i64,
    /// ISTAT code of the ente.
    pub ente: String,
    /// The operator who set it.
    pub operator: String,
    /// The deed that it rests on.
    pub deed: String,
    /// From when.
    pub since: DateTime<Utc>,
    /// Until when, where an end was set.
    pub until: Option<DateTime<Utc>>,
    /// When it was taken back.
    pub ended: Option<DateTime<Utc>>,
}

/// A mark as an officer sets it.
#[derive(Debug, Clone, Copy)]
pub struct NewMark<'a> {
    /// The fiscal code, which is not kept.
    pub code: &'a str,
    /// ISTAT code of the ente.
    pub ente: &'a str,
    /// The operator.
    pub operator: &'a str,
    /// The deed.
    pub deed: &'a str,
    /// The end, if it has one.
    pub until: Option<DateTime<Utc>>,
}

/// Whom the marks that were not taken back are about, each with its end.
pub type Marked = Vec<([u8; 32], Option<DateTime<Utc>>)>;

impl Store {
    /// Marks a person from now on and tells the other nodes; returns the mark's number.
    pub async fn protect(&self, new: NewMark<'_>) -> Result<i64, StoreError> {
        let (person, key_version) = self.subject_keys().digest(SCOPE, new.code);
        let mut link = Link::open(&self.inner.database).await?;
        link.execute_alone(TURN, INSERT, &|to| {
            to.bytes(Some(&person));
            to.number(Some(key_version));
            to.text(Some(new.ente));
            to.text(Some(new.operator));
            to.text(Some(new.deed));
            to.number(Some(Utc::now().timestamp_micros()));
            to.number(new.until.map(|until| until.timestamp_micros()));
        })
        .await?;
        let bind = |to: &mut dyn Bind| to.bytes(Some(&person));
        let numbers = link.fetch(NEWEST_OF, &bind, number).await?;
        self.tell_protected(&mut link).await?;
        link.close().await?;
        Ok(numbers.first().copied().unwrap_or_default())
    }

    /// Takes a mark of one of these enti back and tells the other nodes; `false`: there is none of that number that still holds.
    pub async fn end_protection(
        &self,
        number: i64,
        operator: &str,
        why: &str,
    ) -> Result<bool, StoreError> {
        let end = End {
            number,
            operator,
            why,
        };
        let mut link = Link::open(&self.inner.database).await?;
        let ended = deed::end(&mut link, END, end).await?;
        self.tell_protected(&mut link).await?;
        link.close().await?;
        Ok(ended)
    }

    /// The marks of an ente, the newest first: 500 at most.
    pub async fn protections_of(&self, ente: &str) -> Result<Vec<Mark>, StoreError> {
        deed::of_ente(&self.inner.database, OF_ENTE, ente, mark).await
    }

    /// One mark.
    pub async fn protection(&self, number: i64) -> Result<Option<Mark>, StoreError> {
        deed::one(&self.inner.database, ONE, number, mark).await
    }

    /// Whom the marks are about that were not taken back, under each of their codes, and a number that the next change of this changes.
    pub async fn protected(&self) -> Result<(i64, Marked), StoreError> {
        let mut link = Link::open(&self.inner.database).await?;
        // The count first: what comes in between is found again at the next look.
        let changes = link.fetch(CHANGES, &|_| {}, number).await?;
        let marked = link.fetch(MARKED, &|_| {}, marked).await?;
        let marked = self.under_every_code(&mut link, marked).await?;
        link.close().await?;
        Ok((changes.first().copied().unwrap_or_default(), marked))
    }

    /// Has the other nodes look whom the marks are about now.
    pub(super) async fn tell_protected(&self, link: &mut Link) -> Result<(), StoreError> {
        if let Database::Postgres(_) = self.inner.database {
            link.execute(NOTIFY, &|to| to.text(Some(CHANNEL))).await?;
        }
        Ok(())
    }
}

/// A number that every mark and every change of a code changes that is set or taken back; [`super::grants::Follower`] asks for it too.
const CHANGES: &str = "SELECT (SELECT COALESCE(MAX(number), 0) * 1000000 + COUNT(ended) FROM protection) \
     + (SELECT COALESCE(MAX(number), 0) * 1000000 + COUNT(ended) FROM changed_code)";

/// The newest stays: the numbers go on from it.
pub(super) const PRUNE: &str = "DELETE FROM protection WHERE (ended < ? OR until < ?) \
     AND number < (SELECT MAX(number) FROM protection)";

const INSERT: &str = "INSERT INTO protection (number, person, key_version, ente, operator, deed, since, until) \
     SELECT COALESCE(MAX(number), 0) + 1, ?, ?, ?, ?, ?, ?, ? FROM protection";

const NEWEST_OF: &str = "SELECT MAX(number) FROM protection WHERE person = ?";

const END: &str = "UPDATE protection SET ended = ?, ended_by = ?, ended_why = ? WHERE number = ? AND ended IS NULL";

const OF_ENTE: &str = "SELECT number, ente, operator, deed, since, until, ended FROM protection \
     WHERE ente = ? ORDER BY number DESC LIMIT ?";

const ONE: &str =
    "SELECT number, ente, operator, deed, since, until, ended FROM protection WHERE number = ?";

const MARKED: &str = "SELECT person, until FROM protection WHERE ended IS NULL";

const NOTIFY: &str = "SELECT pg_notify(?, '')";

fn mark(row: &dyn Values) -> Result<Mark, StoreError> {
    Ok(Mark {
        number: row.number(0)?.unwrap_or_default(),
        ente: row.text(1)?.unwrap_or_default(),
        operator: row.text(2)?.unwrap_or_default(),
        deed: row.text(3)?.unwrap_or_default(),
        since: instant(row, 4)?.unwrap_or_default(),
        until: instant(row, 5)?,
        ended: instant(row, 6)?,
    })
}

fn marked(row: &dyn Values) -> Result<([u8; 32], Option<DateTime<Utc>>), StoreError> {
    let person = row.bytes(0)?.unwrap_or_default();
    let person = <[u8; 32]>::try_from(person)
        .map_err(|_| StoreError::Settings("una protezione non ha 32 byte".to_owned()))?;
    Ok((person, instant(row, 1)?))
}
