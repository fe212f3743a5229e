//! `[[portal]]`: who may call, and the grants that say what.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::door::CertificateMatch;
use super::limits::Rate;
use crate::contract::luogo::CodiceIstat;
use crate::contract::operation::Operation;

/// A portal, known by its certificates.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Portal {
    /// Its name in records, logs and metrics.
    pub name: String,
    /// Its certificates; two during a change of certificate.
    pub certificates: Vec<CertificateMatch>,
    /// Its rate over all operations.
    pub rate: Rate,
    /// What it may do.
    #[serde(default)]
    pub grant: Vec<Grant>,
}

/// What a portal may ask of which enti, for which purposes, and which fields it may see.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// Its identity in records.
    pub id: String,
    /// Raised at every change, so that a record says under which text an exchange ran.
    pub version: u32,
    /// The operations.
    pub operations: BTreeSet<Operation>,
    /// The enti.
    pub enti: Enti,
    /// The fields that may leave; ignored for the catalogue. Names that none of the operations has are a mistake.
    #[serde(default)]
    pub fields: BTreeSet<String>,
    /// The purposes that requests may name; empty only for the catalogue.
    #[serde(default)]
    pub purposes: BTreeSet<String>,
    /// Whether the portal may ask for a fresh answer (`Cache-Control: no-cache`).
    #[serde(default)]
    pub fresh: bool,
    /// Rate per operation.
    pub rate: Option<Rate>,
    /// Exchanges per day (Europe/Rome), per operation and ente.
    pub daily_quota: Option<u32>,
}

/// Which enti a grant covers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Enti {
    /// `"all"`: every ente of the configuration.
    All,
    /// `{ only = ["013075"] }`.
    Only(BTreeSet<CodiceIstat>),
}

impl Enti {
    /// Whether the ente is covered.
    pub fn covers(&self, ente: &CodiceIstat) -> bool {
        match self {
            Enti::All => true,
            Enti::Only(enti) => enti.contains(ente),
        }
    }
}
