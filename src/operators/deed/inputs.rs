//! The inputs of officers' forms: what they look like, and what they say.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Europe::Rome;

use crate::connectors::filled_in::Wrong;
use crate::contract::codice_fiscale::CodiceFiscale;
use crate::contract::luogo::CodiceIstat;
use crate::operators::caller::Caller;
use crate::operators::page::{escaped, input};

use super::page::name_of;

/// What a form sent, or nothing yet.
pub(in crate::operators) type Filled = BTreeMap<String, String>;

/// The text of an input, without blanks around it.
pub(in crate::operators) fn text<'a>(filled: &'a Filled, name: &str) -> &'a str {
    filled.get(name).map(|text| text.trim()).unwrap_or_default()
}

/// What is wrong with an input.
pub(in crate::operators) fn of_input(input: &str, reason: &'static str) -> Wrong {
    Wrong {
        input: input.to_owned(),
        reason,
    }
}

/// The ente that the officer chose, of their own.
pub(in crate::operators) fn chosen_ente<'a>(
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
pub(in crate::operators) fn choice_of_ente(
    body: &mut String,
    caller: &Caller,
    filled: &Filled,
    wrong: &[Wrong],
) {
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

/// An input for a line of text.
pub(in crate::operators) fn text_input(
    body: &mut String,
    named: (&str, &str),
    longest: u16,
    (filled, wrong): (&Filled, &[Wrong]),
) {
    let value = escaped(text(filled, named.0));
    input(body, named, wrong, |attributes| {
        format!("<input maxlength=\"{longest}\" {attributes} value=\"{value}\">")
    });
}

/// An input for a day.
pub(in crate::operators) fn day_input(
    body: &mut String,
    named: (&str, &str),
    (filled, wrong): (&Filled, &[Wrong]),
) {
    let value = escaped(text(filled, named.0));
    input(body, named, wrong, |attributes| {
        format!("<input type=\"date\" {attributes} value=\"{value}\">")
    });
}

/// The fiscal codes of two inputs, which must be persons' and not the same one's.
pub(in crate::operators) fn persons_codes(
    filled: &Filled,
    inputs: (&str, &str),
    same: &'static str,
    wrong: &mut Vec<Wrong>,
) -> Option<(CodiceFiscale, CodiceFiscale)> {
    let mut of_person = |name: &str| {
        let code = CodiceFiscale::parse(text(filled, name)).ok();
        let code = code.filter(|code| code.as_str().len() == 16);
        if code.is_none() {
            wrong.push(of_input(name, "non è il codice fiscale di una persona"));
        }
        code
    };
    let (first, second) = (of_person(inputs.0), of_person(inputs.1));
    let codes = first.zip(second)?;
    if codes.0 == codes.1 {
        wrong.push(of_input(inputs.1, same));
        return None;
    }
    Some(codes)
}

/// A day as a form sends it.
pub(in crate::operators) fn day(text: &str) -> Result<Option<NaiveDate>, &'static str> {
    match text {
        "" => Ok(None),
        text => NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .map(Some)
            .map_err(|_| "non è un giorno"),
    }
}

/// The end of a last day in Italy; none where no day is written.
pub(in crate::operators) fn last_day(text: &str) -> Result<Option<DateTime<Utc>>, &'static str> {
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
pub(in crate::operators) fn beginning(day: NaiveDate) -> Option<DateTime<Utc>> {
    let midnight = day.and_hms_opt(0, 0, 0)?.and_local_timezone(Rome);
    midnight.earliest().map(|begins| begins.with_timezone(&Utc))
}
