//! Writing the tax positions of one municipality.

use chrono::NaiveDate;

use super::{Ledger, Parcel, Property, Subject, Utility};
use crate::population::places::Ente;
use crate::population::town::Town;
use crate::population::{Address, Case, count, day};

/// What is owned; the land registry's position and the numbers are given by [`Books`].
#[derive(Debug, Clone, Copy)]
pub struct Building {
    /// 1 land, 2 building land, 3 building, 4 building at book value.
    pub kind: u8,
    /// 0 none, 1 main home, 2 annexe, 3 rural, 4 unsold by the builder.
    pub sub_kind: u8,
    /// `A/3`; empty for land.
    pub category: &'static str,
    pub class: &'static str,
    /// Cadastral income, or the value of building land.
    pub rendita: i64,
    /// Thousandths: 333 is the third that one decimal can hold.
    pub share: u32,
    pub title: &'static str,
    pub historic: bool,
    pub unusable: bool,
    pub from: NaiveDate,
    pub to: Option<NaiveDate>,
}

impl Building {
    /// Main homes are exempt unless they are stately (A/1, A/8, A/9).
    pub fn is_exempt(&self) -> bool {
        self.sub_kind == 1 && !["A/1", "A/8", "A/9"].contains(&self.category)
    }
}

const START: NaiveDate = NaiveDate::from_ymd_opt(2019, 3, 1).expect("a day of the calendar");

pub const MAIN_HOME: Building = Building {
    kind: 3,
    sub_kind: 1,
    category: "A/3",
    class: "2",
    rendita: 46_481,
    share: 1000,
    title: "PROPRIETA'",
    historic: false,
    unusable: false,
    from: START,
    to: None,
};

pub const SECOND_HOME: Building = Building {
    sub_kind: 0,
    category: "A/2",
    class: "3",
    rendita: 145_000,
    ..MAIN_HOME
};

/// The tax office of one municipality while its positions are written.
pub struct Books {
    ente: &'static Ente,
    pub(super) ledger: Ledger,
}

impl Books {
    pub fn new(ente: &'static Ente) -> Self {
        Books {
            ente,
            ledger: Ledger::default(),
        }
    }

    fn number(&self, base: u32, taken: usize) -> u32 {
        base + self.ente.digit * 1000 + count(taken) + 1
    }

    pub fn enrol(&mut self, mut subject: Subject) -> u32 {
        subject.id = self.number(60_000, self.ledger.subjects.len());
        let id = subject.id;
        self.ledger.subjects.push(subject);
        id
    }

    pub fn subject_mut(&mut self, id: u32) -> &mut Subject {
        let position = (id - self.number(60_000, 0)) as usize;
        &mut self.ledger.subjects[position]
    }

    /// The same address always has the same place in the land registry.
    fn parcel(address: &Address) -> Parcel {
        let number = address.number.unwrap_or(900);
        Parcel {
            sheet: address.street_code + 5,
            number: 200 + number,
            sub: 1 + number % 9,
        }
    }

    pub fn owns(&mut self, subject: u32, address: &Address, building: Building) -> u32 {
        let id = self.number(80_000, self.ledger.properties.len());
        let parcel = Self::parcel(address);
        self.ledger.properties.push(Property {
            id,
            subject,
            parcel,
            building,
            address: address.clone(),
        });
        id
    }

    /// A household's utility; `area` in tenths of a square metre.
    pub fn occupies(
        &mut self,
        subject: u32,
        address: &Address,
        area: u32,
        members: u32,
        from: NaiveDate,
    ) -> u32 {
        let id = self.number(70_000, self.ledger.utilities.len());
        self.ledger.utilities.push(Utility {
            id,
            subject,
            household: true,
            category: "D1",
            description: "ABITAZIONE",
            area,
            members: vec![(from.max(day(2022, 1, 1)), members)],
            reduction: None,
            from,
            to: None,
            parcel: Self::parcel(address),
            address: address.clone(),
        });
        id
    }

    pub fn utility_mut(&mut self, id: u32) -> &mut Utility {
        let position = (id - self.number(70_000, 0)) as usize;
        &mut self.ledger.utilities[position]
    }
}

impl Town {
    /// The taxpayer for a registered person; asked twice, it makes two (the tax office has such doubles).
    pub fn subject_of(&mut self, person: u32) -> u32 {
        let person = self.person(person);
        let subject = Subject {
            id: 0,
            ente: person.ente,
            codice_fiscale: person.codice_fiscale.clone(),
            partita_iva: None,
            denomination: person.surname.clone(),
            name: Some(person.name.clone()),
            sex: Some(person.sex),
            birth: Some(person.birth),
            birthplace: Some(person.birthplace),
            address: person.address.clone(),
            cases: Vec::new(),
        };
        self.books.enrol(subject)
    }

    /// A taxpayer without a registration in the municipality.
    pub fn stranger(
        &mut self,
        denomination: &str,
        name: Option<&str>,
        code: String,
        address: Address,
        case: Case,
    ) -> u32 {
        let subject = Subject {
            id: 0,
            ente: self.ente,
            partita_iva: name.is_none().then(|| code.clone()),
            codice_fiscale: Some(code),
            denomination: denomination.to_owned(),
            name: name.map(str::to_owned),
            sex: None,
            birth: None,
            birthplace: None,
            address,
            cases: vec![case],
        };
        self.books.enrol(subject)
    }
}
