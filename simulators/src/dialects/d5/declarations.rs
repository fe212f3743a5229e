//! Declarations that were submitted to D5, each kept once, and how far they have come.

use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::NaiveDate;

use crate::completion::{Completion, Progress};

/// A change of the area of a utility.
#[derive(Debug, Clone)]
pub struct Declaration {
    pub ente: &'static str,
    /// Number of the request that brought it.
    pub request: String,
    pub subject: u32,
    pub utility: u32,
    pub protocol_number: String,
    pub protocol_date: NaiveDate,
    pub from: NaiveDate,
    /// Tenths of a square metre.
    pub area: u32,
    pub completion: Completion,
}

impl Declaration {
    /// `ACQUISITA`, `IN_ELABORAZIONE`, `ACCETTATA`; a utility without any area is `RIGETTATA`.
    pub fn state(&self) -> &'static str {
        match self.completion.progress() {
            Progress::Accepted => "ACQUISITA",
            Progress::Underway => "IN_ELABORAZIONE",
            Progress::Done if self.area == 0 => "RIGETTATA",
            Progress::Done => "ACCETTATA",
        }
    }

    /// The same declaration again: that of the same protocol, or of the same utility from the same day.
    fn repeats(&self, other: &Declaration) -> bool {
        let protocol = |one: &Declaration| (one.protocol_number.clone(), one.protocol_date);
        self.ente == other.ente
            && (protocol(self) == protocol(other)
                || (self.utility, self.from) == (other.utility, other.from))
    }
}

/// All declarations since the start.
#[derive(Default)]
pub struct Declarations {
    held: Mutex<Vec<Declaration>>,
}

impl Declarations {
    /// Keeps a declaration, unless it is there already.
    pub fn submit(&self, declaration: Declaration) -> bool {
        let mut held = self.lock();
        if held.iter().any(|other| declaration.repeats(other)) {
            return false;
        }
        held.push(declaration);
        true
    }

    /// Those of a taxpayer, oldest first.
    pub fn of(&self, ente: &str, subject: u32) -> Vec<Declaration> {
        let of_subject = |one: &&Declaration| one.ente == ente && one.subject == subject;
        self.lock().iter().filter(of_subject).cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Declaration>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
