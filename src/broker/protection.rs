//! Persons whom an ente has marked as protected: address, family and whatever else reveals where they are go only to purposes for which
//! that was granted expressly. For all others they are as if nobody knew them, since that an ente knows them reveals a place as well.
//!
//! Whoever is refused for it gets what everybody gets who asks about somebody unknown: the back end is asked the same way, and its
//! answer dropped. What is told of them comes from the back end itself, never out of the cache or a night copy.

use std::sync::Arc;

use chrono::Utc;
use tokio::time::timeout_at;

use crate::connectors::call::Answer;
use crate::contract::document::Document;
use crate::contract::richiesta::Stato;
use crate::gateway::Gateway;
use crate::store::Richiesta;

use super::arrival::Arrival;
use super::authorization::{Before, Permit};
use super::cache::{self, CacheState, Found};
use super::deferral::Delivered;
use super::dispatch::{self, Fetched};
use super::error::{ConnectorError, ExchangeError, Kind};
use super::record::{Stage, Trail};

/// Whether the person asked about is protected, shown or not.
pub(super) fn is_asked_about(gateway: &Gateway, permit: &Permit) -> bool {
    let asked = permit.parameters().soggetto();
    asked.is_some_and(|code| gateway.is_protected(code, Utc::now()))
}

/// Whether the person asked about is as if nobody knew them.
pub(super) fn hides(gateway: &Gateway, permit: &Permit) -> bool {
    !permit.shows_protected() && is_asked_about(gateway, permit)
}

/// What is told of somebody whom nobody may be told of, and of somebody unknown.
pub(super) fn unknown() -> ExchangeError {
    ExchangeError::BackEnd(not_found())
}

fn not_found() -> ConnectorError {
    ConnectorError::permanent(Kind::NotFound, "nobody under that code")
}

/// Asks the back end about a protected person, for this exchange alone.
pub(super) async fn fetch(
    gateway: &Gateway,
    permit: &Permit,
    arrival: &Arrival,
    trail: &mut Trail,
) -> Result<Found, ExchangeError> {
    let shows = permit.shows_protected();
    let target = match shows {
        true => dispatch::target_by_day(permit)?,
        false => dispatch::target_at(permit, arrival.at)?,
    };
    trail.answered_by(&target.adapter);
    trail.lap(Stage::Cache);
    let fetch = Box::pin(dispatch::fetch(gateway, permit, target, arrival));
    let outcome = timeout_at(arrival.deadline.into(), fetch).await;
    trail.lap(Stage::Dispatch);
    match outcome.map_err(|_| ExchangeError::DeadlinePassed)? {
        Ok(fetched) if shows => {
            let (fetched, state) = (Arc::new(fetched), CacheState::Fresca);
            Ok(cache::found(gateway, permit, &fetched, state, trail))
        }
        Ok(_) => Err(unknown()),
        Err(failure) if !shows && failure.kind == Kind::Ambiguous => Err(unknown()),
        Err(failure) => Err(ExchangeError::BackEnd(failure)),
    }
}

/// Whether a document names anybody who is protected.
pub(super) fn names_protected(gateway: &Gateway, document: &Document) -> bool {
    let now = Utc::now();
    !gateway.protected.is_empty() && document.codes().any(|code| gateway.is_protected(code, now))
}

/// An answer about somebody else without the protected persons whom it names, unless the purpose shows them.
pub(super) fn without_the_protected(
    gateway: &Gateway,
    permit: &Permit,
    fetched: &Arc<Fetched>,
) -> Arc<Fetched> {
    let Some(answer) = cut(gateway, permit, &fetched.answer) else {
        return Arc::clone(fetched);
    };
    Arc::new(Fetched {
        answer,
        origine: fetched.origine.clone(),
        adapter: Arc::clone(&fetched.adapter),
        ..**fetched
    })
}

/// The answer of a turn, as far as the portal may be told of it one day.
pub(super) fn of_turn(
    gateway: &Gateway,
    permit: &Permit,
    answer: Answer,
) -> Result<Answer, ConnectorError> {
    match hides(gateway, permit) {
        true => Err(not_found()),
        false => Ok(cut(gateway, permit, &answer).unwrap_or(answer)),
    }
}

fn cut(gateway: &Gateway, permit: &Permit, answer: &Answer) -> Option<Answer> {
    if permit.shows_protected() || gateway.protected.is_empty() {
        return None;
    }
    let now = Utc::now();
    let cut = answer
        .document
        .without(|code| gateway.is_protected(code, now));
    let (document, left_out) = cut?;
    Some(Answer {
        document,
        unavailable: answer.unavailable.union(left_out),
        ..*answer
    })
}

/// A request as its portal may see it now: answered about somebody who is protected since, it is one that found nobody.
pub(super) fn seen(gateway: &Gateway, permit: &Permit, richiesta: Richiesta) -> Richiesta {
    let state = match richiesta.state {
        Stato::Completata if hides(gateway, permit) => Stato::Rifiutata,
        state => state,
    };
    Richiesta { state, ..richiesta }
}

/// The answer of a request as it may be given now.
pub(super) fn delivered(
    gateway: &Gateway,
    permit: &Permit,
    delivered: Delivered,
) -> Result<Delivered, ExchangeError> {
    if hides(gateway, permit) {
        return Err(unknown());
    }
    if permit.shows_protected() || gateway.protected.is_empty() {
        return Ok(delivered);
    }
    let now = Utc::now();
    let cut = delivered
        .document
        .without(|code| gateway.is_protected(code, now));
    Ok(match cut {
        Some((document, left_out)) => Delivered {
            document,
            unavailable: delivered.unavailable.union(left_out),
            ..delivered
        },
        None => delivered,
    })
}

/// Judges again what is about to be disclosed: somebody may have been marked meanwhile.
pub(super) fn still_shown<'a>(
    gateway: &Gateway,
    before: &Before<'_>,
    told: impl IntoIterator<Item = &'a Document>,
) -> Result<(), ExchangeError> {
    if gateway.protected.is_empty() || before.shows_protected() {
        return Ok(());
    }
    let now = Utc::now();
    let asked = before.question.parameters.soggetto();
    let asked = asked.is_some_and(|code| gateway.is_protected(code, now));
    let mut told = told.into_iter();
    match asked || told.any(|document| names_protected(gateway, document)) {
        true => Err(unknown()),
        false => Ok(()),
    }
}
