//! The envelope with one operation, a string in and a string out: enquiries are answered at once, requests by an officer.

use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use quick_xml::escape::escape;

use super::work::{Accepted, Failure, INVALID, Service, Task, UNKNOWN_ENTE, UNKNOWN_SERVICE};
use super::{DIALECT, belfiore_of, envelope, fault};
use crate::delivery::Reply;
use crate::population::served::Served;
use crate::soap::{Element, Message};
use crate::world::{Turn, World};
use crate::xml::Xml;

const NAMESPACE: &str = "http://webservice.backend.people.it/";
const ENVELOPE_NAMESPACE: &str = "http://people.it/b002/serviziCondivisi/envelope";
const SERVICES: [(&str, Service); 3] = [
    ("VisuraAnagrafica", Service::Registry),
    ("VisuraTributi", Service::Taxes),
    ("DichiarazioneTari", Service::Declaration),
];

pub async fn handle(
    request: HttpRequest,
    ente: Path<String>,
    body: Bytes,
    world: Data<World>,
    accepted: Data<Accepted>,
) -> HttpResponse {
    let Some(served) = world.served(&ente) else {
        return HttpResponse::NotFound().finish();
    };
    let sent = Message::read(&body)
        .map(|message| message.body)
        .filter(|call| call.name == "process" && call.namespace.as_deref() == Some(NAMESPACE))
        .and_then(|call| Element::read(call.filled("data")?))
        .filter(|sent| sent.name == "RichiestadiInvio");
    let name = sent.as_ref().and_then(|sent| sent.get("NomeServizio"));
    let service = SERVICES.iter().find(|(known, _)| Some(*known) == name);
    let counted = service.map_or("?", |(name, _)| name);
    let turn = world.begin(&DIALECT, counted, Some(served.belfiore()));
    let reply = match &sent {
        Some(sent) if turn.arrives() => {
            let desk = Desk {
                world: &world,
                accepted: &accepted,
                served,
                turn: &turn,
            };
            let outcome = desk.carry_out(service, sent);
            reply(sent, outcome)
        }
        _ => fault(),
    };
    turn.deliver(&request, reply).await
}

struct Desk<'a> {
    world: &'a World,
    accepted: &'a Accepted,
    served: Served,
    turn: &'a Turn<'a>,
}

impl Desk<'_> {
    fn carry_out(
        &self,
        service: Option<&(&'static str, Service)>,
        sent: &Element,
    ) -> Result<String, Failure> {
        let addressee = at(sent, &["TipoComunicazione", "RichiestaC2G", "Destinatario"]);
        let addressee = addressee.and_then(|code| belfiore_of(code.text.trim()));
        if addressee.and_then(|code| self.world.served(code)) != Some(self.served) {
            return Err(UNKNOWN_ENTE);
        }
        let (name, service) = *service.ok_or(UNKNOWN_SERVICE)?;
        let task = Task::new(service, &content(sent).ok_or(INVALID)?)?;
        let id = at(
            sent,
            &["IdentificatorediRichiesta", "IdentificatoreUnivoco"],
        );
        let id = id.and_then(|id| id.filled("CodiceIdentificativoOperazione"));
        let id = id.ok_or(INVALID)?;
        if service != Service::Declaration {
            return task.result(&self.world.population, self.served, 0, self.turn);
        }
        let ente = self.served.belfiore();
        if self.accepted.accept(ente, id, task, self.turn)? {
            self.world.calls.executed(DIALECT.name, name, ente);
        }
        // An officer reads it; no answer ever comes this way.
        Ok("<EsitoInvio><Stato>PRESA_IN_CARICO</Stato></EsitoInvio>".to_owned())
    }
}

fn at<'a>(element: &'a Element, path: &[&str]) -> Option<&'a Element> {
    path.iter().try_fold(element, |one, name| one.child(name))
}

/// The document, which travels in base64.
fn content(sent: &Element) -> Option<String> {
    let written = &at(sent, &["Contenuto", "AnyType"])?.text;
    let written: String = written.split_whitespace().collect();
    String::from_utf8(BASE64_STANDARD.decode(written).ok()?).ok()
}

fn reply(sent: &Element, outcome: Result<String, Failure>) -> Reply {
    let mut xml = Xml::default();
    let request = sent.child("IdentificatorediRichiesta");
    xml.text("NomeServizio", sent.get("NomeServizio").unwrap_or_default());
    if let Some(request) = request {
        copy(&mut xml, request);
    }
    xml.within("Contenuto", |xml| match outcome {
        Ok(document) => {
            xml.text("AnyType", &BASE64_STANDARD.encode(document));
        }
        Err((code, text)) => {
            xml.within("Eccezione", |xml| {
                xml.text("Tipo", "Applicativa").number("Codice", code);
                if let Some(request) = request {
                    copy(xml, request);
                }
                xml.within("Nota", |xml| {
                    xml.text("Descrizione", text);
                });
            });
        }
    });
    let inner = format!(
        "<RispostadiInvio xmlns=\"{ENVELOPE_NAMESPACE}\">{}</RispostadiInvio>",
        xml.into_string()
    );
    envelope(
        200,
        &format!(
            "<ppl:processResponse xmlns:ppl=\"{NAMESPACE}\"><ppl:processReturn>{}</ppl:processReturn></ppl:processResponse>",
            escape(&inner)
        ),
    )
}

/// An element with its children, as it came.
fn copy(xml: &mut Xml, element: &Element) {
    if element.children.is_empty() {
        xml.text(&element.name, element.text.trim());
    } else {
        xml.within(&element.name, |xml| {
            for child in &element.children {
                copy(xml, child);
            }
        });
    }
}
