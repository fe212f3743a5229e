//! The operators' door: readiness, metrics, the record, the cache, reload. Only for certificates of configured operators.
//!
//! What is asked here is logged with the operator's name. Nothing here counts as an exchange but what an officer of an ente sees
//! and answers of a request, which is on record with the officer's certificate; an officer sees nothing else.

mod caller;
mod ends;
mod night;
mod ready;
mod record;
mod richieste;
mod work;

use std::io;
use std::sync::Arc;

use crate::api::connection::{DoorName, Entrance};
use crate::api::http::{Request, Response};
use crate::api::intake::Intake;
use crate::api::server::{self, OpenDoor};
use crate::api::serving::Routes;
use crate::broker::error::{ExchangeError, Malformed};
use crate::config::door::Door;
use crate::gateway::Gateway;
use crate::reload::Reloader;

use caller::Caller;
use richieste::{Seal, unsettled};

/// Opens the operators' door.
pub fn serve(gateway: Arc<Gateway>, reloader: Arc<Reloader>, door: Door) -> io::Result<OpenDoor> {
    // Operators' requests are no exchanges and begin no trace.
    let entrance = Entrance::new(gateway, DoorName::Operators, door, 0);
    let seal = Seal::new();
    server::open(entrance, OperatorRoutes { reloader, seal })
}

/// Every resource, and the method that it knows.
const RESOURCES: [(&str, &str); 13] = [
    // How it goes
    ("/vivo", "GET"),
    ("/pronto", "GET"),
    ("/metrics", "GET"),
    ("/istanze", "GET"),
    ("/deriva", "GET"),
    ("/notturni", "GET"),
    ("/scadenze", "GET"),
    // What was exchanged
    ("/record", "GET"),
    ("/record/ricerche", "POST"),
    // What can be done
    ("/cache/purge", "POST"),
    ("/ricarica", "POST"),
    // What waits for an officer of an ente
    ("/richieste", "GET"),
    ("/richieste/stile.css", "GET"),
];

/// One of the officers' requests, and one of their writes of unknown outcome, below which its number stands.
const RICHIESTA: &str = "/richieste/";
const SCRITTURA: &str = "/scritture/";

/// The operators' routes.
#[derive(Clone)]
struct OperatorRoutes {
    reloader: Arc<Reloader>,
    seal: Seal,
}

impl Routes for OperatorRoutes {
    async fn answer(&self, intake: Intake, request: &Request) -> Response {
        let known = RESOURCES.iter();
        let mut known = known.filter(|(path, _)| *path == request.head.path());
        let one = [RICHIESTA, SCRITTURA]
            .into_iter()
            .find(|folder| request.head.path().starts_with(folder));
        let method = match request.head.method() {
            "POST" => "POST",
            _ => "GET",
        };
        let unnamed = one.map_or(("", ""), |folder| (folder, method));
        let (resource, method) = *known.next().unwrap_or(&unnamed);
        let is_officers = resource.starts_with("/richieste") || resource == SCRITTURA;
        let answered = match Caller::establish(intake, request, resource) {
            Ok(caller) if !resource.is_empty() && method != request.head.method() => {
                Err(caller.not_allowed(method))
            }
            // An officer of an ente sees its requests and nothing else; who serves the centre sees no request.
            Ok(caller) if is_officers == caller.enti().is_empty() => {
                Err(caller.refuse(&ExchangeError::NotGranted))
            }
            Ok(caller) => self.ask(&caller, request, resource).await,
            Err(refused) => Err(refused),
        };
        answered.unwrap_or_else(|refused| refused)
    }
}

impl OperatorRoutes {
    async fn ask(
        &self,
        caller: &Caller,
        request: &Request,
        resource: &str,
    ) -> Result<Response, Response> {
        match resource {
            "/vivo" => Ok(ready::alive(caller)),
            "/pronto" => Ok(ready::ready(caller)),
            "/metrics" => Ok(ready::metrics(caller).await),
            "/istanze" => Ok(ready::instances(caller)),
            "/deriva" => Ok(ready::drift(caller)),
            "/notturni" => night::copies(caller).await,
            "/scadenze" => Ok(ends::list(caller)),
            "/record" => record::list(caller, request).await,
            "/record/ricerche" => record::search(caller, request).await,
            "/cache/purge" => work::purge(caller, request),
            "/ricarica" => work::reload(caller, &self.reloader).await,
            "/richieste" => richieste::list(caller).await,
            "/richieste/stile.css" => Ok(richieste::style()),
            RICHIESTA => {
                let id = request.head.path().trim_start_matches(RICHIESTA);
                match request.head.method() {
                    "POST" => richieste::answer(caller, &self.seal, request, id).await,
                    _ => richieste::show(caller, &self.seal, id).await,
                }
            }
            SCRITTURA => {
                let id = request.head.path().trim_start_matches(SCRITTURA);
                match request.head.method() {
                    "POST" => unsettled::decide(caller, &self.seal, request, id).await,
                    _ => unsettled::show(caller, &self.seal, id).await,
                }
            }
            _ => Err(caller.malformed(Malformed::NoSuchResource)),
        }
    }
}
