//! One municipality while it is being populated: hands out numbers, addresses and unique fiscal codes.

use std::collections::HashSet;

use chrono::NaiveDate;

use super::cases::Case;
use super::places::{Ente, ITALY, State};
use super::random::Random;
use super::taxes::Books;
use super::{
    Address, Birthplace, Marriage, Person, Sex, Status, StoredForm, codice_fiscale, count, day,
};

pub const HEAD: u8 = 1;
pub const SPOUSE: u8 = 2;
pub const CHILD: u8 = 3;
pub const PARENT: u8 = 6;
pub const CONVENT_HEAD: u8 = 24;
pub const CONVENT_MEMBER: u8 = 25;
pub const GUARDIAN: u8 = 26;

/// The day on which registrations without a history begin.
fn first_registration() -> NaiveDate {
    day(1990, 1, 1)
}

pub struct Town {
    pub ente: &'static Ente,
    pub today: NaiveDate,
    pub random: Random,
    pub people: Vec<Person>,
    pub books: Books,
    families: u32,
    codes: HashSet<String>,
}

/// A family's number and address.
pub struct Home {
    pub family: u32,
    pub address: Address,
}

/// What a registrar writes first about somebody.
#[derive(Clone, Copy)]
pub struct Birth<'a> {
    pub surname: &'a str,
    pub name: &'a str,
    pub sex: Sex,
    pub on: NaiveDate,
    pub at: Birthplace,
}

impl Town {
    pub fn new(ente: &'static Ente, seed: u64, today: NaiveDate) -> Self {
        Town {
            ente,
            today,
            random: Random::new(seed ^ (u64::from(ente.digit) << 32)),
            people: Vec::new(),
            books: Books::new(ente),
            families: 0,
            codes: HashSet::new(),
        }
    }

    /// Born here.
    pub fn here(&self) -> Birthplace {
        Birthplace::Italy(self.ente.place)
    }

    /// A new family at an address that nobody has yet.
    pub fn home(&mut self) -> Home {
        self.families += 1;
        let streets = self.ente.streets;
        let street = self.families as usize % (streets.len() - 1);
        let address = self.street(street, Some(2 + self.families));
        Home {
            family: self.ente.digit * 1000 + self.families,
            address,
        }
    }

    /// An address in the street at that position of the municipality's list.
    pub fn street(&self, position: usize, number: Option<u32>) -> Address {
        let (prefix, street) = self.ente.streets[position];
        Address {
            street_code: count(position) + 1,
            prefix,
            street,
            number,
            letter: None,
            hamlet: None,
        }
    }

    /// Writes a person into the register and returns the registration's number.
    pub fn register(&mut self, home: &Home, relation: u8, birth: &Birth<'_>) -> u32 {
        let code = self.unique_code(birth);
        self.register_with_code(home, relation, birth, code)
    }

    /// The same person again: a second registration with the same code.
    pub fn register_again(&mut self, home: &Home, first: u32) -> u32 {
        let earlier = self.person(first);
        let (surname, name, sex, on, at) = (
            earlier.surname.clone(),
            earlier.name.clone(),
            earlier.sex,
            earlier.birth,
            earlier.birthplace,
        );
        let code = earlier.codice_fiscale.clone().unwrap_or_default();
        self.register_with_code(
            home,
            HEAD,
            &Birth {
                surname: &surname,
                name: &name,
                sex,
                on,
                at,
            },
            code,
        )
    }

    fn register_with_code(
        &mut self,
        home: &Home,
        relation: u8,
        birth: &Birth<'_>,
        code: String,
    ) -> u32 {
        let id = self.ente.digit * 10_000 + count(self.people.len()) + 1;
        let resident_since = birth.on.max(first_registration());
        self.people.push(Person {
            id,
            ente: self.ente,
            surname: birth.surname.to_owned(),
            name: birth.name.to_owned(),
            sex: birth.sex,
            birth: birth.on,
            birthplace: birth.at,
            codice_fiscale: Some(code),
            stored_form: StoredForm::Plain,
            citizenship: citizenship(birth.at),
            family: home.family,
            relation,
            father: None,
            mother: None,
            civil_state: 1,
            marriage: None,
            address: home.address.clone(),
            resident_since,
            status: Status::Resident,
            emigration: None,
            certifiability: 2,
            open_procedure: false,
            cases: Vec::new(),
            updated: resident_since.max(day(2024, 1, 15)),
        });
        id
    }

    fn unique_code(&mut self, birth: &Birth<'_>) -> String {
        let plain = codice_fiscale::compute(
            birth.surname,
            birth.name,
            birth.sex,
            birth.on,
            birth.at.belfiore(),
        );
        let mut code = plain.clone();
        let mut replaced = 0;
        while !self.codes.insert(code.clone()) {
            replaced += 1;
            code = codice_fiscale::omocodia(&plain, replaced);
        }
        code
    }

    pub fn person(&self, id: u32) -> &Person {
        &self.people[self.position(id)]
    }

    pub fn person_mut(&mut self, id: u32) -> &mut Person {
        let position = self.position(id);
        &mut self.people[position]
    }

    fn position(&self, id: u32) -> usize {
        (id - self.ente.digit * 10_000 - 1) as usize
    }

    pub fn mark(&mut self, id: u32, case: Case) {
        self.person_mut(id).cases.push(case);
    }

    pub fn marry(&mut self, one: u32, other: u32, on: NaiveDate) {
        for (id, spouse) in [(one, other), (other, one)] {
            let spouse = self.person(spouse);
            let marriage = Marriage {
                on,
                place: self.ente.place.name,
                spouse_surname: spouse.surname.clone(),
                spouse_name: spouse.name.clone(),
            };
            let person = self.person_mut(id);
            person.civil_state = 2;
            person.marriage = Some(marriage);
            person.updated = person.updated.max(on);
        }
    }

    pub fn parents(
        &mut self,
        child: u32,
        father: impl Into<Option<u32>>,
        mother: impl Into<Option<u32>>,
    ) {
        let child = self.person_mut(child);
        child.father = father.into();
        child.mother = mother.into();
    }
}

fn citizenship(birthplace: Birthplace) -> &'static State {
    match birthplace {
        Birthplace::Italy(_) => &ITALY,
        Birthplace::Abroad(state, _) => state,
    }
}
