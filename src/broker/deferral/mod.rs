//! Requests that outlive their call: taken on, durable, before the portal is told; carried on by themselves; picked up under
//! the grant of that moment.

mod kept;
mod carrying;
pub mod manual;
pub mod deciding;
mod push;
mod pick_up;
mod note;
mod writing;
mod late;
mod settling;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::connectors::adapter::deferral::{Deferral, Form};
use crate::contract::document::Document;
use crate::contract::operation::FieldSet;
use crate::contract::provenienza::Origine;
use crate::contract::richiesta::{Stato, StatoRichiesta};
use crate::gateway::Gateway;
use crate::oidc::Citizen;
use crate::store::Richiesta;
use crate::store::richieste::Way;

use super::arrival::{Arrival, Asked};
use super::authorization::Permit;
use super::dispatch;
use super::error::ExchangeError;
use super::record::Trail;
use super::reply::{Answered, Progress};

use kept::KeptQuestion;

pub use carrying::carry_on;
pub(super) use late::{at_once_or_later, gives_up};
pub(super) use pick_up::pick_up;
pub(super) use writing::write;

/// The shortest time after which a portal is told to ask again, and the longest.
const SOONEST: Duration = Duration::from_secs(1);
const LATEST: Duration = Duration::from_mins(15);

/// The answer of a request that outlived its call.
#[derive(Debug)]
pub struct Delivered {
    /// The answer in the contract's terms.
    pub document: Document,
    /// The fields that were fetched.
    pub fetched: FieldSet,
    /// Of these, those that the product does not have.
    pub unavailable: FieldSet,
    /// Where it comes from.
    pub origine: Origine,
    /// How old it is.
    pub age: Duration,
}

/// How the ente answers the operation later; `None`: at once, or not at all.
pub(super) fn of(permit: &Permit) -> Option<Deferral> {
    let operation = permit.operation();
    let binding = permit.ente()?.binding(operation.domain())?;
    let offered = binding.adapter.operation(operation)?;
    Some(offered.deferral()?.at(&binding.instance.deferred))
}

/// The same, once it is sure that the answer may be delivered where the portal wants it.
pub(super) fn promised(
    permit: &Permit,
    arrival: &Arrival,
) -> Result<Option<Deferral>, ExchangeError> {
    check_reply_to(permit, arrival)?;
    Ok(of(permit))
}

/// Refuses to promise a delivery to where the portal takes none.
fn check_reply_to(permit: &Permit, arrival: &Arrival) -> Result<(), ExchangeError> {
    let Some(address) = &arrival.reply_to else {
        return Ok(());
    };
    let mut allowed = permit.portal().reply_to.iter();
    match allowed.any(|known| known.address == *address) {
        true => Ok(()),
        false => Err(ExchangeError::ReplyToNotAllowed),
    }
}

/// There is one open request too many.
fn too_many(permit: &Permit) -> ExchangeError {
    ExchangeError::TooManyOpen {
        most: permit.portal().open_requests,
    }
}

/// Takes a request on: once it is durable, the portal is told where to ask for its answer.
pub(super) async fn open(
    gateway: &Gateway,
    permit: &Permit,
    deferral: Deferral,
    arrival: &Arrival,
    trail: &mut Trail,
) -> Result<Answered, ExchangeError> {
    let target = dispatch::target(permit)?;
    trail.answered_by(&target.adapter);
    let from = (arrival, trail.citizen().map(Arc::as_ref));
    let new = opened(gateway, permit, from, &target, deferral.gives_up)?;
    let (way, state, due) = match deferral.form {
        Form::Polled { .. } => (Way::Polled, Stato::Accolta, new.opened),
        Form::Manual => (Way::Manual, Stato::Inoltrata, new.gives_up),
    };
    let richiesta = Richiesta {
        way,
        state,
        due: Some(due),
        ..new
    };
    let richieste = gateway.store.richieste();
    let most = permit.portal().open_requests;
    let made = richieste.open(&richiesta, most).await;
    if !made.map_err(|failure| ExchangeError::NotRecorded(failure.to_string()))? {
        return Err(too_many(permit));
    }
    gateway.requests_due.notify_one();
    Ok(Answered::progress(
        written(&richiesta),
        Progress::TakenOn {
            location: location(&richiesta),
            retry_after: first_look(&deferral),
        },
    ))
}

/// A request as it is opened, accepted and not yet due; whoever opens it says how it comes to its end.
fn opened(
    gateway: &Gateway,
    permit: &Permit,
    (arrival, citizen): (&Arrival, Option<&Citizen>),
    target: &dispatch::Target,
    gives_up: Duration,
) -> Result<Richiesta, ExchangeError> {
    let campi = match &arrival.asked {
        Ok(Asked::Question(question)) => question.campi,
        _ => None,
    };
    let question = KeptQuestion::of((permit, campi), citizen, target, arrival);
    let question =
        question.ok_or_else(|| ExchangeError::Internal("a question about nobody".to_owned()))?;
    let opened = to_the_microsecond(arrival.at);
    let gives_up = opened + TimeDelta::from_std(gives_up).unwrap_or(TimeDelta::MAX);
    Ok(Richiesta {
        id: Uuid::new_v4(),
        reference: Uuid::new_v4(),
        scambio: arrival.scambio,
        portal: permit.portal().name.clone(),
        ente: target.tenant.codice_istat.to_string(),
        operation: permit.operation(),
        way: Way::Polled,
        state: Stato::Accolta,
        opened,
        changed: opened,
        gives_up,
        gone: gives_up + gateway.store.richieste().kept(),
        due: None,
        turns: 0,
        version: 0,
        question: kept::write(&question),
        progress: None,
        outcome: None,
        idempotency: None,
        body_digest: None,
        push_due: None,
        push_turns: 0,
    })
}

/// When an answer can be there at the earliest.
fn first_look(deferral: &Deferral) -> Duration {
    deferral.pause(0).clamp(SOONEST, LATEST)
}

/// When to ask again: when something may have happened since.
fn next_look(richiesta: &Richiesta) -> Duration {
    // Where nothing is due an officer comes next.
    let Some(due) = richiesta.due else {
        return LATEST;
    };
    let wait = (due - Utc::now()).to_std().unwrap_or_default();
    (wait + SOONEST).clamp(SOONEST, LATEST)
}

/// Where to ask how far a request is.
fn location(richiesta: &Richiesta) -> String {
    let domain = richiesta.operation.domain().name();
    format!("/rest/{domain}/v1/richieste/{}", richiesta.id)
}

/// What a portal is told of a request until its answer is there.
fn written(richiesta: &Richiesta) -> Vec<u8> {
    kept::write(&StatoRichiesta {
        id: richiesta.id.to_string(),
        operazione: richiesta.operation.name().to_owned(),
        ente: richiesta.ente.clone(),
        stato: richiesta.state,
        aperta_il: richiesta.opened,
        termine: richiesta.gives_up,
        conservata_fino_al: richiesta.gone,
    })
}

/// As the database gives it back.
fn to_the_microsecond(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(at.timestamp_micros()).unwrap_or(at)
}
