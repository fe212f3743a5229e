//! An exchange as metrics, log and traces see it: names, numbers and times, never a body or a person.

use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::contract::operation::Operation;
use crate::contract::side::Side;

use super::traceparent::TraceContext;

/// An exchange that has ended.
#[derive(Debug, Clone)]
pub struct ExchangeSeen<'a> {
    /// Its number.
    pub scambio: Uuid,
    /// When its request's head was read.
    pub begun: DateTime<Utc>,
    /// The node that carried it out.
    pub node: &'a str,
    /// The generation of the snapshot that it ran under.
    pub generation: u64,
    /// The portal's name in the configuration.
    pub portal: Option<&'a str>,
    /// ISTAT code of the ente, only if the configuration has it: a portal that tries codes must not make new time series.
    pub ente: Option<&'a str>,
    /// The operation, where the request could be understood.
    pub operation: Option<Operation>,
    /// The purpose, only once granted: before that it is a text that anybody may write.
    pub purpose: Option<&'a str>,
    /// The adapter that answers for the ente.
    pub adapter: Option<&'a str>,
    /// `risposto`, `invariato`, or the slug of the problem.
    pub outcome: &'static str,
    /// The side at fault; absent when answered.
    pub side: Option<Side>,
    /// HTTP status of the answer.
    pub status: u16,
    /// For the operator: why it failed, without personal data and without a text of the back end.
    pub cause: Option<&'a str>,
    /// `fresca`, `cache` or `scaduta`.
    pub cache: Option<&'static str>,
    /// Age of a cached answer in seconds.
    pub age_seconds: Option<u64>,
    /// Bytes of the request's body.
    pub request_bytes: u64,
    /// Bytes of the reply's body.
    pub reply_bytes: u64,
    /// Where the time went.
    pub times: ExchangeTimes,
    /// Its place in a trace.
    pub trace: TraceContext,
}

/// Where the time of an exchange went, in the order of the stages; a stage that it did not reach is zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExchangeTimes {
    /// Identity and authorization.
    pub admission: Duration,
    /// Rate limits and quota.
    pub limits: Duration,
    /// Cache look-up, waiting for another's fetch included.
    pub cache: Duration,
    /// The back end.
    pub dispatch: Duration,
    /// Waiting for the record to be durable.
    pub record: Duration,
    /// From the request's head to the answer's release.
    pub total: Duration,
}

impl ExchangeTimes {
    /// The stages by name, in their order, without the total.
    pub fn stages(&self) -> [(&'static str, Duration); 5] {
        [
            ("admission", self.admission),
            ("limits", self.limits),
            ("cache", self.cache),
            ("dispatch", self.dispatch),
            ("record", self.record),
        ]
    }
}

impl ExchangeSeen<'_> {
    /// The class of the outcome: `risposto`, or the side at fault.
    pub fn outcome_class(&self) -> &'static str {
        self.side.map_or("risposto", Side::name)
    }
}

#[cfg(test)]
pub(super) mod tests {
    //! Exchanges for the tests of what sees them.

    use super::*;

    /// A person looked up at a municipality, answered from the back end.
    pub(in crate::telemetry) fn answered() -> ExchangeSeen<'static> {
        ExchangeSeen {
            scambio: Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0001),
            begun: "2026-03-04T05:06:07Z".parse().unwrap(),
            node: "nodo-1",
            generation: 3,
            portal: Some("portale-uno"),
            ente: Some("013075"),
            operation: Some(Operation::RicercaPersona),
            purpose: Some("istruttoria"),
            adapter: Some("civilia-next"),
            outcome: "risposto",
            side: None,
            status: 200,
            cause: None,
            cache: Some("fresca"),
            age_seconds: Some(0),
            request_bytes: 40,
            reply_bytes: 1024,
            times: ExchangeTimes {
                admission: Duration::from_micros(12),
                limits: Duration::from_micros(3),
                cache: Duration::from_micros(2),
                dispatch: Duration::from_millis(20),
                record: Duration::from_micros(900),
                total: Duration::from_micros(20_950),
            },
            trace: TraceContext {
                trace_id: [0x4b; 16],
                parent: Some([0xf0; 8]),
                span_id: [0x5a; 8],
                sampled: true,
            },
        }
    }

    /// The same, failed at the municipality's side.
    pub(in crate::telemetry) fn failed() -> ExchangeSeen<'static> {
        ExchangeSeen {
            outcome: "ente-non-raggiungibile",
            side: Some(Side::Ente),
            status: 502,
            cause: Some("unreachable: connect"),
            cache: None,
            age_seconds: None,
            ..answered()
        }
    }
}
