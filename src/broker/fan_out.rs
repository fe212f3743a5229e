//! One question to many enti: a child exchange with each, under its own Permit, limits and record.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use chrono::Utc;
use futures_util::stream::{self, Stream, StreamExt};
use parking_lot::Mutex;
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use crate::contract::esiti::{Esito, Riepilogo};
use crate::contract::luogo::CodiceIstat;
use crate::contract::question::Parameters;
use crate::gateway::Gateway;
use crate::store::Slot;

use super::arrival::{Arrival, Asked};
use super::attended::Attended;
use super::authorization::{self, Permit};
use super::cache;
use super::deferral;
use super::error::{ExchangeError, Kind};
use super::identity;
use super::protection;
use super::rate_limit;
use super::record::{self, Trail};
use super::reply::{Answered, Describe, LimitStatus, Reply, ReplyKind};

/// The part of a question that goes to one ente, reserved and not yet asked.
pub(super) struct Child {
    ente: CodiceIstat,
    arrival: Arrival,
    slot: Slot,
    trail: Trail,
    /// Or why this ente cannot be asked; the others are.
    permit: Result<Permit, ExchangeError>,
}

/// Those that were not begun yet.
type Waiting = Arc<Mutex<VecDeque<Child>>>;

/// How one ente answered, on record.
struct Told {
    ente: CodiceIstat,
    esito: Esito,
    reply: Reply,
}

/// The answers of several enti, a line of JSON each, then a line with their sum.
pub struct Lines {
    /// The number of the exchange that asks them.
    pub scambio: Uuid,
    /// The tightest limit that the whole met.
    pub limits: LimitStatus,
    /// Each is on record before it comes.
    pub lines: mpsc::Receiver<Bytes>,
}

/// Asks every ente and gives all answers at once, in the order of the enti.
pub(super) async fn ask(
    gateway: &Arc<Gateway>,
    permit: &Permit,
    arrival: &Arrival,
    trail: &mut Trail,
    describe: Describe,
) -> Result<Answered, ExchangeError> {
    let children = reserve(gateway, permit, arrival, trail).await?;
    let waiting = Arc::new(Mutex::new(VecDeque::from(children)));
    let mut told: Vec<Told> = answers(gateway, &waiting, describe).collect().await;
    told.sort_by(|one, other| one.ente.cmp(&other.ente));
    let mut sum = Riepilogo::default();
    let mut body = b"{\"esiti\":[".to_vec();
    for (index, one) in told.iter().enumerate() {
        body.extend_from_slice(if index == 0 { b"" } else { b"," });
        body.extend_from_slice(&one.written(&mut sum)?);
    }
    body.extend_from_slice(b"],\"riepilogo\":");
    body.extend_from_slice(&written(&sum)?);
    body.push(b'}');
    Ok(Answered::of_several(body))
}

/// Carries out an exchange whose answers leave line by line, each once it is on record.
#[expect(clippy::result_large_err, reason = "a reply is made once an exchange")]
pub async fn exchange_in_lines(
    gateway: &Arc<Gateway>,
    arrival: Arrival,
    describe: Describe,
) -> Result<Lines, Reply> {
    let (scambio, door_limit) = (arrival.scambio, arrival.door_limit);
    let (begin, begun) = oneshot::channel();
    tokio::spawn(ask_in_lines(Arc::clone(gateway), arrival, describe, begin));
    begun.await.unwrap_or_else(|_| {
        tracing::error!(%scambio, "uno scambio è finito per un nostro difetto");
        let fault = ExchangeError::Internal("task ended".to_owned());
        Err(Reply::unrecorded(scambio, door_limit, &fault, describe))
    })
}

/// The same line by line: `begin` hears whether the whole is refused. What is still to be asked when the portal hangs up is
/// not asked any more, and is on record as that; what is being asked comes to its end and is on record.
async fn ask_in_lines(
    gateway: Arc<Gateway>,
    arrival: Arrival,
    describe: Describe,
    begin: oneshot::Sender<Result<Lines, Reply>>,
) {
    let (slot, mut trail) = match record::open(&gateway, &arrival) {
        Ok(opened) => opened,
        Err(refused) => {
            let reply = Reply::unrecorded(arrival.scambio, arrival.door_limit, &refused, describe);
            let _ = begin.send(Err(reply));
            return;
        }
    };
    let children = match admitted(&gateway, &arrival, &mut trail).await {
        Ok(children) => children,
        Err(refused) => {
            let reply =
                record::close(&gateway, slot, trail, &arrival, Err(refused), describe).await;
            let _ = begin.send(Err(reply));
            return;
        }
    };
    // Room for one: there is room again only when the portal's connection has taken the line before.
    let (sender, lines) = mpsc::channel(1);
    let begun = Lines {
        scambio: arrival.scambio,
        limits: trail.limit().unwrap_or(arrival.door_limit),
        lines,
    };
    let _ = begin.send(Ok(begun));
    let mut sent = Vec::new();
    let still = |ente: &CodiceIstat| {
        authorization::still_granted(&gateway, &trail, &arrival.certificate, Some(ente))?;
        let before = trail.granted_before();
        before.map_or(Ok(()), |before| {
            protection::still_shown(&gateway, &before, [])
        })
    };
    let whole = send(&gateway, children, describe, (&sender, &still), &mut sent).await;
    let last = match whole {
        Ok(sum) => written(&sum).map(|sum| [b"{\"riepilogo\":", &*sum, b"}\n"].concat()),
        Err(failure) => Err(failure),
    };
    let place = sender.reserve().await.ok();
    let outcome = match (&last, &place) {
        (Ok(last), Some(_)) => Ok(Answered::of_several([sent.as_slice(), last].concat())),
        (Ok(_), None) => Ok(Answered::broken_off(sent)),
        (Err(failure), _) => Err(failure.clone()),
    };
    let reply = record::close(&gateway, slot, trail, &arrival, outcome, describe).await;
    if let Some(place) = place {
        place.send(match (reply.kind, last) {
            (ReplyKind::Answer, Ok(last)) => last.into(),
            _ => [b"{\"problema\":", &*reply.body, b"}\n"].concat().into(),
        });
    }
}

/// The stages before the first call, as for a single question.
async fn admitted(
    gateway: &Gateway,
    arrival: &Arrival,
    trail: &mut Trail,
) -> Result<Vec<Child>, ExchangeError> {
    let caller = identity::establish(gateway, arrival, trail).await?;
    let Asked::Question(question) = arrival.asked()? else {
        return Err(ExchangeError::Internal("no question".to_owned()));
    };
    let permit = authorization::grant(gateway, &caller, &arrival.asking(question), trail).await?;
    reserve(gateway, &permit, arrival, trail).await
}

/// Whether an ente's answer may still be disclosed.
type StillGranted<'a> = dyn Fn(&CodiceIstat) -> Result<(), ExchangeError> + Sync + 'a;

/// Sends each answer as it comes, until all are there or the portal hangs up; `sent` holds what went out.
async fn send(
    gateway: &Arc<Gateway>,
    children: Vec<Child>,
    describe: Describe,
    portal: (&mpsc::Sender<Bytes>, &StillGranted<'_>),
    sent: &mut Vec<u8>,
) -> Result<Riepilogo, ExchangeError> {
    let waiting = Arc::new(Mutex::new(VecDeque::from(children)));
    let whole = send_each(gateway, &waiting, describe, portal, sent).await;
    leave(gateway, &waiting, describe).await;
    whole
}

async fn send_each(
    gateway: &Arc<Gateway>,
    waiting: &Waiting,
    describe: Describe,
    (sender, still): (&mpsc::Sender<Bytes>, &StillGranted<'_>),
    sent: &mut Vec<u8>,
) -> Result<Riepilogo, ExchangeError> {
    let mut sum = Riepilogo::default();
    let mut answers = std::pin::pin!(answers(gateway, waiting, describe));
    loop {
        let told = tokio::select! {
            told = answers.next() => told,
            () = sender.closed() => None,
        };
        let Some(told) = told else { break };
        let mut line = told.written(&mut sum)?;
        line.push(b'\n');
        let Ok(place) = sender.reserve().await else {
            break;
        };
        // The portal may have taken its time over the line before.
        if told.reply.is_answer() {
            still(&told.ente)?;
        }
        sent.extend_from_slice(&line);
        place.send(line.into());
    }
    Ok(sum)
}

/// Those that were not begun when the portal hung up are on record as such: nobody asked their town halls.
async fn leave(gateway: &Gateway, waiting: &Waiting, describe: Describe) {
    let left = std::mem::take(&mut *waiting.lock());
    let closing = left.into_iter().map(|child| async move {
        let Child {
            arrival,
            slot,
            trail,
            ..
        } = child;
        let outcome = Ok(Answered::broken_off(Bytes::new()));
        record::close(gateway, slot, trail, &arrival, outcome, describe).await
    });
    futures_util::future::join_all(closing).await;
}

/// A place in the record, a permit and room in every limit for each ente before the first is called.
async fn reserve(
    gateway: &Gateway,
    permit: &Permit,
    arrival: &Arrival,
    trail: &mut Trail,
) -> Result<Vec<Child>, ExchangeError> {
    let mut children = Vec::new();
    for ente in enti(permit)? {
        children.push(child(gateway, permit, arrival, trail, ente)?);
    }
    let parts = children
        .iter_mut()
        .filter_map(|child| Some((child.permit.as_ref().ok()?, &mut child.trail)));
    rate_limit::admit_all(gateway, permit, trail, parts).await?;
    for child in &mut children {
        child
            .trail
            .limited(trail.limit().unwrap_or(arrival.door_limit));
    }
    Ok(children)
}

/// The enti that the question names, or those that signed for it and that the grant covers.
fn enti(permit: &Permit) -> Result<Vec<CodiceIstat>, ExchangeError> {
    let not_offered = || ExchangeError::NotOffered(permit.operation());
    if let Parameters::PosizioneInEnti {
        enti: Some(named), ..
    } = permit.parameters()
    {
        return Ok(named.clone());
    }
    let joined = permit.snapshot().enti().iter().filter(|ente| {
        ente.joins.contains(&permit.operation()) && permit.enti().covers(&ente.codice_istat)
    });
    let joined: Vec<CodiceIstat> = joined.map(|ente| ente.codice_istat.clone()).collect();
    if joined.is_empty() {
        return Err(not_offered());
    }
    Ok(joined)
}

fn child(
    gateway: &Gateway,
    whole: &Permit,
    arrival: &Arrival,
    trail: &Trail,
    ente: CodiceIstat,
) -> Result<Child, ExchangeError> {
    let own = Arrival {
        scambio: Uuid::now_v7(),
        at: Utc::now(),
        started: Instant::now(),
        // What was asked of several stands in the record of the whole.
        body: Bytes::new(),
        fields: Vec::new(),
        known_etag: None,
        certificate: Arc::clone(&arrival.certificate),
        asked: arrival.asked.clone(),
        purpose: arrival.purpose.clone(),
        reply_to: None,
        idempotency_key: None,
        ..*arrival
    };
    let (slot, mut part) = record::open_part(gateway, &own, trail, arrival.scambio)?;
    match authorization::at_one(whole, &ente, &mut part) {
        // An ente out of the grant is no partial answer: the whole is not granted.
        Err(ExchangeError::NotGranted) => Err(ExchangeError::NotGranted),
        permit => Ok(Child {
            ente,
            arrival: own,
            slot,
            trail: part,
            permit,
        }),
    }
}

/// The answers as they come, so many at a time; each back end's own bounds hold besides. One that is under way goes on when
/// nobody waits any more; those that wait are not begun.
fn answers(
    gateway: &Arc<Gateway>,
    waiting: &Waiting,
    describe: Describe,
) -> impl Stream<Item = Told> {
    let waiting = Arc::clone(waiting);
    stream::iter(std::iter::from_fn(move || waiting.lock().pop_front()))
        .map(move |child| {
            let (ente, gateway) = (child.ente.clone(), Arc::clone(gateway));
            let (scambio, limits) = (child.arrival.scambio, child.arrival.door_limit);
            let carried = Attended::new(carry_out(gateway, child, describe));
            async move {
                let (esito, reply) = carried.await.unwrap_or_else(|_| {
                    let fault = ExchangeError::Internal("task ended".to_owned());
                    let reply = Reply::unrecorded(scambio, limits, &fault, describe);
                    (Esito::NonRaggiungibile, reply)
                });
                Told { ente, esito, reply }
            }
        })
        .buffer_unordered(gateway.node.enti_at_once)
}

async fn carry_out(gateway: Arc<Gateway>, child: Child, describe: Describe) -> (Esito, Reply) {
    let Child {
        arrival,
        slot,
        mut trail,
        permit,
        ..
    } = child;
    let outcome = match permit {
        Ok(_) if Instant::now() >= arrival.deadline => Err(ExchangeError::DeadlinePassed),
        // Where an answer comes later, it is asked for alone.
        Ok(permit) if deferral::of(&permit).is_some() => {
            Err(ExchangeError::NotOffered(permit.operation()))
        }
        Ok(permit) => cache::get_or_fetch(&gateway, &permit, &arrival, &mut trail)
            .await
            .map(|found| Answered::cut(&permit, &found)),
        Err(refused) => Err(refused),
    };
    let esito = esito(outcome.as_ref().err());
    let reply = record::close(&gateway, slot, trail, &arrival, outcome, describe).await;
    let withheld = esito == Esito::Trovata && !reply.is_answer();
    (
        if withheld {
            Esito::NonRaggiungibile
        } else {
            esito
        },
        reply,
    )
}

/// What came of one ente; a failure that leaves open whether it knows the person is never "unknown".
fn esito(failure: Option<&ExchangeError>) -> Esito {
    match failure {
        None => Esito::Trovata,
        Some(ExchangeError::BackEnd(failure)) => match failure.kind {
            Kind::NotFound => Esito::NonTrovata,
            Kind::Ambiguous => Esito::Ambigua,
            Kind::Unsupported => Esito::NonInterrogato,
            _ => Esito::NonRaggiungibile,
        },
        Some(
            ExchangeError::EnteUnknown | ExchangeError::EnteEnded(_) | ExchangeError::NotOffered(_),
        ) => Esito::NonInterrogato,
        Some(_) => Esito::NonRaggiungibile,
    }
}

/// One ente's answer as it leaves.
#[derive(Serialize)]
struct Line<'a> {
    codice_istat: &'a str,
    scambio: Uuid,
    esito: Esito,
    #[serde(skip_serializing_if = "Option::is_none")]
    risposta: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problema: Option<&'a RawValue>,
}

impl Told {
    /// The answer as JSON, counted in the sum.
    fn written(&self, sum: &mut Riepilogo) -> Result<Vec<u8>, ExchangeError> {
        sum.count(self.esito);
        let body: &RawValue = serde_json::from_slice(&self.reply.body)
            .map_err(|error| ExchangeError::Internal(error.to_string()))?;
        let is_answer = self.reply.is_answer();
        written(&Line {
            codice_istat: self.ente.as_str(),
            scambio: self.reply.scambio,
            esito: self.esito,
            risposta: is_answer.then_some(body),
            problema: (!is_answer).then_some(body),
        })
    }
}

fn written<T: Serialize>(value: &T) -> Result<Vec<u8>, ExchangeError> {
    serde_json::to_vec(value).map_err(|error| ExchangeError::Internal(error.to_string()))
}
