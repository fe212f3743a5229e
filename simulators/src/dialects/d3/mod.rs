//! D3: PHP SOAP with a login token, XML in strings and error numbers ("DocArea" shape, and its Delphi variant); registry and taxes.

mod anagrafe;
pub mod errors;
mod sessions;
mod tributi;
mod wire;

use std::sync::Arc;

use actix_web::web::{Bytes, Data, ServiceConfig, post, resource};
use actix_web::{HttpRequest, HttpResponse};

use super::{Dialect, Latency, password};
use crate::faults::{FaultKind, TOKEN_OPERATION};
use crate::gates::Gates;
use crate::population::Population;
use crate::population::served::Served;
use crate::soap::{Element, Message};
use crate::world::{Turn, World};
use crate::xml::Xml;
use errors::{
    AMBIGUOUS, BAD_CREDENTIALS, BAD_REQUEST, InternalErrors, NO_SESSION, NOT_FOUND, Refusal,
};
use sessions::Sessions;
use wire::Variant;

pub const DIALECT: Dialect = Dialect {
    name: "d3",
    content_type: "text/xml; charset=utf-8",
    open: |settings| {
        let state = Data::new(State {
            sessions: Sessions::new(settings.token_life),
            workers: Gates::new(WORKERS),
            internal_errors: InternalErrors::default(),
        });
        Arc::new(move |config| routes(config, &state))
    },
    own_faults: &[
        FaultKind::NotFound,
        FaultKind::Ambiguous,
        FaultKind::AuthFail,
        FaultKind::ExpiredToken,
        FaultKind::Duplicate,
        FaultKind::InternalError,
        FaultKind::SingleSession,
    ],
    latency: Latency {
        p50: 400,
        p95: 2500,
        p99: 9000,
    },
};

pub const USERNAME: &str = "gw";
/// PHP workers of a municipality; calls beyond them wait.
pub const WORKERS: usize = 4;

struct State {
    sessions: Sessions,
    workers: Gates,
    internal_errors: InternalErrors,
}

fn routes(config: &mut ServiceConfig, state: &Data<State>) {
    config.app_data(state.clone());
    for path in ["/suap.php", "/{comune}/suap.php"] {
        config.service(resource(path).route(post().to(literal)));
    }
    config.service(resource("/tinn/DOCAREAProtoservice").route(post().to(encoded)));
}

async fn literal(
    request: HttpRequest,
    body: Bytes,
    world: Data<World>,
    state: Data<State>,
) -> HttpResponse {
    handle(request, body, &world, &state, Variant::Literal).await
}

async fn encoded(
    request: HttpRequest,
    body: Bytes,
    world: Data<World>,
    state: Data<State>,
) -> HttpResponse {
    handle(request, body, &world, &state, Variant::Encoded).await
}

async fn handle(
    request: HttpRequest,
    body: Bytes,
    world: &World,
    state: &State,
    variant: Variant,
) -> HttpResponse {
    let message = Message::read(&body);
    match message.as_ref().map(|message| &message.body) {
        Some(call) if call.name == "Login" => login(request, world, state, variant, call).await,
        Some(call) if call.name == "Interrogazione" => {
            question(request, world, state, variant, call).await
        }
        _ => {
            let turn = world.begin(&DIALECT, "?", None);
            turn.deliver(&request, wire::fault()).await
        }
    }
}

async fn login(
    request: HttpRequest,
    world: &World,
    state: &State,
    variant: Variant,
    call: &Element,
) -> HttpResponse {
    let [ente, user, secret] = variant.login_parameters().map(|name| call.get(name));
    let served = ente.and_then(|ente| world.served(ente));
    let admitted = served.filter(|served| {
        user == Some(USERNAME) && secret == Some(&password(DIALECT.name, served.belfiore()))
    });
    let ente = served.map(|served| served.belfiore());
    let turn = world.begin(&DIALECT, TOKEN_OPERATION, ente);
    let token = match admitted {
        Some(served) if !turn.shows(FaultKind::AuthFail) => {
            world.calls.token_issued(DIALECT.name, served.belfiore());
            let alone = turn.shows(FaultKind::SingleSession);
            Ok(state.sessions.open(served, alone))
        }
        _ => Err(BAD_CREDENTIALS),
    };
    let reply = variant.answer("Login", "strDST", token);
    turn.deliver(&request, reply).await
}

async fn question(
    request: HttpRequest,
    world: &World,
    state: &State,
    variant: Variant,
    call: &Element,
) -> HttpResponse {
    let session = call
        .get("strDST")
        .and_then(|token| state.sessions.resume(token));
    let asked = call.get("strRichiesta").and_then(Element::read);
    let service = asked.as_ref().and_then(Service::of);
    let ente = session.map(|served| served.belfiore());
    let name = service.map_or("?", Service::name);
    let turn = world.begin(&DIALECT, name, ente);
    let _worker = match ente.filter(|_| !turn.hangs()) {
        Some(ente) => state.workers.enter(ente).await,
        None => None,
    };
    let answer = match session {
        _ if turn.shows(FaultKind::AuthFail) || turn.shows(FaultKind::ExpiredToken) => {
            Err(NO_SESSION)
        }
        None => Err(NO_SESSION),
        Some(_) if turn.shows(FaultKind::InternalError) => Err(state.internal_errors.next()),
        Some(_) if turn.shows(FaultKind::NotFound) => Err(NOT_FOUND),
        Some(_) if turn.shows(FaultKind::Ambiguous) => Err(AMBIGUOUS),
        Some(served) => match asked.as_ref().zip(service) {
            Some((asked, service)) => service.answer(&world.population, served, asked, &turn),
            None => Err(BAD_REQUEST),
        },
    };
    let reply = match (variant, service) {
        (Variant::Literal, Some(Service::Famiglia)) if answer.is_ok() => {
            wire::without_number(variant.answer("Interrogazione", "strRisposta", answer))
        }
        _ => variant.answer("Interrogazione", "strRisposta", answer),
    };
    turn.deliver(&request, reply).await
}

/// What the document in a question asks for.
#[derive(Clone, Copy, PartialEq)]
enum Service {
    Anagrafe,
    Famiglia,
    Tributi,
}

impl Service {
    fn of(request: &Element) -> Option<Service> {
        match request.get("Servizio")? {
            "ANAGRAFE" => Some(Service::Anagrafe),
            "FAMIGLIA" => Some(Service::Famiglia),
            "TRIBUTI" => Some(Service::Tributi),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Service::Anagrafe => "ANAGRAFE",
            Service::Famiglia => "FAMIGLIA",
            Service::Tributi => "TRIBUTI",
        }
    }

    /// The document that answers.
    fn answer(
        self,
        population: &Population,
        served: Served,
        request: &Element,
        turn: &Turn<'_>,
    ) -> Result<String, Refusal> {
        let copies = if turn.shows(FaultKind::Duplicate) {
            2
        } else {
            1
        };
        let mut xml = Xml::default();
        match self {
            Service::Anagrafe => {
                for person in anagrafe::people(population, served, request)? {
                    (0..copies).for_each(|_| anagrafe::write_person(&mut xml, served, person));
                }
            }
            Service::Famiglia => {
                let (number, members) = anagrafe::family(population, served, request)?;
                xml.number("Famiglia", number);
                for person in members {
                    (0..copies).for_each(|_| anagrafe::write_member(&mut xml, person));
                }
            }
            Service::Tributi => {
                let year = request.filled("Anno").map(str::parse).transpose();
                let year = year.map_err(|_| BAD_REQUEST)?;
                for subject in tributi::taxpayers(population, served, request)? {
                    (0..copies).for_each(|_| {
                        tributi::write_taxpayer(&mut xml, population, subject, year);
                    });
                }
            }
        }
        let content = xml.into_string();
        Ok(format!(
            "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><Risposta>{content}</Risposta>"
        ))
    }
}
