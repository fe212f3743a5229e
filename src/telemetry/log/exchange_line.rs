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
    line.plain(r#","level":""#, level(seen))
        .plain(r#","target":""#, b"pontile::exchange")
        .plain(r#","message":""#, b"exchange")
        .plain(
            r#","scambio":""#,
            seen.scambio
                .hyphenated()
                .encode_lower(&mut number)
                .as_bytes(),
        )
        .text(r#","node":""#, seen.node)
        .number(r#","generation":"#, seen.generation)
        .maybe(r#","portal":""#, seen.portal)
        .maybe(r#","ente":""#, seen.ente)
        .maybe(r#","operation":""#, seen.operation.map(Operation::name))
        .maybe(r#","purpose":""#, seen.purpose)
        .maybe(r#","adapter":""#, seen.adapter)
        .text(r#","outcome":""#, seen.outcome)
        .maybe(r#","side":""#, seen.side.map(Side::name))
        .number(r#","status":"#, u64::from(seen.status))
        .maybe(r#","cause":""#, seen.cause)
        .maybe(r#","cache":""#, seen.cache);
    if let Some(age) = seen.age_seconds {
        line.number(r#","age_seconds":"#, age);
    }
    let times = &seen.times;
    line.number(r#","request_bytes":"#, seen.request_bytes)
        .number(r#","reply_bytes":"#, seen.reply_bytes)
        .microseconds(r#","admission_us":"#, times.admission)
        .microseconds(r#","limits_us":"#, times.limits)
        .microseconds(r#","cache_us":"#, times.cache)
        .microseconds(r#","dispatch_us":"#, times.dispatch)
        .microseconds(r#","record_us":"#, times.record)
        .microseconds(r#","total_us":"#, times.total)
        .plain(r#","trace_id":""#, &seen.trace.trace_hexadecimal())
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
