//! A portal looks at its request: how far it is, or its answer, under the grant of this moment.

use std::sync::Arc;

use crate::broker::arrival::{PickUp, Sought};
use crate::broker::authorization::{self, Permit};
use crate::broker::error::ExchangeError;
use crate::broker::identity::Caller;
use crate::broker::protection;
use crate::broker::rate_limit;
use crate::broker::record::Trail;
use crate::broker::reply::{Answered, Progress};
use crate::contract::richiesta::Stato;
use crate::gateway::Gateway;
use crate::store::Richiesta;

use super::kept::{KeptOutcome, KeptQuestion};
use super::{location, next_look, written};

/// Tells how far a request is, or gives its answer, cut to what is granted now. One that is another portal's is not there.
pub(in crate::broker) async fn pick_up(
    gateway: &Gateway,
    caller: &Caller,
    sought: PickUp,
    trail: &mut Trail,
) -> Result<Answered, ExchangeError> {
    let portal = &caller.portal().name;
    let found = gateway.store.richieste().of_portal(sought.id, portal).await;
    let richiesta = found
        .map_err(|failure| ExchangeError::Internal(failure.to_string()))?
        .filter(|found| found.operation.domain() == sought.domain)
        .ok_or(ExchangeError::RequestUnknown)?;
    trail.looks_at(richiesta.scambio);
    let (kept, question) = KeptQuestion::read(&richiesta)?;
    let permit = authorization::grant(gateway, caller, &kept.asking(&question), trail).await?;
    rate_limit::admit_to_rates(gateway, &permit, trail)?;
    match sought.what {
        Sought::State => Ok(state(&protection::seen(gateway, &permit, richiesta))),
        Sought::Result => result(gateway, &permit, &richiesta, trail),
    }
}

fn state(richiesta: &Richiesta) -> Answered {
    let progress = if richiesta.state.is_open() {
        Progress::StillOpen {
            retry_after: next_look(richiesta),
        }
    } else {
        Progress::Ended {
            location: format!("{}/risultato", location(richiesta)),
        }
    };
    Answered::progress(written(richiesta), progress)
}

fn result(
    gateway: &Gateway,
    permit: &Permit,
    richiesta: &Richiesta,
    trail: &mut Trail,
) -> Result<Answered, ExchangeError> {
    match richiesta.state {
        Stato::Accolta | Stato::Inoltrata | Stato::EsitoIgnoto => Err(ExchangeError::RequestOpen {
            retry_after: next_look(richiesta),
        }),
        Stato::Scaduta => Err(ExchangeError::RequestExpired),
        Stato::Completata | Stato::Rifiutata => {
            let delivered = protection::delivered(gateway, permit, KeptOutcome::read(richiesta)?);
            let delivered = Arc::new(delivered?);
            trail.delivers(&delivered);
            Ok(Answered::picked_up(permit, &delivered))
        }
    }
}
