//! `[[purpose]]`: the purposes that grants may allow and requests may name.

use serde::Serialize;

use super::reading::table::Table;
use super::reading::{FromTable, Reader};

/// A purpose of processing (GDPR article 5), agreed upon and written down once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Purpose {
    /// What requests write in `Purpose-Id`.
    pub id: String,
    /// What it is, for people.
    pub description: String,
    /// The norm or deed that it rests on.
    pub legal_basis: String,
}

impl FromTable for Purpose {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let id = table.name("id", reader);
        let description = table.required("description", reader);
        let legal_basis = table.required("legal_basis", reader);
        table.finish(reader);
        Some(Purpose {
            id: id?,
            description: description?,
            legal_basis: legal_basis?,
        })
    }
}
