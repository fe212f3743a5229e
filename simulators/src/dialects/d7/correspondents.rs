//! Correspondents of D7: everybody whom the municipality knows, and those whom callers created since the start.

use std::sync::{Mutex, PoisonError};

use super::parameters::Parameters;
use super::write::{field, number};
use crate::population::Population;
use crate::population::served::Served;
use crate::xml::Xml;

const SEARCH: &str = "PRCORE03_99991006";
const CREATION: &str = "PRCORE03_99991007";
/// Numbers of created ones follow it.
const BEFORE_CREATED: u32 = 90_000;

/// Somebody to whom letters are written.
#[derive(Debug, Clone)]
pub struct Correspondent {
    pub number: u32,
    /// `F` or `G`.
    kind: &'static str,
    /// Surname, or the company's name.
    surname: String,
    name: String,
    codice_fiscale: String,
    partita_iva: String,
}

/// Those who were created, with the municipality that has them.
#[derive(Default)]
pub struct Created {
    held: Mutex<Vec<(&'static str, Correspondent)>>,
}

impl Created {
    /// Creates one more, whoever is there already; none if a field is missing.
    pub fn create(&self, served: Served, call: &Parameters) -> Option<u32> {
        let text = |name| call.field(CREATION, name).unwrap_or_default().to_owned();
        let (kind, surname) = match call.field(CREATION, "TipoPersona")? {
            "F" => ("F", call.field(CREATION, "Cognome")?),
            "G" => ("G", call.field(CREATION, "Denominazione")?),
            _ => return None,
        };
        call.field(CREATION, "CodiceFiscale")
            .or(call.field(CREATION, "PartitaIVA"))?;
        if kind == "F" {
            call.field(CREATION, "Nome")?;
        }
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let number = BEFORE_CREATED + u32::try_from(held.len()).ok()? + 1;
        let one = Correspondent {
            number,
            kind,
            surname: surname.to_owned(),
            name: text("Nome"),
            codice_fiscale: text("CodiceFiscale").to_uppercase(),
            partita_iva: text("PartitaIVA"),
        };
        held.push((served.belfiore(), one));
        Some(number)
    }

    /// By code or VAT number, from its beginning unless the call says that it is whole; none if it says neither.
    pub fn search(
        &self,
        population: &Population,
        served: Served,
        call: &Parameters,
    ) -> Option<Vec<Correspondent>> {
        let code = call.field(SEARCH, "CodiceFiscale").map(str::to_uppercase);
        let vat = call.field(SEARCH, "PartitaIVA");
        let kind = call.field(SEARCH, "TipoPersona");
        if code.is_none() && vat.is_none() {
            return None;
        }
        let whole = call.field(SEARCH, "EseguiUguale") == Some("S");
        let fits = |held: &str, wanted: Option<&str>| {
            wanted.is_none_or(|wanted| held == wanted || (!whole && held.starts_with(wanted)))
        };
        let mut found = known(population, served);
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let here = held.iter().filter(|(ente, _)| *ente == served.belfiore());
        found.extend(here.map(|(_, one)| one.clone()));
        found.retain(|one| {
            fits(&one.codice_fiscale, code.as_deref())
                && fits(&one.partita_iva, vat)
                && kind.is_none_or(|kind| kind == one.kind)
        });
        Some(found)
    }
}

/// The newest registration of everybody who has a code, and the companies.
fn known(population: &Population, served: Served) -> Vec<Correspondent> {
    let people = population.residents_of(served.town).filter_map(|person| {
        let code = person.codice_fiscale.clone()?;
        let newest = population.by_codice_fiscale(served.town, &code);
        (newest.last()?.id == person.id).then(|| Correspondent {
            number: person.id,
            kind: "F",
            surname: person.surname.clone(),
            name: person.name.clone(),
            codice_fiscale: code,
            partita_iva: String::new(),
        })
    });
    let subjects = population.taxes.subjects_of(served.town);
    let companies = subjects.filter(|subject| subject.is_company());
    let companies = companies.map(|company| Correspondent {
        number: company.id,
        kind: "G",
        surname: company.denomination.clone(),
        name: String::new(),
        codice_fiscale: company.codice_fiscale.clone().unwrap_or_default(),
        partita_iva: company.partita_iva.clone().unwrap_or_default(),
    });
    people.chain(companies).collect()
}

/// `NumCorrispondenti` and, if there are any, `SEQ_Corrispondente`.
pub fn write(xml: &mut Xml, found: &[Correspondent]) {
    number(
        xml,
        "NumCorrispondenti",
        u32::try_from(found.len()).unwrap_or(u32::MAX),
    );
    if found.is_empty() {
        return;
    }
    xml.within("SEQ_Corrispondente", |xml| {
        for one in found {
            xml.within("Corrispondente", |xml| {
                let surname = if one.kind == "F" {
                    "Cognome"
                } else {
                    "Denominazione"
                };
                number(xml, "CodiceSoggetto", one.number);
                field(xml, "TipoPersona", one.kind);
                field(xml, surname, &one.surname);
                field(xml, "Nome", &one.name);
                field(xml, "CodiceFiscale", &one.codice_fiscale);
                field(xml, "PartitaIVA", &one.partita_iva);
                field(xml, "IndirizzoPEC", "");
            });
        }
    });
}
