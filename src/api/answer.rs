//! Writes what leaves as HTTP: status, body and the headers that every answer carries.

use std::time::Duration;

use uuid::Uuid;

use crate::broker::fan_out::Lines;
use crate::broker::reply::{LimitStatus, Progress, Refusal, Reply, ReplyKind};

use super::http::Response;
use super::problem::MEDIA_TYPE;
use super::tributi::NDJSON;

/// The answer to an exchange; `allowed` are the methods that its resource knows, where it was asked with another.
pub(super) fn of_reply(reply: Reply, allowed: Option<&'static str>) -> Response {
    let mut response = match &reply.kind {
        ReplyKind::Answer | ReplyKind::Unchanged | ReplyKind::BrokenOff => {
            begin(reply.status(), reply.scambio, reply.limits)
        }
        ReplyKind::Open(progress) => {
            let begun = begin(reply.status(), reply.scambio, reply.limits);
            of_progress(progress, begun)
        }
        ReplyKind::Refusal(refusal) => refused(refusal, reply.scambio, reply.limits),
    };
    if let Some(allowed) = allowed {
        response = response.header("allow", allowed);
    }
    if let Some(signature) = &reply.signature {
        response = response
            .header("digest", &signature.digest)
            .header("agid-jwt-signature", &signature.token);
    }
    if let ReplyKind::Refusal(_) = reply.kind {
        return response.body(reply.body);
    }
    if let Some(age) = reply.age {
        response = response.number("age", age.as_secs());
    }
    response = match &reply.etag {
        Some(etag) => response
            .header("cache-control", "private, no-cache")
            .header("etag", etag),
        None => response.header("cache-control", "no-store"),
    };
    match reply.kind {
        ReplyKind::Unchanged => response,
        _ => response
            .header("content-type", reply.media_type())
            .body(reply.body),
    }
}

/// How far a request is that outlives its call.
fn of_progress(progress: &Progress, response: Response) -> Response {
    match progress {
        Progress::TakenOn {
            location,
            retry_after,
        } => response
            .header("location", location)
            .number("retry-after", whole_seconds(*retry_after)),
        Progress::StillOpen { retry_after } => {
            response.number("retry-after", whole_seconds(*retry_after))
        }
        Progress::Ended { location } => response.header("location", location),
    }
}

/// The answers of several enti as they come.
pub(super) fn of_lines(lines: Lines) -> Response {
    begin(200, lines.scambio, lines.limits)
        .header("cache-control", "no-store")
        .header("content-type", NDJSON)
        .lines(lines.lines)
}

/// A refusal that went through no exchange.
pub(super) fn of_refusal(refusal: &Refusal, scambio: Uuid, limits: LimitStatus) -> Response {
    refused(refusal, scambio, limits).body(refusal.body.clone())
}

/// A problem document that is good news: the `status` resource (RAC_REST_NAME_011).
pub(super) fn of_status(body: Vec<u8>, scambio: Uuid, limits: LimitStatus) -> Response {
    begin(200, scambio, limits)
        .header("cache-control", "no-store")
        .header("content-type", MEDIA_TYPE)
        .body(body)
}

/// A page or document of the documentation.
pub(super) fn of_documentation(scambio: Uuid, limits: LimitStatus) -> Response {
    begin(200, scambio, limits)
}

fn refused(refusal: &Refusal, scambio: Uuid, limits: LimitStatus) -> Response {
    let response = begin(refusal.status, scambio, limits)
        .header("cache-control", "no-store")
        .header("content-type", refusal.media_type);
    // RFC 9110, 11.6.1: whoever is told that it must authenticate is told how.
    let response = match refusal.status {
        401 => response.header("www-authenticate", "Bearer realm=\"pontile\""),
        _ => response,
    };
    match refusal.retry_after {
        Some(pause) => response.number("retry-after", whole_seconds(pause)),
        None => response,
    }
}

fn begin(status: u16, scambio: Uuid, limits: LimitStatus) -> Response {
    let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
    Response::new(status)
        .header(
            "x-correlation-id",
            scambio.hyphenated().encode_lower(&mut text),
        )
        .header("x-content-type-options", "nosniff")
        .number("x-ratelimit-limit", limits.limit.into())
        .number("x-ratelimit-remaining", limits.remaining.into())
        .number("x-ratelimit-reset", limits.reset)
}

fn whole_seconds(pause: Duration) -> u64 {
    (pause.as_secs() + u64::from(pause.subsec_nanos() > 0)).max(1)
}
