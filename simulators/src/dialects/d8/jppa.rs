//! The envelope with a standard request and a standard reply, which carries a document in a string; results are fetched.

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use chrono::Utc;
use chrono_tz::Europe::Rome;
use quick_xml::escape::escape;

use super::work::{
    Accepted, Failure, INVALID, Service, Task, UNKNOWN_ENTE, UNKNOWN_OPERATION, UNKNOWN_SERVICE,
};
use super::{DIALECT, belfiore_of, envelope, fault};
use crate::completion::Progress;
use crate::delivery::Reply;
use crate::population::served::Served;
use crate::soap::{Element, Message};
use crate::world::{Turn, World};
use crate::xml::Xml;

const NAMESPACE: &str = "http://schemi.informatica.maggioli.it/ws/pagopa/ServiziInterni";
const SUBMISSION: &str = "InviaRichiesta";
const OPERATIONS: [&str; 2] = [SUBMISSION, "InfoOperazione"];
const SERVICES: [(&str, Service); 3] = [
    ("ANAGRAFE", Service::Registry),
    ("TRIBUTI", Service::Taxes),
    ("TARI", Service::Declaration),
];

pub async fn handle(
    request: HttpRequest,
    body: Bytes,
    world: Data<World>,
    accepted: Data<Accepted>,
) -> HttpResponse {
    let call = Message::read(&body)
        .map(|message| message.body)
        .filter(|call| call.namespace.as_deref() == Some(NAMESPACE));
    let operation = call.as_ref().and_then(|call| {
        let name = call.name.strip_suffix("Request")?;
        OPERATIONS.into_iter().find(|known| *known == name)
    });
    let served = call
        .as_ref()
        .and_then(|call| world.served(belfiore_of(call.filled("CodiceIPA")?)?));
    let ente = served.as_ref().map(Served::belfiore);
    let turn = world.begin(&DIALECT, operation.unwrap_or("?"), ente);
    let reply = match call.zip(operation) {
        Some((call, operation)) if turn.arrives() => {
            let outcome = match served {
                None => Err(UNKNOWN_ENTE),
                Some(served) if operation == SUBMISSION => {
                    submit(&world, &accepted, served, &call, &turn)
                }
                Some(served) => inform(&world, &accepted, served, &call, &turn),
            };
            reply(operation, &call, outcome)
        }
        _ => fault(),
    };
    turn.deliver(&request, reply).await
}

/// Accepts the work; what comes of it, only the other operation tells.
fn submit(
    world: &World,
    accepted: &Accepted,
    served: Served,
    call: &Element,
    turn: &Turn<'_>,
) -> Result<String, Failure> {
    let field = |name| call.filled(name).ok_or(INVALID);
    let (id, name) = (field("IDOperazione")?, field("CodiceServizio")?);
    field("DataRichiesta")?;
    field("Versione")?;
    let service = SERVICES.iter().find(|(known, _)| *known == name);
    let (_, service) = service.ok_or(UNKNOWN_SERVICE)?;
    let task = Task::new(*service, field("DatiDettaglioRichiesta")?)?;
    if accepted.accept(served.belfiore(), id, task, turn)? {
        world
            .calls
            .executed(DIALECT.name, SUBMISSION, served.belfiore());
    }
    Ok(state("ACCETTATA", ""))
}

fn inform(
    world: &World,
    accepted: &Accepted,
    served: Served,
    call: &Element,
    turn: &Turn<'_>,
) -> Result<String, Failure> {
    let id = call.filled("IDOperazione").ok_or(INVALID)?;
    let operation = accepted.find(served.belfiore(), id);
    let operation = operation.ok_or(UNKNOWN_OPERATION)?;
    match operation.progress() {
        Progress::Accepted => Ok(state("ACCETTATA", "")),
        Progress::Underway => Ok(state("IN_ELABORAZIONE", "")),
        Progress::Done => {
            let task = operation.task;
            let result = task.result(&world.population, served, operation.number, turn)?;
            Ok(state(
                "COMPLETATA",
                &format!("<Risultato>{result}</Risultato>"),
            ))
        }
    }
}

fn state(name: &str, result: &str) -> String {
    format!("<StatoOperazione><Stato>{name}</Stato>{result}</StatoOperazione>")
}

fn reply(operation: &str, call: &Element, outcome: Result<String, Failure>) -> Reply {
    let now = Utc::now().with_timezone(&Rome).naive_local();
    let mut xml = Xml::default();
    xml.text("CodiceIPA", call.get("CodiceIPA").unwrap_or_default())
        .text("IDOperazione", call.get("IDOperazione").unwrap_or_default())
        .text("DataRisposta", &now.format("%Y-%m-%dT%H:%M:%S").to_string());
    match &outcome {
        Ok(_) => xml.text("EsitoOperazione", "OK"),
        Err((code, text)) => xml
            .text("EsitoOperazione", "Error")
            .within("Messaggi", |xml| {
                xml.within("Messaggio", |xml| {
                    xml.text("Codice", &format!("E{code:03}"))
                        .text("Descrizione", text);
                });
            }),
    };
    let (head, detail) = (xml.into_string(), outcome.unwrap_or_default());
    envelope(
        200,
        &format!(
            "<{operation}Response xmlns=\"{NAMESPACE}\">{head}<DatiDettaglioRisposta>{}</DatiDettaglioRisposta></{operation}Response>",
            escape(&detail)
        ),
    )
}
