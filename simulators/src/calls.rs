//! Counters of what the simulated systems were asked, without any personal datum.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::{Value, json};

/// Dialect and Belfiore code; the code is empty when the call did not say whom it meant.
type Desk = (&'static str, String);

#[derive(Default)]
struct Counters {
    calls: BTreeMap<(Desk, &'static str), u64>,
    tokens: BTreeMap<Desk, u64>,
    present: BTreeMap<Desk, u64>,
    crowd: BTreeMap<Desk, u64>,
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

#[derive(Serialize)]
struct Line<'a> {
    dialect: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<&'a str>,
    ente: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max: Option<u64>,
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

    /// Starts anew; calls that are still present are forgotten.
    pub fn clear(&self) {
        *self.lock() = Counters::default();
    }

    /// The answer of `GET /control/calls`.
    pub fn report(&self) -> Value {
        let counters = self.lock();
        let calls: Vec<_> = counters
            .calls
            .iter()
            .map(|((desk, operation), count)| line(desk, Some(operation), Some(*count), None))
            .collect();
        let tokens: Vec<_> = counters
            .tokens
            .iter()
            .map(|(desk, count)| line(desk, None, Some(*count), None))
            .collect();
        let crowd: Vec<_> = counters
            .crowd
            .iter()
            .map(|(desk, max)| line(desk, None, None, Some(*max)))
            .collect();
        json!({ "calls": calls, "tokens_issued": tokens, "max_concurrency": crowd })
    }

    fn lock(&self) -> MutexGuard<'_, Counters> {
        self.counters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn line<'a>(
    desk: &'a Desk,
    operation: Option<&'a str>,
    count: Option<u64>,
    max: Option<u64>,
) -> Line<'a> {
    Line {
        dialect: desk.0,
        operation,
        ente: (!desk.1.is_empty()).then_some(desk.1.as_str()),
        count,
        max,
    }
}

impl Drop for Presence<'_> {
    fn drop(&mut self) {
        if let Some(present) = self.calls.lock().present.get_mut(&self.desk) {
            *present = present.saturating_sub(1);
        }
    }
}
