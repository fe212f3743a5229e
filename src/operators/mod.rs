//! The operators' door: readiness, metrics, the record, the cache, reload. Only for certificates of configured operators.
//!
//! What is asked here is logged with the operator's name; nothing here goes through the broker or counts as an exchange.

mod caller;
mod night;
mod ready;
mod record;
mod work;

use std::io;
use std::sync::Arc;

use crate::api::connection::{DoorName, Entrance};
use crate::api::http::{Request, Response};
use crate::api::intake::Intake;
use crate::api::server::{self, OpenDoor};
use crate::api::serving::Routes;
use crate::broker::error::Malformed;
use crate::config::door::Door;
use crate::gateway::Gateway;
use crate::reload::Reloader;

use caller::Caller;

/// Opens the operators' door.
pub fn serve(gateway: Arc<Gateway>, reloader: Arc<Reloader>, door: Door) -> io::Result<OpenDoor> {
    // Operators' requests are no exchanges and begin no trace.
    let entrance = Entrance::new(gateway, DoorName::Operators, door, 0);
    server::open(entrance, OperatorRoutes { reloader })
}

/// Every resource, and the method that it knows.
const RESOURCES: [(&str, &str); 10] = [
    // How it goes
    ("/vivo", "GET"),
    ("/pronto", "GET"),
    ("/metrics", "GET"),
    ("/istanze", "GET"),
    ("/deriva", "GET"),
    ("/notturni", "GET"),
    // What was exchanged
    ("/record", "GET"),
    ("/record/ricerche", "POST"),
    // What can be done
    ("/cache/purge", "POST"),
    ("/ricarica", "POST"),
];

/// The operators' routes.
#[derive(Clone)]
struct OperatorRoutes {
    reloader: Arc<Reloader>,
}

impl Routes for OperatorRoutes {
    async fn answer(&self, intake: Intake, request: &Request) -> Response {
        let known = RESOURCES.iter();
        let mut known = known.filter(|(path, _)| *path == request.head.path());
        let (resource, method) = *known.next().unwrap_or(&("", ""));
        let answered = match Caller::establish(intake, request, resource) {
            Ok(caller) if !resource.is_empty() && method != request.head.method() => {
                Err(caller.not_allowed(method))
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
            "/metrics" => Ok(ready::metrics(caller)),
            "/istanze" => Ok(ready::instances(caller)),
            "/deriva" => Ok(ready::drift(caller)),
            "/notturni" => night::copies(caller).await,
            "/record" => record::list(caller, request).await,
            "/record/ricerche" => record::search(caller, request).await,
            "/cache/purge" => work::purge(caller, request),
            "/ricarica" => work::reload(caller, &self.reloader).await,
            _ => Err(caller.malformed(Malformed::NoSuchResource)),
        }
    }
}
