//! The synthetic population: people, families and tax positions that every dialect shows in its own way.

mod cases;
pub mod codice_fiscale;
mod listing;
mod names;
mod ordinary;
pub mod places;
mod random;
pub mod served;
pub mod taxes;
mod town;

pub use cases::Case;
pub use listing::{Listed, listed};

use chrono::NaiveDate;
use places::{Comune, ENTI, Ente, State};
use taxes::Ledger;

/// Seed of the population that documentation and tests quote.
pub const DEFAULT_SEED: u64 = 1933;
/// People registered in each municipality, about.
const PEOPLE_PER_ENTE: usize = 170;

/// Everyone and everything, built once and never changed.
pub struct Population {
    pub people: Vec<Person>,
    pub taxes: Ledger,
}

/// One registration of one person in one municipality; a person who left and came back has two.
#[derive(Debug, Clone)]
pub struct Person {
    pub id: u32,
    pub ente: &'static Ente,
    pub surname: String,
    pub name: String,
    pub sex: Sex,
    pub birth: NaiveDate,
    pub birthplace: Birthplace,
    pub codice_fiscale: Option<String>,
    pub stored_form: StoredForm,
    pub citizenship: &'static State,
    pub family: u32,
    /// ANPR table: 1 head, 2 spouse, 3 child, 6 parent, 24 and 25 convent, 26 guardian.
    pub relation: u8,
    pub father: Option<u32>,
    pub mother: Option<u32>,
    /// ANPR table: 1 single, 2 married, 3 widowed, 4 divorced.
    pub civil_state: u8,
    pub marriage: Option<Marriage>,
    pub address: Address,
    pub resident_since: NaiveDate,
    pub status: Status,
    /// Set for who left; equal to `resident_since` for who came back the same day.
    pub emigration: Option<Emigration>,
    /// ANPR table, 2 = everything may be certified.
    pub certifiability: u8,
    pub open_procedure: bool,
    pub cases: Vec<Case>,
    pub updated: NaiveDate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sex {
    M,
    F,
}

impl Sex {
    pub fn letter(self) -> &'static str {
        match self {
            Sex::M => "M",
            Sex::F => "F",
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub enum Birthplace {
    Italy(&'static Comune),
    Abroad(&'static State, &'static str),
}

impl Birthplace {
    pub fn belfiore(self) -> &'static str {
        match self {
            Birthplace::Italy(comune) => comune.belfiore,
            Birthplace::Abroad(state, _) => state.belfiore,
        }
    }
}

/// How the municipality's database keeps a fiscal code.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum StoredForm {
    Plain,
    LowerCase,
    Padded,
}

#[derive(Debug, Clone)]
pub struct Marriage {
    pub on: NaiveDate,
    pub place: &'static str,
    pub spouse_surname: String,
    pub spouse_name: String,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Status {
    Resident,
    Dead(NaiveDate),
    Emigrated,
    /// Registered abroad, at this street of the town in `emigration`.
    Aire(&'static str),
    Untraceable(NaiveDate),
}

#[derive(Debug, Clone, Copy)]
pub struct Emigration {
    pub on: NaiveDate,
    pub to: Birthplace,
}

#[derive(Debug, Clone)]
pub struct Address {
    pub street_code: u32,
    pub prefix: &'static str,
    pub street: &'static str,
    /// None: without number (SNC).
    pub number: Option<u32>,
    pub letter: Option<&'static str>,
    pub hamlet: Option<&'static str>,
}

impl Address {
    /// `97`, `97/A` or `SNC`.
    pub fn civic(&self) -> String {
        match (self.number, self.letter) {
            (Some(number), Some(letter)) => format!("{number}/{letter}"),
            (Some(number), None) => number.to_string(),
            (None, _) => "SNC".to_owned(),
        }
    }

    /// `VIA SANT'ESEMPIO`.
    pub fn road(&self) -> String {
        format!("{} {}", self.prefix, self.street)
    }

    /// `FRAZIONE CAMERLATA, VIA SANT'ESEMPIO 97/A`.
    pub fn line(&self) -> String {
        let hamlet = self
            .hamlet
            .map(|name| format!("FRAZIONE {name}, "))
            .unwrap_or_default();
        format!("{hamlet}{} {}", self.road(), self.civic())
    }
}

impl Person {
    /// The code as the municipality keeps it.
    pub fn stored_codice_fiscale(&self) -> Option<String> {
        self.codice_fiscale
            .as_ref()
            .map(|code| match self.stored_form {
                StoredForm::Plain => code.clone(),
                StoredForm::LowerCase => code.to_lowercase(),
                StoredForm::Padded => format!("{code:<20}"),
            })
    }

    pub fn is_resident(&self) -> bool {
        self.status == Status::Resident
    }

    pub fn has_case(&self, case: Case) -> bool {
        self.cases.contains(&case)
    }
}

impl Population {
    /// The population of that seed; `today` moves only the cases that speak of today or of last week.
    pub fn generate(seed: u64, today: NaiveDate) -> Self {
        let mut population = Population {
            people: Vec::new(),
            taxes: Ledger::default(),
        };
        for ente in &ENTI {
            let mut town = town::Town::new(ente, seed, today);
            cases::settle(&mut town);
            while town.people.len() < PEOPLE_PER_ENTE {
                ordinary::settle_family(&mut town);
            }
            population.people.append(&mut town.people);
            population.taxes.append(town.books.assess());
        }
        population
    }

    /// Every registration in this municipality.
    pub fn residents_of(&self, ente: &Ente) -> impl Iterator<Item = &Person> {
        let belfiore = ente.belfiore();
        self.people
            .iter()
            .filter(move |person| person.ente.belfiore() == belfiore)
    }

    /// Registrations with this code in one municipality, whatever its case, oldest first.
    pub fn by_codice_fiscale<'a>(&'a self, ente: &Ente, code: &str) -> Vec<&'a Person> {
        let wanted = code.trim().to_uppercase();
        let mut found: Vec<_> = self
            .residents_of(ente)
            .filter(|person| person.codice_fiscale.as_deref() == Some(wanted.as_str()))
            .collect();
        found.sort_by_key(|person| person.resident_since);
        found
    }

    /// Living, resident members of a family, head first.
    pub fn family<'a>(&'a self, ente: &Ente, family: u32) -> Vec<&'a Person> {
        self.residents_of(ente)
            .filter(|person| person.family == family && person.is_resident())
            .collect()
    }

    pub fn person(&self, id: u32) -> Option<&Person> {
        self.people.iter().find(|person| person.id == id)
    }
}

/// A length that is a few hundred at most, as a number to count with.
fn count(length: usize) -> u32 {
    u32::try_from(length).expect("populations are small")
}

/// A day that is written in the source.
pub fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).expect("a literal day of the calendar")
}

#[cfg(test)]
mod tests;
