//! Who may ask about whom in a role of the law, as officers of enti attest it: both persons by keyed digest, never by code.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::contract::luogo::CodiceIstat;
use crate::contract::operation::Operation;
use crate::contract::rappresentanza::RuoloRappresentante;

use super::Store;
use super::deed::{self, End, instant, number};
use super::dialect::{Bind, Values};
use super::error::StoreError;
use super::link::Link;

/// The scope of both persons' digests.
const SCOPE: &str = "rappresentanze";

/// The name under which nodes take turns.
const TURN: &str = "representation";

/// A representation as an officer attests it.
#[derive(Debug, Clone, Copy)]
pub struct NewRepresentation<'a> {
    /// The role.
    pub role: RuoloRappresentante,
    /// The fiscal codes of who asks and of who is asked about, which are not kept.
    pub codes: (&'a str, &'a str),
    /// ISTAT code of the ente.
    pub ente: &'a str,
    /// The operator.
    pub operator: &'a str,
    /// SHA-256 of the operator's certificate.
    pub certificate: [u8; 32],
    /// The title.
    pub deed: &'a str,
    /// What may be asked.
    pub operations: &'a BTreeSet<Operation>,
    /// At every ente, or at this one alone.
    pub everywhere: bool,
    /// The end, if it has one.
    pub until: Option<DateTime<Utc>>,
}

/// A representation as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Representation {
    /// From 1, in the order in which they were attested.
    pub number: i64,
    /// The role.
    pub role: RuoloRappresentante,
    /// ISTAT code of the ente.
    pub ente: String,
    /// The operator.
    pub operator: String,
    /// SHA-256 of the operator's certificate.
    pub certificate: [u8; 32],
    /// The title.
    pub deed: String,
    /// What may be asked.
    pub operations: BTreeSet<Operation>,
    /// At every ente, or at that one alone.
    pub everywhere: bool,
    /// From when.
    pub since: DateTime<Utc>,
    /// Until when, where it has an end.
    pub until: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub ended: Option<DateTime<Utc>>,
    representative: Vec<u8>,
}

impl Representation {
    /// Whether it covers an operation at an ente, or at several at once where none is named.
    pub fn covers(&self, operation: Operation, ente: Option<&CodiceIstat>) -> bool {
        let there = self.everywhere || ente.is_some_and(|ente| ente.as_str() == self.ente);
        there && self.operations.contains(&operation)
    }

    fn holds(&self, at: DateTime<Utc>) -> bool {
        self.ended.is_none() && self.until.is_none_or(|until| at < until)
    }
}

impl Store {
    /// Keeps a representation, which holds from now on; returns its number.
    pub async fn represent(&self, new: NewRepresentation<'_>) -> Result<i64, StoreError> {
        let keys = self.subject_keys();
        let (representative, key_version) = keys.digest(SCOPE, new.codes.0);
        let (represented, _) = keys.digest(SCOPE, new.codes.1);
        let operations: Vec<&str> = new.operations.iter().map(|one| one.name()).collect();
        let operations = operations.join(" ");
        let mut link = Link::open(&self.inner.database).await?;
        link.execute_alone(TURN, INSERT, &|to| {
            to.text(Some(new.role.name()));
            to.bytes(Some(&representative));
            to.bytes(Some(&represented));
            to.number(Some(key_version));
            to.text(Some(new.ente));
            to.text(Some(new.operator));
            to.bytes(Some(&new.certificate));
            to.text(Some(new.deed));
            to.text(Some(&operations));
            to.number(Some(i64::from(new.everywhere)));
            to.number(Some(Utc::now().timestamp_micros()));
            to.number(new.until.map(|until| until.timestamp_micros()));
        })
        .await?;
        let bind = |to: &mut dyn Bind| to.bytes(Some(&represented));
        let numbers = link.fetch(NEWEST_OF, &bind, number).await?;
        link.close().await?;
        Ok(numbers.first().copied().unwrap_or_default())
    }

    /// Those that hold between two persons at an instant, the first who asks about the second, under whichever of their codes.
    pub async fn representations_between(
        &self,
        (representative, represented): (&str, &str),
        at: DateTime<Utc>,
    ) -> Result<Vec<Representation>, StoreError> {
        let mut link = Link::open(&self.inner.database).await?;
        let representative = self.digests_of(&mut link, representative).await?;
        let mut found = Vec::new();
        for represented in self.digests_of(&mut link, represented).await? {
            let bind = |to: &mut dyn Bind| to.bytes(Some(&represented));
            found.extend(link.fetch(OF_REPRESENTED, &bind, representation).await?);
        }
        link.close().await?;
        found.retain(|one: &Representation| {
            let mut digests = representative.iter();
            one.holds(at) && digests.any(|digest| one.representative == digest)
        });
        Ok(found)
    }

    async fn digests_of(&self, link: &mut Link, code: &str) -> Result<Vec<[u8; 32]>, StoreError> {
        let codes = self.codes_over(link, code).await?;
        let digests = codes
            .iter()
            .map(|code| self.subject_keys().digests(SCOPE, code));
        Ok(digests.flatten().collect())
    }

    /// Whether a representation still holds.
    pub async fn representation_holds(
        &self,
        number: i64,
        at: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let found = self.representation(number).await?;
        Ok(found.is_some_and(|found| found.holds(at)))
    }

    /// Revokes a representation; `false`: there is none of that number, or it was revoked before.
    pub async fn end_representation(
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
        link.close().await?;
        Ok(ended)
    }

    /// The representations that an ente attested, the newest first: 500 at most.
    pub async fn representations_of(&self, ente: &str) -> Result<Vec<Representation>, StoreError> {
        deed::of_ente(&self.inner.database, OF_ENTE, ente, representation).await
    }

    /// One representation.
    pub async fn representation(&self, number: i64) -> Result<Option<Representation>, StoreError> {
        deed::one(&self.inner.database, ONE, number, representation).await
    }
}

const INSERT: &str = "INSERT INTO representation (number, role, representative, represented, key_version, ente, operator, \
     certificate, deed, operations, everywhere, since, until) \
     SELECT COALESCE(MAX(number), 0) + 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM representation";

const NEWEST_OF: &str = "SELECT MAX(number) FROM representation WHERE represented = ?";

const END: &str = "UPDATE representation SET ended = ?, ended_by = ?, ended_why = ? WHERE number = ? AND ended IS NULL";

const OF_REPRESENTED: &str = "SELECT number, role, representative, ente, operator, certificate, deed, operations, everywhere, \
     since, until, ended FROM representation WHERE represented = ? AND ended IS NULL";

const OF_ENTE: &str = "SELECT number, role, representative, ente, operator, certificate, deed, operations, everywhere, \
     since, until, ended FROM representation WHERE ente = ? ORDER BY number DESC LIMIT ?";

const ONE: &str = "SELECT number, role, representative, ente, operator, certificate, deed, operations, everywhere, \
     since, until, ended FROM representation WHERE number = ?";

/// The newest stays: the numbers go on from it.
pub(super) const PRUNE: &str = "DELETE FROM representation WHERE (ended < ? OR until < ?) \
     AND number < (SELECT MAX(number) FROM representation)";

fn representation(row: &dyn Values) -> Result<Representation, StoreError> {
    let role = row.text(1)?.unwrap_or_default();
    let role = RuoloRappresentante::named(&role)
        .ok_or_else(|| StoreError::Settings(format!("una rappresentanza di ruolo «{role}»")))?;
    let operations = row.text(7)?.unwrap_or_default();
    Ok(Representation {
        number: row.number(0)?.unwrap_or_default(),
        role,
        representative: row.bytes(2)?.unwrap_or_default(),
        ente: row.text(3)?.unwrap_or_default(),
        operator: row.text(4)?.unwrap_or_default(),
        certificate: row
            .bytes(5)?
            .and_then(|bytes| bytes.try_into().ok())
            .unwrap_or_default(),
        deed: row.text(6)?.unwrap_or_default(),
        operations: operations.split(' ').filter_map(Operation::named).collect(),
        everywhere: row.number(8)? == Some(1),
        since: instant(row, 9)?.unwrap_or_default(),
        until: instant(row, 10)?,
        ended: instant(row, 11)?,
    })
}
