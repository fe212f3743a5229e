//! The line of an exchange: its fields, in their order.

use crate::contract::operation::Operation;
use crate::contract::side::Side;
use crate::telemetry::exchange::ExchangeSeen;

use super::line::Line;

/// Appends the line of an exchange.
pub(super) fn write(buffer: &mut Vec<u8>, seen: &ExchangeSeen<'_>) {
    let at = chrono::TimeDelta::from_std(seen.times.total)
        .map_or(seen.begun, |total| seen.begun + total);
    let mut number = [0; 36];
    let mut line = Line::begin(buffer, at);
    line.plain("level", level(seen))
        .plain("target", b"pontile::exchange")
        .plain("message", b"exchange")
        .plain(
            "scambio",
            seen.scambio
                .hyphenated()
                .encode_lower(&mut number)
                .as_bytes(),
        )
        .text("node", seen.node)
        .number("generation", seen.generation)
        .maybe("portal", seen.portal)
        .maybe("ente", seen.ente)
        .maybe("operation", seen.operation.map(Operation::name))
        .maybe("purpose", seen.purpose)
        .maybe("adapter", seen.adapter)
        .text("outcome", seen.outcome)
        .maybe("side", seen.side.map(Side::name))
        .number("status", u64::from(seen.status))
        .maybe("cause", seen.cause)
        .maybe("cache", seen.cache);
    if let Some(age) = seen.age_seconds {
        line.number("age_seconds", age);
    }
    let times = &seen.times;
    line.number("request_bytes", seen.request_bytes)
        .number("reply_bytes", seen.reply_bytes)
        .microseconds("admission_us", times.admission)
        .microseconds("limits_us", times.limits)
        .microseconds("cache_us", times.cache)
        .microseconds("dispatch_us", times.dispatch)
        .microseconds("record_us", times.record)
        .microseconds("total_us", times.total)
        .plain("trace_id", &seen.trace.trace_hexadecimal())
        .end();
}

/// What the portal must change is no event for the operator, an ente's failure may be, one of ours is.
fn level(seen: &ExchangeSeen<'_>) -> &'static [u8] {
    match seen.side {
        None | Some(Side::Portale) => b"INFO",
        Some(Side::Ente) => b"WARN",
        Some(Side::Gateway) => b"ERROR",
    }
}
