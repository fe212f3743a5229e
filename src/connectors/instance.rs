//! A back end as it is installed somewhere: its pools, breaker, places and limits, for the whole process.

use std::collections::BTreeMap;

use crate::contract::luogo::CodiceIstat;

/// An ente as an instance knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// ISTAT code.
    pub codice_istat: CodiceIstat,
    /// Belfiore code.
    pub codice_belfiore: String,
    /// The ente's own values for the adapter's `{{ente.…}}` placeholders.
    pub values: BTreeMap<String, String>,
}
