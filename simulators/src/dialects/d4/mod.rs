//! D4: rpc/encoded SOAP with one operation, CDATA and Basic authentication ("SICI" shape); the registry.

mod anagrafe;
mod wire;

use std::sync::Arc;

use actix_web::http::header::AUTHORIZATION;
use actix_web::web::{Bytes, Data, ServiceConfig, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::{Dialect, Latency, password};
use crate::delivery::Reply;
use crate::faults::FaultKind;
use crate::gates::Gates;
use crate::population::served::Served;
use crate::soap::{Element, Message};
use crate::world::{Turn, World};

pub const DIALECT: Dialect = Dialect {
    name: "d4",
    content_type: "text/xml; charset=\"UTF-8\"",
    open: |_| {
        let component = Data::new(Gates::new(1));
        Arc::new(move |config| routes(config, &component))
    },
    own_faults: &[
        FaultKind::NotFound,
        FaultKind::Ambiguous,
        FaultKind::AuthFail,
        FaultKind::Duplicate,
        FaultKind::InternalError,
        FaultKind::Multiref,
    ],
    latency: Latency {
        p50: 600,
        p95: 4000,
        p99: 12_000,
    },
};

pub const USERNAME: &str = "gw";
pub const BAD_CREDENTIALS: &str = "KO: utente o password non validi";
pub const BAD_REQUEST: &str = "KO: parametri non validi";
pub const UNKNOWN_METHOD: &str = "KO: metodo sconosciuto";
pub const NOT_FOUND: &str = "KO: nessun soggetto trovato";
pub const AMBIGUOUS: &str = "KO: trovati piu' soggetti";
pub const INTERNAL_ERROR: &str = "SoapServer: Executing method SICI_WEB_SERVICE failed.";

const METHODS: [&str; 2] = ["RICERCASOGGETTO", "STATOFAMIGLIA"];

fn routes(config: &mut ServiceConfig, component: &Data<Gates>) {
    config.app_data(component.clone());
    config.service(resource("/ws_server/ws_server.asp").route(post().to(handle)));
}

async fn handle(
    request: HttpRequest,
    body: Bytes,
    world: Data<World>,
    component: Data<Gates>,
) -> HttpResponse {
    let message = Message::read(&body);
    let call = message
        .as_ref()
        .map(|message| &message.body)
        .filter(|body| body.name == "SICI_WEB_SERVICE");
    let served = call.and_then(|call| world.served(call.get("ENTE")?));
    let method = call.and_then(|call| {
        let wanted = call.get("METODO")?;
        METHODS.into_iter().find(|method| *method == wanted)
    });
    let ente = served.as_ref().map(Served::belfiore);
    let turn = world.begin(&DIALECT, method.unwrap_or("?"), ente);
    // One thread for everybody in the town hall.
    let _component = match ente.filter(|_| !turn.hangs()) {
        Some(ente) => component.enter(ente).await,
        None => None,
    };
    let reply = match (call, served) {
        (None, _) => wire::fault("SoapServer: the request is not a call of SICI_WEB_SERVICE."),
        (Some(_), served) if !knows_user(&request, served) => unauthorized(),
        (Some(_), _) if turn.shows(FaultKind::InternalError) => wire::fault(INTERNAL_ERROR),
        (Some(call), Some(served)) => {
            let outcome = answer(&world, served, method, call, &turn);
            wire::answer(call, outcome, turn.shows(FaultKind::Multiref))
        }
        (Some(_), None) => unauthorized(),
    };
    turn.deliver(&request, reply).await
}

/// Whether the web server in front of the component lets the caller in.
fn knows_user(request: &HttpRequest, served: Option<Served>) -> bool {
    let Some(served) = served else { return false };
    let pair = format!("{USERNAME}:{}", password(DIALECT.name, served.belfiore()));
    let header = request.headers().get(AUTHORIZATION);
    let given = header.and_then(|header| header.to_str().ok()?.strip_prefix("Basic "));
    given == Some(&BASE64_STANDARD.encode(pair))
}

fn unauthorized() -> Reply {
    Reply {
        challenge: Some("Basic realm=\"SICI\""),
        ..Reply::new(401, "<html><body><h1>401 Unauthorized</h1></body></html>")
    }
}

/// What stands in `XML_RETURN`, or the reason why there is nothing.
fn answer(
    world: &World,
    served: Served,
    method: Option<&str>,
    call: &Element,
    turn: &Turn<'_>,
) -> Result<String, &'static str> {
    let secret = password(DIALECT.name, served.belfiore());
    let admitted = call.get("COD_UTENTE") == Some(USERNAME)
        && call.get("PASSWORD") == Some(secret.as_str())
        && !turn.shows(FaultKind::AuthFail);
    if !admitted {
        return Err(BAD_CREDENTIALS);
    }
    if turn.shows(FaultKind::NotFound) {
        return Err(NOT_FOUND);
    }
    if turn.shows(FaultKind::Ambiguous) {
        return Err(AMBIGUOUS);
    }
    let method = method.filter(|_| call.get("APPLICATIVO") == Some("ANA"));
    let Some(method) = method else {
        return Err(UNKNOWN_METHOD);
    };
    let parameters = call.get("XML_PARAM").and_then(Element::read);
    let asked = parameters
        .as_ref()
        .and_then(|outer| outer.child("Soggetto"));
    let Some(asked) = asked else {
        return Err(BAD_REQUEST);
    };
    let copies = if turn.shows(FaultKind::Duplicate) {
        2
    } else {
        1
    };
    match method {
        "STATOFAMIGLIA" => anagrafe::family(&world.population, served, asked, copies),
        _ => anagrafe::people(&world.population, served, asked, copies),
    }
}
