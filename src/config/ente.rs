//! `[[ente]]`: a municipality and the instances that answer for it.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::contract::luogo::CodiceIstat;
use crate::contract::operation::Domain;

/// A municipality.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ente {
    /// ISTAT code, six digits.
    pub codice_istat: CodiceIstat,
    /// Belfiore (cadastral) code.
    pub codice_belfiore: String,
    /// Code in the index of public administrations.
    pub codice_ipa: String,
    /// Name.
    pub denominazione: String,
    /// Which instance answers for each domain; absent: the ente does not offer it yet.
    #[serde(default)]
    pub servizi: BTreeMap<Domain, Servizio>,
}

/// One domain of an ente.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Servizio {
    /// The instance that answers.
    pub instance: String,
    /// Values for the adapter's `{{ente.…}}` placeholders that differ from ente to ente (account, path, tenant).
    #[serde(default)]
    pub values: BTreeMap<String, String>,
    /// Opening hours as people write them, shown in the capability document.
    pub hours: Option<String>,
}
