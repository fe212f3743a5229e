//! A back end that answers at once turns slow: past a patience its question becomes a request, and what is under way goes on for it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use tokio::task::{JoinError, JoinHandle};
use tokio::time::timeout_at;
use uuid::Uuid;

use crate::broker::arrival::Arrival;
use crate::broker::authorization::Permit;
use crate::broker::cache::{self, CacheState, Found};
use crate::broker::dispatch::{self, Target};
use crate::broker::error::{ConnectorError, ExchangeError, Kind};
use crate::broker::record::Trail;
use crate::broker::reply::{Answered, Describe, Progress};
use crate::config::instance::InstanceSettings;
use crate::contract::richiesta::Stato;
use crate::gateway::Gateway;
use crate::store::Richiesta;
use crate::store::richieste::Way;

use super::carrying::{self, Came, LONGEST_TURN};
use super::kept::KeptQuestion;
use super::{LATEST, SOONEST, location, written};

/// When such a request is given up, where the instance says nothing.
const GIVES_UP: Duration = Duration::from_mins(10);

/// What was asked for, and how it was come by.
type Ended = (Result<Found, ExchangeError>, Trail);

/// When a request to a back end that was slow is given up.
pub(in crate::broker) fn gives_up(instance: &InstanceSettings) -> Duration {
    instance.deferred.gives_up.map_or(GIVES_UP, |own| own.0)
}

/// Gives the answer as soon as it is there. Where the ente allows it, only within a patience: past it the question becomes a request,
/// durable before the portal is told, and the call that is under way brings its answer. After a crash in between the back end is
/// asked again: it is a reading.
pub(in crate::broker) async fn at_once_or_later(
    gateway: &Arc<Gateway>,
    permit: Permit,
    arrival: &Arrival,
    trail: &mut Trail,
    describe: Describe,
) -> Result<Answered, ExchangeError> {
    let Some(patience) = patience(&permit, arrival.at) else {
        let found = cache::get_or_fetch(gateway, &permit, arrival, trail).await?;
        return Ok(Answered::cut(&permit, &found));
    };
    // On the heap, so that exchanges without a patience need no room for it.
    Box::pin(within(patience, gateway, permit, arrival, trail, describe)).await
}

async fn within(
    patience: Duration,
    gateway: &Arc<Gateway>,
    permit: Permit,
    arrival: &Arrival,
    trail: &mut Trail,
    describe: Describe,
) -> Result<Answered, ExchangeError> {
    let permit = Arc::new(permit);
    let begun = Utc::now();
    let mut asked = begin(gateway, &permit, arrival, trail);
    let until = (arrival.started + patience).min(arrival.deadline);
    if let Ok(ended) = timeout_at(until.into(), &mut asked).await {
        return answered(&permit, trail, ended);
    }
    let target = dispatch::target(&permit)?;
    trail.answered_by(&target.adapter);
    let now = Utc::now();
    let richiesta = Richiesta {
        way: Way::Late,
        state: Stato::Inoltrata,
        // Whoever finds it once nobody holds it any more asks anew: this node was stopped in between.
        due: Some(now),
        ..super::opened(
            gateway,
            &permit,
            (arrival, trail.citizen().map(Arc::as_ref)),
            &target,
            gives_up(&target.instance),
        )?
    };
    let kept = KeptQuestion::read(&richiesta)?.0;
    let most = permit.portal().open_requests;
    let made = gateway.store.richieste().open_held(&richiesta, most).await;
    if !made.map_err(|failure| ExchangeError::NotRecorded(failure.to_string()))? {
        // Who may open no request waits as at a back end without a patience.
        let ended = timeout_at(arrival.deadline.into(), &mut asked).await;
        return answered(
            &permit,
            trail,
            ended.map_err(|_| ExchangeError::DeadlinePassed)?,
        );
    }
    let taken_on = Answered::progress(
        written(&richiesta),
        Progress::TakenOn {
            location: location(&richiesta),
            retry_after: patience.clamp(SOONEST, LATEST),
        },
    );
    let waiting = Waiting {
        richiesta,
        kept,
        permit,
        target,
        begun,
    };
    tokio::spawn(waiting.wait_for(Arc::clone(gateway), asked, describe));
    Ok(taken_on)
}

fn answered(
    permit: &Permit,
    trail: &mut Trail,
    ended: Result<Ended, JoinError>,
) -> Result<Answered, ExchangeError> {
    let (found, branch) = ended.map_err(|_| ExchangeError::Internal("task ended".to_owned()))?;
    trail.join(branch);
    Ok(Answered::cut(permit, &found?))
}

/// After how long the portal is told to come back for its answer; `None`: it waits until its deadline.
fn patience(permit: &Permit, at: DateTime<Utc>) -> Option<Duration> {
    let binding = permit.ente()?.binding(permit.operation().domain())?;
    let after = binding.instance.deferred.after?;
    // Night copies, where they stand in for it, are never slow.
    let target = dispatch::target_at(permit, at).ok()?;
    Arc::ptr_eq(&target.instance, &binding.instance).then_some(after.0)
}

/// Asks as for an answer at once, in a task of its own that outlives the exchange.
fn begin(
    gateway: &Arc<Gateway>,
    permit: &Arc<Permit>,
    arrival: &Arrival,
    trail: &Trail,
) -> JoinHandle<Ended> {
    let asked = Arrival {
        deadline: arrival.deadline.max(Instant::now() + LONGEST_TURN),
        certificate: Arc::clone(&arrival.certificate),
        asked: arrival.asked.clone(),
        purpose: None,
        reply_to: None,
        idempotency_key: None,
        known_etag: None,
        body: Bytes::new(),
        fields: Vec::new(),
        ..*arrival
    };
    let mut branch = trail.branch(&asked);
    let (gateway, permit) = (Arc::clone(gateway), Arc::clone(permit));
    tokio::spawn(async move {
        let found = cache::get_or_fetch(&gateway, &permit, &asked, &mut branch).await;
        (found, branch)
    })
}

/// A request whose answer is on its way.
struct Waiting {
    richiesta: Richiesta,
    kept: KeptQuestion,
    permit: Arc<Permit>,
    target: Target,
    begun: DateTime<Utc>,
}

impl Waiting {
    /// Waits for what was under way and ends the request with it, or leaves it to be asked again.
    async fn wait_for(self, gateway: Arc<Gateway>, asked: JoinHandle<Ended>, describe: Describe) {
        let ended = asked.await.map(|(found, _)| found);
        let (came, digests) = match ended {
            // An answer past its lifetime bridges an outage while somebody waits; nobody does.
            Ok(Ok(found)) if found.state != CacheState::Scaduta => {
                let fetched = &found.fetched;
                let own = fetched.scambio == self.richiesta.scambio;
                let sent = fetched.backend_request.filter(|_| own);
                let came = fetched.backend_answer.filter(|_| own);
                (
                    Came::Answered(Box::new(fetched.answer.clone())),
                    (sent, came),
                )
            }
            Ok(Err(ExchangeError::BackEnd(failure))) => {
                (carrying::failed(&self.richiesta, failure), (None, None))
            }
            _ => {
                let failure = ConnectorError::passing(Kind::TimedOut, "it took too long");
                (carrying::failed(&self.richiesta, failure), (None, None))
            }
        };
        let turn = carrying::Turned {
            scambio: Uuid::now_v7(),
            begun: self.begun,
            allowed: Some((&self.permit, &self.target)),
            digests,
        };
        carrying::conclude(&gateway, self.richiesta, &self.kept, turn, came, describe).await;
    }
}
