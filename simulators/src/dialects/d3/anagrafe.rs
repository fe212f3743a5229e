//! The registry services of D3, proposed: public material has the transport only.

use chrono::NaiveDate;

use super::errors::{AMBIGUOUS, BAD_REQUEST, NO_FAMILY, NOT_FOUND, Refusal, STILL_AMBIGUOUS};
use crate::population::served::Served;
use crate::population::{Birthplace, Person, Population, Status};
use crate::soap::Element;
use crate::xml::Xml;

pub fn date(day: NaiveDate) -> String {
    day.format("%d/%m/%Y").to_string()
}

pub fn optional_date(day: Option<NaiveDate>) -> String {
    day.map(date).unwrap_or_default()
}

pub fn yes_or_no(yes: bool) -> &'static str {
    if yes { "S" } else { "N" }
}

/// `ANAGRAFE`: by `CodiceFiscale`, or by `Cognome` and `Nome` with an optional `DataNascita`.
pub fn people<'a>(
    population: &'a Population,
    served: Served,
    request: &Element,
) -> Result<Vec<&'a Person>, Refusal> {
    let found = match (
        request.filled("CodiceFiscale"),
        request.filled("Cognome"),
        request.filled("Nome"),
    ) {
        (Some(code), ..) => population.by_codice_fiscale(served.town, code),
        (None, Some(surname), Some(name)) => {
            let born = request.filled("DataNascita");
            let found = named(population, served, [surname, name], born);
            if found.len() > 1 {
                return Err(born.map_or(AMBIGUOUS, |_| STILL_AMBIGUOUS));
            }
            found
        }
        _ => return Err(BAD_REQUEST),
    };
    if found.is_empty() {
        Err(NOT_FOUND)
    } else {
        Ok(found)
    }
}

fn named<'a>(
    population: &'a Population,
    served: Served,
    names: [&str; 2],
    born: Option<&str>,
) -> Vec<&'a Person> {
    let [surname, name] = names.map(str::to_uppercase);
    population
        .residents_of(served.town)
        .filter(|person| person.surname == surname && person.name == name)
        .filter(|person| born.is_none_or(|day| date(person.birth) == day))
        .collect()
}

pub fn write_person(xml: &mut Xml, served: Served, person: &Person) {
    xml.within("Soggetto", |xml| {
        identity(xml, person);
        birth(xml, person);
        xml.text("Cittadinanza", person.citizenship.istat)
            .number("StatoCivile", person.civil_state)
            .text(
                "DataMatrimonio",
                &optional_date(person.marriage.as_ref().map(|marriage| marriage.on)),
            );
        position(xml, person);
        residence(xml, served, person);
        xml.number("Famiglia", person.family)
            .number("Certificabilita", person.certifiability)
            .text("PraticaAperta", yes_or_no(person.open_procedure));
    });
}

fn identity(xml: &mut Xml, person: &Person) {
    xml.number("Codice", person.id)
        .text("Cognome", &person.surname)
        .text("Nome", &person.name)
        .text(
            "CodiceFiscale",
            &person.stored_codice_fiscale().unwrap_or_default(),
        )
        .text("Sesso", person.sex.letter())
        .text("DataNascita", &date(person.birth));
}

fn birth(xml: &mut Xml, person: &Person) {
    let (istat, state, name) = place(person.birthplace);
    xml.text("CodIstatNascita", istat)
        .text("StatoNascita", state)
        .text("LuogoNascita", name);
}

/// ISTAT code of the municipality, of the foreign state, and the name; what does not apply is empty.
fn place(at: Birthplace) -> (&'static str, &'static str, &'static str) {
    match at {
        Birthplace::Italy(comune) => (comune.istat, "", comune.name),
        Birthplace::Abroad(state, town) => ("", state.istat, town),
    }
}

/// A letter, and since when.
fn position(xml: &mut Xml, person: &Person) {
    let left = person.emigration.map(|emigration| emigration.on);
    let (letter, since) = match person.status {
        Status::Resident => ("R", Some(person.resident_since)),
        Status::Dead(on) => ("D", Some(on)),
        Status::Emigrated => ("E", left),
        Status::Aire(_) => ("A", left),
        Status::Untraceable(on) => ("I", Some(on)),
    };
    xml.text("Posizione", letter)
        .text("DataPosizione", &optional_date(since));
}

/// Where somebody lives now; the dead are shown where they lived last.
fn residence(xml: &mut Xml, served: Served, person: &Person) {
    let moved_to = person.emigration.map(|emigration| place(emigration.to));
    let ((istat, state, name), street, civic, cap) = match (person.status, moved_to) {
        (Status::Resident | Status::Dead(_), _) => {
            let place = (served.place.istat, "", served.place.name);
            let address = &person.address;
            (place, street(person), address.civic(), served.town.cap)
        }
        (Status::Aire(abroad), Some(place)) => (place, abroad.to_owned(), String::new(), ""),
        (_, Some(place)) => (place, String::new(), String::new(), ""),
        _ => (("", "", ""), String::new(), String::new(), ""),
    };
    xml.text("CodIstatComune", istat)
        .text("StatoEstero", state)
        .text("Localita", name)
        .text("Indirizzo", &street)
        .text("Civico", &civic)
        .text("Cap", cap);
}

fn street(person: &Person) -> String {
    let road = person.address.road();
    match person.address.hamlet {
        Some(hamlet) => format!("FRAZIONE {hamlet}, {road}"),
        None => road,
    }
}

/// `FAMIGLIA`: by the number of the family, or by the code of one of its living, resident members.
pub fn family<'a>(
    population: &'a Population,
    served: Served,
    request: &Element,
) -> Result<(u32, Vec<&'a Person>), Refusal> {
    let number = match (request.filled("Famiglia"), request.filled("CodiceFiscale")) {
        (Some(number), _) => number.parse().map_err(|_| BAD_REQUEST)?,
        (None, Some(code)) => {
            let found = population.by_codice_fiscale(served.town, code);
            let resident = found.into_iter().rfind(|person| person.is_resident());
            resident.ok_or(NOT_FOUND)?.family
        }
        (None, None) => return Err(BAD_REQUEST),
    };
    let members = population.family(served.town, number);
    if members.is_empty() {
        Err(NO_FAMILY)
    } else {
        Ok((number, members))
    }
}

pub fn write_member(xml: &mut Xml, person: &Person) {
    xml.within("Componente", |xml| {
        identity(xml, person);
        xml.number("Parentela", person.relation);
    });
}
