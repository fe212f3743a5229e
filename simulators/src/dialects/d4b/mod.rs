//! D4b: rpc/literal SOAP whose body element is always `Richiesta` ("Insiel" shape): the action tells the services apart.

mod answers;
mod search;

use std::sync::Arc;

use actix_web::web::{Bytes, Data, Path, ServiceConfig, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use quick_xml::escape::escape;

use super::{Dialect, Latency};
use crate::delivery::Reply;
use crate::faults::FaultKind;
use crate::population::served::Served;
use crate::population::{Person, Population};
use crate::soap::{ENVELOPE, Element, Message};
use crate::world::{Turn, World};
use crate::xml::Xml;

pub const DIALECT: Dialect = Dialect {
    name: "d4b",
    content_type: "text/xml; charset=utf-8",
    open: |_| Arc::new(routes),
    own_faults: &[
        FaultKind::NotFound,
        FaultKind::Ambiguous,
        FaultKind::AuthFail,
        FaultKind::Duplicate,
        FaultKind::InternalError,
    ],
    latency: Latency {
        p50: 600,
        p95: 4000,
        p99: 12_000,
    },
};

pub const BAD_USER: &str = "Utente non abilitato";
pub const BAD_REQUEST: &str = "Richiesta non valida";
pub const UNKNOWN_ACTION: &str = "SOAPAction sconosciuta";
pub const NOT_FOUND: &str = "Persona non trovata";
pub const TOO_MANY: &str = "Troppe persone: restringere la ricerca";
pub const INTERNAL_ERROR: &str = "Errore interno del servizio";

/// Actions, and namespaces of their requests, begin so.
pub const NAMESPACE: &str = "http://www.insiel.it/servizi/bevisureentiesterni/ws/";

#[derive(Clone, Copy)]
enum Service {
    Persona,
    DatiPersona,
    Familiari,
}

impl Service {
    /// By the header, with or without quotation marks.
    fn of(request: &HttpRequest) -> Option<Service> {
        let action = request.headers().get("SOAPAction")?.to_str().ok()?;
        match action.trim().trim_matches('"').strip_prefix(NAMESPACE)? {
            "persona" => Some(Service::Persona),
            "datipersona" => Some(Service::DatiPersona),
            "familiari" => Some(Service::Familiari),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Service::Persona => "persona",
            Service::DatiPersona => "datipersona",
            Service::Familiari => "familiari",
        }
    }

    fn prefix(self) -> &'static str {
        &self.name()[..3]
    }

    /// Whether the request has this service's element in this service's namespace.
    fn is_asked_by(self, body: &Element) -> bool {
        let namespace = body.namespace.as_deref();
        let service = namespace.and_then(|namespace| namespace.strip_prefix(NAMESPACE));
        body.name == "Richiesta" && service == Some(self.name())
    }
}

fn routes(config: &mut ServiceConfig) {
    config.service(resource("/{ente}/bevisureentiesterni/ws").route(post().to(handle)));
}

async fn handle(
    request: HttpRequest,
    ente: Path<String>,
    body: Bytes,
    world: Data<World>,
) -> HttpResponse {
    let Some(served) = world.served(&ente) else {
        return HttpResponse::NotFound().finish();
    };
    let service = Service::of(&request);
    let name = service.map_or("?", Service::name);
    let turn = world.begin(&DIALECT, name, Some(served.belfiore()));
    let outcome = match (service, Message::read(&body)) {
        (None, _) => Err(UNKNOWN_ACTION),
        (Some(service), Some(message)) if service.is_asked_by(&message.body) => {
            answer(&world.population, served, service, &message.body, &turn)
        }
        _ => Err(BAD_REQUEST),
    };
    let reply = match (outcome, service) {
        (Ok(content), Some(service)) => found(service, &content),
        (Err(text), _) => fault(text),
        (Ok(_), None) => fault(UNKNOWN_ACTION),
    };
    turn.deliver(&request, reply).await
}

/// Children of the answer's element, or the text of a Fault.
fn answer(
    population: &Population,
    served: Served,
    service: Service,
    asked: &Element,
    turn: &Turn<'_>,
) -> Result<String, &'static str> {
    // Clients send no user for the data of a person whose number they have.
    let needs_user = !matches!(service, Service::DatiPersona);
    if turn.shows(FaultKind::AuthFail) || (needs_user && !is_enabled(served, asked)) {
        return Err(BAD_USER);
    }
    if turn.shows(FaultKind::InternalError) {
        return Err(INTERNAL_ERROR);
    }
    let mut people = match service {
        Service::Persona => search::people(population, served, asked)?,
        Service::DatiPersona => vec![numbered(population, served, asked)?],
        Service::Familiari => search::family(population, served, asked)?,
    };
    if turn.shows(FaultKind::NotFound) {
        match service {
            Service::DatiPersona => return Err(NOT_FOUND),
            _ => people.clear(),
        }
    }
    let mut xml = Xml::default();
    for (at, person) in people.iter().enumerate() {
        let again = at == 0 && turn.shows(FaultKind::Ambiguous);
        let copies = if turn.shows(FaultKind::Duplicate) {
            2
        } else {
            1
        };
        let numbers = std::iter::repeat_n(person.id, copies).chain(again.then_some(person.id + 1));
        for number in numbers {
            match service {
                Service::Persona => answers::persona(&mut xml, person, number),
                Service::DatiPersona => answers::dati_persona(&mut xml, served, person, number),
                Service::Familiari => answers::familiare(&mut xml, person, number),
            }
        }
    }
    Ok(xml.into_string())
}

/// Users are the municipality's service account (`gw-c933`) or one of a portal (`gw-c933-sportello`).
fn is_enabled(served: Served, asked: &Element) -> bool {
    let account = format!("gw-{}", served.belfiore().to_lowercase());
    let user = asked.get("Username").unwrap_or_default();
    user.strip_prefix(&account)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

fn numbered<'a>(
    population: &'a Population,
    served: Served,
    asked: &Element,
) -> Result<&'a Person, &'static str> {
    let number = asked.filled("Nind").and_then(|number| number.parse().ok());
    population
        .person(number.ok_or(BAD_REQUEST)?)
        .filter(|person| person.ente == served.town)
        .ok_or(NOT_FOUND)
}

fn found(service: Service, content: &str) -> Reply {
    let (prefix, name) = (service.prefix(), service.name());
    envelope(
        200,
        &format!(
            "<{prefix}:Risposta xmlns:{prefix}=\"{NAMESPACE}{name}\">{content}</{prefix}:Risposta>"
        ),
    )
}

fn fault(text: &str) -> Reply {
    envelope(
        500,
        &format!(
            "<soapenv:Fault><faultcode>soapenv:Server</faultcode><faultstring>{}</faultstring></soapenv:Fault>",
            escape(text)
        ),
    )
}

fn envelope(status: u16, body: &str) -> Reply {
    Reply::new(
        status,
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soapenv:Envelope xmlns:soapenv=\"{ENVELOPE}\">\
             <soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
        ),
    )
}
