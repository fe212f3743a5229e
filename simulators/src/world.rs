//! What all dialects share while they run, and the turn that every call takes through it.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse};

use crate::calls::{Calls, Presence};
use crate::completion::Completion;
use crate::delivery::{Reply, deliver};
use crate::dialects::pdnd::office::Office;
use crate::dialects::{Dialect, Latency};
use crate::faults::{FaultKind, FaultOrder, FaultTable};
use crate::population::Population;
use crate::population::served::{Aliases, Served, served};
use crate::randomness::random_unit;

/// Shared by every port and worker.
pub struct World {
    pub population: Population,
    pub faults: FaultTable,
    pub calls: Calls,
    /// The national platform's authorization server.
    pub pdnd: Office,
    pub settings: Settings,
}

/// What the command line says about all dialects.
pub struct Settings {
    /// How long a token or a session lives.
    pub token_life: Duration,
    /// Answer as slowly as such systems are thought to.
    pub realistic_latency: bool,
    pub aliases: Aliases,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            token_life: Duration::from_hours(1),
            realistic_latency: false,
            aliases: Aliases::new(),
        }
    }
}

/// One call being answered: counted, and perhaps struck by a fault.
pub struct Turn<'w> {
    dialect: &'static Dialect,
    fault: Option<FaultOrder>,
    latency: Option<Latency>,
    _presence: Presence<'w>,
}

impl World {
    pub fn new(population: Population, settings: Settings) -> Self {
        World {
            population,
            faults: FaultTable::default(),
            calls: Calls::default(),
            pdnd: Office::default(),
            settings,
        }
    }

    /// The municipality of this Belfiore code, in any case of its letter.
    pub fn served(&self, belfiore: &str) -> Option<Served> {
        served(&belfiore.trim().to_uppercase(), &self.settings.aliases)
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
            latency: self.settings.realistic_latency.then_some(dialect.latency),
            _presence: self.calls.enter(dialect.name, operation, ente),
        }
    }
}

impl Turn<'_> {
    /// Whether the call must show this fault.
    pub fn shows(&self, kind: FaultKind) -> bool {
        self.fault.as_ref().is_some_and(|order| order.fault == kind)
    }

    /// Whether the call will never be answered; it then takes no worker from the others.
    pub fn hangs(&self) -> bool {
        self.shows(FaultKind::Hang) || self.shows(FaultKind::HangAfterCommit)
    }

    /// Whether the call comes as far as the system itself.
    pub fn arrives(&self) -> bool {
        !self
            .fault
            .as_ref()
            .is_some_and(|order| order.fault.keeps_out())
    }

    /// How far the system's clock is ahead.
    pub fn clock_skew(&self) -> Duration {
        self.time_of(FaultKind::ClockSkew).unwrap_or_default()
    }

    /// How long the work lasts that this call begins.
    pub fn completion(&self) -> Completion {
        if self.shows(FaultKind::NeverCompletes) {
            return Completion::never();
        }
        match self.time_of(FaultKind::LateCompletion) {
            Some(time) => Completion::after(time),
            None if self.latency.is_some() => Completion::realistic(),
            None => Completion::soon(),
        }
    }

    fn time_of(&self, kind: FaultKind) -> Option<Duration> {
        let order = self.fault.as_ref().filter(|order| order.fault == kind);
        order.map(|order| Duration::from_millis(order.ms))
    }

    /// Sends the reply, disturbed on its way if a fault says so.
    pub async fn deliver(self, request: &HttpRequest, reply: Reply) -> HttpResponse {
        if let Some(latency) = self.latency {
            tokio::time::sleep(latency.draw(random_unit())).await;
        }
        deliver(request, self.dialect, self.fault.as_ref(), reply).await
    }
}
