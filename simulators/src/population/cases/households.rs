//! Cases about families and addresses, and the family that documentation quotes in each municipality.

use super::Case::{
    CivicoConLettera, Convivenza, Frazione, GenitoriSeparati, Interdetto, MatrimonioOggi, Noto,
    SenzaCivico, ViaRinominata,
};
use crate::population::Sex::{self, F, M};
use crate::population::day;
use crate::population::taxes::{Building, MAIN_HOME, SECOND_HOME};
use crate::population::town::{Birth, CHILD, CONVENT_HEAD, CONVENT_MEMBER};
use crate::population::town::{GUARDIAN, HEAD, Home, SPOUSE, Town};

/// Surname, name, sex and day of birth.
type Newcomer = (&'static str, &'static str, Sex, (i32, u32, u32));

fn register(town: &mut Town, home: &Home, relation: u8, newcomer: Newcomer) -> u32 {
    let (surname, name, sex, (year, month, on)) = newcomer;
    let birth = Birth {
        surname,
        name,
        sex,
        on: day(year, month, on),
        at: town.here(),
    };
    town.register(home, relation, &birth)
}

/// House number, year of the wedding, then head, spouse and child.
fn quoted(digit: u32) -> (u32, i32, [Newcomer; 3]) {
    let mario = ("ROSSI", "MARIO", M, (1980, 1, 1));
    let lara = ("BIANCHI", "LARA", F, (1985, 8, 1));
    let giulia = ("ROSSI", "GIULIA", F, (2012, 12, 5));
    let anna = ("BIANCHI", "ANNA", F, (1975, 12, 31));
    let luigi = ("CAMPIONI", "LUIGI", M, (1973, 4, 18));
    let marco = ("CAMPIONI", "MARCO", M, (2009, 7, 22));
    let al = ("FO", "AL", M, (2001, 2, 28));
    let eva = ("ESEMPIO", "EVA", F, (2001, 5, 6));
    let ugo = ("FO", "UGO", M, (2023, 3, 14));
    match digit {
        1 => (97, 2008, [mario, lara, giulia]),
        2 => (3, 2003, [anna, luigi, marco]),
        _ => (8, 2022, [al, eva, ugo]),
    }
}

/// The first family of every municipality: an ordinary one, with a main home, a second home and TARI.
pub fn quoted_family(town: &mut Town) {
    let (civic, wedding, [head, spouse, child]) = quoted(town.ente.digit);
    let home = Home {
        address: town.street(0, Some(civic)),
        ..town.home()
    };
    let head_sex = head.2;
    let head = register(town, &home, HEAD, head);
    let spouse = register(town, &home, SPOUSE, spouse);
    let child = register(town, &home, CHILD, child);
    town.marry(head, spouse, day(wedding, 6, 18));
    let (father, mother) = if head_sex == M {
        (head, spouse)
    } else {
        (spouse, head)
    };
    town.parents(child, father, mother);
    town.mark(head, Noto);
    let subject = town.subject_of(head);
    let moved_in = day(2021, 9, 1);
    town.books.owns(
        subject,
        &home.address,
        Building {
            from: moved_in,
            ..MAIN_HOME
        },
    );
    let second = town.street(1, Some(40));
    town.books.owns(subject, &second, SECOND_HOME);
    let utility = town
        .books
        .occupies(subject, &home.address, 850, 2, moved_in);
    let utility = town.books.utility_mut(utility);
    utility.members.push((day(2023, 3, 14), 3));
    utility.reduction = Some(("COMPOSTAGGIO DOMESTICO", 10));
}

pub fn settle(town: &mut Town) {
    married_today(town);
    separated_parents(town);
    convent(town);
    addresses(town);
    guardian(town);
}

fn married_today(town: &mut Town) {
    let home = town.home();
    let groom = register(town, &home, HEAD, ("SPOSINI", "DAVIDE", M, (1991, 3, 3)));
    let bride = register(town, &home, SPOUSE, ("NOVELLI", "IRENE", F, (1993, 10, 30)));
    town.marry(groom, bride, town.today);
    town.mark(groom, MatrimonioOggi);
    town.mark(bride, MatrimonioOggi);
}

fn separated_parents(town: &mut Town) {
    let (at_mothers, at_fathers) = (town.home(), town.home());
    let mother = register(town, &at_mothers, HEAD, ("METÀ", "PAOLA", F, (1987, 1, 9)));
    let father = register(
        town,
        &at_fathers,
        HEAD,
        ("DIVISI", "FABIO", M, (1984, 6, 6)),
    );
    let minor = register(
        town,
        &at_mothers,
        CHILD,
        ("DIVISI", "LORENZO", M, (2015, 2, 16)),
    );
    town.parents(minor, father, mother);
    town.person_mut(mother).civil_state = 4;
    town.person_mut(father).civil_state = 4;
    town.mark(minor, GenitoriSeparati);
}

fn convent(town: &mut Town) {
    let home = town.home();
    for (number, year) in (0..12).zip((1940..).step_by(3)) {
        let name = ["AGNESE", "BENEDETTA", "CLARA", "DOROTEA"][number as usize % 4];
        let relation = if number == 0 {
            CONVENT_HEAD
        } else {
            CONVENT_MEMBER
        };
        let birth = (year, 1 + number, 8);
        let sister = register(town, &home, relation, ("CONSORELLE", name, F, birth));
        town.mark(sister, Convivenza);
    }
}

fn addresses(town: &mut Town) {
    let renamed = town.ente.streets.len() - 1;
    for (surname, case) in [
        ("LETTERATI", CivicoConLettera),
        ("SENZANUMERO", SenzaCivico),
        ("FRAZIONATI", Frazione),
        ("RINOMINATI", ViaRinominata),
    ] {
        let mut home = town.home();
        let address = &mut home.address;
        match case {
            CivicoConLettera => (address.number, address.letter) = (Some(97), Some("A")),
            SenzaCivico => address.number = None,
            Frazione => address.hamlet = Some(town.ente.hamlet),
            _ => *address = town.street(renamed, Some(5)),
        }
        let person = register(town, &home, HEAD, (surname, "SIMONE", M, (1969, 11, 11)));
        town.mark(person, case);
    }
}

/// The interdicted person's family has a guardian in it.
fn guardian(town: &mut Town) {
    let ward = town
        .people
        .iter()
        .find(|person| person.has_case(Interdetto));
    let Some(ward) = ward else { return };
    let home = Home {
        family: ward.family,
        address: ward.address.clone(),
    };
    register(
        town,
        &home,
        GUARDIAN,
        ("TUTORI", "SILVIA", F, (1970, 3, 28)),
    );
}
