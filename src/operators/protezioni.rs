//! Officers of an ente mark persons as protected and take marks back. Pages tell numbers, deeds and days, never who is meant.

use chrono::{DateTime, Utc};

use crate::api::http::{Request, Response};
use crate::connectors::filled_in::Wrong;
use crate::contract::codice_fiscale::CodiceFiscale;
use crate::contract::luogo::CodiceIstat;
use crate::store::StoreError;
use crate::store::protection::{Mark, NewMark};

use super::caller::Caller;
use super::deed::{
    Deed, Filled, NEW, check_token, choice_of_ente, chosen_ente, done, last_day, name_of, of_input,
    state, text, token,
};
use super::form::{self, Seal};
use super::page::{escaped, html, input, line, mistakes, moment, whole};
use super::reason::Reason;

/// Where the marks are.
const FOLDER: &str = "/protezioni";

/// A person to be marked, as a form says it.
struct Wanted {
    code: CodiceFiscale,
    ente: CodiceIstat,
    deed: Reason,
    until: Option<DateTime<Utc>>,
}

/// `GET /protezioni`: the marks of the officer's enti, and the form for a new one.
pub(super) async fn list(caller: &Caller, seal: &Seal) -> Result<Response, Response> {
    caller.note(None, None).await?;
    listed(caller, seal, 200, &Filled::new(), &[]).await
}

/// `POST /protezioni`: a person is protected from now on.
pub(super) async fn protect(
    caller: &Caller,
    seal: &Seal,
    request: &Request,
) -> Result<Response, Response> {
    let filled = form::filled(caller, request)?;
    check_token(caller, seal, &filled, (FOLDER, NEW)).await?;
    let wanted = match wanted(caller, &filled) {
        Ok(wanted) => wanted,
        Err(wrong) => return listed(caller, seal, 422, &filled, &wrong).await,
    };
    let ente = wanted.ente.as_str();
    caller.note(Some(ente), Some(&wanted.deed)).await?;
    let new = NewMark {
        code: wanted.code.as_str(),
        ente,
        operator: &caller.operator().name,
        deed: wanted.deed.as_str(),
        until: wanted.until,
    };
    let number = caller.gateway().store.protect(new).await;
    let number = number.map_err(|failure| caller.failed(&failure))?;
    // It holds on this node when the officer is told; the others hear of it.
    let learned = caller.gateway().learn_protected().await;
    learned.map_err(|failure| caller.failed(&failure))?;
    let told = format!("La protezione n. {number} vale da ora.");
    Ok(html(200, done(FOLDER, &told)))
}

impl Deed for Mark {
    const FOLDER: &'static str = FOLDER;
    const WORD: &'static str = "Protezione";
    const END: (&'static str, &'static str) =
        ("Fai cessare la protezione", "Perché cessa (senza nomi)");
    const ENDED: (&'static str, &'static str) =
        ("La protezione è cessata.", "La protezione era già cessata.");

    fn number(&self) -> i64 {
        self.number
    }

    fn ente(&self) -> &str {
        &self.ente
    }

    fn has_ended(&self) -> bool {
        self.ended.is_some()
    }

    fn facts(&self, caller: &Caller) -> Vec<(&'static str, String)> {
        vec![
            ("Ente", name_of(caller, &self.ente)),
            ("Atto", self.deed.clone()),
            ("Disposta da", self.operator.clone()),
            ("Dal", moment(self.since)),
            ("Stato", state(self.until, self.ended)),
        ]
    }

    async fn find(caller: &Caller, number: i64) -> Result<Option<Mark>, StoreError> {
        caller.gateway().store.protection(number).await
    }

    async fn end(&self, caller: &Caller, why: &Reason) -> Result<bool, StoreError> {
        let (store, operator) = (&caller.gateway().store, &caller.operator().name);
        let ended = store
            .end_protection(self.number, operator, why.as_str())
            .await?;
        caller.gateway().learn_protected().await?;
        Ok(ended)
    }
}

fn wanted(caller: &Caller, filled: &Filled) -> Result<Wanted, Vec<Wrong>> {
    let mut wrong = Vec::new();
    let ente = chosen_ente(caller, filled, &mut wrong);
    let code = CodiceFiscale::parse(text(filled, "codice_fiscale")).ok();
    if code.is_none() {
        wrong.push(of_input("codice_fiscale", "non è un codice fiscale"));
    }
    let deed = Reason::parse(text(filled, "atto"));
    let deed = deed
        .map_err(|reason| wrong.push(of_input("atto", reason)))
        .ok();
    let until = last_day(text(filled, "fino_al"));
    let until = until
        .map_err(|reason| wrong.push(of_input("fino_al", reason)))
        .ok();
    match (code, ente, deed, until) {
        (Some(code), Some(ente), Some(deed), Some(until)) => Ok(Wanted {
            code,
            ente: ente.clone(),
            deed,
            until,
        }),
        _ => Err(wrong),
    }
}

async fn listed(
    caller: &Caller,
    seal: &Seal,
    status: u16,
    filled: &Filled,
    wrong: &[Wrong],
) -> Result<Response, Response> {
    let mut body = String::from("<h1>Persone protette</h1>\n");
    mistakes(&mut body, wrong);
    body.push_str(
        "<p>Di una persona protetta nessun portale sa nulla, da nessun ente, salvo che per le finalità concesse espressamente.</p>\n",
    );
    new_form(
        &mut body,
        caller,
        &token(caller, seal, (FOLDER, NEW)),
        filled,
        wrong,
    );
    for ente in caller.enti() {
        let marks = caller.gateway().store.protections_of(ente.as_str()).await;
        let marks = marks.map_err(|failure| caller.failed(&failure))?;
        table(&mut body, &name_of(caller, ente.as_str()), &marks);
    }
    body.push_str("<p><a href=\"/richieste\">Vai alle richieste</a></p>\n");
    let title = match wrong.is_empty() {
        true => "Persone protette",
        false => "Errore: protezione da correggere",
    };
    Ok(html(status, whole(title, &body)))
}

fn new_form(body: &mut String, caller: &Caller, token: &str, filled: &Filled, wrong: &[Wrong]) {
    line(
        body,
        &format!(
            "<h2>Proteggi una persona</h2>\n<form method=\"post\" action=\"/protezioni\" autocomplete=\"off\">\n\
             <input type=\"hidden\" name=\"gettone\" value=\"{token}\">"
        ),
    );
    choice_of_ente(body, caller, filled, wrong);
    let field = |name: &str| escaped(text(filled, name));
    let (code, deed, day) = (field("codice_fiscale"), field("atto"), field("fino_al"));
    input(
        body,
        ("codice_fiscale", "Codice fiscale"),
        wrong,
        |attributes| format!("<input maxlength=\"16\" {attributes} value=\"{code}\">"),
    );
    input(
        body,
        ("atto", "Atto su cui si fonda (senza nomi)"),
        wrong,
        |attributes| format!("<input maxlength=\"300\" {attributes} value=\"{deed}\">"),
    );
    input(
        body,
        ("fino_al", "Fino al (vuoto: finché non cessa)"),
        wrong,
        |attributes| format!("<input type=\"date\" {attributes} value=\"{day}\">"),
    );
    body.push_str("<p><button>Proteggi</button></p>\n</form>\n");
}

fn table(body: &mut String, ente: &str, marks: &[Mark]) {
    line(body, &format!("<h2>{}</h2>", escaped(ente)));
    if marks.is_empty() {
        body.push_str("<p>Nessuna protezione.</p>\n");
        return;
    }
    body.push_str(
        "<table>\n<caption>Dalla più recente</caption>\n<thead><tr><th scope=\"col\">Protezione</th><th scope=\"col\">Atto</th>\
         <th scope=\"col\">Dal</th><th scope=\"col\">Stato</th></tr></thead>\n<tbody>\n",
    );
    for mark in marks {
        line(
            body,
            &format!(
                "<tr><th scope=\"row\"><a href=\"/protezioni/{0}\">n. {0}</a></th><td>{1}</td><td>{2}</td><td>{3}</td></tr>",
                mark.number,
                escaped(&mark.deed),
                moment(mark.since),
                state(mark.until, mark.ended)
            ),
        );
    }
    body.push_str("</tbody>\n</table>\n");
}
