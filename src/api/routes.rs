//! Every route of the portals' door. Whatever has no route goes through the broker too: refusals are on record.

use actix_web::web::{Payload, ServiceConfig, get, post, resource, to};
use actix_web::{HttpRequest, HttpResponse, Resource, Route};

use crate::broker::error::Malformed;

use super::intake::{self, Intake};
use super::{anagrafe, catalogo, docs, status, tributi};

/// The routes. They are tried in this order, so those asked most come first.
pub fn routes(app: &mut ServiceConfig) {
    app
        // The population registry
        .service(search(
            post().to(anagrafe::ricerche_persona),
            "/rest/anagrafe/v1/enti/{codice_istat}/ricerche-persona",
        ))
        .service(search(
            post().to(anagrafe::ricerche_famiglia),
            "/rest/anagrafe/v1/enti/{codice_istat}/ricerche-famiglia",
        ))
        // Local taxes
        .service(search(
            post().to(tributi::ricerche_posizione),
            "/rest/tributi/v1/enti/{codice_istat}/ricerche-posizione",
        ))
        // Which enti there are, and what each offers
        .service(only(get().to(catalogo::enti), "/rest/catalogo/v1/enti"))
        .service(only(
            get().to(catalogo::ente),
            "/rest/catalogo/v1/enti/{codice_istat}",
        ))
        .service(only(
            get().to(catalogo::servizi),
            "/rest/catalogo/v1/enti/{codice_istat}/servizi",
        ))
        .service(only(get().to(status::status), "/rest/catalogo/v1/status"))
        .service(only(get().to(status::status), "/rest/anagrafe/v1/status"))
        .service(only(get().to(status::status), "/rest/tributi/v1/status"))
        // The documents
        .service(only(get().to(docs::page), "/docs"))
        .service(only(get().to(docs::document), "/docs/{document}.yaml"))
        .service(only(get().to(docs::style), "/docs/stile.css"))
        .default_service(to(no_such_resource));
}

fn only(route: Route, path: &str) -> Resource {
    resource(path)
        .route(route)
        .default_service(to(|intake, request, payload| {
            not_allowed(intake, request, payload, "GET")
        }))
}

fn search(route: Route, path: &str) -> Resource {
    resource(path)
        .route(route)
        .default_service(to(|intake, request, payload| {
            not_allowed(intake, request, payload, "POST")
        }))
}

async fn not_allowed(
    intake: Intake,
    request: HttpRequest,
    payload: Payload,
    allowed: &'static str,
) -> HttpResponse {
    intake::answer(intake, request, payload, |_, _| {
        Err(Malformed::MethodNotAllowed { allowed })
    })
    .await
}

async fn no_such_resource(intake: Intake, request: HttpRequest, payload: Payload) -> HttpResponse {
    intake::answer(intake, request, payload, |_, _| {
        Err(Malformed::NoSuchResource)
    })
    .await
}
