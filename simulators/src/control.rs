//! The control port: switches faults and reads counters while the dialects run.

use actix_web::web::{Data, Json, ServiceConfig, delete, get, post, resource};
use actix_web::{HttpResponse, Responder};
use serde_json::json;

use crate::dialects::Dialect;
use crate::faults::{FaultKind, FaultOrder};
use crate::population::places::Ente;
use crate::world::World;

pub fn routes(config: &mut ServiceConfig) {
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

async fn add_fault(order: Json<FaultOrder>, world: Data<World>) -> HttpResponse {
    let order = order.into_inner();
    let Some(dialect) = Dialect::find(&order.dialect) else {
        return HttpResponse::BadRequest().json(json!({ "error": "unknown dialect" }));
    };
    let possible: Vec<FaultKind> = dialect.possible_faults().collect();
    if !possible.contains(&order.fault) {
        return HttpResponse::BadRequest()
            .json(json!({ "error": "fault not possible here", "possible": possible }));
    }
    if order
        .ente
        .as_deref()
        .is_some_and(|ente| Ente::find(ente).is_none())
    {
        return HttpResponse::BadRequest().json(json!({ "error": "unknown ente" }));
    }
    if !(0.0..=1.0).contains(&order.share) {
        return HttpResponse::BadRequest()
            .json(json!({ "error": "share must lie between 0 and 1" }));
    }
    HttpResponse::Created().json(json!({ "id": world.faults.add(order) }))
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
