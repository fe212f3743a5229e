//! Families without surprises, to fill the registers.

use chrono::{Datelike, NaiveDate};

use super::names::{FOREIGN_SURNAMES, MEN, SURNAMES, WOMEN};
use super::places::{ABROAD, ELSEWHERE};
use super::taxes::{Building, MAIN_HOME, SECOND_HOME};
use super::town::{Birth, CHILD, HEAD, Home, PARENT, SPOUSE, Town};
use super::{Birthplace, Sex, count, day};

/// A family of one to five people with its tax positions.
pub fn settle_family(town: &mut Town) {
    let home = town.home();
    let head_sex = if town.random.chance(60) {
        Sex::M
    } else {
        Sex::F
    };
    let head_birth = born_between(town, 1945, 1996);
    let head = adult(town, &home, HEAD, head_sex, head_birth);
    let mut spouse = None;
    if town.random.chance(60) {
        let age_gap = town.random.between(0, 5);
        let year = head_birth.year() + age_gap;
        let birth = born_between(town, year, year);
        let other = adult(town, &home, SPOUSE, opposite(head_sex), birth);
        let wedding = day(birth.year() + 27, 6, 1 + town.random.below(28));
        town.marry(head, other, wedding);
        spouse = Some(other);
    }
    let (father, mother) = if head_sex == Sex::M {
        (Some(head), spouse)
    } else {
        (spouse, Some(head))
    };
    for birth_order in 0..town.random.between(0, 3) {
        child(
            town,
            &home,
            head_birth.year() + 28 + 2 * birth_order,
            (father, mother),
        );
    }
    if head_birth.year() > 1965 && town.random.chance(15) {
        let birth = born_between(town, head_birth.year() - 30, head_birth.year() - 24);
        let parent = adult(town, &home, PARENT, Sex::F, birth);
        town.person_mut(parent).civil_state = 3;
    }
    tax_positions(town, &home, head, spouse);
}

fn adult(town: &mut Town, home: &Home, relation: u8, sex: Sex, on: NaiveDate) -> u32 {
    let at = birthplace(town);
    let surname = match at {
        Birthplace::Italy(_) => town.random.pick(&SURNAMES),
        Birthplace::Abroad(..) => town.random.pick(&FOREIGN_SURNAMES),
    };
    let name = given_name(town, sex);
    town.register(
        home,
        relation,
        &Birth {
            surname,
            name,
            sex,
            on,
            at,
        },
    )
}

fn child(town: &mut Town, home: &Home, year: i32, (father, mother): (Option<u32>, Option<u32>)) {
    if year + 1 > town.today.year() {
        return;
    }
    let on = born_between(town, year, year);
    let sex = if town.random.chance(50) {
        Sex::M
    } else {
        Sex::F
    };
    let Some(named_after) = father.or(mother) else {
        return;
    };
    let surname = town.person(named_after).surname.clone();
    let name = given_name(town, sex);
    let child = town.register(
        home,
        CHILD,
        &Birth {
            surname: &surname,
            name,
            sex,
            on,
            at: town.here(),
        },
    );
    town.parents(child, father, mother);
}

fn tax_positions(town: &mut Town, home: &Home, head: u32, spouse: Option<u32>) {
    let members = town
        .people
        .iter()
        .filter(|person| person.family == home.family);
    let members = count(members.count());
    let subject = town.subject_of(head);
    let area = 450 + 10 * town.random.below(120);
    town.books
        .occupies(subject, &home.address, area, members, day(2019, 3, 1));
    if town.random.chance(70) {
        let rendita = 25_000 + i64::from(town.random.below(60_000));
        let shares = if spouse.is_some() && town.random.chance(50) {
            500
        } else {
            1000
        };
        let main = Building {
            rendita,
            share: shares,
            ..MAIN_HOME
        };
        town.books.owns(subject, &home.address, main);
        if let (500, Some(spouse)) = (shares, spouse) {
            let other = town.subject_of(spouse);
            town.books.owns(other, &home.address, main);
        }
        if town.random.chance(30) {
            let rendita = 20_000 + i64::from(town.random.below(90_000));
            let elsewhere = town.street(1, Some(100 + home.family % 100));
            town.books.owns(
                subject,
                &elsewhere,
                Building {
                    rendita,
                    ..SECOND_HOME
                },
            );
        }
    }
}

fn birthplace(town: &mut Town) -> Birthplace {
    match town.random.below(100) {
        0..60 => town.here(),
        60..88 => Birthplace::Italy(town.random.pick(&ELSEWHERE)),
        _ => {
            let (state, place) = town.random.pick(&ABROAD);
            Birthplace::Abroad(state, place)
        }
    }
}

fn given_name(town: &mut Town, sex: Sex) -> &'static str {
    town.random.pick(if sex == Sex::M { &MEN } else { &WOMEN })
}

fn born_between(town: &mut Town, first: i32, last: i32) -> NaiveDate {
    let year = town.random.between(first, last);
    day(year, 1 + town.random.below(12), 1 + town.random.below(28))
}

fn opposite(sex: Sex) -> Sex {
    match sex {
        Sex::M => Sex::F,
        Sex::F => Sex::M,
    }
}
