//! The page of the officers of enti: requests that wait for their answer and writes of unknown outcome, of their own ente alone.

mod page;
pub(super) mod unsettled;

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::api::http::{Request, Response};
use crate::api::problem::describe;
use crate::broker::deferral::manual::{self, NotTaken, Officer, Said, Sheet};
use crate::broker::error::{ExchangeError, Malformed};
use crate::connectors::filled_in::Wrong;

use super::caller::Caller;
use super::form::{self, Seal};
use super::page::html;
use super::reason::Reason;

/// What a request is called where its number is a reason.
const REQUEST: &str = "richiesta";

/// `GET /richieste`: what waits, without a name.
pub(super) async fn list(caller: &Caller) -> Result<Response, Response> {
    let waiting = manual::waiting(caller.gateway(), officer(caller)).await;
    let waiting = waiting.map_err(|failure| caller.refuse(&failure))?;
    let snapshot = caller.gateway().snapshot();
    Ok(html(200, page::list(&waiting, &snapshot)))
}

/// `GET /richieste/{id}`: the question and the form for its answer.
pub(super) async fn show(caller: &Caller, seal: &Seal, id: &str) -> Result<Response, Response> {
    let number = number(caller, id)?;
    if !is_own(caller, number).await? {
        return Err(caller.refuse(&ExchangeError::RequestUnknown));
    }
    let sheet = sheet(caller, id).await?;
    let token = seal.token(caller, sheet.id, sheet.version);
    Ok(html(
        200,
        page::sheet(&sheet, &token, &BTreeMap::new(), &[]),
    ))
}

/// `POST /richieste/{id}`: the answer.
pub(super) async fn answer(
    caller: &Caller,
    seal: &Seal,
    request: &Request,
    id: &str,
) -> Result<Response, Response> {
    let filled = form::filled(caller, request)?;
    let text = |name: &str| filled.get(name).map(String::as_str).unwrap_or_default();
    let number = number(caller, id)?;
    let version: i64 = text("versione").parse().unwrap_or(-1);
    if !seal.is_genuine(caller, number, version, text("gettone")) {
        note_stale(caller, &Reason::number(REQUEST, number)).await?;
        return Ok(html(403, page::stale(&path(number))));
    }
    let said = match text("esito") {
        "risposta" => Said::Filled(&filled),
        "non-trovato" => Said::NobodyFound,
        "rifiuto" => Said::Declined,
        _ => return Err(caller.malformed(form::wrong("esito"))),
    };
    if !is_own(caller, number).await? {
        return Ok(html(409, page::stale(&path(number))));
    }
    let gateway = caller.gateway();
    match manual::answer(gateway, officer(caller), (number, version), said, describe).await {
        Ok(()) => Ok(html(200, page::done())),
        Err(NotTaken::Busy | NotTaken::Failed(ExchangeError::RequestUnknown)) => {
            Ok(html(409, page::stale(&path(number))))
        }
        Err(NotTaken::Failed(failure)) => Err(caller.refuse(&failure)),
        Err(NotTaken::Wrong(wrong)) => again(caller, seal, id, &filled, &wrong).await,
    }
}

/// The form once more, with what was filled in and what is wrong with it.
async fn again(
    caller: &Caller,
    seal: &Seal,
    id: &str,
    filled: &BTreeMap<String, String>,
    wrong: &[Wrong],
) -> Result<Response, Response> {
    let sheet = sheet(caller, id).await?;
    let token = seal.token(caller, sheet.id, sheet.version);
    Ok(html(422, page::sheet(&sheet, &token, filled, wrong)))
}

/// Notes that the officer sees or answers a request of their own ente; `false`: there is none of that number for them, and that is noted.
async fn is_own(caller: &Caller, number: Uuid) -> Result<bool, Response> {
    let found = manual::ente_of(caller.gateway(), number).await;
    admits(caller, found, &Reason::number(REQUEST, number)).await
}

/// The same for what stands under any number, once its ente is known.
async fn admits(
    caller: &Caller,
    found: Result<Option<String>, ExchangeError>,
    reason: &Reason,
) -> Result<bool, Response> {
    let found = found.map_err(|failure| caller.refuse(&failure))?;
    let ente = found.as_deref();
    let own = |ente: &str| caller.enti().iter().any(|own| own.as_str() == ente);
    if ente.is_some_and(own) {
        caller.note(ente, Some(reason)).await?;
        return Ok(true);
    }
    let unknown = ExchangeError::RequestUnknown;
    caller.note_refusal(&unknown, ente, Some(reason)).await?;
    Ok(false)
}

/// Notes that a form was not taken: it is none of ours for what it is about, or no longer.
async fn note_stale(caller: &Caller, reason: &Reason) -> Result<(), Response> {
    let stale = ExchangeError::Malformed(form::wrong("gettone"));
    caller.note_refusal(&stale, None, Some(reason)).await
}

/// Where an officer finds a request.
fn path(id: Uuid) -> String {
    format!("/richieste/{id}")
}

async fn sheet(caller: &Caller, id: &str) -> Result<Sheet, Response> {
    let number = number(caller, id)?;
    let sheet = manual::look(caller.gateway(), officer(caller), number, describe).await;
    sheet.map_err(|failure| caller.refuse(&failure))
}

fn number(caller: &Caller, id: &str) -> Result<Uuid, Response> {
    Uuid::try_parse(id).map_err(|_| caller.malformed(Malformed::NoSuchResource))
}

fn officer(caller: &Caller) -> Officer<'_> {
    Officer {
        certificate: caller.certificate(),
        enti: caller.enti(),
    }
}
