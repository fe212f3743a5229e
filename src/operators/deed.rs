//! What officers set down by a deed has in common: a form that is ours, an ente of theirs, the deed, a sheet, an end. Persons come by a
//! form and are never shown again.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Europe::Rome;
use uuid::Uuid;

use crate::api::http::{Request, Response};
use crate::broker::error::{ExchangeError, Malformed};
use crate::connectors::filled_in::Wrong;
use crate::contract::codice_fiscale::CodiceFiscale;
use crate::contract::luogo::CodiceIstat;
use crate::store::StoreError;

use super::caller::Caller;
use super::form::{self, Seal};
use super::page::{escaped, facts, html, input, line, mistakes, moment, whole};
use super::reason::Reason;

/// Forms are of what stands under a number; the form of something new is of none.
pub(super) const NEW: i64 = 0;

/// What an officer set down by a deed, under a number.
pub(super) trait Deed: Sized {
    /// The folder of its pages.
    const FOLDER: &'static str;
    /// What it is called, with a capital.
    const WORD: &'static str;
    /// The button that ends it, and what the officer has to say then.
    const END: (&'static str, &'static str);
    /// What is told once it has ended, and where it had ended before.
    const ENDED: (&'static str, &'static str);

    /// Its number.
    fn number(&self) -> i64;

    /// ISTAT code of its ente.
    fn ente(&self) -> &str;

    /// Whether it was ended.
    fn has_ended(&self) -> bool;

    /// What its sheet tells.
    fn facts(&self, caller: &Caller) -> Vec<(&'static str, String)>;

    /// The one of that number.
    async fn find(caller: &Caller, number: i64) -> Result<Option<Self>, StoreError>;

    /// Ends it; `false`: it had ended before.
    async fn end(&self, caller: &Caller, why: &Reason) -> Result<bool, StoreError>;
}

/// `GET` of one of them: its sheet, and the form to end it.
pub(super) async fn show<D: Deed>(
    caller: &Caller,
    seal: &Seal,
    number: &str,
) -> Result<Response, Response> {
    let found: D = own(caller, number, None).await?;
    Ok(html(200, sheet(caller, seal, &found, &Filled::new(), &[])))
}

/// `POST` to one of them: it is ended.
pub(super) async fn end<D: Deed>(
    caller: &Caller,
    seal: &Seal,
    request: &Request,
    number: &str,
) -> Result<Response, Response> {
    let filled = form::filled(caller, request)?;
    let place = (D::FOLDER, parsed(caller, number)?);
    check_token(caller, seal, &filled, place).await?;
    let why = match Reason::parse(text(&filled, "motivo")) {
        Ok(why) => why,
        Err(reason) => {
            let found: D = own(caller, number, None).await?;
            let wrong = [of_input("motivo", reason)];
            return Ok(html(422, sheet(caller, seal, &found, &filled, &wrong)));
        }
    };
    let found: D = own(caller, number, Some(&why)).await?;
    let ended = found.end(caller, &why).await;
    let told = match ended.map_err(|failure| caller.failed(&failure))? {
        true => D::ENDED.0,
        false => D::ENDED.1,
    };
    Ok(html(200, done(D::FOLDER, told)))
}

/// The one of that number, if it is of an ente of the officer's; noted either way.
async fn own<D: Deed>(caller: &Caller, number: &str, why: Option<&Reason>) -> Result<D, Response> {
    let found = D::find(caller, parsed(caller, number)?).await;
    let found = found.map_err(|failure| caller.failed(&failure))?;
    let ente = found.as_ref().map(|found| found.ente().to_owned());
    let reason = Reason::parse(&format!("{} {number}", D::WORD.to_lowercase())).ok();
    let reason = why.or(reason.as_ref());
    match found.filter(|found| caller.covers(Some(found.ente()))) {
        Some(found) => {
            caller.note(Some(found.ente()), reason).await?;
            Ok(found)
        }
        None => Err(caller
            .refuse_and_note(&ExchangeError::RequestUnknown, ente.as_deref())
            .await),
    }
}

fn sheet<D: Deed>(
    caller: &Caller,
    seal: &Seal,
    found: &D,
    filled: &Filled,
    wrong: &[Wrong],
) -> String {
    let title = format!("{} n. {}", D::WORD, found.number());
    let mut body = format!("<h1>{title}</h1>\n");
    mistakes(&mut body, wrong);
    facts(&mut body, found.facts(caller));
    if !found.has_ended() {
        let (folder, number) = (D::FOLDER, found.number());
        let token = token(caller, seal, (folder, number));
        line(
            &mut body,
            &format!(
                "<form method=\"post\" action=\"{folder}/{number}\" autocomplete=\"off\">\n\
                 <input type=\"hidden\" name=\"gettone\" value=\"{token}\">"
            ),
        );
        let (button, why) = D::END;
        let filled_in = escaped(text(filled, "motivo"));
        input(&mut body, ("motivo", why), wrong, |attributes| {
            format!("<input maxlength=\"300\" {attributes} value=\"{filled_in}\">")
        });
        line(
            &mut body,
            &format!("<p><button>{button}</button></p>\n</form>"),
        );
    }
    let folder = D::FOLDER;
    line(
        &mut body,
        &format!("<p><a href=\"{folder}\">Torna all'elenco</a></p>"),
    );
    whole(&title, &body)
}

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
fn parsed(caller: &Caller, number: &str) -> Result<i64, Response> {
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

/// The fiscal codes of two inputs, which must be persons' and not the same one's.
pub(super) fn persons_codes(
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
