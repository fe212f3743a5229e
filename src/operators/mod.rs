//! The operators' door: readiness, metrics, the record, the cache, reload. Only for certificates of configured operators.
//!
//! What is asked here stands in the logbook (`store/logbook/`) before it is done, refusals too. Nothing here counts as an exchange
//! but what an officer of an ente sees and answers of a request, which is on record with the officer's certificate as well.

mod access;
mod caller;
mod codici_cambiati;
mod deed;
mod ends;
mod form;
mod logbook;
mod night;
mod page;
mod protezioni;
mod rappresentanze;
mod ready;
pub mod reason;
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
use crate::store::changed_code::ChangedCode;
use crate::store::protection::Mark;
use crate::store::representation::Representation;

use access::{Noting, Resource};
use caller::Caller;
use form::Seal;
use richieste::unsettled;

/// Opens the operators' door.
pub fn serve(gateway: Arc<Gateway>, reloader: Arc<Reloader>, door: Door) -> io::Result<OpenDoor> {
    // Operators' requests are no exchanges and begin no trace.
    let entrance = Entrance::new(gateway, DoorName::Operators, door, 0);
    let seal = Seal::new();
    server::open(entrance, OperatorRoutes { reloader, seal })
}

/// Every resource of the operators' door with its methods; a path that ends in a slash is that of what is below it.
pub fn resources() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    access::RESOURCES.iter().map(|one| (one.path, one.methods))
}

/// The operators' routes.
#[derive(Clone)]
struct OperatorRoutes {
    reloader: Arc<Reloader>,
    seal: Seal,
}

impl Routes for OperatorRoutes {
    async fn answer(&self, intake: Intake, request: &Request) -> Response {
        let resource = access::at(request.head.path());
        let answered = match Caller::establish(intake, request, resource) {
            Ok(caller) => self.admit(&caller, request, resource).await,
            Err(refused) => Err(refused),
        };
        answered.unwrap_or_else(|refused| refused)
    }
}

impl OperatorRoutes {
    /// Answers whoever may ask for that, and notes it in the logbook, refusals too.
    async fn admit(
        &self,
        caller: &Caller,
        request: &Request,
        resource: Option<&'static Resource>,
    ) -> Result<Response, Response> {
        let Some(resource) = resource else {
            return Err(caller.malformed(Malformed::NoSuchResource));
        };
        if !resource.methods.contains(&request.head.method()) {
            return Err(caller.not_allowed(resource.methods[0]));
        }
        caller.log_on(resource.noted == Noting::Never).await?;
        if !resource.admits(caller.operator()) {
            return Err(caller
                .refuse_and_note(&ExchangeError::NotGranted, None)
                .await);
        }
        if resource.noted == Noting::First {
            caller.note(None, None).await?;
        }
        self.ask(caller, request, resource.path).await
    }

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
            "/record/esportazioni" => record::export(caller, request).await,
            "/giornale" => logbook::list(caller, request).await,
            "/cache/purge" => work::purge(caller, request).await,
            "/ricarica" => work::reload(caller, &self.reloader).await,
            "/richieste" => richieste::list(caller).await,
            "/richieste/stile.css" => Ok(page::style()),
            "/richieste/" => {
                let id = request.head.path().trim_start_matches(resource);
                match request.head.method() {
                    "POST" => richieste::answer(caller, &self.seal, request, id).await,
                    _ => richieste::show(caller, &self.seal, id).await,
                }
            }
            "/scritture/" => {
                let id = request.head.path().trim_start_matches(resource);
                match request.head.method() {
                    "POST" => unsettled::decide(caller, &self.seal, request, id).await,
                    _ => unsettled::show(caller, &self.seal, id).await,
                }
            }
            "/protezioni" | "/protezioni/" => {
                deed::answer::<Mark>(caller, &self.seal, request).await
            }
            "/rappresentanze" | "/rappresentanze/" => {
                deed::answer::<Representation>(caller, &self.seal, request).await
            }
            "/codici-cambiati" | "/codici-cambiati/" => {
                deed::answer::<ChangedCode>(caller, &self.seal, request).await
            }
            _ => Err(caller.malformed(Malformed::NoSuchResource)),
        }
    }
}
