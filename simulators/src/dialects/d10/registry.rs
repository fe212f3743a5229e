//! The registry's files: persons and streets, fixed width.

use chrono::NaiveDate;

use super::Lines;
use crate::population::served::Served;
use crate::population::{Birthplace, Person, Population, Status};

/// A line of blanks into which fields are put at their places.
struct Line(Vec<char>);

impl Line {
    fn of(length: usize) -> Line {
        Line(vec![' '; length])
    }

    /// Puts a text at its place, cut to its width.
    fn put(&mut self, start: usize, width: usize, text: &str) -> &mut Line {
        for (place, letter) in (start..start + width).zip(text.chars()) {
            self.0[place] = letter;
        }
        self
    }

    fn day(&mut self, start: usize, day: Option<NaiveDate>) -> &mut Line {
        match day {
            Some(day) => self.put(start, 8, &day.format("%Y%m%d").to_string()),
            None => self.put(start, 8, "00000000"),
        }
    }

    fn text(&self) -> String {
        self.0.iter().collect()
    }
}

/// Both files.
pub fn files(population: &Population, served: &Served, stamp: &str, crowd: u32) -> Vec<Lines> {
    let belfiore = served.belfiore();
    let people = population.residents_of(served.town);
    let mut lines: Vec<String> = people.map(person_line).collect();
    lines.extend((0..crowd).map(crowd_line));
    let streets = served.town.streets.iter().zip(1..);
    vec![
        Lines {
            name: format!("ANA_PER_{belfiore}_{stamp}.txt"),
            lines,
        },
        Lines {
            name: format!("ANA_VIE_{belfiore}_{stamp}.txt"),
            lines: streets
                .map(|(street, code)| street_line(*street, code, served))
                .collect(),
        },
    ]
}

fn street_line((prefix, name): (&str, &str), code: u32, served: &Served) -> String {
    let mut line = Line::of(85);
    line.put(0, 5, &format!("{code:05}"))
        .put(5, 15, prefix)
        .put(20, 60, name)
        .put(80, 5, served.town.cap);
    line.text()
}

/// Code, name and province; abroad the state's code and EE.
fn place(at: Birthplace) -> (&'static str, &'static str, &'static str) {
    match at {
        Birthplace::Italy(comune) => (comune.istat, comune.name, comune.province),
        Birthplace::Abroad(state, town) => (state.istat, town, "EE"),
    }
}

fn person_line(person: &Person) -> String {
    let mut line = Line::of(665);
    let flag = match person.status {
        Status::Resident => "R",
        Status::Dead(_) => "D",
        Status::Emigrated => "E",
        Status::Aire(_) => "A",
        Status::Untraceable(_) => "I",
    };
    let (code, town, province) = place(person.birthplace);
    let stored = person.stored_codice_fiscale().unwrap_or_default();
    line.put(0, 1, flag)
        .put(1, 100, &format!("{}/{}", person.surname, person.name))
        .put(101, 16, &stored)
        .put(117, 1, if stored.is_empty() { " " } else { "1" })
        .day(118, Some(person.birth))
        .put(126, 1, person.sex.letter())
        .put(127, 7, code)
        .put(134, 50, town)
        .put(184, 4, province)
        .day(188, Some(person.resident_since));
    let address = &person.address;
    line.put(196, 5, &format!("{:05}", address.street_code))
        .put(
            201,
            5,
            &address
                .number
                .map_or_else(String::new, |number| number.to_string()),
        )
        .put(206, 5, address.letter.unwrap_or_default())
        .put(285, 50, address.hamlet.unwrap_or_default())
        .day(216, Some(person.resident_since))
        .day(335, person.marriage.as_ref().map(|marriage| marriage.on))
        .put(343, 10, &format!("{:010}", person.id));
    movements(&mut line, person);
    line.put(440, 3, person.citizenship.istat)
        .day(493, Some(person.resident_since))
        .day(509, Some(person.updated))
        .put(525, 5, &person.relation.to_string())
        .put(530, 10, &format!("{:010}", person.family));
    line.text()
}

fn movements(line: &mut Line, person: &Person) {
    let died = match person.status {
        Status::Dead(on) => Some(on),
        _ => None,
    };
    line.day(363, died);
    line.day(
        371,
        person.emigration.as_ref().map(|emigration| emigration.on),
    );
    if let Some(emigration) = &person.emigration {
        let (code, town, province) = place(emigration.to);
        line.put(379, 7, code)
            .put(386, 50, town)
            .put(436, 4, province);
    }
    if let Status::Aire(street) = person.status {
        line.put(443, 50, street);
    }
}

/// Somebody who was never born, for measures: a code that no other has and that no checksum fits.
fn crowd_line(number: u32) -> String {
    let mut line = Line::of(665);
    line.put(0, 1, "R")
        .put(1, 100, &format!("FOLLA/PROVA {number}"))
        .put(
            101,
            16,
            &format!(
                "FLLPRV{:02}A{:02}C{:03}X",
                number / 100_000 % 100,
                number / 1_000 % 100,
                number % 1_000
            ),
        )
        .put(118, 8, "19800101")
        .put(126, 1, "M")
        .put(127, 7, "013075")
        .put(134, 50, "COMO")
        .put(184, 4, "CO")
        .put(188, 8, "20200101")
        .put(196, 5, "00001")
        .put(201, 5, &(number % 99 + 1).to_string())
        .put(343, 10, &format!("9{number:09}"))
        .put(440, 3, "100")
        .put(525, 5, "1")
        .put(530, 10, &format!("9{:09}", number / 3));
    line.text()
}
