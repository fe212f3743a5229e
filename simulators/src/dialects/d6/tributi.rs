//! The tax operations of D6: which there are, and those about people and things.

use std::collections::HashMap;

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::Answer;
use super::demografici::utc_midnight;
use super::importi;
use crate::amounts::comma;
use crate::population::Population;
use crate::population::places::Ente;
use crate::population::taxes::{Parcel, Property, Subject, Utility};

/// An operation: from the population, the tenant's municipality and the query to an answer.
type Operation = fn(&Population, &'static Ente, &Parameters<'_>) -> Answer;

/// The operation behind a path, with the name under which it is counted.
pub fn find(path: &str) -> Option<(&'static str, Operation)> {
    Some(match path {
        "soggetti/GetSoggettiTributi" => ("GetSoggettiTributi", subjects),
        "occupazioni/GetOccupazioni" => ("GetOccupazioni", utilities),
        "titolarita/GetTitolarita" => ("GetTitolarita", properties),
        "avvisiPagamento/GetAvvisiPagamento" => ("GetAvvisiPagamento", importi::notices),
        "avvisiPagamento/GetDettaglioRate" => ("GetDettaglioRate", importi::rates),
        "versamentiTributi/GetVersamenti" => ("GetVersamenti", importi::payments),
        "importiPreliquidati/GetDettaglioPreliquidato" => {
            ("GetDettaglioPreliquidato", importi::dues)
        }
        _ => return None,
    })
}

/// The query string; some clients write `request[name]` for `name`.
pub struct Parameters<'a>(pub &'a HashMap<String, String>);

impl Parameters<'_> {
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .or_else(|| self.0.get(&format!("request[{name}]")))
            .map(String::as_str)
    }

    pub fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.get(name)?.parse().ok()
    }
}

fn subjects(population: &Population, ente: &'static Ente, query: &Parameters<'_>) -> Answer {
    let (Some("RicercaPerCodiceFiscale"), Some(code)) =
        (query.get("tipoRicerca"), query.get("codiceFiscale"))
    else {
        return Answer::Malformed;
    };
    let mut found: Vec<Value> = population
        .taxes
        .subjects_with(ente, code)
        .into_iter()
        .map(subject)
        .collect();
    match found.len() {
        0 => Answer::Nothing,
        1 => Answer::Found(found.remove(0)),
        _ => Answer::Found(Value::Array(found)),
    }
}

fn subject(subject: &Subject) -> Value {
    json!({
        "identificativoSoggetto": subject.id,
        // Fixed-width columns show through.
        "cognome": format!("{:<10}", subject.denomination),
        "nome": format!("{:<10}", subject.name.as_deref().unwrap_or_default()),
        "codiceFiscale": subject.codice_fiscale,
        "partitaIva": subject.partita_iva,
        "tipoSoggetto": if subject.is_company() { "G" } else { "F" },
    })
}

/// Rows of one taxpayer, none for one who belongs to another municipality.
pub fn rows<T>(
    population: &Population,
    ente: &'static Ente,
    subject: Option<u32>,
    all: &[T],
    wanted: impl Fn(&T, u32) -> bool,
    show: impl Fn(&T) -> Value,
) -> Answer {
    let Some(subject) = subject else {
        return Answer::Malformed;
    };
    if !population.taxes.knows(ente, subject) {
        return Answer::Nothing;
    }
    let found: Vec<Value> = all
        .iter()
        .filter(|row| wanted(row, subject))
        .map(show)
        .collect();
    if found.is_empty() {
        Answer::Nothing
    } else {
        Answer::Found(Value::Array(found))
    }
}

fn utilities(population: &Population, ente: &'static Ente, query: &Parameters<'_>) -> Answer {
    let subject = query.number("identificativoSoggetto");
    rows(
        population,
        ente,
        subject,
        &population.taxes.utilities,
        |row, subject| row.subject == subject,
        utility,
    )
}

fn utility(utility: &Utility) -> Value {
    let members: Vec<Value> = utility
        .members
        .iter()
        .map(|(from, people)| json!({ "numeroComponenti": people, "datainizio": from.format("%d/%m/%Y").to_string() }))
        .collect();
    let reductions: Vec<Value> = utility
        .reduction
        .iter()
        .map(|(text, percent)| json!({ "riduzione": { "descrizione": text, "percentuale": percent } }))
        .collect();
    json!({
        "numeroUtenza": utility.id,
        "domestica": if utility.household { "Si" } else { "No" },
        "codiceCategoria": utility.category,
        "totaleSuperficie": f64::from(utility.area) / 10.0,
        "dataInizio": utc_midnight(utility.from),
        // Open ends are written in two ways.
        "dataFine": if utility.to.is_none() && utility.id.is_multiple_of(2) { String::new() } else { open_end(utility.to) },
        "listaNucleoFam": if utility.household { members } else { Vec::new() },
        "listaImmobile": [estate(&utility.address.line(), &utility.parcel)],
        "listaRiduzioneOccupazione": reductions,
    })
}

fn estate(address: &str, parcel: &Parcel) -> Value {
    json!({
        "indirizzo": address,
        "sezione": null,
        "foglio": parcel.sheet.to_string(),
        "numero": parcel.number.to_string(),
        "subalterno": parcel.sub.to_string(),
    })
}

fn open_end(to: Option<NaiveDate>) -> String {
    to.map_or_else(|| "9999-12-31T00:00:00.000Z".to_owned(), utc_midnight)
}

fn properties(population: &Population, ente: &'static Ente, query: &Parameters<'_>) -> Answer {
    let subject = query.number("identificativoSoggetto");
    rows(
        population,
        ente,
        subject,
        &population.taxes.properties,
        |row, subject| row.subject == subject,
        property,
    )
}

fn property(property: &Property) -> Value {
    let building = &property.building;
    let (rate, thousandths) = building.rate_label();
    json!({
        "identificativoTitolarita": property.id,
        "dataInizio": utc_midnight(building.from),
        "dataFine": open_end(building.to),
        "caratteristicaTitolarita": building.kind,
        "subCaratteristica": building.sub_kind,
        "categoriaCatastale": if building.category.is_empty() { Value::Null } else { json!({ "codice": building.category }) },
        "classe": building.class,
        "rendita": comma(building.rendita),
        "percentualePossesso": format!("{},{}", building.share / 10, building.share % 10),
        "tipoTitolarita": { "descrizione": building.title },
        "aliquota": { "descrizione": rate, "valore": comma(thousandths) },
        "storico": building.historic,
        "inagibile": building.unusable,
        "esenteEscluso": if building.is_exempt() { 2 } else { 0 },
        "listaImmobileTributi": [estate(&property.address.line(), &property.parcel)],
    })
}
