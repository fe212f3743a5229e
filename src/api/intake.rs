//! One request from its head to its answer: the door's limit, the question, the exchange.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::broker::arrival::{Arrival, Asked};
use crate::broker::error::{ExchangeError, Malformed};
use crate::broker::exchange;
use crate::broker::fan_out::exchange_in_lines;
use crate::broker::identity;
use crate::broker::reply::LimitStatus;
use crate::contract::operation::Operation;
use crate::contract::question::Question;
use crate::gateway::Gateway;
use crate::telemetry::traceparent::TraceContext;

use super::connection::{Connection, DoorName, Entrance};
use super::http::{Request, Response};
use super::problem::describe;
use super::{answer, head};

/// Where a request came in.
pub struct Intake {
    /// Its connection.
    pub connection: Rc<Connection>,
    /// The exchange's number.
    pub scambio: Uuid,
    /// When its head was read.
    pub at: DateTime<Utc>,
    /// The same on the monotonic clock.
    pub started: Instant,
    /// What the door's limit has left.
    pub door_limit: LimitStatus,
}

/// Carries a request through the broker. `ask` reads the question out of head and body.
pub(super) async fn answer(
    intake: Intake,
    request: &Request,
    ask: impl FnOnce(&Request, &Bytes) -> Result<Question, Malformed>,
) -> Response {
    let ask = |request: &Request, body: &Bytes| ask(request, body).map(Asked::Question);
    answer_whatever(intake, request, ask).await
}

/// The same for whatever a request can ask.
pub(super) async fn answer_whatever(
    intake: Intake,
    request: &Request,
    ask: impl FnOnce(&Request, &Bytes) -> Result<Asked, Malformed>,
) -> Response {
    let arrival = arrival(&intake, request, ask);
    let allowed = match &arrival.asked {
        Err(Malformed::MethodNotAllowed { allowed }) => Some(*allowed),
        _ => None,
    };
    answer::of_reply(exchange(intake.gateway(), arrival, describe).await, allowed)
}

/// The same for a question to several enti whose answers the portal takes line by line.
pub(super) async fn answer_in_lines(
    intake: Intake,
    request: &Request,
    ask: impl FnOnce(&Request, &Bytes) -> Result<Question, Malformed>,
) -> Response {
    let ask = |request: &Request, body: &Bytes| ask(request, body).map(Asked::Question);
    let arrival = arrival(&intake, request, ask);
    match exchange_in_lines(intake.gateway(), arrival, describe).await {
        Ok(lines) => answer::of_lines(lines),
        Err(refused) => answer::of_reply(refused, None),
    }
}

/// A request as the broker takes it.
fn arrival(
    intake: &Intake,
    request: &Request,
    ask: impl FnOnce(&Request, &Bytes) -> Result<Asked, Malformed>,
) -> Arrival {
    let head = &request.head;
    let (body, received) = match &request.body {
        Ok(body) => (body.clone(), Ok(())),
        Err(fault) => (Bytes::new(), Err(fault.clone())),
    };
    let purpose = head::purpose(head);
    let reply_to = head::reply_to(head);
    let key = head::idempotency_key(head);
    let asked = received
        .and_then(|()| purpose.as_ref().map(|_| ()).map_err(Clone::clone))
        .and_then(|()| reply_to.as_ref().map(|_| ()).map_err(Clone::clone))
        .and_then(|()| key.as_ref().map(|_| ()).map_err(Clone::clone))
        .and_then(|()| ask(request, &body));
    let entrance = intake.entrance();
    Arrival {
        scambio: intake.scambio,
        at: intake.at,
        started: intake.started,
        deadline: intake.started + entrance.door.request_deadline.0,
        certificate: intake.connection.peer.clone(),
        address: intake.connection.address,
        body,
        fields: head::fields_with_tokens(head),
        asked,
        purpose: purpose.unwrap_or_default(),
        reply_to: reply_to.unwrap_or_default(),
        idempotency_key: key.unwrap_or_default(),
        fresh: head::wants_fresh(head),
        known_etag: head::known_etag(head),
        door_limit: intake.door_limit,
        trace: TraceContext::continue_or_begin(head.field("traceparent"), entrance.trace_percent),
    }
}

/// Carries the search of a person or taxpayer at an ente, or a write about one, through the broker.
pub(super) async fn search(
    operation: Operation,
    intake: Intake,
    request: &Request,
    ente: &str,
) -> Response {
    answer(intake, request, |request, body| {
        head::no_query(&request.head)?;
        head::is_json(&request.head)?;
        super::body::question(operation, head::ente(ente)?, body)
    })
    .await
}

impl Intake {
    /// Takes a request in, or refuses it before anyone asks who it is: no record is written, it is counted.
    pub(super) fn admit(connection: &Rc<Connection>) -> Result<Intake, Response> {
        let (scambio, at, started) = (Uuid::now_v7(), Utc::now(), Instant::now());
        let entrance = &connection.entrance;
        let stranger = entrance.name == DoorName::Portals && {
            let snapshot = entrance.gateway.snapshot();
            !identity::is_known(&snapshot, &connection.peer, at)
        };
        match entrance
            .gate
            .admit(&connection.limit, connection.address, stranger)
        {
            Ok(door_limit) => Ok(Intake {
                connection: Rc::clone(connection),
                scambio,
                at,
                started,
                door_limit,
            }),
            Err(too_many) => {
                let metrics = &entrance.gateway.telemetry.metrics;
                metrics.limit_refused(too_many.limit);
                let refused = ExchangeError::RateLimited {
                    retry_after: too_many.retry_after,
                };
                let refusal = describe(&refused, &scambio);
                Err(answer::of_refusal(&refusal, scambio, too_many.status))
            }
        }
    }

    /// The gateway behind the door.
    pub fn gateway(&self) -> &Arc<Gateway> {
        &self.entrance().gateway
    }

    /// The answer to a request that goes through no exchange.
    pub fn refuse(&self, failure: &ExchangeError) -> Response {
        answer::of_refusal(
            &describe(failure, &self.scambio),
            self.scambio,
            self.door_limit,
        )
    }

    fn entrance(&self) -> &Arc<Entrance> {
        &self.connection.entrance
    }
}
