//! The tax operations of D6.

use std::collections::HashMap;

use chrono::{Datelike, NaiveDate};
use serde_json::{Value, json};

use super::Answer;
use super::demografici::utc_midnight;
use crate::population::Population;
use crate::population::places::Ente;
use crate::population::taxes::{Due, Notice, Parcel, Property, Rate, Subject, Utility, nav};

/// An operation: from the population, the tenant's municipality and the query to an answer.
type Operation = fn(&Population, &'static Ente, &Parameters<'_>) -> Answer;

/// The operation behind a path, with the name under which it is counted.
pub fn find(path: &str) -> Option<(&'static str, Operation)> {
    Some(match path {
        "soggetti/GetSoggettiTributi" => ("GetSoggettiTributi", subjects),
        "occupazioni/GetOccupazioni" => ("GetOccupazioni", utilities),
        "titolarita/GetTitolarita" => ("GetTitolarita", properties),
        "avvisiPagamento/GetAvvisiPagamento" => ("GetAvvisiPagamento", notices),
        "avvisiPagamento/GetDettaglioRate" => ("GetDettaglioRate", rates),
        "versamentiTributi/GetVersamenti" => ("GetVersamenti", payments),
        "importiPreliquidati/GetDettaglioPreliquidato" => ("GetDettaglioPreliquidato", dues),
        _ => return None,
    })
}

/// The query string; some clients write `request[name]` for `name`.
pub struct Parameters<'a>(pub &'a HashMap<String, String>);

impl Parameters<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .or_else(|| self.0.get(&format!("request[{name}]")))
            .map(String::as_str)
    }

    fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
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
fn rows<T>(
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

fn notices(population: &Population, ente: &'static Ente, query: &Parameters<'_>) -> Answer {
    let year: Option<i32> = query.number("anno");
    let wanted =
        |row: &Notice, subject| row.subject == subject && year.is_none_or(|year| row.year == year);
    rows(
        population,
        ente,
        query.number("idSoggetto"),
        &population.taxes.notices,
        wanted,
        notice,
    )
}

fn notice(notice: &Notice) -> Value {
    json!({
        "idAvviso": notice.id,
        "numeroAvviso": notice.number,
        "dataAvviso": utc_midnight(notice.on),
        "anno": notice.year,
        "codiceAvvisoDescrizione": format!("AVVISO TARI {}", notice.year),
        "statoEmissione": "Emesso - Validato",
        "dataAnnullamento": "",
        "importoTotale": comma(notice.total()),
        "importoVersato": comma(notice.paid()),
        "importoResiduo": comma(notice.total() - notice.paid()),
        "codiceAvvisoPagoPA": nav(notice.id),
    })
}

fn rates(population: &Population, ente: &'static Ente, query: &Parameters<'_>) -> Answer {
    let Some(id) = query.number::<u32>("idAvvisoPagamento") else {
        return Answer::Malformed;
    };
    let notice = population
        .taxes
        .notices
        .iter()
        .find(|notice| notice.id == id);
    match notice.filter(|notice| population.taxes.knows(ente, notice.subject)) {
        Some(notice) => Answer::Found(notice.rates.iter().map(rate).collect()),
        None => Answer::Nothing,
    }
}

fn rate(rate: &Rate) -> Value {
    json!({
        "codiceTributoF24": "3944",
        "codiceRataF24": rate_code(rate),
        "importo": comma(rate.amount),
        "dataScadenza": utc_midnight(rate.deadline),
    })
}

/// `0102`: first of two.
fn rate_code(rate: &Rate) -> String {
    format!("{:02}02", rate.ordinal)
}

fn payments(population: &Population, ente: &'static Ente, query: &Parameters<'_>) -> Answer {
    let (Some(subject), Some(year)) = (
        query.number::<u32>("idSoggetto"),
        query.number::<i32>("annoRiferimento"),
    ) else {
        return Answer::Malformed;
    };
    if !population.taxes.knows(ente, subject) {
        return Answer::Nothing;
    }
    let imu = population
        .taxes
        .dues
        .iter()
        .filter(|due| due.subject == subject && due.year == year);
    let imu = imu.filter_map(|due| due.paid.map(|on| imu_payment(due, on)));
    let tari = population
        .taxes
        .notices
        .iter()
        .filter(|notice| notice.subject == subject && notice.year == year);
    let tari = tari
        .flat_map(|notice| &notice.rates)
        .filter_map(|rate| rate.paid.map(|on| tari_payment(rate, on, year)));
    let found: Vec<Value> = imu.chain(tari).collect();
    if found.is_empty() {
        Answer::Nothing
    } else {
        Answer::Found(Value::Array(found))
    }
}

fn imu_payment(due: &Due, on: NaiveDate) -> Value {
    json!({
        "modulo": "Ici-Imu",
        "dataPagamento": utc_midnight(on),
        "anno": due.year,
        "codiceTributoF24": format!("{} - IMU", due.code),
        "rata": "",
        "dettaglioRata": due.instalment.label(),
        "importo": comma(due.amount),
        "importoDetrazione": comma(due.deduction),
        "rrOo": on > due.deadline,
        "violazione": false,
    })
}

fn tari_payment(rate: &Rate, on: NaiveDate, year: i32) -> Value {
    json!({
        "modulo": "Tares-Tari",
        "dataPagamento": utc_midnight(on),
        "anno": year,
        "codiceTributoF24": "3944 - TARI",
        "rata": rate_code(rate),
        "dettaglioRata": "",
        "importo": comma(rate.amount),
        "importoDetrazione": "0,00",
        "rrOo": on > rate.deadline,
        "violazione": false,
    })
}

fn dues(population: &Population, ente: &'static Ente, query: &Parameters<'_>) -> Answer {
    let (Some("Imposta_Immobili"), Some(year)) = (query.get("modulo"), query.number::<i32>("anno"))
    else {
        return Answer::Malformed;
    };
    let wanted = |row: &Due, subject| row.subject == subject && row.year == year;
    rows(
        population,
        ente,
        query.number("idSoggetto"),
        &population.taxes.dues,
        wanted,
        due,
    )
}

fn due(due: &Due) -> Value {
    let paid = if due.paid.is_some() { due.amount } else { 0 };
    json!({
        "codiceTributo": due.code,
        "rata": due.instalment.label(),
        "numeroImmobili": due.properties,
        "importoDovuto": grouped(due.amount),
        "importoVersato": grouped(paid),
        "importoVersatoConsiderato": grouped(paid),
        "totaleImportoDovuto": grouped(due.amount - paid),
        "detrazioneUtilizzata": grouped(due.deduction),
        "giorniRitardoRavvedimento": 0,
        "annoRiferimento": due.deadline.year(),
    })
}

/// Cents as `1234,56`.
fn comma(cents: i64) -> String {
    format!("{},{:02}", cents / 100, cents % 100)
}

/// Cents as `1.234,56`.
fn grouped(cents: i64) -> String {
    let digits = (cents / 100).to_string();
    let mut euros = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            euros.push('.');
        }
        euros.push(digit);
    }
    format!("{euros},{:02}", cents % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_a_decimal_comma_and_where_the_supplier_does_so_points() {
        assert_eq!(comma(123_456), "1234,56");
        assert_eq!(grouped(123_456), "1.234,56");
        assert_eq!(grouped(100), "1,00");
        assert_eq!(grouped(12_345_678_901), "123.456.789,01");
    }
}
