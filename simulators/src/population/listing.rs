//! The list of people that the `people` command prints, so that tests and documents find a code for every case.

use serde::Serialize;

use super::taxes::Subject;
use super::{Case, Person, Population};

/// One line of the list; the code is the true one, whatever the municipality keeps.
#[derive(Debug, Serialize)]
pub struct Listed {
    pub codice_fiscale: Option<String>,
    pub cognome: String,
    pub nome: Option<String>,
    /// Belfiore code of the municipality.
    pub ente: &'static str,
    /// Number of the registration, none for taxpayers who are not in the register.
    pub persona: Option<u32>,
    pub famiglia: Option<u32>,
    /// Numbers in the tax office.
    pub soggetti: Vec<u32>,
    /// Keys of the cases; empty for people without surprises.
    pub casi: Vec<&'static str>,
}

/// Registrations and then taxpayers unknown to the registers.
pub fn listed(population: &Population) -> Vec<Listed> {
    let people = population
        .people
        .iter()
        .map(|person| of_person(population, person));
    let strangers = population
        .taxes
        .subjects
        .iter()
        .filter(|subject| !subject.cases.is_empty())
        .map(of_stranger);
    people.chain(strangers).collect()
}

fn of_person(population: &Population, person: &Person) -> Listed {
    let subjects = match &person.codice_fiscale {
        Some(code) => population.taxes.subjects_with(person.ente, code),
        None => Vec::new(),
    };
    Listed {
        codice_fiscale: person.codice_fiscale.clone(),
        cognome: person.surname.clone(),
        nome: Some(person.name.clone()),
        ente: person.ente.belfiore(),
        persona: Some(person.id),
        famiglia: Some(person.family),
        soggetti: subjects.iter().map(|subject| subject.id).collect(),
        casi: keys(&person.cases),
    }
}

fn of_stranger(subject: &Subject) -> Listed {
    Listed {
        codice_fiscale: subject.codice_fiscale.clone(),
        cognome: subject.denomination.clone(),
        nome: subject.name.clone(),
        ente: subject.ente.belfiore(),
        persona: None,
        famiglia: None,
        soggetti: vec![subject.id],
        casi: keys(&subject.cases),
    }
}

fn keys(cases: &[Case]) -> Vec<&'static str> {
    cases.iter().map(|case| case.key()).collect()
}
