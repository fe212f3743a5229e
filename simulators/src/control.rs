//! The control port: switches faults and reads counters while the dialects run.

use actix_web::web::{Data, Json, ServiceConfig, delete, get, post, resource};
use actix_web::{HttpResponse, Responder};
use serde_json::{Value, json};

use crate::dialects::{Dialect, pdnd};
use crate::faults::{FaultKind, FaultOrder};
use crate::world::World;

pub fn routes(config: &mut ServiceConfig) {
    pdnd::control(config);
    config
        .service(
            resource("/control/faults")
                .route(post().to(add_fault))
                .route(get().to(list_faults))
                .route(delete().to(clear_faults)),
        )
        .service(
            resource("/control/calls")
                .route(get().to(report_calls))
                .route(delete().to(clear_calls)),
        );
}

async fn add_fault(wanted: Json<FaultOrder>, world: Data<World>) -> HttpResponse {
    match order(&world, wanted.into_inner()) {
        Ok(id) => HttpResponse::Created().json(json!({ "id": id })),
        Err(refusal) => HttpResponse::BadRequest().json(refusal),
    }
}

/// Switches a fault on and returns its number, or says in JSON why it makes no sense.
pub fn order(world: &World, order: FaultOrder) -> Result<u32, Value> {
    let Some(dialect) = Dialect::find(&order.dialect) else {
        return Err(json!({ "error": "unknown dialect" }));
    };
    let possible: Vec<FaultKind> = dialect.possible_faults().collect();
    if !possible.contains(&order.fault) {
        return Err(json!({ "error": "fault not possible here", "possible": possible }));
    }
    if order
        .ente
        .as_deref()
        .is_some_and(|ente| world.served(ente).is_none())
    {
        return Err(json!({ "error": "unknown ente" }));
    }
    if !(0.0..=1.0).contains(&order.share) {
        return Err(json!({ "error": "share must lie between 0 and 1" }));
    }
    Ok(world.faults.add(order))
}

async fn list_faults(world: Data<World>) -> impl Responder {
    Json(world.faults.list())
}

async fn clear_faults(world: Data<World>) -> impl Responder {
    world.faults.clear();
    HttpResponse::NoContent()
}

async fn report_calls(world: Data<World>) -> impl Responder {
    Json(world.calls.report())
}

async fn clear_calls(world: Data<World>) -> impl Responder {
    world.calls.clear();
    HttpResponse::NoContent()
}
