//! The registry in D7, proposed: public material has correspondents only.

use super::parameters::Parameters;
use super::write::{Dates, field, number, yes_or_no};
use crate::population::served::Served;
use crate::population::{Birthplace, Person, Population, Status};
use crate::xml::Xml;

const PERSON: &str = "DECORE01_99990001";
const FAMILY: &str = "DECORE01_99990002";

/// Registrations of a code, oldest first; none if the call names no code.
pub fn people<'a>(
    population: &'a Population,
    served: Served,
    call: &Parameters,
) -> Option<Vec<&'a Person>> {
    let code = call.field(PERSON, "CodiceFiscale")?;
    Some(population.by_codice_fiscale(served.town, code))
}

/// Members of the family of that number, or of the resident with that code; none if the call names neither.
pub fn family<'a>(
    population: &'a Population,
    served: Served,
    call: &Parameters,
) -> Option<Vec<&'a Person>> {
    if let Some(family) = call.field(FAMILY, "CodiceFamiglia") {
        return Some(population.family(served.town, family.parse().ok()?));
    }
    let code = call.field(FAMILY, "CodiceFiscale")?;
    let registrations = population.by_codice_fiscale(served.town, code);
    let resident = registrations.iter().rfind(|person| person.is_resident());
    Some(resident.map_or_else(Vec::new, |person| {
        population.family(served.town, person.family)
    }))
}

pub fn write_people(xml: &mut Xml, served: Served, people: &[&Person]) {
    xml.within("SEQ_Anagrafica", |xml| {
        for person in people {
            xml.within("Anagrafica", |xml| write_person(xml, served, person));
        }
    });
}

pub fn write_family(xml: &mut Xml, served: Served, members: &[&Person]) {
    xml.within("SEQ_Componente", |xml| {
        for member in members {
            xml.within("Componente", |xml| {
                identity(xml, Dates::of(served), member);
                number(xml, "Parentela", member.relation.into());
            });
        }
    });
}

fn identity(xml: &mut Xml, dates: Dates, person: &Person) {
    number(xml, "CodiceSoggetto", person.id);
    field(xml, "Cognome", &person.surname);
    field(xml, "Nome", &person.name);
    let code = person.stored_codice_fiscale();
    field(xml, "CodiceFiscale", code.as_deref().unwrap_or_default());
    field(xml, "Sesso", person.sex.letter());
    dates.field(xml, "DataNascita", Some(person.birth));
}

fn write_person(xml: &mut Xml, served: Served, person: &Person) {
    let dates = Dates::of(served);
    identity(xml, dates, person);
    place(xml, "Nascita", Some(person.birthplace));
    field(xml, "Cittadinanza", person.citizenship.istat);
    number(xml, "StatoCivile", person.civil_state.into());
    let married = person.marriage.as_ref().map(|marriage| marriage.on);
    dates.field(xml, "DataMatrimonio", married);
    position(xml, dates, person);
    residence(xml, served, person);
    number(xml, "CodiceFamiglia", person.family);
    number(xml, "Certificabilita", person.certifiability.into());
    yes_or_no(xml, "PraticaAperta", person.open_procedure);
}

/// `Comune…`, `Stato…` and `Localita…`; what does not apply is empty.
fn place(xml: &mut Xml, of: &str, at: Option<Birthplace>) {
    let (comune, state, name) = match at {
        Some(Birthplace::Italy(comune)) => (comune.istat, "", comune.name),
        Some(Birthplace::Abroad(state, town)) => ("", state.istat, town),
        None => ("", "", ""),
    };
    field(xml, &format!("Comune{of}"), comune);
    field(xml, &format!("Stato{of}"), state);
    field(xml, &format!("Localita{of}"), name);
}

fn position(xml: &mut Xml, dates: Dates, person: &Person) {
    let left = person.emigration.map(|emigration| emigration.on);
    let (state, since) = match person.status {
        Status::Resident => ("RESIDENTE", Some(person.resident_since)),
        Status::Dead(on) => ("DECEDUTO", Some(on)),
        Status::Emigrated => ("EMIGRATO", left),
        Status::Aire(_) => ("AIRE", left),
        Status::Untraceable(on) => ("IRREPERIBILE", Some(on)),
    };
    field(xml, "Posizione", state);
    dates.field(xml, "DataPosizione", since);
}

/// Where somebody lives now; the dead are shown where they lived last.
fn residence(xml: &mut Xml, served: Served, person: &Person) {
    let moved_to = person.emigration.map(|emigration| emigration.to);
    match person.status {
        Status::Resident | Status::Dead(_) => {
            place(xml, "Residenza", Some(Birthplace::Italy(served.place)));
            let address = &person.address;
            field(xml, "Indirizzo", &address.road());
            let civic = address.number.map(|number| number.to_string());
            field(xml, "Civico", civic.as_deref().unwrap_or("SNC"));
            field(xml, "Esponente", address.letter.unwrap_or_default());
            field(xml, "Frazione", address.hamlet.unwrap_or_default());
            field(xml, "Cap", served.town.cap);
        }
        Status::Emigrated | Status::Untraceable(_) => place(xml, "Residenza", moved_to),
        Status::Aire(street) => {
            place(xml, "Residenza", moved_to);
            field(xml, "Indirizzo", street);
        }
    }
}
