//! What officers set down by a deed has in common: a form that is ours, an ente of theirs, the deed, an end. Persons come by a form and
//! are never shown again.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Europe::Rome;
use uuid::Uuid;

use crate::api::http::Response;
use crate::broker::error::{ExchangeError, Malformed};
use crate::connectors::filled_in::Wrong;
use crate::contract::luogo::CodiceIstat;

use super::caller::Caller;
use super::form::{self, Seal};
use super::page::{escaped, html, input, moment, whole};

/// Forms are of what stands under a number; the form of something new is of none.
pub(super) const NEW: i64 = 0;

/// What a form sent, or nothing yet.
pub(super) type Filled = BTreeMap<String, String>;

/// The text of an input, without blanks around it.
pub(super) fn text<'a>(filled: &'a Filled, name: &str) -> &'a str {
    filled.get(name).map(|text| text.trim()).unwrap_or_default()
}

/// What is wrong with an input.
pub(super) fn of_input(input: &str, reason: &'static str) -> Wrong {
    Wrong {
        input: input.to_owned(),
        reason,
    }
}

/// The number at the end of a path.
pub(super) fn parsed(caller: &Caller, number: &str) -> Result<i64, Response> {
    let number = number.parse().ok().filter(|number| *number > NEW);
    number.ok_or_else(|| caller.malformed(Malformed::NoSuchResource))
}

/// The token of a form of what stands in a folder under a number.
pub(super) fn token(caller: &Caller, seal: &Seal, place: (&str, i64)) -> String {
    seal.token(caller, sealed(place.0), place.1)
}

/// Refuses a form that is not ours, or not this officer's; that is noted.
pub(super) async fn check_token(
    caller: &Caller,
    seal: &Seal,
    filled: &Filled,
    (folder, number): (&str, i64),
) -> Result<(), Response> {
    if seal.is_genuine(caller, sealed(folder), number, text(filled, "gettone")) {
        return Ok(());
    }
    let stale = ExchangeError::Malformed(form::wrong("gettone"));
    caller.note_refusal(&stale, None, None).await?;
    let body = format!(
        "<h1>Modulo superato</h1>\n<p role=\"alert\">Non è cambiato nulla: il modulo è di prima di un riavvio o di un altro operatore.</p>\n\
         <p><a href=\"{folder}\">Apri di nuovo la pagina</a></p>\n"
    );
    Err(html(403, whole("Modulo superato", &body)))
}

/// Forms are sealed under an UUID: a folder has one of its own.
fn sealed(folder: &str) -> Uuid {
    let mut bytes = [0; 16];
    for (byte, letter) in bytes.iter_mut().zip(folder.bytes()) {
        *byte = letter;
    }
    Uuid::from_bytes(bytes)
}

/// The ente that the officer chose, of their own.
pub(super) fn chosen_ente<'a>(
    caller: &'a Caller,
    filled: &Filled,
    wrong: &mut Vec<Wrong>,
) -> Option<&'a CodiceIstat> {
    let mut enti = caller.enti().iter();
    let ente = enti.find(|ente| ente.as_str() == text(filled, "ente"));
    if ente.is_none() {
        wrong.push(of_input("ente", "scegliere uno dei propri enti"));
    }
    ente
}

/// The input for it.
pub(super) fn choice_of_ente(body: &mut String, caller: &Caller, filled: &Filled, wrong: &[Wrong]) {
    let only = caller.enti().len() == 1;
    let option = |ente: &CodiceIstat| {
        let chosen = only || text(filled, "ente") == ente.as_str();
        let chosen = if chosen { " selected" } else { "" };
        let name = escaped(&name_of(caller, ente.as_str()));
        format!(
            "<option value=\"{}\"{chosen}>{name}</option>",
            ente.as_str()
        )
    };
    let options: String = caller.enti().iter().map(option).collect();
    input(body, ("ente", "Ente"), wrong, |attributes| {
        format!("<select {attributes}><option value=\"\">–</option>{options}</select>")
    });
}

/// A day as a form sends it.
pub(super) fn day(text: &str) -> Result<Option<NaiveDate>, &'static str> {
    match text {
        "" => Ok(None),
        text => NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .map(Some)
            .map_err(|_| "non è un giorno"),
    }
}

/// The end of a last day in Italy; none where no day is written.
pub(super) fn last_day(text: &str) -> Result<Option<DateTime<Utc>>, &'static str> {
    let Some(day) = day(text)? else {
        return Ok(None);
    };
    let end = day
        .succ_opt()
        .and_then(beginning)
        .ok_or("non è un giorno")?;
    match end > Utc::now() {
        true => Ok(Some(end)),
        false => Err("è già passato"),
    }
}

/// When a day begins in Italy.
pub(super) fn beginning(day: NaiveDate) -> Option<DateTime<Utc>> {
    let midnight = day.and_hms_opt(0, 0, 0)?.and_local_timezone(Rome);
    midnight.earliest().map(|begins| begins.with_timezone(&Utc))
}

/// How something stands that holds until an end, or until it is taken back.
pub(super) fn state(until: Option<DateTime<Utc>>, ended: Option<DateTime<Utc>>) -> String {
    let last = |end: DateTime<Utc>| {
        let day = (end - TimeDelta::seconds(1)).with_timezone(&Rome);
        day.format("%d/%m/%Y").to_string()
    };
    match (ended, until) {
        (Some(ended), _) => format!("cessata il {}", moment(ended)),
        (None, Some(until)) if until <= Utc::now() => format!("valeva fino al {}", last(until)),
        (None, Some(until)) => format!("vale fino al {}", last(until)),
        (None, None) => "vale".to_owned(),
    }
}

/// What was done, and the way back.
pub(super) fn done(folder: &str, told: &str) -> String {
    let body = format!(
        "<h1>{told}</h1>\n<p role=\"status\">È annotata nel giornale.</p>\n<p><a href=\"{folder}\">Torna all'elenco</a></p>\n"
    );
    whole("Fatto", &body)
}

/// An ente's name.
pub(super) fn name_of(caller: &Caller, ente: &str) -> String {
    let snapshot = caller.gateway().snapshot();
    let known = CodiceIstat::parse(ente).and_then(|code| snapshot.ente(&code).cloned());
    known.map_or_else(|| ente.to_owned(), |known| known.denominazione.clone())
}
