//! Writes the pages of what officers set down by a deed: all of it by ente, with the form for more; one of it, with the form to end it.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Europe::Rome;

use crate::api::http::Response;
use crate::connectors::filled_in::Wrong;
use crate::contract::luogo::CodiceIstat;
use crate::operators::caller::Caller;
use crate::operators::form::Seal;
use crate::operators::page::{escaped, facts, html, line, mistakes, moment, whole};

use super::inputs::{Filled, choice_of_ente, text_input};
use super::{Deed, NEW, token};

/// All that the officer's enti set down, with the form for more.
pub(super) async fn listed<D: Deed>(
    caller: &Caller,
    seal: &Seal,
    status: u16,
    filled: &Filled,
    wrong: &[Wrong],
) -> Result<Response, Response> {
    let mut body = format!("<h1>{}</h1>\n", D::TITLE);
    mistakes(&mut body, wrong);
    line(&mut body, &format!("<p>{}</p>", D::ABOUT));
    let (heading, button) = D::NEW;
    let (folder, token) = (D::FOLDER, token(caller, seal, (D::FOLDER, NEW)));
    line(
        &mut body,
        &format!(
            "<h2>{heading}</h2>\n<form method=\"post\" action=\"{folder}\" autocomplete=\"off\">\n\
             <input type=\"hidden\" name=\"gettone\" value=\"{token}\">"
        ),
    );
    choice_of_ente(&mut body, caller, filled, wrong);
    D::inputs(&mut body, filled, wrong);
    line(
        &mut body,
        &format!("<p><button>{button}</button></p>\n</form>"),
    );
    for ente in caller.enti() {
        let found = D::of_ente(caller, ente).await;
        let found = found.map_err(|failure| caller.failed(&failure))?;
        table(&mut body, &name_of(caller, ente.as_str()), &found);
    }
    body.push_str("<p><a href=\"/richieste\">Vai alle richieste</a></p>\n");
    let title = match wrong.is_empty() {
        true => D::TITLE.to_owned(),
        false => format!("Errore: {} da correggere", D::WORD.to_lowercase()),
    };
    Ok(html(status, whole(&title, &body)))
}

fn table<D: Deed>(body: &mut String, ente: &str, found: &[D]) {
    line(body, &format!("<h2>{}</h2>", escaped(ente)));
    if found.is_empty() {
        line(body, &format!("<p>{}</p>", D::NONE));
        return;
    }
    let columns = [D::WORD].into_iter().chain(D::COLUMNS.iter().copied());
    let columns: String = columns
        .map(|column| format!("<th scope=\"col\">{column}</th>"))
        .collect();
    line(
        body,
        &format!(
            "<table>\n<caption>Le voci più recenti per prime</caption>\n<thead><tr>{columns}</tr></thead>\n<tbody>"
        ),
    );
    for one in found {
        let (folder, number) = (D::FOLDER, one.number());
        let cells = one.cells().into_iter();
        let cells: String = cells
            .map(|cell| format!("<td>{}</td>", escaped(&cell)))
            .collect();
        line(
            body,
            &format!(
                "<tr><th scope=\"row\"><a href=\"{folder}/{number}\">n. {number}</a></th>{cells}</tr>"
            ),
        );
    }
    body.push_str("</tbody>\n</table>\n");
}

/// One of them, with the form to end it.
pub(super) fn sheet<D: Deed>(
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
        text_input(&mut body, ("motivo", why), 300, (filled, wrong));
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

/// What was done, and the way back.
pub(super) fn done<D: Deed>(told: &str) -> String {
    let body = format!(
        "<h1>{told}</h1>\n<p role=\"status\">Sta nel giornale.</p>\n<p><a href=\"{}\">Torna all'elenco</a></p>\n",
        D::FOLDER
    );
    whole("Fatto", &body)
}

/// How something stands that holds until an end, or until it is taken back.
pub(in crate::operators) fn state(
    until: Option<DateTime<Utc>>,
    ended: Option<DateTime<Utc>>,
) -> String {
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

/// An ente's name.
pub(in crate::operators) fn name_of(caller: &Caller, ente: &str) -> String {
    let snapshot = caller.gateway().snapshot();
    let known = CodiceIstat::parse(ente).and_then(|code| snapshot.ente(&code).cloned());
    known.map_or_else(|| ente.to_owned(), |known| known.denominazione.clone())
}
