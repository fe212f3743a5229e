//! Officers of an ente attest that a person's fiscal code was replaced by another, and take it back as wrong. Pages tell numbers, deeds and
//! days, never which codes.

use chrono::{DateTime, Utc};

use crate::api::http::{Request, Response};
use crate::connectors::filled_in::Wrong;
use crate::contract::codice_fiscale::CodiceFiscale;
use crate::contract::luogo::CodiceIstat;
use crate::store::StoreError;
use crate::store::changed_code::{ChangedCode, NewChange};

use super::caller::Caller;
use super::deed::{
    Deed, Filled, NEW, check_token, choice_of_ente, chosen_ente, done, name_of, of_input,
    persons_codes, text, token,
};
use super::form::{self, Seal};
use super::page::{escaped, html, input, line, mistakes, moment, whole};
use super::reason::Reason;

/// Where the changes are.
const FOLDER: &str = "/codici-cambiati";

/// What a form says.
struct Wanted {
    codes: (CodiceFiscale, CodiceFiscale),
    ente: CodiceIstat,
    deed: Reason,
}

/// `GET /codici-cambiati`: what the officer's enti attest, and the form for more.
pub(super) async fn list(caller: &Caller, seal: &Seal) -> Result<Response, Response> {
    caller.note(None, None).await?;
    listed(caller, seal, 200, &Filled::new(), &[]).await
}

/// `POST /codici-cambiati`: both codes are one person's from now on.
pub(super) async fn attest(
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
    let new = NewChange {
        codes: (wanted.codes.0.as_str(), wanted.codes.1.as_str()),
        ente,
        operator: &caller.operator().name,
        deed: wanted.deed.as_str(),
    };
    let number = caller.gateway().store.change_code(new).await;
    let number = number.map_err(|failure| caller.failed(&failure))?;
    // A protection under one code holds for the other when the officer is told; the other nodes hear of it.
    let learned = caller.gateway().learn_protected().await;
    learned.map_err(|failure| caller.failed(&failure))?;
    let told = format!("Il cambio di codice n. {number} vale da ora.");
    Ok(html(200, done(FOLDER, &told)))
}

impl Deed for ChangedCode {
    const FOLDER: &'static str = FOLDER;
    const WORD: &'static str = "Cambio di codice";
    const END: (&'static str, &'static str) = ("Ritira", "Perché era sbagliato (senza nomi)");
    const ENDED: (&'static str, &'static str) = (
        "Il cambio di codice è ritirato.",
        "Il cambio di codice era già ritirato.",
    );

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
        let attested = format!("{}, {}", name_of(caller, &self.ente), self.operator);
        vec![
            ("Atto", self.deed.clone()),
            ("Attestato da", attested),
            ("Dal", moment(self.since)),
            ("Stato", state(self.ended)),
        ]
    }

    async fn find(caller: &Caller, number: i64) -> Result<Option<ChangedCode>, StoreError> {
        caller.gateway().store.change(number).await
    }

    async fn end(&self, caller: &Caller, why: &Reason) -> Result<bool, StoreError> {
        let (store, operator) = (&caller.gateway().store, &caller.operator().name);
        let ended = store
            .end_change(self.number, operator, why.as_str())
            .await?;
        caller.gateway().learn_protected().await?;
        Ok(ended)
    }
}

fn state(ended: Option<DateTime<Utc>>) -> String {
    match ended {
        Some(ended) => format!("ritirato il {}", moment(ended)),
        None => "vale".to_owned(),
    }
}

fn wanted(caller: &Caller, filled: &Filled) -> Result<Wanted, Vec<Wrong>> {
    let mut wrong = Vec::new();
    let ente = chosen_ente(caller, filled, &mut wrong);
    let codes = persons_codes(
        filled,
        ("codice_di_prima", "codice_di_adesso"),
        "è lo stesso codice",
        &mut wrong,
    );
    let deed = Reason::parse(text(filled, "atto"));
    let deed = deed
        .map_err(|reason| wrong.push(of_input("atto", reason)))
        .ok();
    match (codes, ente, deed) {
        (Some(codes), Some(ente), Some(deed)) => Ok(Wanted {
            codes,
            ente: ente.clone(),
            deed,
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
    let mut body = String::from("<h1>Codici fiscali cambiati</h1>\n");
    mistakes(&mut body, wrong);
    body.push_str(
        "<p>Quando l'Agenzia delle entrate sostituisce il codice fiscale di una persona: il suo registro degli accessi, le protezioni e le \
         rappresentanze valgono sotto entrambi.</p>\n",
    );
    let token = token(caller, seal, (FOLDER, NEW));
    new_form(&mut body, caller, &token, filled, wrong);
    for ente in caller.enti() {
        let found = caller.gateway().store.changes_of(ente.as_str()).await;
        let found = found.map_err(|failure| caller.failed(&failure))?;
        table(&mut body, &name_of(caller, ente.as_str()), &found);
    }
    body.push_str("<p><a href=\"/richieste\">Vai alle richieste</a></p>\n");
    let title = match wrong.is_empty() {
        true => "Codici fiscali cambiati",
        false => "Errore: cambio di codice da correggere",
    };
    Ok(html(status, whole(title, &body)))
}

fn new_form(body: &mut String, caller: &Caller, token: &str, filled: &Filled, wrong: &[Wrong]) {
    line(
        body,
        &format!(
            "<h2>Attesta un cambio di codice</h2>\n<form method=\"post\" action=\"{FOLDER}\" autocomplete=\"off\">\n\
             <input type=\"hidden\" name=\"gettone\" value=\"{token}\">"
        ),
    );
    choice_of_ente(body, caller, filled, wrong);
    let texts = [
        ("codice_di_prima", "Codice fiscale di prima", 16),
        ("codice_di_adesso", "Codice fiscale di adesso", 16),
        ("atto", "Atto su cui si fonda (senza nomi)", 300),
    ];
    for (name, title, longest) in texts {
        let value = escaped(text(filled, name));
        input(body, (name, title), wrong, |attributes| {
            format!("<input maxlength=\"{longest}\" {attributes} value=\"{value}\">")
        });
    }
    body.push_str("<p><button>Attesta</button></p>\n</form>\n");
}

fn table(body: &mut String, ente: &str, found: &[ChangedCode]) {
    line(body, &format!("<h2>{}</h2>", escaped(ente)));
    if found.is_empty() {
        body.push_str("<p>Nessun cambio di codice.</p>\n");
        return;
    }
    body.push_str(
        "<table>\n<caption>Dal più recente</caption>\n<thead><tr><th scope=\"col\">Cambio di codice</th><th scope=\"col\">Atto</th>\
         <th scope=\"col\">Dal</th><th scope=\"col\">Stato</th></tr></thead>\n<tbody>\n",
    );
    for one in found {
        line(
            body,
            &format!(
                "<tr><th scope=\"row\"><a href=\"{FOLDER}/{0}\">n. {0}</a></th><td>{1}</td><td>{2}</td><td>{3}</td></tr>",
                one.number,
                escaped(&one.deed),
                moment(one.since),
                state(one.ended)
            ),
        );
    }
    body.push_str("</tbody>\n</table>\n");
}
