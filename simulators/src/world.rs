//! What all dialects share while they run, and the turn that every call takes through it.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse};

use crate::calls::{Calls, Presence};
use crate::delivery::{Reply, deliver};
use crate::dialects::d6::tokens::Tokens;
use crate::dialects::{Dialect, Latency};
use crate::faults::{FaultKind, FaultOrder, FaultTable};
use crate::population::Population;
use crate::randomness::random_unit;

/// Shared by every port and worker.
pub struct World {
    pub population: Population,
    pub faults: FaultTable,
    pub calls: Calls,
    /// Tokens that the REST dialect has given out.
    pub tokens: Tokens,
    pub realistic_latency: bool,
}

/// One call being answered: counted, and perhaps struck by a fault.
pub struct Turn<'w> {
    dialect: &'static Dialect,
    fault: Option<FaultOrder>,
    latency: Option<Latency>,
    _presence: Presence<'w>,
}

impl World {
    pub fn new(population: Population, token_life: Duration, realistic_latency: bool) -> Self {
        World {
            population,
            faults: FaultTable::default(),
            calls: Calls::default(),
            tokens: Tokens::new(token_life),
            realistic_latency,
        }
    }

    /// Opens the turn of a call.
    pub fn begin(
        &self,
        dialect: &'static Dialect,
        operation: &'static str,
        ente: Option<&str>,
    ) -> Turn<'_> {
        Turn {
            dialect,
            fault: self.faults.strike(dialect.name, operation, ente),
            latency: self.realistic_latency.then_some(dialect.latency),
            _presence: self.calls.enter(dialect.name, operation, ente),
        }
    }
}

impl Turn<'_> {
    /// Whether the call must show this fault.
    pub fn shows(&self, kind: FaultKind) -> bool {
        self.fault.as_ref().is_some_and(|order| order.fault == kind)
    }

    /// Sends the reply, disturbed on its way if a fault says so.
    pub async fn deliver(self, request: &HttpRequest, reply: Reply) -> HttpResponse {
        if let Some(latency) = self.latency {
            tokio::time::sleep(latency.draw(random_unit())).await;
        }
        deliver(request, self.dialect, self.fault.as_ref(), reply).await
    }
}
