//! Counters of what the simulated systems were asked, without any personal datum.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

/// Dialect and Belfiore code; the code is empty when the call did not say whom it meant.
type Desk = (&'static str, String);

#[derive(Default)]
struct Counters {
    calls: BTreeMap<(Desk, &'static str), u64>,
    tokens: BTreeMap<Desk, u64>,
    present: BTreeMap<Desk, u64>,
    crowd: BTreeMap<Desk, u64>,
    executed: BTreeMap<(Desk, &'static str), u64>,
}

/// All counters of a running set of simulators.
#[derive(Default)]
pub struct Calls {
    counters: Mutex<Counters>,
}

/// A call that is being answered; dropping it ends its presence.
pub struct Presence<'a> {
    calls: &'a Calls,
    desk: Desk,
}

impl Calls {
    /// Counts a call and keeps it present until the result is dropped.
    pub fn enter(
        &self,
        dialect: &'static str,
        operation: &'static str,
        ente: Option<&str>,
    ) -> Presence<'_> {
        let desk = (dialect, ente.unwrap_or_default().to_owned());
        let mut counters = self.lock();
        *counters.calls.entry((desk.clone(), operation)).or_default() += 1;
        let present = counters.present.entry(desk.clone()).or_default();
        *present += 1;
        let now = *present;
        let crowd = counters.crowd.entry(desk.clone()).or_default();
        *crowd = now.max(*crowd);
        Presence { calls: self, desk }
    }

    pub fn token_issued(&self, dialect: &'static str, ente: &str) {
        *self
            .lock()
            .tokens
            .entry((dialect, ente.to_owned()))
            .or_default() += 1;
    }

    /// Counts something that was done, not only asked for.
    pub fn executed(&self, dialect: &'static str, operation: &'static str, ente: &str) {
        *self
            .lock()
            .executed
            .entry(((dialect, ente.to_owned()), operation))
            .or_default() += 1;
    }

    /// Starts anew; calls that are still present are forgotten.
    pub fn clear(&self) {
        *self.lock() = Counters::default();
    }

    /// The answer of `GET /control/calls`.
    pub fn report(&self) -> Value {
        let counters = self.lock();
        let of =
            |(dialect, ente): &Desk| (*dialect, Some(ente.clone()).filter(|ente| !ente.is_empty()));
        let calls = counters.calls.iter().map(|((desk, operation), count)| {
            let (dialect, ente) = of(desk);
            json!({ "dialect": dialect, "operation": operation, "ente": ente, "count": count })
        });
        let tokens = counters.tokens.iter().map(|(desk, count)| {
            let (dialect, ente) = of(desk);
            json!({ "dialect": dialect, "ente": ente, "count": count })
        });
        let crowd = counters.crowd.iter().map(|(desk, max)| {
            let (dialect, ente) = of(desk);
            json!({ "dialect": dialect, "ente": ente, "max": max })
        });
        let executed = counters.executed.iter().map(|((desk, operation), count)| {
            let (dialect, ente) = of(desk);
            json!({ "dialect": dialect, "operation": operation, "ente": ente, "count": count })
        });
        json!({
            "executed": executed.collect::<Value>(),
            "calls": calls.collect::<Value>(),
            "tokens_issued": tokens.collect::<Value>(),
            "max_concurrency": crowd.collect::<Value>(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Counters> {
        self.counters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Presence<'_> {
    fn drop(&mut self) {
        if let Some(present) = self.calls.lock().present.get_mut(&self.desk) {
            *present = present.saturating_sub(1);
        }
    }
}
