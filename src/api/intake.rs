//! One request from its head to its answer: the door's limit, the body within its bounds, the question, the exchange.

use std::future::{Ready, ready};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use actix_web::error::ErrorInternalServerError;
use actix_web::http::header::{CONTENT_LENGTH, HeaderValue, TRANSFER_ENCODING};
use actix_web::web::{Bytes, BytesMut, Data, Payload};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use uuid::Uuid;

use crate::broker::arrival::Arrival;
use crate::broker::error::{ExchangeError, Malformed};
use crate::broker::exchange;
use crate::broker::identity;
use crate::broker::reply::LimitStatus;
use crate::contract::operation::Operation;
use crate::contract::question::Question;
use crate::gateway::Gateway;
use crate::telemetry::traceparent::TraceContext;

use super::connection::{Connection, DoorName, Entrance};
use super::problem::describe;
use super::{answer, head};

/// Where a request came in.
pub struct Intake {
    /// Its door.
    pub entrance: Data<Entrance>,
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
    request: HttpRequest,
    payload: Payload,
    ask: impl FnOnce(&HttpRequest, &Bytes) -> Result<Question, Malformed>,
) -> HttpResponse {
    let _busy = intake.connection.pace.busy();
    let received = body(&intake, &request, payload).await;
    if received == Err(Malformed::NotHttp) {
        return answer::unread();
    }
    let (body, received) = match received {
        Ok(body) => (body, Ok(())),
        Err(fault) => (Bytes::new(), Err(fault)),
    };
    let purpose = head::purpose(request.headers());
    let question = received
        .and_then(|()| head::size(&request))
        .and_then(|()| purpose.as_ref().map(|_| ()).map_err(Clone::clone))
        .and_then(|()| ask(&request, &body));
    let allowed = match &question {
        Err(Malformed::MethodNotAllowed { allowed }) => Some(*allowed),
        _ => None,
    };
    let arrival = Arrival {
        scambio: intake.scambio,
        at: intake.at,
        started: intake.started,
        deadline: intake.started + intake.entrance.door.request_deadline.0,
        certificate: intake.connection.peer.clone(),
        address: intake.connection.address,
        body,
        question,
        purpose: purpose.unwrap_or_default(),
        fresh: head::wants_fresh(request.headers()),
        known_etag: head::known_etag(request.headers()),
        door_limit: intake.door_limit,
        trace: TraceContext::continue_or_begin(
            request
                .headers()
                .get("traceparent")
                .map(HeaderValue::as_bytes),
            intake.entrance.trace_percent,
        ),
    };
    answer::of_reply(exchange(intake.gateway(), arrival, describe).await, allowed)
}

/// Carries the search of a person or taxpayer through the broker.
pub(super) async fn search(
    operation: Operation,
    intake: Intake,
    request: HttpRequest,
    payload: Payload,
) -> HttpResponse {
    answer(intake, request, payload, |request, body| {
        head::no_query(request)?;
        head::is_json(request.headers())?;
        super::body::question(operation, head::ente(request)?, body)
    })
    .await
}

impl FromRequest for Intake {
    type Error = actix_web::Error;
    type Future = Ready<Result<Intake, actix_web::Error>>;

    /// Takes a request in, or refuses it before anyone asks who it is: no record is written, it is counted.
    fn from_request(request: &HttpRequest, _: &mut actix_web::dev::Payload) -> Self::Future {
        ready(Intake::admit(request))
    }
}

impl Intake {
    fn admit(request: &HttpRequest) -> Result<Intake, actix_web::Error> {
        let (Some(entrance), Some(connection)) = (
            request.app_data::<Data<Entrance>>(),
            request.conn_data::<Rc<Connection>>(),
        ) else {
            return Err(ErrorInternalServerError("a request beside the doors"));
        };
        let (scambio, at, started) = (Uuid::now_v7(), Utc::now(), Instant::now());
        let stranger = entrance.name == DoorName::Portals && {
            let snapshot = entrance.gateway.snapshot();
            !identity::is_known(&snapshot, &connection.peer, at)
        };
        match entrance
            .gate
            .admit(&connection.limit, connection.address, stranger)
        {
            Ok(door_limit) => Ok(Intake {
                entrance: entrance.clone(),
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
                Err(answer::instead(answer::of_refusal(
                    &refusal,
                    scambio,
                    too_many.status,
                )))
            }
        }
    }

    /// The gateway behind the door.
    pub fn gateway(&self) -> &Arc<Gateway> {
        &self.entrance.gateway
    }

    /// The answer to a request that goes through no exchange.
    pub fn refuse(&self, failure: &ExchangeError) -> HttpResponse {
        answer::of_refusal(
            &describe(failure, &self.scambio),
            self.scambio,
            self.door_limit,
        )
    }
}

/// Reads a request's body within the door's size and time.
pub async fn body(
    intake: &Intake,
    request: &HttpRequest,
    mut payload: Payload,
) -> Result<Bytes, Malformed> {
    let door = &intake.entrance.door;
    let until = Instant::now() + door.slow_client_timeout.0;
    read(
        &intake.connection,
        request,
        &mut payload,
        door.body_size.0,
        until,
    )
    .await
}

/// A body that ends too early: the client has gone, or its chunks cannot be told apart.
fn broken(connection: &Connection) -> Malformed {
    if connection.pace.has_ended() {
        head::wrong("corpo", "non è arrivato per intero")
    } else {
        Malformed::NotHttp
    }
}

async fn read(
    connection: &Connection,
    request: &HttpRequest,
    payload: &mut Payload,
    limit: u64,
    until: Instant,
) -> Result<Bytes, Malformed> {
    let declared = request.headers().get(CONTENT_LENGTH);
    if declared.is_none() && !request.headers().contains_key(TRANSFER_ENCODING) {
        return Ok(Bytes::new());
    }
    let declared: Option<u64> = declared.and_then(|length| length.to_str().ok()?.parse().ok());
    if declared.is_some_and(|length| length > limit) {
        return Err(Malformed::TooLarge { limit });
    }
    let whole = async {
        let mut whole = BytesMut::new();
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| broken(connection))?;
            if (whole.len() + chunk.len()) as u64 > limit {
                return Err(Malformed::TooLarge { limit });
            }
            // Nearly every body comes in one piece, which need not be copied.
            if declared == Some(chunk.len() as u64) {
                return Ok(chunk);
            }
            whole.extend_from_slice(&chunk);
        }
        Ok(whole.freeze())
    };
    tokio::time::timeout_at(until.into(), whole)
        .await
        .unwrap_or(Err(Malformed::TooSlow))
}
