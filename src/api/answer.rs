//! Writes what leaves as HTTP: status, body and the headers that every answer carries.

use std::time::Duration;

use actix_web::error::InternalError;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    AGE, ALLOW, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, RETRY_AFTER,
    X_CONTENT_TYPE_OPTIONS,
};
use actix_web::{HttpResponse, HttpResponseBuilder};
use uuid::Uuid;

use crate::broker::reply::{LimitStatus, Refusal, Reply, ReplyKind};

use super::problem::MEDIA_TYPE;

const X_CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");
const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const REVALIDATE: HeaderValue = HeaderValue::from_static("private, no-cache");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const PROBLEM: HeaderValue = HeaderValue::from_static(MEDIA_TYPE);

/// The answer to an exchange; `allowed` are the methods that its resource knows, where it was asked with another.
pub(super) fn of_reply(reply: Reply, allowed: Option<&'static str>) -> HttpResponse {
    let mut response = match &reply.kind {
        ReplyKind::Answer => begin(StatusCode::OK, reply.scambio, reply.limits),
        ReplyKind::Unchanged => begin(StatusCode::NOT_MODIFIED, reply.scambio, reply.limits),
        ReplyKind::Refusal(refusal) => refused(refusal, reply.scambio, reply.limits),
    };
    if let Some(allowed) = allowed {
        response.insert_header((ALLOW, allowed));
    }
    if let ReplyKind::Refusal(_) = reply.kind {
        return response.body(reply.body);
    }
    if let Some(age) = reply.age {
        response.insert_header((AGE, age.as_secs()));
    }
    let etag = reply.etag.and_then(|etag| HeaderValue::try_from(etag).ok());
    response.insert_header((
        CACHE_CONTROL,
        if etag.is_some() { REVALIDATE } else { NO_STORE },
    ));
    if let Some(etag) = etag {
        response.insert_header((ETAG, etag));
    }
    match reply.kind {
        ReplyKind::Unchanged => response.finish(),
        _ => response
            .insert_header((CONTENT_TYPE, JSON))
            .body(reply.body),
    }
}

/// The parser's own bare answer: the server gives the connection up at once, and `parting.rs` says why.
pub fn unread() -> HttpResponse {
    HttpResponse::BadRequest().finish()
}

/// A refusal that went through no exchange.
pub(super) fn of_refusal(refusal: &Refusal, scambio: Uuid, limits: LimitStatus) -> HttpResponse {
    refused(refusal, scambio, limits).body(refusal.body.clone())
}

/// A problem document that is good news: the `status` resource (RAC_REST_NAME_011).
pub(super) fn of_status(body: Vec<u8>, scambio: Uuid, limits: LimitStatus) -> HttpResponse {
    begin(StatusCode::OK, scambio, limits)
        .insert_header((CACHE_CONTROL, NO_STORE))
        .insert_header((CONTENT_TYPE, PROBLEM))
        .body(body)
}

/// A page or document of the documentation.
pub(super) fn of_documentation(scambio: Uuid, limits: LimitStatus) -> HttpResponseBuilder {
    begin(StatusCode::OK, scambio, limits)
}

/// A response in an extractor's place: the handler is not called.
pub fn instead(response: HttpResponse) -> actix_web::Error {
    InternalError::from_response("refused", response).into()
}

fn refused(refusal: &Refusal, scambio: Uuid, limits: LimitStatus) -> HttpResponseBuilder {
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = begin(status, scambio, limits);
    response
        .insert_header((CACHE_CONTROL, NO_STORE))
        .insert_header((CONTENT_TYPE, PROBLEM));
    if let Some(pause) = refusal.retry_after {
        response.insert_header((RETRY_AFTER, whole_seconds(pause)));
    }
    response
}

fn begin(status: StatusCode, scambio: Uuid, limits: LimitStatus) -> HttpResponseBuilder {
    let mut response = HttpResponseBuilder::new(status);
    let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
    let scambio: &str = scambio.hyphenated().encode_lower(&mut text);
    response
        .insert_header((X_CORRELATION_ID, scambio))
        .insert_header((X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")))
        .insert_header((LIMIT, limits.limit))
        .insert_header((REMAINING, limits.remaining))
        .insert_header((RESET, limits.reset));
    response
}

fn whole_seconds(pause: Duration) -> u64 {
    (pause.as_secs() + u64::from(pause.subsec_nanos() > 0)).max(1)
}
