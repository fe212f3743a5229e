//! The tax operations of D6 about money: notices, instalments, payments, what is due.

use chrono::{Datelike, NaiveDate};
use serde_json::{Value, json};

use super::Answer;
use super::demografici::utc_midnight;
use super::tributi::{Parameters, rows};
use crate::amounts::{comma, grouped};
use crate::population::Population;
use crate::population::places::Ente;
use crate::population::taxes::{Due, Notice, Rate, nav};

pub fn notices(population: &Population, ente: &'static Ente, query: &Parameters<'_>) -> Answer {
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

pub fn rates(population: &Population, ente: &'static Ente, query: &Parameters<'_>) -> Answer {
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

pub fn payments(population: &Population, ente: &'static Ente, query: &Parameters<'_>) -> Answer {
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

pub fn dues(population: &Population, ente: &'static Ente, query: &Parameters<'_>) -> Answer {
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
