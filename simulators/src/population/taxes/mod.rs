//! Tax positions: taxpayers, IMU properties, TARI utilities, what is due and what was paid. Amounts are in cents of a euro.

mod assess;
mod books;

use std::ops::RangeInclusive;

use chrono::NaiveDate;

use super::places::Ente;
use super::{Address, Birthplace, Case, Sex};

pub use assess::{months, nav};
pub use books::{Books, Building, MAIN_HOME, SECOND_HOME};

/// Years for which positions exist.
pub const YEARS: RangeInclusive<i32> = 2022..=2026;

/// A taxpayer as the tax office knows it; not always somebody in the registry.
#[derive(Debug, Clone)]
pub struct Subject {
    pub id: u32,
    pub ente: &'static Ente,
    /// Upper case; a company's eleven digits too.
    pub codice_fiscale: Option<String>,
    pub partita_iva: Option<String>,
    /// Surname, or the company's name.
    pub denomination: String,
    pub name: Option<String>,
    pub sex: Option<Sex>,
    pub birth: Option<NaiveDate>,
    pub birthplace: Option<Birthplace>,
    pub address: Address,
    pub cases: Vec<Case>,
}

impl Subject {
    pub fn is_company(&self) -> bool {
        self.name.is_none()
    }
}

/// A share of a property, subject to IMU.
#[derive(Debug, Clone)]
pub struct Property {
    pub id: u32,
    pub subject: u32,
    pub parcel: Parcel,
    pub building: Building,
    /// As the tax office writes it, which may be an old name.
    pub address: Address,
}

/// Position in the land registry.
#[derive(Debug, Clone)]
pub struct Parcel {
    pub sheet: u32,
    pub number: u32,
    pub sub: u32,
}

/// A place for which TARI is paid.
#[derive(Debug, Clone)]
pub struct Utility {
    pub id: u32,
    pub subject: u32,
    pub household: bool,
    pub category: &'static str,
    pub description: &'static str,
    /// Tenths of a square metre.
    pub area: u32,
    /// From when, how many people live there.
    pub members: Vec<(NaiveDate, u32)>,
    pub reduction: Option<(&'static str, u32)>,
    pub from: NaiveDate,
    pub to: Option<NaiveDate>,
    pub parcel: Parcel,
    pub address: Address,
}

/// An IMU instalment.
#[derive(Debug, Clone)]
pub struct Due {
    pub subject: u32,
    pub year: i32,
    /// F24 code: 3912, 3914, 3916, 3918, 3925, 3930.
    pub code: &'static str,
    pub instalment: Instalment,
    pub properties: u32,
    pub amount: i64,
    pub deduction: i64,
    pub deadline: NaiveDate,
    pub paid: Option<NaiveDate>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Instalment {
    Acconto,
    Saldo,
}

impl Instalment {
    pub fn label(self) -> &'static str {
        match self {
            Instalment::Acconto => "Acconto",
            Instalment::Saldo => "Saldo",
        }
    }

    pub fn letter(self) -> &'static str {
        &self.label()[..1]
    }
}

/// A yearly TARI notice with its two instalments.
#[derive(Debug, Clone)]
pub struct Notice {
    pub id: u32,
    pub subject: u32,
    pub year: i32,
    pub number: String,
    pub on: NaiveDate,
    pub rates: Vec<Rate>,
}

#[derive(Debug, Clone)]
pub struct Rate {
    pub ordinal: u32,
    pub amount: i64,
    pub deadline: NaiveDate,
    pub paid: Option<NaiveDate>,
}

impl Notice {
    pub fn total(&self) -> i64 {
        self.rates.iter().map(|rate| rate.amount).sum()
    }

    pub fn paid(&self) -> i64 {
        self.rates
            .iter()
            .filter(|rate| rate.paid.is_some())
            .map(|rate| rate.amount)
            .sum()
    }
}

/// All positions of all municipalities.
#[derive(Default)]
pub struct Ledger {
    pub subjects: Vec<Subject>,
    pub properties: Vec<Property>,
    pub utilities: Vec<Utility>,
    pub dues: Vec<Due>,
    pub notices: Vec<Notice>,
}

impl Ledger {
    pub fn append(&mut self, mut other: Ledger) {
        self.subjects.append(&mut other.subjects);
        self.properties.append(&mut other.properties);
        self.utilities.append(&mut other.utilities);
        self.dues.append(&mut other.dues);
        self.notices.append(&mut other.notices);
    }

    /// Taxpayers of one municipality with this fiscal code (or VAT number), whatever its case.
    pub fn subjects_with(&self, ente: &Ente, code: &str) -> Vec<&Subject> {
        let wanted = code.trim().to_uppercase();
        let matches = |held: &Option<String>| held.as_deref() == Some(wanted.as_str());
        self.subjects_of(ente)
            .filter(|subject| matches(&subject.codice_fiscale) || matches(&subject.partita_iva))
            .collect()
    }

    pub fn subjects_of(&self, ente: &Ente) -> impl Iterator<Item = &Subject> {
        let belfiore = ente.belfiore();
        self.subjects
            .iter()
            .filter(move |subject| subject.ente.belfiore() == belfiore)
    }

    /// Whether that number is a taxpayer of this municipality.
    pub fn knows(&self, ente: &Ente, subject: u32) -> bool {
        self.subjects_of(ente).any(|known| known.id == subject)
    }
}
