//! Fiscal codes that the Revenue Agency replaced by others of the same person, as officers of enti attest it: found by keyed digest, and
//! sealed, since each ente's exchanges are searched under a digest of its own.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::Store;
use super::deed::{self, End, instant, number};
use super::dialect::{Bind, Values};
use super::error::StoreError;
use super::link::Link;
use super::protection::{self, Marked};

/// The scope of both codes' digests.
const SCOPE: &str = "codici cambiati";

/// The name under which nodes take turns.
const TURN: &str = "changed_code";

/// Codes of one person at most: nobody's changes as often, and a chain of mistakes ends somewhere.
const MOST_CODES: usize = 8;

/// A change as an officer attests it.
#[derive(Debug, Clone, Copy)]
pub struct NewChange<'a> {
    /// The code that is no longer in force, and the one that took its place.
    pub codes: (&'a str, &'a str),
    /// ISTAT code of the ente.
    pub ente: &'a str,
    /// The operator.
    pub operator: &'a str,
    /// The deed.
    pub deed: &'a str,
}

/// A change as it is kept, without the codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedCode {
    /// From 1, in the order in which they were attested.
    pub number: i64,
    /// ISTAT code of the ente.
    pub ente: String,
    /// The operator who attested it.
    pub operator: String,
    /// The deed that it rests on.
    pub deed: String,
    /// From when it has been known here.
    pub since: DateTime<Utc>,
    /// When it was taken back as wrong.
    pub ended: Option<DateTime<Utc>>,
}

/// Both codes as a row keeps them.
struct SealedCodes {
    former: Vec<u8>,
    present: Vec<u8>,
    codes: Vec<u8>,
}

/// What both codes are sealed for: they open in a row of these digests alone.
fn place(former: &[u8], present: &[u8]) -> String {
    format!(
        "codici cambiati {} {}",
        hex::encode(former),
        hex::encode(present)
    )
}

impl Store {
    /// Keeps a change, which counts from now on, and tells the other nodes; returns its number.
    pub async fn change_code(&self, new: NewChange<'_>) -> Result<i64, StoreError> {
        let keys = self.subject_keys();
        let (former, key_version) = keys.digest(SCOPE, new.codes.0);
        let (present, _) = keys.digest(SCOPE, new.codes.1);
        let codes = format!("{} {}", new.codes.0, new.codes.1);
        let codes = self
            .richieste()
            .seal_for(&place(&former, &present), codes.as_bytes());
        let mut link = Link::open(&self.inner.database).await?;
        link.execute_alone(TURN, INSERT, &|to| {
            to.bytes(Some(&former));
            to.bytes(Some(&present));
            to.number(Some(key_version));
            to.bytes(Some(&codes));
            to.text(Some(new.ente));
            to.text(Some(new.operator));
            to.text(Some(new.deed));
            to.number(Some(Utc::now().timestamp_micros()));
        })
        .await?;
        let bind = |to: &mut dyn Bind| to.bytes(Some(&codes));
        let numbers = link.fetch(NUMBER_OF, &bind, number).await?;
        self.tell_protected(&mut link).await?;
        link.close().await?;
        Ok(numbers.first().copied().unwrap_or_default())
    }

    /// Takes a change back as wrong and tells the other nodes; `false`: there is none of that number that still counts.
    pub async fn end_change(
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

    /// The changes that an ente attested, the newest first: 500 at most.
    pub async fn changes_of(&self, ente: &str) -> Result<Vec<ChangedCode>, StoreError> {
        deed::of_ente(&self.inner.database, OF_ENTE, ente, change).await
    }

    /// One change.
    pub async fn change(&self, number: i64) -> Result<Option<ChangedCode>, StoreError> {
        deed::one(&self.inner.database, ONE, number, change).await
    }

    /// Every fiscal code of the person who has or had this one, which comes first: eight at most.
    pub async fn codes_of(&self, code: &str) -> Result<Vec<String>, StoreError> {
        let mut link = Link::open(&self.inner.database).await?;
        let codes = self.codes_over(&mut link, code).await?;
        link.close().await?;
        Ok(codes)
    }

    /// The same over a connection that is open.
    pub(super) async fn codes_over(
        &self,
        link: &mut Link,
        code: &str,
    ) -> Result<Vec<String>, StoreError> {
        let mut codes = vec![code.to_ascii_uppercase()];
        let mut looked_up = 0;
        while let Some(next) = codes.get(looked_up).cloned() {
            looked_up += 1;
            for digest in self.subject_keys().digests(SCOPE, &next) {
                let bind = |to: &mut dyn Bind| {
                    to.bytes(Some(&digest));
                    to.bytes(Some(&digest));
                };
                for row in link.fetch(OF_CODE, &bind, sealed).await? {
                    for found in self.opened(&row)? {
                        if codes.len() < MOST_CODES && !codes.contains(&found) {
                            codes.push(found);
                        }
                    }
                }
            }
        }
        Ok(codes)
    }

    /// Marks of protected persons, for each of whose codes they hold.
    pub(super) async fn under_every_code(
        &self,
        link: &mut Link,
        mut marked: Marked,
    ) -> Result<Marked, StoreError> {
        if marked.is_empty() {
            return Ok(marked);
        }
        let keys = self.subject_keys();
        let mut changes = Vec::new();
        for row in link.fetch(ALL, &|_| {}, sealed).await? {
            changes.push(
                self.opened(&row)?
                    .map(|code| keys.digests(protection::SCOPE, &code)),
            );
        }
        let mut held: BTreeSet<_> = marked.iter().copied().collect();
        for _ in 1..MOST_CODES {
            let before = marked.len();
            for [one, other] in &changes {
                for (from, to) in [(one, other), (other, one)] {
                    let ends = marked.iter().filter(|(person, _)| from.contains(person));
                    let ends: Vec<_> = ends.map(|(_, until)| *until).collect();
                    // Under the newest key, which every look-up tries.
                    let Some(newest) = to.last() else { continue };
                    let more = ends.into_iter().map(|until| (*newest, until));
                    marked.extend(more.filter(|mark| held.insert(*mark)));
                }
            }
            if marked.len() == before {
                break;
            }
        }
        Ok(marked)
    }

    fn opened(&self, row: &SealedCodes) -> Result<[String; 2], StoreError> {
        let place = place(&row.former, &row.present);
        let codes = self.richieste().open_sealed(&place, &row.codes)?;
        let codes = String::from_utf8(codes).ok();
        let codes = codes.as_deref().and_then(|codes| codes.split_once(' '));
        let (former, present) = codes.ok_or(StoreError::Unsealable(
            "un codice cambiato non ha la sua forma",
        ))?;
        Ok([former.to_owned(), present.to_owned()])
    }
}

/// The newest stays: the numbers go on from it.
pub(super) const PRUNE: &str =
    "DELETE FROM changed_code WHERE ended < ? AND number < (SELECT MAX(number) FROM changed_code)";

const INSERT: &str = "INSERT INTO changed_code (number, former, present, key_version, codes, ente, operator, deed, since) \
     SELECT COALESCE(MAX(number), 0) + 1, ?, ?, ?, ?, ?, ?, ?, ? FROM changed_code";

const NUMBER_OF: &str = "SELECT number FROM changed_code WHERE codes = ?";

const END: &str = "UPDATE changed_code SET ended = ?, ended_by = ?, ended_why = ? WHERE number = ? AND ended IS NULL";

const OF_ENTE: &str = "SELECT number, ente, operator, deed, since, ended FROM changed_code \
     WHERE ente = ? ORDER BY number DESC LIMIT ?";

const ONE: &str =
    "SELECT number, ente, operator, deed, since, ended FROM changed_code WHERE number = ?";

const OF_CODE: &str = "SELECT former, present, codes FROM changed_code \
     WHERE ended IS NULL AND (former = ? OR present = ?) ORDER BY number";

const ALL: &str = "SELECT former, present, codes FROM changed_code WHERE ended IS NULL";

fn change(row: &dyn Values) -> Result<ChangedCode, StoreError> {
    Ok(ChangedCode {
        number: row.number(0)?.unwrap_or_default(),
        ente: row.text(1)?.unwrap_or_default(),
        operator: row.text(2)?.unwrap_or_default(),
        deed: row.text(3)?.unwrap_or_default(),
        since: instant(row, 4)?.unwrap_or_default(),
        ended: instant(row, 5)?,
    })
}

fn sealed(row: &dyn Values) -> Result<SealedCodes, StoreError> {
    Ok(SealedCodes {
        former: row.bytes(0)?.unwrap_or_default(),
        present: row.bytes(1)?.unwrap_or_default(),
        codes: row.bytes(2)?.unwrap_or_default(),
    })
}
