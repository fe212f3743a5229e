//! `[[portal]]`: who may call, and the grants that say what.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use serde::Serialize;

use super::certificate::CertificateMatch;
use super::instance::BackendTls;
use super::limits::Rate;
use super::reading::address::Address;
use super::reading::table::Table;
use super::reading::value::Value;
use super::reading::{FromTable, Read, Reader};
use crate::contract::luogo::CodiceIstat;
use crate::contract::operation::{FieldSet, Operation};

/// Requests that a portal may have open at once, where the configuration does not say.
const OPEN_REQUESTS: u32 = 1000;

/// A portal, known by its certificates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Portal {
    /// Its name in records, logs and metrics.
    pub name: String,
    /// Its certificates; two during a change of certificate.
    pub certificates: Vec<CertificateMatch>,
    /// Its rate over all operations.
    pub rate: Rate,
    /// Requests that outlive their call which it may have open at once.
    pub open_requests: u32,
    /// Where answers that come later may be delivered (`X-ReplyTo`).
    pub reply_to: Vec<ReplyTo>,
    /// What it may do.
    pub grant: Vec<Grant>,
}

/// An address of a portal at which it takes answers that come later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReplyTo {
    /// The whole address, as `X-ReplyTo` must name it.
    pub address: String,
    /// TLS towards it; without authorities the public ones count.
    #[serde(skip_serializing)]
    pub tls: BackendTls,
}

/// What a portal may ask of which enti, for which purposes, and which fields it may see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
    pub fields: BTreeSet<String>,
    /// The purposes that requests may name; empty only for the catalogue.
    pub purposes: BTreeSet<String>,
    /// Whether the portal may ask for a fresh answer (`Cache-Control: no-cache`).
    pub fresh: bool,
    /// Rate per operation.
    pub rate: Option<Rate>,
    /// Exchanges per day (Europe/Rome), per operation and ente.
    pub daily_quota: Option<u32>,
    /// The fields by operation, looked up once.
    #[serde(skip)]
    allowed: OnceLock<[FieldSet; Operation::ALL.len()]>,
}

impl Grant {
    /// The fields of the operation that may leave.
    pub fn allowed(&self, operation: Operation) -> FieldSet {
        let allowed = self.allowed.get_or_init(|| {
            Operation::ALL.map(|operation| {
                let fields = operation.fields().iter().enumerate();
                fields
                    .filter(|(_, name)| self.fields.contains(**name))
                    .fold(FieldSet::NONE, |set, (position, _)| set.with(position))
            })
        });
        allowed[operation as usize]
    }
}

/// Which enti a grant covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
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

impl FromTable for Portal {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let name = table.name("name", reader);
        let certificates = table.required("certificates", reader);
        let rate = table.required("rate", reader);
        let open_requests = table.or("open_requests", OPEN_REQUESTS, reader);
        let reply_to = table.or_default("reply_to", reader);
        let grant = table.or_default("grant", reader);
        table.finish(reader);
        Some(Portal {
            name: name?,
            certificates: certificates?,
            rate: rate?,
            open_requests: open_requests?,
            reply_to: reply_to?,
            grant: grant?,
        })
    }
}

impl FromTable for ReplyTo {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let address: Option<Address> = table.required("address", reader);
        let place = table.values("address").next().map(Value::place);
        let tls = table.or_default("tls", reader);
        table.finish(reader);
        let address = address?.0;
        if !["https://", "http://"]
            .iter()
            .any(|scheme| address.starts_with(scheme))
        {
            if let Some(place) = place {
                reader.mistake(&place, "serve un indirizzo https:// o http://");
            }
            return None;
        }
        Some(ReplyTo { address, tls: tls? })
    }
}

impl FromTable for Grant {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let id = table.name("id", reader);
        let version = table.required("version", reader);
        let operations = table.required("operations", reader);
        let enti = table.required("enti", reader);
        let fields = table.or_default("fields", reader);
        let purposes = table.or_default("purposes", reader);
        let fresh = table.or_default("fresh", reader);
        let rate = table.optional("rate", reader);
        let daily_quota = table.optional("daily_quota", reader);
        table.finish(reader);
        Some(Grant {
            id: id?,
            version: version?,
            operations: operations?,
            enti: enti?,
            fields: fields?,
            purposes: purposes?,
            fresh: fresh?,
            rate,
            daily_quota,
            allowed: OnceLock::new(),
        })
    }
}

impl Read for Enti {
    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
        if value.text() == Some("all") {
            return Some(Enti::All);
        }
        if !value.get().is_table() {
            return value.refuse(reader, "\"all\" oppure { only = [\"013075\"] }");
        }
        let mut table = value.table(reader)?;
        let only = table.required("only", reader);
        table.finish(reader);
        Some(Enti::Only(only?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_allowed_fields_are_those_named_that_the_operation_has() {
        let grant = Grant {
            id: "uno".to_owned(),
            version: 1,
            operations: Operation::ALL.into(),
            enti: Enti::All,
            fields: BTreeSet::from(["cognome".to_owned(), "immobili".to_owned()]),
            purposes: BTreeSet::new(),
            fresh: false,
            rate: None,
            daily_quota: None,
            allowed: OnceLock::new(),
        };
        for operation in Operation::ALL {
            let names: Vec<&str> = grant.allowed(operation).names(operation).collect();
            let expected: &[&str] = match operation {
                Operation::RicercaPersona | Operation::RicercaFamiglia => &["cognome"],
                Operation::RicercaPosizione | Operation::RicercaPosizioneInEnti => &["immobili"],
                Operation::Enti
                | Operation::Ente
                | Operation::Servizi
                | Operation::VariazioneSuperficie => &[],
            };
            assert_eq!(names, expected, "{operation}");
        }
    }
}
