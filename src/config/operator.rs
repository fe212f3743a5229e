//! `[[operator]]`: the people of the service centre, and the officers of enti, who may use the operators' door.

use std::collections::BTreeSet;

use serde::Serialize;

use super::certificate::CertificateMatch;
use super::reading::table::Table;
use super::reading::{FromTable, Reader};
use crate::contract::luogo::CodiceIstat;

/// An operator of the service centre or an officer of an ente, known by certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Operator {
    /// The operator's name in logs.
    pub name: String,
    /// Certificates; two during a change of certificate.
    pub certificates: Vec<CertificateMatch>,
    /// The enti whose officer this is, who answers their requests and sees nothing else; empty: an operator of the service
    /// centre, who sees no request.
    pub enti: BTreeSet<CodiceIstat>,
}

impl FromTable for Operator {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let name = table.name("name", reader);
        let certificates = table.required("certificates", reader);
        let enti = table.or_default("enti", reader);
        table.finish(reader);
        Some(Operator {
            name: name?,
            certificates: certificates?,
            enti: enti?,
        })
    }
}
