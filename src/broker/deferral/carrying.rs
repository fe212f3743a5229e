//! Carries open requests on by themselves: hands them over, asks for their answers, gives them up; also after a restart.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::StreamExt;
use futures_util::stream;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::broker::authorization::{self, Permit};
use crate::broker::dispatch::{self, Target};
use crate::broker::error::{ConnectorError, ExchangeError, Kind, Retry};
use crate::broker::protection;
use crate::broker::reply::Describe;
use crate::connectors::adapter::deferral::Deferral;
use crate::connectors::call::{Answer, Call, Transcript, Turn as Part};
use crate::contract::provenienza::Adattatore;
use crate::contract::richiesta::Stato;
use crate::digest::SaltedDigest;
use crate::gateway::Gateway;
use crate::store::Richiesta;
use crate::store::richieste::Way;

use super::kept::{self, KeptOutcome, KeptQuestion};
use super::note::{Ended, Turn};
use super::push;
use super::settling;

/// Between two looks at what is due, where nothing new wakes it earlier.
const LOOK: Duration = Duration::from_secs(1);

/// Requests taken at a time, and how many of them are carried on at once.
const AT_A_TIME: u32 = 64;
const AT_ONCE: usize = 16;

/// A turn with a back end ends within this time, whatever the instance allows: well before others may take the request.
pub(super) const LONGEST_TURN: Duration = Duration::from_mins(1);

/// Failures in a row, of those that would repeat themselves, after which a request is refused.
const MOST_FAILURES: u32 = 5;

/// The pause after a failure, and the longest that it grows to.
const PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_mins(10);

/// What is kept of the way so far.
#[derive(Default, Serialize, Deserialize)]
struct Trouble {
    /// Failures in a row of those that would repeat themselves.
    lasting: u32,
    /// Failures in a row of any kind.
    any: u32,
}

/// What a turn came to.
pub(super) enum Came {
    /// The back end has taken the request on.
    HandedOver,
    /// It has no answer yet.
    NotYet,
    /// It answered.
    Answered(Box<Answer>),
    /// It could not be asked, or not now; asked again after this time at the earliest.
    Failed(ConnectorError, Duration),
    /// The request is at its end, without an answer.
    Refused(KeptOutcome, ExchangeError),
    /// Its time is over.
    Expired,
}

/// Carries on what is due until the gateway stops.
pub async fn carry_on(gateway: Arc<Gateway>, describe: Describe) {
    if let Err(error) = gateway.store.richieste().take_up_again().await {
        tracing::error!(%error, "le richieste in corso prima del riavvio si riprenderanno più tardi");
    }
    while !gateway.is_draining() {
        let taken = gateway
            .store
            .richieste()
            .take_due(Utc::now(), AT_A_TIME)
            .await;
        let taken = taken.unwrap_or_else(|error| {
            tracing::error!(%error, "le richieste aperte non si possono leggere");
            Vec::new()
        });
        let full = taken.len() >= AT_A_TIME as usize;
        stream::iter(taken)
            .for_each_concurrent(AT_ONCE, |richiesta| turn(&gateway, richiesta, describe))
            .await;
        deliver_what_is_due(&gateway, describe).await;
        if !full {
            let woken = gateway.requests_due.notified();
            // Whoever is not woken looks by itself.
            let _ = tokio::time::timeout(LOOK, woken).await;
        }
    }
}

async fn deliver_what_is_due(gateway: &Gateway, describe: Describe) {
    let richieste = gateway.store.richieste();
    let taken = richieste.take_push_due(Utc::now(), AT_A_TIME).await;
    let taken = taken.unwrap_or_else(|error| {
        tracing::error!(%error, "le consegne da fare non si possono leggere");
        Vec::new()
    });
    stream::iter(taken)
        .for_each_concurrent(AT_ONCE, |richiesta| {
            push::deliver(gateway, richiesta, describe)
        })
        .await;
}

/// One turn of a request: what is next with the back end, its record, its new state.
async fn turn(gateway: &Gateway, richiesta: Richiesta, describe: Describe) {
    if richiesta.way == Way::Write {
        return settling::carry_on(gateway, richiesta, describe).await;
    }
    let (kept, question) = match KeptQuestion::read(&richiesta) {
        Ok(read) => read,
        Err(failure) => {
            tracing::error!(scambio = %richiesta.scambio, %failure, "una richiesta aperta non si può leggere");
            return;
        }
    };
    let (scambio, begun) = (Uuid::now_v7(), Utc::now());
    let asking = kept.asking(&question);
    let allowed = authorization::grant_again(gateway.snapshot(), &richiesta.portal, &asking)
        .and_then(|permit| Ok((dispatch::target(&permit)?, permit)));
    let mut transcript = Transcript::begin();
    let came = match &allowed {
        _ if begun >= richiesta.gives_up => Came::Expired,
        Err(refused) => Came::Refused(KeptOutcome::NotGranted, refused.clone()),
        Ok((target, permit)) => {
            with_back_end(
                gateway,
                &richiesta,
                &kept,
                (permit, target),
                begun,
                &mut transcript,
            )
            .await
        }
    };
    let turned = Turned {
        scambio,
        begun,
        allowed: allowed
            .as_ref()
            .ok()
            .map(|(target, permit)| (permit, target)),
        digests: transcript.finish(),
    };
    conclude(gateway, richiesta, &kept, turned, came, describe).await;
}

/// A turn that came to its end.
pub(super) struct Turned<'a> {
    /// Its own number.
    pub(super) scambio: Uuid,
    /// When it began.
    pub(super) begun: DateTime<Utc>,
    /// Under what it was allowed, and who was asked; none where it was not allowed any more.
    pub(super) allowed: Option<(&'a Permit, &'a Target)>,
    /// What went to the back end and what came.
    pub(super) digests: (Option<SaltedDigest>, Option<SaltedDigest>),
}

/// What a turn came to is put on record, then it is the request's new state.
pub(super) async fn conclude(
    gateway: &Gateway,
    mut richiesta: Richiesta,
    kept: &KeptQuestion,
    turned: Turned<'_>,
    came: Came,
    describe: Describe,
) {
    let target = turned.allowed.map(|(_, target)| target);
    let came = disclosable(gateway, turned.allowed.map(|(permit, _)| permit), came);
    if let Some(ended) = apply(&mut richiesta, came, target, gateway) {
        let turn = Turn {
            scambio: turned.scambio,
            begun: turned.begun,
            richiesta: &richiesta,
            question: kept,
            allowed: turned.allowed,
            officer: None,
            digests: turned.digests,
            reply: None,
        };
        let recorded = match &ended {
            Ok(outcome) => turn.record(gateway, Ended::Well(outcome)).await,
            Err(failure) => {
                let refusal = describe(failure, &turned.scambio);
                turn.record(gateway, Ended::Badly(&refusal)).await
            }
        };
        if let Err(error) = recorded {
            // What is not on record did not happen: the turn is taken again, and the back end knows the reference.
            tracing::error!(scambio = %richiesta.scambio, %error, "un passo di una richiesta aperta non si è potuto registrare");
            return;
        }
    }
    match gateway.store.richieste().save(&mut richiesta).await {
        Ok(true) => {}
        Ok(false) => {
            tracing::info!(scambio = %richiesta.scambio, "una richiesta aperta era già cambiata");
        }
        Err(error) => {
            tracing::error!(scambio = %richiesta.scambio, %error, "un passo di una richiesta aperta non si è potuto conservare");
        }
    }
}

/// What came, as far as the portal may be told of it.
fn disclosable(gateway: &Gateway, permit: Option<&Permit>, came: Came) -> Came {
    match (came, permit) {
        (Came::Answered(answer), Some(permit)) => {
            match protection::of_turn(gateway, permit, *answer) {
                Ok(answer) => Came::Answered(Box::new(answer)),
                Err(failure) => Came::Refused(
                    KeptOutcome::failure(&failure),
                    ExchangeError::BackEnd(failure),
                ),
            }
        }
        (came, _) => came,
    }
}

/// What is next with the back end.
async fn with_back_end(
    gateway: &Gateway,
    richiesta: &Richiesta,
    kept: &KeptQuestion,
    (permit, target): (&Permit, &Target),
    begun: DateTime<Utc>,
    transcript: &mut Transcript,
) -> Came {
    let same = kept.instance == target.instance.name && kept.adapter == target.adapter.name();
    let polled = richiesta.way == Way::Polled && same && deferral_of(target, richiesta).is_some();
    // What was only slow is known to nobody: whoever answers for the ente now is asked anew.
    let late = richiesta.way == Way::Late;
    if !polled && !late {
        let failure = ConnectorError::permanent(
            Kind::Unsupported,
            "the ente has another back end than the one that took the request on",
        );
        return Came::Refused(
            KeptOutcome::failure(&failure),
            ExchangeError::BackEnd(failure),
        );
    }
    if let Err(closed) = dispatch::leave_alone_if_closed(&target.instance, begun) {
        let pause = pause_after(&closed, 0);
        return Came::Failed(closed, pause);
    }
    let reference = richiesta.reference.to_string();
    let part = match richiesta.state {
        _ if late => Part::Whole,
        Stato::Accolta => Part::Accept(&reference),
        _ => Part::Poll(&reference),
    };
    let call = Call {
        operation: permit.operation(),
        tenant: &target.tenant,
        parameters: permit.parameters(),
        fields: target.fields,
        deadline: Instant::now() + LONGEST_TURN,
        portal: Some(&richiesta.portal),
        turn: part,
        traceparent: None,
        proofs: permit.proofs(),
    };
    let instance = gateway.instances.get(&target.instance);
    let called = instance.call(&target.adapter, &call, transcript).await;
    match called {
        Ok(_) if matches!(part, Part::Accept(_)) => Came::HandedOver,
        Ok(answer) => Came::Answered(Box::new(answer)),
        Err(failure) if failure.kind == Kind::NotYet => Came::NotYet,
        Err(failure) => failed(richiesta, failure),
    }
}

/// Whether a failure is the end of a request, or when it is carried on.
pub(super) fn failed(richiesta: &Richiesta, failure: ConnectorError) -> Came {
    tracing::warn!(
        scambio = %richiesta.scambio, operation = %richiesta.operation, ente = richiesta.ente, kind = %failure.kind,
        code = failure.code.as_deref(), detail = %failure.detail, "il gestionale non ha risposto bene a una richiesta aperta"
    );
    let trouble = trouble(richiesta);
    let about_the_question = matches!(
        failure.kind,
        Kind::NotFound | Kind::Ambiguous | Kind::Unsupported
    );
    if about_the_question || (would_last(&failure) && trouble.lasting + 1 >= MOST_FAILURES) {
        return Came::Refused(
            KeptOutcome::failure(&failure),
            ExchangeError::BackEnd(failure),
        );
    }
    let pause = pause_after(&failure, trouble.any);
    Came::Failed(failure, pause)
}

/// Whether waiting alone will not mend it.
fn would_last(failure: &ConnectorError) -> bool {
    matches!(
        failure.kind,
        Kind::Failed
            | Kind::Unintelligible
            | Kind::AnswerUnproven
            | Kind::Oversized
            | Kind::CredentialsRefused
            | Kind::VoucherRefused
            | Kind::ClockSkew
            | Kind::Gateway
    )
}

fn pause_after(failure: &ConnectorError, failures: u32) -> Duration {
    let growing = PAUSE
        .saturating_mul(1 << failures.min(8))
        .min(LONGEST_PAUSE);
    match failure.retry {
        Retry::After(wait) => wait.max(PAUSE),
        Retry::Now | Retry::Never => growing,
    }
}

fn trouble(richiesta: &Richiesta) -> Trouble {
    let kept = richiesta.progress.as_deref();
    kept.and_then(|kept| kept::read(kept).ok())
        .unwrap_or_default()
}

fn deferral_of(target: &Target, richiesta: &Richiesta) -> Option<Deferral> {
    let offered = target.adapter.operation(richiesta.operation)?;
    Some(offered.deferral()?.at(&target.instance.deferred))
}

/// The request's new state; returns what is to be recorded, if anything happened.
fn apply(
    richiesta: &mut Richiesta,
    came: Came,
    target: Option<&Target>,
    gateway: &Gateway,
) -> Option<Result<&'static str, ExchangeError>> {
    let pause = |turns| {
        let deferral = target.and_then(|target| deferral_of(target, richiesta));
        deferral.map_or(LONGEST_PAUSE, |deferral| deferral.pause(turns))
    };
    let (first, next) = (pause(0), pause(richiesta.turns + 1));
    let again = |richiesta: &mut Richiesta, after: Duration| {
        let after = TimeDelta::from_std(after).unwrap_or(TimeDelta::MAX);
        richiesta.due = Some((Utc::now() + after).min(richiesta.gives_up));
    };
    match came {
        Came::HandedOver => {
            richiesta.state = Stato::Inoltrata;
            (richiesta.turns, richiesta.progress) = (0, None);
            again(richiesta, first);
            Some(Ok("inoltrata"))
        }
        Came::NotYet => {
            richiesta.turns += 1;
            richiesta.progress = None;
            again(richiesta, next);
            None
        }
        Came::Failed(failure, after) => {
            let known = trouble(richiesta);
            let lasting = would_last(&failure);
            richiesta.progress = Some(kept::write(&Trouble {
                lasting: if lasting { known.lasting + 1 } else { 0 },
                any: known.any + 1,
            }));
            again(richiesta, after);
            None
        }
        Came::Answered(answer) => {
            let adapter = target.map(|target| Adattatore {
                nome: target.adapter.name().to_owned(),
                versione: target.adapter.version().to_owned(),
            })?;
            let fetched = target.map(|target| target.fields).unwrap_or_default();
            let outcome = KeptOutcome::answer(&answer, fetched, adapter);
            end(richiesta, Stato::Completata, Some(&outcome), gateway);
            Some(Ok("completata"))
        }
        Came::Refused(outcome, failure) => {
            end(richiesta, Stato::Rifiutata, Some(&outcome), gateway);
            Some(Err(failure))
        }
        Came::Expired => {
            end(richiesta, Stato::Scaduta, None, gateway);
            Some(Err(ExchangeError::RequestExpired))
        }
    }
}

/// A request at its end: kept for its portal to pick up, and no longer.
pub(super) fn end(
    richiesta: &mut Richiesta,
    state: Stato,
    outcome: Option<&KeptOutcome>,
    gateway: &Gateway,
) {
    let now = Utc::now();
    let question = kept::read::<KeptQuestion>(&richiesta.question);
    let delivered = question.is_ok_and(|question| question.reply_to.is_some());
    richiesta.state = state;
    richiesta.due = None;
    richiesta.progress = None;
    richiesta.outcome = outcome.map(kept::write);
    richiesta.gone = now + gateway.store.richieste().kept();
    richiesta.push_due = delivered.then_some(now);
    let metrics = &gateway.telemetry.metrics;
    metrics.request_ended(richiesta.way.name(), state.name(), &richiesta.ente);
}
