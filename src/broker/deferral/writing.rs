//! Writes: durable as an intent before anything is sent, carried out once or not at all, and under one key the same answer always.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use aws_lc_rs::digest::{Context, SHA256};
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::broker::arrival::Arrival;
use crate::broker::authorization::Permit;
use crate::broker::cache::Purge;
use crate::broker::dispatch::{self, Target};
use crate::broker::error::{ConnectorError, ExchangeError, Kind};
use crate::broker::protection;
use crate::broker::rate_limit;
use crate::broker::record::{Stage, Trail};
use crate::broker::reply::{Answered, Progress};
use crate::connectors::adapter::writing::LookUp;
use crate::connectors::call::{Call, Intent, Transcript, Turn};
use crate::contract::luogo::CodiceIstat;
use crate::contract::operation::Operation;
use crate::contract::provenienza::Adattatore;
use crate::contract::richiesta::Stato;
use crate::gateway::Gateway;
use crate::oidc::Citizen;
use crate::store::richieste::{MOST_REQUEST_DAYS, Richieste, Way};
use crate::store::{Richiesta, StoreError};

use super::carrying;
use super::kept::{self, KeptOutcome, KeptQuestion};
use super::{SOONEST, location, next_look, to_the_microsecond, written};

/// A write ends within this time, whatever the door allows: well before other nodes may take it for abandoned.
const LONGEST_WRITE: Duration = Duration::from_mins(1);

/// What is kept of a write until its outcome is known.
#[derive(Serialize, Deserialize)]
pub(super) struct Sending {
    /// The instant that it was stamped with.
    pub(super) written: DateTime<Utc>,
}

/// Carries a write out, or tells again what became of it.
pub(in crate::broker) async fn write(
    gateway: &Gateway,
    permit: &Permit,
    arrival: &Arrival,
    trail: &mut Trail,
) -> Result<Answered, ExchangeError> {
    let key = arrival.idempotency_key.as_deref();
    let key = digest_of_key(permit, key.ok_or(ExchangeError::KeyMissing)?);
    rate_limit::admit_to_rates(gateway, permit, trail)?;
    super::check_reply_to(permit, arrival)?;
    let richieste = gateway.store.richieste();
    if let Some(known) = richieste.of_key(&key).await.map_err(not_kept)? {
        return repeated(permit, &known, arrival, trail);
    }
    let target = dispatch::target(permit)?;
    trail.answered_by(&target.adapter);
    rate_limit::admit_to_quota(gateway, permit, trail).await?;
    dispatch::leave_alone_if_closed(&target.instance, arrival.at)
        .map_err(ExchangeError::BackEnd)?;
    if protection::hides(gateway, permit) {
        return Err(protection::unknown());
    }
    let citizen = trail.citizen().map(Arc::as_ref);
    let intent = intent(permit, &target, (arrival, citizen), key)?;
    let most = permit.portal().open_requests;
    let made = richieste.open_held(&intent, most).await;
    if !made.map_err(not_kept)? {
        // Another call with the same key was a moment quicker, or there was no place.
        return match richieste.of_key(&key).await.map_err(not_kept)? {
            Some(known) => repeated(permit, &known, arrival, trail),
            None => Err(super::too_many(permit)),
        };
    }
    send(gateway, permit, &target, arrival, intent, trail).await
}

/// What became of the write that came before under the same key.
fn repeated(
    permit: &Permit,
    known: &Richiesta,
    arrival: &Arrival,
    trail: &mut Trail,
) -> Result<Answered, ExchangeError> {
    trail.looks_at(known.scambio);
    if known.body_digest != Some(digest_of_body(permit, known.reference, arrival)) {
        return Err(ExchangeError::KeyReused);
    }
    // What was told for one purpose is not told for another under its key.
    let told_for = KeptQuestion::read(known)?.0.purpose;
    if told_for.as_deref() != permit.purpose().map(|purpose| &*purpose.id) {
        return Err(ExchangeError::KeyReused);
    }
    match known.state {
        Stato::Accolta | Stato::Inoltrata => Err(ExchangeError::WriteUnderWay),
        Stato::EsitoIgnoto => Ok(unknown(known)),
        Stato::Scaduta => Err(ExchangeError::RequestExpired),
        Stato::Completata | Stato::Rifiutata => answered(permit, known, trail),
    }
}

/// The answer that is kept, cut to what the permit allows.
fn answered(
    permit: &Permit,
    richiesta: &Richiesta,
    trail: &mut Trail,
) -> Result<Answered, ExchangeError> {
    let delivered = Arc::new(KeptOutcome::read(richiesta)?);
    trail.delivers(&delivered);
    Ok(Answered::picked_up(permit, &delivered))
}

/// The portal is told where it will read what became of its write.
fn unknown(richiesta: &Richiesta) -> Answered {
    Answered::progress(
        written(richiesta),
        Progress::TakenOn {
            location: location(richiesta),
            retry_after: next_look(richiesta),
        },
    )
}

/// The write as it is durable before anything is sent.
fn intent(
    permit: &Permit,
    target: &Target,
    (arrival, citizen): (&Arrival, Option<&Citizen>),
    key: [u8; 32],
) -> Result<Richiesta, ExchangeError> {
    let question = KeptQuestion::of((permit, None), citizen, target, arrival);
    let question =
        question.ok_or_else(|| ExchangeError::Internal("a write about nobody".to_owned()))?;
    let opened = to_the_microsecond(arrival.at);
    let longest = TimeDelta::days(MOST_REQUEST_DAYS.into());
    let reference = Uuid::new_v4();
    let sending = Sending {
        // Back ends read no more than milliseconds.
        written: Utc::now().trunc_subsecs(3),
    };
    Ok(Richiesta {
        id: Uuid::new_v4(),
        reference,
        scambio: arrival.scambio,
        portal: permit.portal().name.clone(),
        ente: target.tenant.codice_istat.to_string(),
        operation: permit.operation(),
        way: Way::Write,
        state: Stato::Accolta,
        opened,
        changed: opened,
        gives_up: opened + longest,
        gone: opened + longest,
        // Whoever finds it once nobody holds it any more takes it up: this node was stopped in between.
        due: Some(opened),
        turns: 0,
        version: 0,
        question: kept::write(&question),
        progress: Some(kept::write(&sending)),
        outcome: None,
        idempotency: Some(key),
        body_digest: Some(digest_of_body(permit, reference, arrival)),
        push_due: None,
        push_turns: 0,
    })
}

/// A write on its way to the back end.
struct Leaving<'a> {
    richieste: &'a Richieste,
    reference: String,
    written: DateTime<Utc>,
    richiesta: Mutex<Richiesta>,
    left: AtomicBool,
}

impl std::fmt::Debug for Leaving<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Leaving({})", self.reference)
    }
}

impl Intent for Leaving<'_> {
    fn reference(&self) -> &str {
        &self.reference
    }

    fn written(&self) -> DateTime<Utc> {
        self.written
    }

    fn about_to_leave(&self) -> BoxFuture<'_, Result<(), ConnectorError>> {
        let marked = async {
            if self.left.load(Ordering::Acquire) {
                return Ok(());
            }
            let mut richiesta = self.richiesta.lock().await;
            let refused = |why: String| {
                ConnectorError::permanent(Kind::Gateway, why).before_anything_was_done()
            };
            match self.richieste.leaves(&mut richiesta).await {
                Ok(true) => {
                    self.left.store(true, Ordering::Release);
                    Ok(())
                }
                Ok(false) => Err(refused("the intent was taken up by another".to_owned())),
                Err(error) => Err(refused(error.to_string())),
            }
        };
        marked.boxed()
    }
}

/// Sends a write whose intent is durable, and makes durable what came of it.
async fn send(
    gateway: &Gateway,
    permit: &Permit,
    target: &Target,
    arrival: &Arrival,
    intent: Richiesta,
    trail: &mut Trail,
) -> Result<Answered, ExchangeError> {
    let sending: Sending = kept::read(intent.progress.as_deref().unwrap_or_default())?;
    let leaving = Leaving {
        richieste: gateway.store.richieste(),
        reference: intent.reference.to_string(),
        written: sending.written,
        richiesta: Mutex::new(intent),
        left: AtomicBool::new(false),
    };
    let traceparent = arrival.trace.header();
    let call = Call {
        operation: permit.operation(),
        tenant: &target.tenant,
        portal: Some(&permit.portal().name),
        parameters: permit.parameters(),
        fields: target.fields,
        deadline: arrival.deadline.min(Instant::now() + LONGEST_WRITE),
        turn: Turn::Write(&leaving),
        traceparent: Some(&traceparent),
        proofs: permit.proofs(),
    };
    let instance = gateway.instances.get(&target.instance);
    let mut transcript = Transcript::begin();
    let called = instance.call(&target.adapter, &call, &mut transcript).await;
    trail.wrote(transcript.finish());
    trail.lap(Stage::Dispatch);
    let left = leaving.left.load(Ordering::Acquire);
    let mut richiesta = leaving.richiesta.into_inner();
    let failure = match called {
        Ok(answer) => {
            let adapter = adattatore(target);
            let outcome = KeptOutcome::answer(&answer, target.fields, adapter);
            carrying::end(&mut richiesta, Stato::Completata, Some(&outcome), gateway);
            forget_position(gateway, &richiesta.ente, permit.parameters().soggetto()).await;
            return match save(gateway, &mut richiesta).await? {
                true => answered(permit, &richiesta, trail),
                false => Ok(unknown(&richiesta)),
            };
        }
        Err(failure) => failure,
    };
    tracing::warn!(
        scambio = %arrival.scambio, instance = %target.instance.name, operation = %permit.operation(),
        ente = %target.tenant.codice_istat, kind = %failure.kind, code = failure.code.as_deref(),
        detail = %failure.detail, left, nothing_done = failure.nothing_done, "una scrittura non ha avuto buona risposta"
    );
    if !left || (failure.nothing_done && !is_about_the_write(&failure)) {
        // Nothing was done and nothing is pending: the portal may come again with the same key.
        let released = gateway.store.richieste().release(&richiesta).await;
        released.map_err(not_kept)?;
        return Err(ExchangeError::BackEnd(failure));
    }
    if failure.nothing_done {
        let outcome = KeptOutcome::failure(&failure);
        carrying::end(&mut richiesta, Stato::Rifiutata, Some(&outcome), gateway);
        save(gateway, &mut richiesta).await?;
        return Err(ExchangeError::BackEnd(failure));
    }
    becomes_unknown(&mut richiesta, look_up(target, permit.operation()));
    forget_position(gateway, &richiesta.ente, permit.parameters().soggetto()).await;
    save(gateway, &mut richiesta).await?;
    Ok(unknown(&richiesta))
}

/// From now on the write is never sent again: the back end is asked, or an officer tells.
pub(super) fn becomes_unknown(richiesta: &mut Richiesta, look_up: Option<LookUp>) {
    richiesta.state = Stato::EsitoIgnoto;
    richiesta.turns = 0;
    richiesta.due = look_up.and_then(|look_up| {
        let pause = TimeDelta::from_std(look_up.pause(0).max(SOONEST)).ok()?;
        Some(Utc::now() + pause)
    });
}

/// How the product that answers is asked what became of a write.
pub(super) fn look_up(target: &Target, operation: Operation) -> Option<LookUp> {
    let writing = target.adapter.operation(operation)?.writing()?;
    Some(writing.look_up?.at(&target.instance.deferred))
}

/// The answers kept about the person whom a write concerns are no longer true.
pub(super) async fn forget_position(gateway: &Gateway, ente: &str, soggetto: Option<&str>) {
    let what = Purge {
        ente: CodiceIstat::parse(ente),
        operation: Some(Operation::RicercaPosizione),
        soggetto: soggetto.map(str::to_owned),
    };
    // What was written was written: that it is told does not depend on this.
    if let Err(error) = gateway.forget(&what).await {
        tracing::error!(%error, ente, "gli altri nodi non sanno che una posizione è cambiata: la ricordano finché dura");
    }
}

pub(super) fn adattatore(target: &Target) -> Adattatore {
    Adattatore {
        nome: target.adapter.name().to_owned(),
        versione: target.adapter.version().to_owned(),
    }
}

/// Whether the back end refused what is declared, so that the same again would be refused again; otherwise it refused us or the
/// moment.
fn is_about_the_write(failure: &ConnectorError) -> bool {
    matches!(
        failure.kind,
        Kind::Failed
            | Kind::Refused
            | Kind::Duplicate
            | Kind::NotFound
            | Kind::Ambiguous
            | Kind::Unsupported
    )
}

async fn save(gateway: &Gateway, richiesta: &mut Richiesta) -> Result<bool, ExchangeError> {
    let saved = gateway.store.richieste().save(richiesta).await;
    saved.map_err(not_kept)
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn not_kept(failure: StoreError) -> ExchangeError {
    ExchangeError::NotRecorded(failure.to_string())
}

/// One number for portal, operation and key; none of them can be mistaken for part of another.
fn digest_of_key(permit: &Permit, key: &str) -> [u8; 32] {
    let operation = permit.operation().name();
    digest(&[
        permit.portal().name.as_bytes(),
        operation.as_bytes(),
        key.as_bytes(),
    ])
}

/// What was sent under a key, salted with the write's own random number: the body could hold a fiscal code.
fn digest_of_body(permit: &Permit, salt: Uuid, arrival: &Arrival) -> [u8; 32] {
    let ente = permit.ente().map(|ente| ente.codice_istat.to_string());
    let ente = ente.unwrap_or_default();
    digest(&[salt.as_bytes(), ente.as_bytes(), &arrival.body])
}

fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let mut digest = [0; 32];
    digest.copy_from_slice(context.finish().as_ref());
    digest
}
