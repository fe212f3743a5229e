//! Cases about taxes.

use super::Case::{
    self, DoppiaPosizione, IgnotoAllAnagrafe, ImuUnTerzo, Societa, TariZeroMq, ViaRinominata,
};
use crate::population::Sex::{self, F, M};
use crate::population::codice_fiscale::{compute, partita_iva};
use crate::population::places::{MILANO, RENAMED_STREET_BEFORE};
use crate::population::taxes::{Building, MAIN_HOME, SECOND_HOME};
use crate::population::town::{Birth, HEAD, Home, Town};
use crate::population::{Birthplace, day};

pub fn settle(town: &mut Town) {
    zero_square_metres(town);
    a_third(town);
    company(town);
    unknown_to_the_registry(town);
    two_tax_ids(town);
    renamed_street(town);
    other_kinds_of_property(town);
}

/// Somebody who lives alone and is known to the tax office.
fn taxpayer(
    town: &mut Town,
    case: Option<Case>,
    surname: &str,
    name: &str,
    sex: Sex,
    year: i32,
) -> (Home, u32, u32) {
    let home = town.home();
    let birth = Birth {
        surname,
        name,
        sex,
        on: day(year, 8, 8),
        at: town.here(),
    };
    let person = town.register(&home, HEAD, &birth);
    town.person_mut(person).cases.extend(case);
    let subject = town.subject_of(person);
    (home, person, subject)
}

fn zero_square_metres(town: &mut Town) {
    let (home, _, subject) = taxpayer(town, Some(TariZeroMq), "ZEROMETRI", "ANNA", F, 1958);
    town.books
        .occupies(subject, &home.address, 0, 1, day(2018, 1, 1));
}

fn a_third(town: &mut Town) {
    let shared = town.street(2, Some(33));
    let third = Building {
        share: 333,
        rendita: 90_000,
        ..SECOND_HOME
    };
    for (name, sex, year) in [("PAOLO", M, 1961), ("ROSA", F, 1964), ("LUISA", F, 1967)] {
        let (_, _, subject) = taxpayer(town, Some(ImuUnTerzo), "TERZI", name, sex, year);
        town.books.owns(subject, &shared, third);
    }
}

fn company(town: &mut Town) {
    let number = partita_iva(&format!("990{}000013", town.ente.digit));
    let seat = town.street(3, Some(12));
    let company = town.stranger(
        "FERRAMENTA ESEMPIO SRL",
        None,
        number,
        seat.clone(),
        Societa,
    );
    let workshop = Building {
        sub_kind: 0,
        category: "D/1",
        class: "",
        rendita: 412_300,
        ..MAIN_HOME
    };
    town.books.owns(company, &seat, workshop);
    let shop = town
        .books
        .occupies(company, &seat, 3_200, 0, day(2020, 1, 1));
    let shop = town.books.utility_mut(shop);
    shop.household = false;
    (shop.category, shop.description) = ("N13", "NEGOZI, FERRAMENTA");
}

fn unknown_to_the_registry(town: &mut Town) {
    let birth = day(1974, 5, 4 + town.ente.digit);
    let code = compute("FORESTIERI", "STEFANO", M, birth, MILANO.belfiore);
    let house = town.street(4, Some(7));
    let name = Some("STEFANO");
    let owner = town.stranger("FORESTIERI", name, code, house.clone(), IgnotoAllAnagrafe);
    let subject = town.books.subject_mut(owner);
    subject.sex = Some(M);
    subject.birth = Some(birth);
    subject.birthplace = Some(Birthplace::Italy(&MILANO));
    let sold = Building {
        rendita: 61_000,
        to: Some(day(2025, 6, 30)),
        ..SECOND_HOME
    };
    town.books.owns(owner, &house, sold);
    let utility = town.books.occupies(owner, &house, 600, 2, day(2020, 7, 1));
    town.books.utility_mut(utility).to = Some(day(2025, 6, 30));
}

fn two_tax_ids(town: &mut Town) {
    let case = Some(DoppiaPosizione);
    let (home, person, first) = taxpayer(town, case, "DOPPIONI", "MATTEO", M, 1976);
    let second = town.subject_of(person);
    town.books.owns(first, &home.address, MAIN_HOME);
    town.books
        .occupies(second, &home.address, 720, 1, day(2017, 5, 1));
}

fn renamed_street(town: &mut Town) {
    let person = town
        .people
        .iter()
        .find(|person| person.has_case(ViaRinominata));
    let Some((id, mut address)) = person.map(|person| (person.id, person.address.clone())) else {
        return;
    };
    (address.prefix, address.street) = RENAMED_STREET_BEFORE;
    let subject = town.subject_of(id);
    town.books.owns(subject, &address, MAIN_HOME);
    town.books
        .occupies(subject, &address, 910, 1, day(2016, 1, 1));
}

/// A stately home, a garage, a field, building land and an unusable house, all of one owner.
fn other_kinds_of_property(town: &mut Town) {
    let (home, _, subject) = taxpayer(town, None, "POSSIDENTI", "LUISA", F, 1953);
    let land = Building {
        sub_kind: 0,
        category: "",
        class: "",
        ..MAIN_HOME
    };
    let bought = day(2024, 4, 20);
    for building in [
        Building {
            category: "A/8",
            rendita: 310_000,
            historic: true,
            ..MAIN_HOME
        },
        Building {
            sub_kind: 2,
            category: "C/6",
            rendita: 12_050,
            ..MAIN_HOME
        },
        Building {
            kind: 1,
            rendita: 8_275,
            ..land
        },
        Building {
            kind: 2,
            rendita: 9_500_000,
            share: 500,
            from: bought,
            ..land
        },
        Building {
            unusable: true,
            rendita: 40_500,
            ..SECOND_HOME
        },
    ] {
        town.books.owns(subject, &home.address, building);
    }
}
