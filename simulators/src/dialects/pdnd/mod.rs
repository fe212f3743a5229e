//! The Piattaforma Digitale Nazionale Dati: authorization server, published keys, and one e-service that asks for vouchers.

mod assertion;
pub mod jws;
pub mod office;
mod proof;
mod service;

use std::sync::Arc;

use actix_web::web::{Data, Form, Json, Path, ServiceConfig, get, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use super::{Dialect, Latency};
use crate::delivery::Reply;
use crate::faults::{FaultKind, TOKEN_OPERATION};
use crate::randomness::random_bits;
use crate::world::World;
use office::{Client, Purpose, Rotation, Settings};

pub const DIALECT: Dialect = Dialect {
    name: "pdnd",
    content_type: "application/json",
    open: |_| Arc::new(routes),
    own_faults: &[
        FaultKind::AuthFail,
        FaultKind::ExpiredToken,
        FaultKind::TooManyRequests,
        FaultKind::InternalError,
    ],
    latency: Latency {
        p50: 120,
        p95: 400,
        p99: 1500,
    },
};

fn routes(config: &mut ServiceConfig) {
    config
        .service(resource("/token.oauth2").route(post().to(token)))
        .service(resource("/.well-known/jwks.json").route(get().to(published_keys)))
        .service(resource("/keys/{kid}").route(get().to(client_key)))
        .service(
            resource("/e-service/Demografici/Anagrafe/RicercaIndividui")
                .route(post().to(service::ricerca_individui)),
        );
}

/// What the control port does with the office.
pub fn control(config: &mut ServiceConfig) {
    config
        .service(resource("/control/pdnd/clients").route(post().to(register)))
        .service(resource("/control/pdnd/purposes").route(post().to(agree)))
        .service(resource("/control/pdnd/settings").route(post().to(settle)))
        .service(resource("/control/pdnd/rotation").route(post().to(rotate)));
}

async fn token(
    request: HttpRequest,
    asked: Form<assertion::Asked>,
    world: Data<World>,
) -> HttpResponse {
    let turn = world.begin(&DIALECT, TOKEN_OPERATION, None);
    let reply = if turn.shows(FaultKind::AuthFail) {
        assertion::refused(400, ("015-0008", "unable to verify the client"))
    } else if turn.shows(FaultKind::TooManyRequests) {
        Reply {
            retry_after: Some(1),
            ..assertion::refused(429, ("015-9992", "too many requests"))
        }
    } else if turn.shows(FaultKind::InternalError) {
        assertion::refused(500, ("015-9991", "unexpected error"))
    } else {
        assertion::answer(&world.pdnd, &request, &asked)
    };
    if reply.status == 200 {
        world.calls.token_issued(DIALECT.name, "");
    }
    turn.deliver(&request, reply).await
}

async fn published_keys(request: HttpRequest, world: Data<World>) -> HttpResponse {
    let turn = world.begin(&DIALECT, "jwks", None);
    let reply = Reply::new(200, world.pdnd.key_set().to_string());
    turn.deliver(&request, reply).await
}

async fn client_key(request: HttpRequest, kid: Path<String>, world: Data<World>) -> HttpResponse {
    let turn = world.begin(&DIALECT, "keys", None);
    let reply = match world.pdnd.client_key(&kid) {
        Some(key) => Reply::new(200, key.to_string()),
        None => assertion::refused(404, ("007-0001", "no such key")),
    };
    turn.deliver(&request, reply).await
}

async fn register(client: Json<Client>, world: Data<World>) -> HttpResponse {
    let kid = world.pdnd.register(client.into_inner());
    match kid.is_empty() {
        true => HttpResponse::BadRequest().json(json!({ "error": "no key" })),
        false => HttpResponse::Created().json(json!({ "kid": kid })),
    }
}

async fn agree(purpose: Json<Purpose>, world: Data<World>) -> HttpResponse {
    world.pdnd.agree(purpose.into_inner());
    HttpResponse::NoContent().finish()
}

async fn settle(settings: Json<Settings>, world: Data<World>) -> HttpResponse {
    world.pdnd.settle(&settings);
    HttpResponse::NoContent().finish()
}

async fn rotate(rotation: Json<Rotation>, world: Data<World>) -> HttpResponse {
    match world.pdnd.rotate(&rotation) {
        Some(()) => HttpResponse::NoContent().finish(),
        None => HttpResponse::BadRequest().json(json!({ "error": "unknown algorithm" })),
    }
}

/// A version 4 UUID.
fn random_uuid() -> String {
    let bits = u128::from(random_bits()) << 64 | u128::from(random_bits());
    let bits = bits & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let text = format!("{bits:032x}");
    [
        &text[..8],
        &text[8..12],
        &text[12..16],
        &text[16..20],
        &text[20..],
    ]
    .join("-")
}

/// The value of a header that must stand once.
pub fn one<'r>(request: &'r HttpRequest, name: &str) -> Result<&'r str, &'static str> {
    let mut all = request.headers().get_all(name);
    match (all.next(), all.next()) {
        (Some(value), None) => value.to_str().map_err(|_| "no text"),
        (None, _) => Err("a header is missing"),
        _ => Err("a header twice"),
    }
}
