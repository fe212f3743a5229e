//! The operators' door: readiness, metrics, the record, the cache, reload. Only for certificates of configured operators.
//!
//! What is asked here is logged with the operator's name; nothing here goes through the broker or counts as an exchange.

mod caller;
mod ready;
mod record;
mod work;

use std::io;
use std::sync::Arc;

use actix_web::web::{Data, ServiceConfig, get, post, resource, to};
use actix_web::{Resource, Route};

use crate::api::connection::{DoorName, Entrance};
use crate::api::server::{self, OpenDoor};
use crate::config::door::Door;
use crate::gateway::Gateway;
use crate::reload::Reloader;

/// Opens the operators' door.
pub fn serve(gateway: Arc<Gateway>, reloader: Arc<Reloader>, door: Door) -> io::Result<OpenDoor> {
    // Operators' requests are no exchanges and begin no trace.
    let entrance = Entrance::new(gateway, DoorName::Operators, door, 0);
    server::open(entrance, move |app| {
        app.app_data(Data::from(Arc::clone(&reloader)));
        routes(app);
    })
}

/// The routes.
fn routes(app: &mut ServiceConfig) {
    app
        // How it goes
        .service(only("GET", get().to(ready::alive), "/vivo"))
        .service(only("GET", get().to(ready::ready), "/pronto"))
        .service(only("GET", get().to(ready::metrics), "/metrics"))
        .service(only("GET", get().to(ready::instances), "/istanze"))
        // What was exchanged
        .service(only("GET", get().to(record::list), "/record"))
        .service(only("POST", post().to(record::search), "/record/ricerche"))
        // What can be done
        .service(only("POST", post().to(work::purge), "/cache/purge"))
        .service(only("POST", post().to(work::reload), "/ricarica"))
        .default_service(to(caller::no_such_resource));
}

fn only(method: &'static str, route: Route, path: &str) -> Resource {
    resource(path)
        .route(route)
        .default_service(to(move |caller| caller::not_allowed(caller, method)))
}
