//! Writes of unknown outcome before an officer: shown with what was sent, and decided.

use std::collections::BTreeMap;
use std::fmt::Write;

use uuid::Uuid;

use crate::api::http::{Request, Response};
use crate::api::problem::describe;
use crate::broker::deferral::deciding::{self, Decision, Unsettled};
use crate::broker::deferral::manual::NotTaken;
use crate::broker::error::ExchangeError;
use crate::connectors::filled_in::Wrong;
use crate::contract::pratica::Motivo;
use crate::contract::question::Variazione;
use crate::operators::caller::Caller;
use crate::operators::reason::Reason;

use crate::operators::form::{self, Seal};
use crate::operators::page::{escaped, facts, html, input, kind, mistakes, moment, whole};

use super::page;
use super::{admits, note_stale, number, officer};

/// A write of unknown outcome stays as it was shown, so its form is of no version.
const NO_VERSION: i64 = 0;

/// What a write is called where its number is a reason.
const WRITE: &str = "scrittura";

/// `GET /scritture/{id}`: what was sent and the form for what became of it.
pub(in crate::operators) async fn show(
    caller: &Caller,
    seal: &Seal,
    id: &str,
) -> Result<Response, Response> {
    let number = number(caller, id)?;
    if !is_own(caller, number).await? {
        return Err(caller.refuse(&ExchangeError::RequestUnknown));
    }
    shown(caller, seal, id, 200, &BTreeMap::new(), &[]).await
}

/// `POST /scritture/{id}`: what became of it.
pub(in crate::operators) async fn decide(
    caller: &Caller,
    seal: &Seal,
    request: &Request,
    id: &str,
) -> Result<Response, Response> {
    let filled = form::filled(caller, request)?;
    let text = |name: &str| filled.get(name).map(String::as_str).unwrap_or_default();
    let number = number(caller, id)?;
    if !seal.is_genuine(caller, number, NO_VERSION, text("gettone")) {
        note_stale(caller, &Reason::number(WRITE, number)).await?;
        return Ok(html(403, page::stale(&path(number))));
    }
    if !["eseguita", "non-eseguita"].contains(&text("esito")) {
        return Err(caller.malformed(form::wrong("esito")));
    }
    if !is_own(caller, number).await? {
        return Ok(html(409, page::stale(&path(number))));
    }
    let motivo = Motivo::ALL
        .into_iter()
        .find(|motivo| motivo.name() == text("motivo"));
    let decision = match (text("esito"), motivo) {
        ("eseguita", _) => Decision::CarriedOut(&filled),
        (_, Some(motivo)) => Decision::NotCarriedOut(motivo),
        (_, None) => {
            let wrong = Wrong {
                input: "motivo".to_owned(),
                reason: "indicare perché non è stata eseguita",
            };
            return shown(caller, seal, id, 422, &filled, &[wrong]).await;
        }
    };
    let gateway = caller.gateway();
    match deciding::decide(gateway, officer(caller), number, decision, describe).await {
        Ok(()) => Ok(html(200, page::done())),
        Err(NotTaken::Wrong(wrong)) => shown(caller, seal, id, 422, &filled, &wrong).await,
        Err(NotTaken::Busy) => Ok(html(409, busy(number))),
        Err(NotTaken::Failed(ExchangeError::RequestUnknown)) => {
            Ok(html(409, page::stale(&path(number))))
        }
        Err(NotTaken::Failed(failure)) => Err(caller.refuse(&failure)),
    }
}

/// Notes that the officer sees or decides a write of their own ente; `false`: there is none of that number for them, and that is noted.
async fn is_own(caller: &Caller, number: Uuid) -> Result<bool, Response> {
    let found = deciding::ente_of(caller.gateway(), number).await;
    admits(caller, found, &Reason::number(WRITE, number)).await
}

/// Where an officer finds a write.
pub(super) fn path(id: Uuid) -> String {
    format!("/scritture/{id}")
}

async fn shown(
    caller: &Caller,
    seal: &Seal,
    id: &str,
    status: u16,
    filled: &BTreeMap<String, String>,
    wrong: &[Wrong],
) -> Result<Response, Response> {
    let number = number(caller, id)?;
    let unsettled = deciding::look(caller.gateway(), officer(caller), number).await;
    let unsettled = unsettled.map_err(|failure| caller.refuse(&failure))?;
    let token = seal.token(caller, number, NO_VERSION);
    Ok(html(status, sheet(&unsettled, &token, filled, wrong)))
}

fn sheet(
    unsettled: &Unsettled,
    token: &str,
    filled: &BTreeMap<String, String>,
    wrong: &[Wrong],
) -> String {
    let mut body = String::from("<h1>Scrittura di esito ignoto</h1>\n");
    mistakes(&mut body, wrong);
    body.push_str(
        "<p>È stata inviata al gestionale, che non ha confermato. Cercarla nel gestionale prima di rispondere: non sarà inviata di nuovo.",
    );
    if unsettled.is_asked {
        body.push_str(" Anche Pontile la cerca: vale chi risponde per primo.");
    }
    body.push_str("</p>\n");
    told(&mut body, unsettled);
    // A string can always be written to.
    let _ = writeln!(
        body,
        "<form method=\"post\" action=\"{}\" autocomplete=\"off\">\n<input type=\"hidden\" name=\"gettone\" value=\"{token}\">\n\
         <h2>È stata eseguita</h2>",
        path(unsettled.id)
    );
    page::fieldsets(&mut body, &unsettled.inputs, filled, wrong);
    body.push_str(
        "<p><button name=\"esito\" value=\"eseguita\">È stata eseguita</button></p>\n<h2>Non è stata eseguita</h2>\n",
    );
    reasons(&mut body, filled, wrong);
    body.push_str(
        "<p>Il portale potrà inviarla di nuovo: confermare solo se non sarà più eseguita.</p>\n\
         <p><button name=\"esito\" value=\"non-eseguita\">Non è stata eseguita</button></p>\n</form>\n\
         <p><a href=\"/richieste\">Torna alle richieste</a></p>\n",
    );
    let title = match wrong.is_empty() {
        true => "Scrittura di esito ignoto",
        false => "Errore: risposta da correggere",
    };
    whole(title, &body)
}

fn told(body: &mut String, unsettled: &Unsettled) {
    let Variazione {
        soggetto,
        utenza,
        superficie_mq,
        data_decorrenza,
        data_dichiarazione,
        protocollo_numero,
        protocollo_data,
    } = &*unsettled.declared;
    let day = |day: &chrono::NaiveDate| day.format("%d/%m/%Y").to_string();
    facts(
        body,
        [
            ("Operazione", kind(unsettled.operation).to_owned()),
            ("Codice fiscale o partita IVA", soggetto.code().to_owned()),
            ("Utenza", utenza.clone()),
            ("Superficie dichiarata (m²)", superficie_mq.to_string()),
            ("Dal", day(data_decorrenza)),
            ("Dichiarata il", day(data_dichiarazione)),
            (
                "Protocollo dell'ente",
                format!("{protocollo_numero} del {}", day(protocollo_data)),
            ),
            ("Inviata il", moment(unsettled.sent)),
            ("Ente", unsettled.ente.clone()),
            ("Chi chiede", unsettled.portal.clone()),
            ("Finalità", unsettled.purpose.clone()),
        ],
    );
}

fn reasons(body: &mut String, filled: &BTreeMap<String, String>, wrong: &[Wrong]) {
    input(body, ("motivo", "Perché"), wrong, |attributes| {
        let mut select = format!("<select {attributes}><option value=\"\">–</option>");
        for motivo in Motivo::ALL {
            let chosen = filled
                .get("motivo")
                .is_some_and(|text| text == motivo.name());
            let chosen = if chosen { " selected" } else { "" };
            let text = escaped(motivo.text());
            // A string can always be written to.
            let _ = write!(
                select,
                "<option value=\"{}\"{chosen}>{text}</option>",
                motivo.name()
            );
        }
        select + "</select>"
    });
}

fn busy(number: Uuid) -> String {
    whole(
        "Scrittura in corso di accertamento",
        &format!(
            "<h1>Scrittura in corso di accertamento</h1>\n<p role=\"alert\">La risposta non è stata presa: in questo momento la scrittura \
             è cercata nel gestionale, o un altro operatore risponde. Riprovare fra un minuto.</p>\n\
             <p><a href=\"{}\">Apri di nuovo la scrittura</a> o <a href=\"/richieste\">torna alle richieste</a></p>\n",
            path(number)
        ),
    )
}
