//! The dialects: one file or folder each, all of the same shape.

pub mod d0;
pub mod d1;
pub mod d10;
pub mod d2;
pub mod d3;
pub mod d4;
pub mod d4b;
pub mod d5;
pub mod d6;
pub mod d7;
pub mod d8;
pub mod d9;
pub mod pdnd;

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::ServiceConfig;

use crate::faults::FaultKind;
use crate::world::Settings;

/// A dialect that listens on a port.
pub struct Dialect {
    /// As the command line and the control port name it.
    pub name: &'static str,
    pub content_type: &'static str,
    /// Makes its state (tokens, sessions), new at every start, and what registers its routes.
    pub open: fn(&Settings) -> Routes,
    /// Faults of its own language, besides those that any connection can have.
    pub own_faults: &'static [FaultKind],
    pub latency: Latency,
}

/// Registers the routes of a dialect, and the state that its handlers ask for.
pub type Routes = Arc<dyn Fn(&mut ServiceConfig) + Send + Sync>;

/// Every dialect that listens. Views (`d9`) have no port: a database serves them.
#[rustfmt::skip] // One line each, so that another dialect is another line.
pub const LISTENING: &[&Dialect] = &[
    &d0::DIALECT,
    &d1::DIALECT,
    &d2::DIALECT,
    &d3::DIALECT,
    &d4::DIALECT,
    &d4b::DIALECT,
    &d5::DIALECT,
    &d6::DIALECT,
    &d7::DIALECT,
    &d8::DIALECT,
    &pdnd::DIALECT,
];

/// Development-only password of a municipality in a dialect: `d2-prova-c933`.
pub fn password(dialect: &str, belfiore: &str) -> String {
    format!("{dialect}-prova-{}", belfiore.to_lowercase())
}

/// Faults of the connection or of what stands in front of the system: every dialect has them.
pub const CONNECTION_FAULTS: [FaultKind; 9] = [
    FaultKind::Slow,
    FaultKind::Hang,
    FaultKind::Html502,
    FaultKind::TruncatedBody,
    FaultKind::WrongCharset,
    FaultKind::Maintenance,
    FaultKind::Huge,
    FaultKind::Drop,
    FaultKind::Garbage,
];

impl Dialect {
    pub fn find(name: &str) -> Option<&'static Dialect> {
        LISTENING
            .iter()
            .copied()
            .find(|dialect| dialect.name == name)
    }

    pub fn possible_faults(&self) -> impl Iterator<Item = FaultKind> {
        self.own_faults.iter().chain(&CONNECTION_FAULTS).copied()
    }
}

/// Response times in milliseconds, proposed for lack of any published figure.
#[derive(Clone, Copy)]
pub struct Latency {
    pub p50: u64,
    pub p95: u64,
    pub p99: u64,
}

impl Latency {
    /// The time at this point (0 to 1) of the distribution.
    pub fn draw(&self, at: f64) -> Duration {
        let [p50, p95, p99] = [self.p50, self.p95, self.p99].map(Duration::from_millis);
        let (from, to, low, high) = match at {
            at if at < 0.5 => (0.0, 0.5, p50 * 2 / 5, p50),
            at if at < 0.95 => (0.5, 0.95, p50, p95),
            at if at < 0.99 => (0.95, 0.99, p95, p99),
            _ => (0.99, 1.0, p99, p99 * 3 / 2),
        };
        low + high.saturating_sub(low).mul_f64((at - from) / (to - from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_meet_their_percentiles() {
        let latency = Latency {
            p50: 250,
            p95: 1200,
            p99: 4000,
        };
        let drawn = [0.0, 0.5, 0.95, 0.99].map(|at| latency.draw(at).as_millis());
        assert_eq!(drawn, [100, 250, 1200, 4000]);
    }
}
