//! `[[operator]]`: the people of the service centre and of the enti who may use the operators' door, and in which roles.

use std::collections::BTreeSet;

use serde::Serialize;

use super::certificate::CertificateMatch;
use super::reading::similar::most_similar;
use super::reading::table::Table;
use super::reading::value::Value;
use super::reading::{FromTable, Read, Reader};
use crate::contract::luogo::CodiceIstat;

/// Somebody of the service centre or of an ente, known by certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Operator {
    /// The operator's name in logs and in the logbook.
    pub name: String,
    /// Certificates; two during a change of certificate.
    pub certificates: Vec<CertificateMatch>,
    /// What the operator may do; never empty.
    pub roles: BTreeSet<OperatorRole>,
    /// The enti that it is limited to; empty: all.
    pub enti: BTreeSet<CodiceIstat>,
}

/// What an operator may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OperatorRole {
    /// Reads how it goes and what is on record.
    Lettore,
    /// Does what a reader does; forgets cached answers, brings a changed configuration into force.
    Operatore,
    /// Answers requests of its enti by hand, says what became of their writes.
    Addetto,
    /// Searches the record by person, exports it, reads what operators did.
    Sicurezza,
}

impl OperatorRole {
    const NAMES: [(&str, OperatorRole); 4] = [
        ("lettore", OperatorRole::Lettore),
        ("operatore", OperatorRole::Operatore),
        ("addetto", OperatorRole::Addetto),
        ("sicurezza", OperatorRole::Sicurezza),
    ];
}

impl FromTable for Operator {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let name = table.name("name", reader);
        let certificates = table.required("certificates", reader);
        let roles = table.required("roles", reader);
        let enti = table.or_default("enti", reader);
        table.finish(reader);
        Some(Operator {
            name: name?,
            certificates: certificates?,
            roles: roles?,
            enti: enti?,
        })
    }
}

impl Read for OperatorRole {
    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
        let names = OperatorRole::NAMES.map(|(name, _)| name);
        let expected = format!("un ruolo fra {}", names.join(", "));
        let Some(text) = value.text() else {
            return value.refuse(reader, &expected);
        };
        let known = OperatorRole::NAMES.iter().find(|(name, _)| *name == text);
        if let Some((_, role)) = known {
            return Some(*role);
        }
        let wrong = match most_similar(text, names.into_iter()) {
            Some(similar) => format!("«{text}» non è un ruolo: forse «{similar}»?"),
            None => format!("«{text}» non è un ruolo: serve {expected}"),
        };
        reader.mistake(&value.place(), wrong);
        None
    }
}
