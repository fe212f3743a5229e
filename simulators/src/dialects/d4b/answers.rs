//! What D4b tells about people, proposed: public material has the requests only.

use chrono::{Datelike, NaiveDate};

use crate::population::served::Served;
use crate::population::{Birthplace, Person, Status};
use crate::xml::Xml;

/// Code of the registry position, and since when.
pub fn position(person: &Person) -> (&'static str, Option<NaiveDate>) {
    let left = person.emigration.map(|emigration| emigration.on);
    match person.status {
        Status::Resident => ("R", Some(person.resident_since)),
        Status::Dead(on) => ("D", Some(on)),
        Status::Emigrated => ("E", left),
        Status::Aire(_) => ("A", left),
        Status::Untraceable(on) => ("I", Some(on)),
    }
}

/// A row of a search. `number` is the person's, except in a fault.
pub fn persona(xml: &mut Xml, person: &Person, number: u32) {
    xml.within("Persona", |xml| {
        identity(xml, person, number);
        xml.text("PosiAnag", position(person).0)
            .number("NumeFami", person.family);
    });
}

pub fn familiare(xml: &mut Xml, person: &Person, number: u32) {
    xml.within("Familiare", |xml| {
        identity(xml, person, number);
        xml.text("PosiAnag", position(person).0)
            .number("RelazioneParentela", person.relation);
    });
}

pub fn dati_persona(xml: &mut Xml, served: Served, person: &Person, number: u32) {
    xml.within("DatiPersona", |xml| {
        identity(xml, person, number);
        let (istat, state, name) = place(person.birthplace);
        xml.text("IstatNascita", istat)
            .text("StatoNascita", state)
            .text("LuogoNascita", name)
            .text("Cittadinanza", person.citizenship.istat)
            .number("StatoCivile", person.civil_state);
        let (letter, since) = position(person);
        xml.text("PosiAnag", letter);
        split_date(xml, "Posi", since);
        residence(xml, served, person);
        xml.number("NumeFami", person.family)
            .number("Certificabilita", person.certifiability);
    });
}

fn identity(xml: &mut Xml, person: &Person, number: u32) {
    xml.number("Nind", number)
        .text("Cognome", &person.surname)
        .text("Nome", &person.name)
        .text("Sesso", person.sex.letter())
        .text(
            "CodiceFiscale",
            &person.stored_codice_fiscale().unwrap_or_default(),
        );
    split_date(xml, "Nascita", Some(person.birth));
}

/// Three numbers without leading zeros, as dates are everywhere here.
fn split_date(xml: &mut Xml, name: &str, day: Option<NaiveDate>) {
    let Some(day) = day else { return };
    xml.number(&format!("Giorno{name}"), day.day())
        .number(&format!("Mese{name}"), day.month())
        .number(&format!("Anno{name}"), day.year());
}

/// ISTAT code of the municipality, of the foreign state, and the name; what does not apply is empty.
fn place(at: Birthplace) -> (&'static str, &'static str, &'static str) {
    match at {
        Birthplace::Italy(comune) => (comune.istat, "", comune.name),
        Birthplace::Abroad(state, town) => ("", state.istat, town),
    }
}

/// Where somebody lives now; the dead are shown where they lived last.
fn residence(xml: &mut Xml, served: Served, person: &Person) {
    if matches!(person.status, Status::Resident | Status::Dead(_)) {
        let address = &person.address;
        xml.text("IstatComune", served.place.istat)
            .text("Comune", served.place.name)
            .text("Frazione", address.hamlet.unwrap_or_default())
            .text("Via", &address.road())
            .text("NumeroCivico", &address.civic())
            .text("Cap", served.town.cap);
        return;
    }
    let Some(emigration) = person.emigration else {
        return;
    };
    let (istat, state, name) = place(emigration.to);
    xml.text("IstatComune", istat)
        .text("Stato", state)
        .text("Comune", name);
    if let Status::Aire(street) = person.status {
        xml.text("Via", street);
    }
}
