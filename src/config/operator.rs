//! `[[operator]]`: the people of the service centre who may use the operators' door.

use serde::Serialize;

use super::certificate::CertificateMatch;
use super::reading::table::Table;
use super::reading::{FromTable, Reader};

/// An operator of the service centre, known by certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Operator {
    /// The operator's name in logs.
    pub name: String,
    /// Certificates; two during a change of certificate.
    pub certificates: Vec<CertificateMatch>,
}

impl FromTable for Operator {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let name = table.name("name", reader);
        let certificates = table.required("certificates", reader);
        table.finish(reader);
        Some(Operator {
            name: name?,
            certificates: certificates?,
        })
    }
}
