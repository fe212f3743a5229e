//! What became of one night's files, for operators: files, line numbers and reasons, never what stood in a line.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::record::Reject;

/// Rejected lines that a report names one by one; beyond, they are only counted.
pub const NAMED_LINES: usize = 1_000;

/// What became of one night's files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// When they were looked at.
    pub esaminato_il: DateTime<Utc>,
    /// The date in their names.
    pub data: NaiveDate,
    /// Which files these are: the digest over all of them.
    pub impronta: String,
    /// What became of them.
    pub esito: Outcome,
    /// The files.
    pub file: Vec<FileReport>,
}

/// What became of the files of a night.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// They are the copy in force.
    InVigore,
    /// They are the copy in force because an operator accepted them.
    InVigorePerAccettazione,
    /// They are, byte for byte, those of the copy in force under a later date: nothing changed since, and the copy is of that date now.
    Confermato,
    /// They are, byte for byte, those of the copy in force.
    Doppione,
    /// They are, byte for byte, those of an earlier copy under a later date.
    GiaVisto,
    /// Their date is to come.
    DataFutura,
    /// A last line without its end, or a file that is cut.
    Incompleto,
    /// An archive: it must be delivered unpacked.
    Archivio,
    /// Neither UTF-8 nor Windows-1252.
    CodificaNonAmmessa,
    /// A required file has no row.
    Vuoto,
    /// Too many rows are gone since the copy before.
    RigheSparite,
    /// Too many lines were rejected.
    TroppiScarti,
}

/// One file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileReport {
    /// Its name.
    pub nome: String,
    /// The table that it fills.
    pub tabella: String,
    /// SHA-256 of its bytes.
    pub impronta: String,
    /// How many bytes it has.
    pub byte: u64,
    /// What its bytes were read as: `UTF-8` or `CP1252`.
    pub codifica: String,
    /// Rows taken.
    pub righe: u64,
    /// Lines rejected.
    pub scartate: u64,
    /// How many for which reason.
    pub motivi: BTreeMap<Reject, u64>,
    /// The first of them.
    pub scarti: Vec<Rejected>,
}

/// A rejected line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejected {
    /// Its number in the file, from 1.
    pub riga: u64,
    /// Why.
    pub motivo: Reject,
}

impl Outcome {
    /// Whether the files are in force now.
    pub fn is_in_force(self) -> bool {
        matches!(
            self,
            Outcome::InVigore | Outcome::Confermato | Outcome::InVigorePerAccettazione
        )
    }

    /// Whether an operator may accept the files all the same.
    pub fn can_be_accepted(self) -> bool {
        matches!(
            self,
            Outcome::RigheSparite | Outcome::TroppiScarti | Outcome::GiaVisto
        )
    }

    /// The outcome as reports write it.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::InVigore => "in_vigore",
            Outcome::InVigorePerAccettazione => "in_vigore_per_accettazione",
            Outcome::Confermato => "confermato",
            Outcome::Doppione => "doppione",
            Outcome::GiaVisto => "gia_visto",
            Outcome::DataFutura => "data_futura",
            Outcome::Incompleto => "incompleto",
            Outcome::Archivio => "archivio",
            Outcome::CodificaNonAmmessa => "codifica_non_ammessa",
            Outcome::Vuoto => "vuoto",
            Outcome::RigheSparite => "righe_sparite",
            Outcome::TroppiScarti => "troppi_scarti",
        }
    }
}

impl FileReport {
    /// Notes a rejected line.
    pub fn reject(&mut self, riga: u64, motivo: Reject) {
        self.scartate += 1;
        *self.motivi.entry(motivo).or_default() += 1;
        if self.scarti.len() < NAMED_LINES {
            self.scarti.push(Rejected { riga, motivo });
        }
    }
}
