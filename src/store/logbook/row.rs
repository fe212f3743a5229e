//! A row of the logbook, with the digest that binds it to the one before.

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use crate::store::dialect::Values;
use crate::store::error::StoreError;

/// What an operator is about to do, or was refused.
#[derive(Debug, Clone, Copy)]
pub struct Deed<'a> {
    /// The operator's name in the configuration, or the account under which a command runs.
    pub operator: &'a str,
    /// SHA-256 of the operator's certificate; a command shows none.
    pub certificate: Option<[u8; 32]>,
    /// The resource with its method, or the command.
    pub action: &'a str,
    /// The ente that it is about, or several with a blank between: those that its operator is limited to, where it is about none.
    pub ente: Option<&'a str>,
    /// Why, in the operator's words.
    pub reason: Option<&'a str>,
    /// [`ADMITTED`], or the slug of the problem by which it was refused.
    pub outcome: &'a str,
}

/// By what the technical log tells the number and digest of each row.
pub const TOLD: &str = "giornale degli operatori";

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
    /// About which ente; several are those that its operator is limited to, with a blank between.
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

impl Noted {
    /// The row of a deed behind the one with that number and digest.
    pub(super) fn following(
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

    /// Tells its digest in the technical log: who gathers that elsewhere notices a chain that was written anew.
    pub fn tell(&self) {
        tracing::info!(number = self.number, digest = self.digest, "{TOLD}");
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

    pub(super) fn is_genuine(&self) -> Result<bool, StoreError> {
        Ok(self.computed()? == self.digest)
    }

    pub(super) fn follows(&self, last: &Noted) -> Result<bool, StoreError> {
        let next = self.number == last.number + 1 && self.previous == last.digest;
        Ok(next && self.is_genuine()?)
    }
}

fn written(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

pub(super) fn read(row: &dyn Values) -> Result<Noted, StoreError> {
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
