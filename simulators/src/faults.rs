//! Faults on demand: which misbehaviour the next calls of a dialect show.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

/// A way in which municipal systems fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    NotFound,
    Ambiguous,
    AuthFail,
    ExpiredToken,
    TooManyRequests,
    Slow,
    Hang,
    HangAfterCommit,
    #[serde(rename = "html_502")]
    Html502,
    TruncatedBody,
    WrongCharset,
    Maintenance,
    Duplicate,
    Huge,
    Drop,
    Garbage,
    /// The system answers in its own language that it cannot work now (database, component).
    InternalError,
    /// Answers have the form that an upgrade gave them.
    SchemaChange,
    /// Values of an rpc/encoded answer are referred to instead of written in place.
    Multiref,
    /// A new login ends the account's former session.
    SingleSession,
    /// The system's clock is `ms` ahead of the true time.
    ClockSkew,
    /// What is accepted now is done after `ms`.
    LateCompletion,
    /// What is accepted now is never done.
    NeverCompletes,
    /// The same request again has the answer of the first one instead of an error.
    Replay,
}

impl FaultKind {
    /// Whether an order that names no operation also means the request of a token.
    fn reaches_token(self) -> bool {
        matches!(self, FaultKind::AuthFail | FaultKind::SingleSession)
    }

    /// Whether it strikes in front of the system, which then never sees the call.
    pub fn keeps_out(self) -> bool {
        matches!(
            self,
            FaultKind::Hang
                | FaultKind::Html502
                | FaultKind::Maintenance
                | FaultKind::Drop
                | FaultKind::Garbage
        )
    }

    /// Whether the fault has a sense for anything else.
    fn reaches_operations(self) -> bool {
        self != FaultKind::SingleSession
    }
}

/// What `POST /control/faults` takes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultOrder {
    pub dialect: String,
    /// Belfiore code; none = every municipality.
    pub ente: Option<String>,
    /// None = every operation but the token's.
    pub operation: Option<String>,
    pub fault: FaultKind,
    /// Delay of `slow` and `late_completion`, advance of `clock_skew`, in milliseconds.
    #[serde(default = "default_ms")]
    pub ms: u64,
    /// Size of `huge`, in megabytes.
    #[serde(default = "default_mb")]
    pub mb: u32,
    /// Part of the fitting calls that fail, from 0 to 1, spread evenly.
    #[serde(default = "default_share")]
    pub share: f64,
    /// How many calls fail before the fault goes away by itself.
    pub times: Option<u32>,
}

fn default_ms() -> u64 {
    3000
}

fn default_mb() -> u32 {
    64
}

fn default_share() -> f64 {
    1.0
}

/// A fault that is switched on.
#[derive(Debug, Clone, Serialize)]
pub struct ActiveFault {
    pub id: u32,
    #[serde(flatten)]
    pub order: FaultOrder,
    /// Grows by `share` with every fitting call; a whole one is a failure. Makes shares exact instead of random.
    #[serde(skip)]
    credit: f64,
}

impl ActiveFault {
    fn fits(&self, dialect: &str, operation: &str, ente: Option<&str>) -> bool {
        let operation_fits = match &self.order.operation {
            Some(wanted) => wanted == operation,
            None if operation == TOKEN_OPERATION => self.order.fault.reaches_token(),
            None => self.order.fault.reaches_operations(),
        };
        self.order.dialect == dialect
            && operation_fits
            && (self.order.ente.is_none() || self.order.ente.as_deref() == ente)
            && self.order.times != Some(0)
    }

    fn strikes(&mut self) -> bool {
        self.credit += self.order.share;
        // A hair of tolerance: ten times 0.1 is a little less than one.
        if self.credit < 1.0 - 1e-9 {
            return false;
        }
        self.credit -= 1.0;
        self.order.times = self.order.times.map(|left| left - 1);
        true
    }
}

/// Name under which every dialect counts the request of a token.
pub const TOKEN_OPERATION: &str = "token";

/// The faults switched on, newest last.
#[derive(Default)]
pub struct FaultTable {
    active: Mutex<Vec<ActiveFault>>,
}

impl FaultTable {
    /// Switches a fault on and returns its number.
    pub fn add(&self, order: FaultOrder) -> u32 {
        let mut active = self.lock();
        let id = active.last().map_or(1, |last| last.id + 1);
        active.push(ActiveFault {
            id,
            order,
            credit: 0.0,
        });
        id
    }

    pub fn clear(&self) {
        self.lock().clear();
    }

    pub fn list(&self) -> Vec<ActiveFault> {
        self.lock().clone()
    }

    /// The fault that this call must show, if any.
    pub fn strike(&self, dialect: &str, operation: &str, ente: Option<&str>) -> Option<FaultOrder> {
        let mut active = self.lock();
        let struck = active.iter_mut().rev().find_map(|fault| {
            (fault.fits(dialect, operation, ente) && fault.strikes()).then(|| fault.order.clone())
        });
        active.retain(|fault| fault.order.times != Some(0));
        struck
    }

    fn lock(&self) -> MutexGuard<'_, Vec<ActiveFault>> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(text: &str) -> FaultOrder {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_quarter_share_strikes_every_fourth_call() {
        let table = FaultTable::default();
        table.add(order(r#"{"dialect":"d1","fault":"drop","share":0.25}"#));
        let struck: Vec<_> = (0..8)
            .map(|_| table.strike("d1", "X", None).is_some())
            .collect();
        assert_eq!(
            struck,
            [false, false, false, true, false, false, false, true]
        );
    }

    #[test]
    fn a_fault_of_three_times_goes_after_three() {
        let table = FaultTable::default();
        table.add(order(
            r#"{"dialect":"d1","ente":"B639","fault":"drop","times":3}"#,
        ));
        assert!(table.strike("d1", "X", Some("C933")).is_none());
        assert!((0..3).all(|_| table.strike("d1", "X", Some("B639")).is_some()));
        assert!(table.strike("d1", "X", Some("B639")).is_none());
        assert!(table.list().is_empty());
    }

    #[test]
    fn only_bad_credentials_reach_the_token_by_themselves() {
        let table = FaultTable::default();
        table.add(order(r#"{"dialect":"d6","fault":"drop"}"#));
        assert!(table.strike("d6", TOKEN_OPERATION, None).is_none());
        table.add(order(r#"{"dialect":"d6","fault":"auth_fail"}"#));
        assert_eq!(
            table.strike("d6", TOKEN_OPERATION, None).unwrap().fault,
            FaultKind::AuthFail
        );
    }
}
