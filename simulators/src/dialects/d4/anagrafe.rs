//! The registry methods of D4, proposed: public material has the transport only.

use super::{AMBIGUOUS, BAD_REQUEST, NOT_FOUND};
use crate::population::served::Served;
use crate::population::{Birthplace, Person, Population, Status};
use crate::soap::Element;
use crate::xml::Xml;

/// `RICERCASOGGETTO`: by `CodiceFiscale`, or by `Cognome` and `Nome` with an optional `DataNascita`.
pub fn people(
    population: &Population,
    served: Served,
    asked: &Element,
    copies: usize,
) -> Result<String, &'static str> {
    let found = match (asked.filled("CodiceFiscale"), asked.filled("Cognome")) {
        (Some(code), _) => population.by_codice_fiscale(served.town, code),
        (None, Some(surname)) => {
            let found = named(population, served, surname, asked);
            if found.len() > 1 {
                return Err(AMBIGUOUS);
            }
            found
        }
        (None, None) => return Err(BAD_REQUEST),
    };
    if found.is_empty() {
        return Err(NOT_FOUND);
    }
    let mut xml = Xml::default();
    for person in found {
        (0..copies).for_each(|_| write_person(&mut xml, served, person));
    }
    Ok(returned("Soggetti", &xml.into_string()))
}

fn named<'a>(
    population: &'a Population,
    served: Served,
    surname: &str,
    asked: &Element,
) -> Vec<&'a Person> {
    let same = |wanted: &str, value: &str| wanted.to_uppercase() == value;
    population
        .residents_of(served.town)
        .filter(|person| same(surname, &person.surname))
        .filter(|person| {
            asked
                .filled("Nome")
                .is_none_or(|name| same(name, &person.name))
        })
        .filter(|person| {
            let born = asked.filled("DataNascita");
            born.is_none_or(|day| person.birth.to_string() == day)
        })
        .collect()
}

/// `STATOFAMIGLIA`: by `CodFamiglia`, or by the `CodiceFiscale` of a living, resident member.
pub fn family(
    population: &Population,
    served: Served,
    asked: &Element,
    copies: usize,
) -> Result<String, &'static str> {
    let number = match (asked.filled("CodFamiglia"), asked.filled("CodiceFiscale")) {
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
        return Err(NOT_FOUND);
    }
    let mut xml = Xml::default();
    for person in members {
        (0..copies).for_each(|_| {
            xml.within("Componente", |xml| {
                write_identity(xml, person);
                xml.number("RelazioneParentela", person.relation);
            });
        });
    }
    Ok(returned("Famiglia", &xml.into_string()))
}

/// Not well-formed on purpose: the declaration stands inside the outer element.
fn returned(name: &str, content: &str) -> String {
    format!(
        "<XML_RETURN><?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{name}>{content}</{name}></XML_RETURN>"
    )
}

fn write_identity(xml: &mut Xml, person: &Person) {
    xml.number("CodSoggetto", person.id)
        .text("Cognome", &person.surname)
        .text("Nome", &person.name)
        .text(
            "CodiceFiscale",
            &person.stored_codice_fiscale().unwrap_or_default(),
        )
        .text("Sesso", person.sex.letter())
        .text("DataNascita", &person.birth.to_string());
}

fn write_person(xml: &mut Xml, served: Served, person: &Person) {
    xml.within("Soggetto", |xml| {
        write_identity(xml, person);
        let (istat, state, name) = place(person.birthplace);
        xml.text("IstatComuneNascita", &istat)
            .text("IstatStatoNascita", state)
            .text("LuogoNascita", name)
            .text("IstatCittadinanza", person.citizenship.istat)
            .number("StatoCivile", person.civil_state);
        if let Some(marriage) = &person.marriage {
            xml.text("DataMatrimonio", &marriage.on.to_string());
        }
        write_position(xml, person);
        write_residence(xml, served, person);
        xml.number("CodFamiglia", person.family)
            .number("Certificabilita", person.certifiability)
            .text(
                "ProcedimentoAperto",
                if person.open_procedure { "1" } else { "0" },
            );
    });
}

/// ISTAT code of the municipality **as a number**, of the foreign state, and the name; what does not apply is empty.
fn place(at: Birthplace) -> (String, &'static str, &'static str) {
    match at {
        Birthplace::Italy(comune) => (as_number(comune.istat), "", comune.name),
        Birthplace::Abroad(state, town) => (String::new(), state.istat, town),
    }
}

fn as_number(istat: &str) -> String {
    istat.trim_start_matches('0').to_owned()
}

fn write_position(xml: &mut Xml, person: &Person) {
    let left = person.emigration.map(|emigration| emigration.on);
    let (position, since) = match person.status {
        Status::Resident => ("RESIDENTE", Some(person.resident_since)),
        Status::Dead(on) => ("DECEDUTO", Some(on)),
        Status::Emigrated => ("EMIGRATO", left),
        Status::Aire(_) => ("AIRE", left),
        Status::Untraceable(on) => ("IRREPERIBILE", Some(on)),
    };
    xml.text("PosizioneAnagrafica", position);
    xml.text(
        "DataPosizione",
        &since.map(|day| day.to_string()).unwrap_or_default(),
    );
}

/// Where somebody lives now; the dead are shown where they lived last.
fn write_residence(xml: &mut Xml, served: Served, person: &Person) {
    let moved_to = person.emigration.map(|emigration| place(emigration.to));
    let here = || (as_number(served.place.istat), "", served.place.name);
    let ((istat, state, name), street, cap) = match (person.status, moved_to) {
        (Status::Resident | Status::Dead(_), _) => (here(), person.address.line(), served.town.cap),
        (Status::Aire(abroad), Some(place)) => (place, abroad.to_owned(), ""),
        (_, Some(place)) => (place, String::new(), ""),
        (_, None) => ((String::new(), "", ""), String::new(), ""),
    };
    xml.text("IstatComuneResidenza", &istat)
        .text("IstatStatoResidenza", state)
        .text("LuogoResidenza", name)
        .text("Indirizzo", &street)
        .text("Cap", cap);
}
