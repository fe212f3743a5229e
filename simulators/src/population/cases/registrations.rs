//! Cases about one person's registration: codes, places of birth, status.

use chrono::Days;

use super::Case::{
    self, Accenti, Aire, CfConSpazi, CfMancante, CfMinuscolo, Deceduto, Emigrato, Interdetto,
    Irreperibile, NatoComuneCessato, NatoComuneRicreato, NatoEstero, Omocodia, Omonimo,
    PraticaAperta, Reiscritto, RientratoInGiornata,
};
use crate::population::Sex::{self, F, M};
use crate::population::places::{BELLAGIO_NEW, BELLAGIO_OLD, ELSEWHERE, MILANO};
use crate::population::places::{SOLBIATE, SWITZERLAND};
use crate::population::town::{Birth, HEAD, Town};
use crate::population::{Birthplace, Emigration, Status, StoredForm, day};

const LUGANO: Birthplace = Birthplace::Abroad(&SWITZERLAND, "LUGANO");

pub fn settle(town: &mut Town) {
    codes(town);
    places_of_birth(town);
    departures(town);
    ended_registrations(town);
    restrictions(town);
    accents(town);
}

/// Registers somebody who lives alone, born here.
fn alone(town: &mut Town, case: Case, names: [&str; 2], sex: Sex, on: (i32, u32, u32)) -> u32 {
    let here = town.here();
    alone_from(town, case, names, sex, on, here)
}

fn alone_from(
    town: &mut Town,
    case: Case,
    [surname, name]: [&str; 2],
    sex: Sex,
    (year, month, on): (i32, u32, u32),
    at: Birthplace,
) -> u32 {
    let home = town.home();
    let birth = Birth {
        surname,
        name,
        sex,
        on: day(year, month, on),
        at,
    };
    let id = town.register(&home, HEAD, &birth);
    town.mark(id, case);
    id
}

fn codes(town: &mut Town) {
    alone(town, Omonimo, ["PROVINI", "CARLO"], M, (1960, 3, 4));
    alone(town, Omonimo, ["PROVINI", "CARLO"], M, (1982, 11, 23));
    let quoted = &town.people[0];
    let (surname, name) = (quoted.surname.clone(), quoted.name.clone());
    let (sex, on, at) = (quoted.sex, quoted.birth, quoted.birthplace);
    let home = town.home();
    let birth = Birth {
        surname: &surname,
        name: &name,
        sex,
        on,
        at,
    };
    let twin = town.register(&home, HEAD, &birth);
    town.mark(twin, Omocodia);
    let missing = alone(town, CfMancante, ["NESSUNO", "UGO"], M, (1938, 2, 14));
    town.person_mut(missing).codice_fiscale = None;
    let lower = alone(town, CfMinuscolo, ["MINUSCOLI", "IDA"], F, (1955, 7, 9));
    town.person_mut(lower).stored_form = StoredForm::LowerCase;
    let padded = alone(town, CfConSpazi, ["SPAZI", "ROCCO"], M, (1949, 4, 30));
    town.person_mut(padded).stored_form = StoredForm::Padded;
}

/// Days differ by municipality, so that no code comes twice.
fn places_of_birth(town: &mut Town) {
    let shift = town.ente.digit - 1;
    let (old, new) = (
        Birthplace::Italy(&BELLAGIO_OLD),
        Birthplace::Italy(&BELLAGIO_NEW),
    );
    let solbiate = Birthplace::Italy(&SOLBIATE);
    alone_from(
        town,
        NatoEstero,
        ["MUSTERMANN", "HEIDI"],
        F,
        (1979, 5, 10 + shift),
        LUGANO,
    );
    alone_from(
        town,
        NatoComuneCessato,
        ["VERDI", "GIUSEPPE"],
        M,
        (1950, 3, 10 + shift),
        old,
    );
    alone_from(
        town,
        NatoComuneCessato,
        ["CESSATI", "ADA"],
        F,
        (1966, 10, 3 + shift),
        solbiate,
    );
    alone_from(
        town,
        NatoComuneCessato,
        ["NOVELLI", "ALICE"],
        F,
        (2005, 1, 7 + shift),
        old,
    );
    alone_from(
        town,
        NatoComuneRicreato,
        ["ANTONINI", "NICCOLÒ"],
        M,
        (1970, 9, 5 + shift),
        new,
    );
    alone_from(
        town,
        NatoComuneRicreato,
        ["RICREATI", "OTTO"],
        M,
        (2016, 1, 7 + shift),
        new,
    );
}

fn departures(town: &mut Town) {
    let milano = Birthplace::Italy(&MILANO);
    let aire = alone(town, Aire, ["LONTANI", "VERA"], F, (1971, 6, 2));
    town.person_mut(aire).status = Status::Aire("VIA NASSA 10");
    leave(town, aire, day(2012, 9, 1), LUGANO);
    let moved = alone(town, Emigrato, ["PARTITI", "PIETRO"], M, (1988, 12, 1));
    let abroad = alone(town, Emigrato, ["PARTITI", "PIERA"], F, (1988, 12, 1));
    for (id, on, to) in [
        (moved, day(2019, 5, 20), milano),
        (abroad, day(2021, 2, 1), LUGANO),
    ] {
        town.person_mut(id).status = Status::Emigrated;
        leave(town, id, on, to);
    }
    let back = alone(
        town,
        RientratoInGiornata,
        ["RIENTRATI", "SARA"],
        F,
        (1990, 8, 17),
    );
    leave(town, back, day(2020, 3, 12), milano);
    town.person_mut(back).resident_since = day(2020, 3, 12);
}

fn leave(town: &mut Town, id: u32, on: chrono::NaiveDate, to: Birthplace) {
    town.person_mut(id).emigration = Some(Emigration { on, to });
}

fn ended_registrations(town: &mut Town) {
    let week_ago = town.today - Days::new(7);
    let dead = alone(town, Deceduto, ["COMPIANTI", "ALDO"], M, (1941, 1, 21));
    town.person_mut(dead).status = Status::Dead(week_ago);
    town.person_mut(dead).updated = week_ago;
    let lost = alone(
        town,
        Irreperibile,
        ["IRREPERIBILI", "IVAN"],
        M,
        (1977, 9, 19),
    );
    town.person_mut(lost).status = Status::Untraceable(day(2023, 10, 5));
    let first = alone(town, Reiscritto, ["REISCRITTI", "MARTA"], F, (1986, 4, 11));
    town.person_mut(first).status = Status::Emigrated;
    leave(
        town,
        first,
        day(2015, 6, 30),
        Birthplace::Italy(ELSEWHERE[1]),
    );
    let home = town.home();
    let second = town.register_again(&home, first);
    town.mark(second, Reiscritto);
    town.person_mut(second).resident_since = day(2021, 1, 11);
}

fn restrictions(town: &mut Town) {
    let interdicted = alone(town, Interdetto, ["TUTELATI", "GUIDO"], M, (1963, 12, 12));
    town.person_mut(interdicted).certifiability = 4;
    let pending = alone(town, PraticaAperta, ["PENDENTI", "ELENA"], F, (1992, 2, 29));
    town.person_mut(pending).open_procedure = true;
    town.person_mut(pending).certifiability = 1;
}

fn accents(town: &mut Town) {
    alone(town, Accenti, ["CANTÙ", "NICCOLÒ"], M, (1984, 5, 25));
    alone(town, Accenti, ["CANTU'", "NOEMI"], F, (1984, 5, 25));
    alone(town, Accenti, ["D'ANGELO", "ZOË"], F, (1984, 5, 25));
}
