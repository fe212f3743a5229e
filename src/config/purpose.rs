//! `[[purpose]]`: the purposes that grants may allow and requests may name.

use std::time::Duration;

use serde::Serialize;

use super::reading::table::Table;
use super::reading::value::Value;
use super::reading::{FromTable, Reader};
use super::units::Span;

/// A purpose of processing (GDPR article 5), agreed upon and written down once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Purpose {
    /// What requests write in `Purpose-Id`.
    pub id: String,
    /// What it is, for people.
    pub description: String,
    /// The norm or deed that it rests on.
    pub legal_basis: String,
    /// When citizens see its exchanges in their own register.
    pub visibility: Visibility,
}

/// When a citizen sees that somebody asked about them for a purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// At once.
    Immediate,
    /// After a while, by a norm.
    Deferred {
        /// So long after the exchange.
        after: Duration,
        /// The norm.
        norm: String,
    },
    /// Never, by a norm.
    Excluded {
        /// The norm.
        norm: String,
    },
}

impl FromTable for Visibility {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let place = table.place();
        let after: Option<Span> = table.optional("differita", reader);
        let written = table.values("differita").next().map(Value::place);
        let excluded = table.optional("esclusa", reader);
        let norm: Option<String> = table.required("norma", reader);
        table.finish(reader);
        if let (Some(place), true) = (
            written,
            after.as_ref().is_some_and(|after| after.0 > LONGEST),
        ) {
            reader.mistake(&place, "al più 3653 giorni (dieci anni): per non mostrare mai c'è { esclusa = true, norma = \"…\" }");
            return None;
        }
        match (after, excluded, norm?) {
            (Some(after), None | Some(false), norm) => Some(Visibility::Deferred {
                after: after.0,
                norm,
            }),
            (None, Some(true), norm) => Some(Visibility::Excluded { norm }),
            _ => {
                if let Some(place) = place {
                    reader.mistake(&place, EXPECTED);
                }
                None
            }
        }
    }
}

/// The longest that an exchange is kept from the citizen for now: ten years. What is to be kept from them longer is kept from them.
const LONGEST: Duration = Duration::from_hours(24 * 3653);

const EXPECTED: &str = "serve { differita = \"90d\", norma = \"…\" } oppure { esclusa = true, norma = \"…\" }; senza visibility è immediata";

impl FromTable for Purpose {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let id = table.name("id", reader);
        let description = table.required("description", reader);
        let legal_basis = table.required("legal_basis", reader);
        let visibility = table.or("visibility", Visibility::Immediate, reader);
        table.finish(reader);
        Some(Purpose {
            id: id?,
            description: description?,
            legal_basis: legal_basis?,
            visibility: visibility?,
        })
    }
}
