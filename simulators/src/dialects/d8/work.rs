//! The work of D8: what was accepted under which number, and what comes of it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::completion::{Completion, Progress};
use crate::faults::FaultKind;
use crate::population::Population;
use crate::population::served::Served;
use crate::soap::Element;
use crate::world::Turn;

use super::documents;

/// Code and text of what went wrong.
pub type Failure = (u16, &'static str);

pub const INVALID: Failure = (1, "Richiesta non valida");
pub const UNKNOWN_ENTE: Failure = (2, "Ente sconosciuto");
pub const UNKNOWN_SERVICE: Failure = (3, "Servizio non previsto");
pub const EXISTS: Failure = (4, "Identificativo operazione gia' presente");
pub const UNKNOWN_OPERATION: Failure = (5, "Identificativo operazione inesistente");
pub const NOT_FOUND: Failure = (6, "Nessun soggetto trovato");
pub const AMBIGUOUS: Failure = (7, "Piu' soggetti trovati");
pub const INTERNAL: Failure = (999, "Errore interno");

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Service {
    Registry,
    Taxes,
    /// A change of the area of a TARI utility: the only one that changes something.
    Declaration,
}

/// One piece of work.
#[derive(Debug, Clone)]
pub struct Task {
    pub service: Service,
    /// The document of the request, as it came.
    pub document: String,
}

impl Task {
    /// Reads the document; a failure if the service cannot take it.
    pub fn new(service: Service, document: &str) -> Result<Self, Failure> {
        let task = Task {
            service,
            document: document.to_owned(),
        };
        let element = task.element().ok_or(INVALID)?;
        let names: &[&str] = match service {
            Service::Declaration => &[
                "CodiceFiscale",
                "IdUtenza",
                "NuovaSuperficie",
                "DataDecorrenza",
            ],
            _ => &["CodiceFiscale"],
        };
        if names.iter().all(|name| element.filled(name).is_some()) {
            Ok(task)
        } else {
            Err(INVALID)
        }
    }

    fn element(&self) -> Option<Element> {
        Element::read(&self.document)
    }

    /// What comes of it, as a document; `number` is that of the practice.
    pub fn result(
        &self,
        population: &Population,
        served: Served,
        number: u32,
        turn: &Turn<'_>,
    ) -> Result<String, Failure> {
        let element = self.element().ok_or(INVALID)?;
        if turn.shows(FaultKind::InternalError) {
            return Err(INTERNAL);
        }
        if turn.shows(FaultKind::Ambiguous) {
            return Err(AMBIGUOUS);
        }
        let code = element.filled("CodiceFiscale").ok_or(INVALID)?;
        let copies = 1 + usize::from(turn.shows(FaultKind::Duplicate));
        let result = match self.service {
            _ if turn.shows(FaultKind::NotFound) => None,
            Service::Registry => documents::registry(population, served, code, copies),
            Service::Taxes => {
                let year = element.filled("Anno").and_then(|year| year.parse().ok());
                documents::taxes(population, served, code, year, copies)
            }
            Service::Declaration => {
                let utility = element.filled("IdUtenza").and_then(|id| id.parse().ok());
                documents::declaration(population, served, code, utility, number)
            }
        };
        result.ok_or(NOT_FOUND)
    }
}

/// Work under its number.
#[derive(Debug, Clone)]
pub struct Operation {
    pub task: Task,
    /// Number of the practice.
    pub number: u32,
    completion: Completion,
}

impl Operation {
    pub fn progress(&self) -> Progress {
        self.completion.progress()
    }
}

/// All work accepted since the start, by municipality and the number that the caller gave.
#[derive(Default)]
pub struct Accepted {
    held: Mutex<HashMap<(&'static str, String), Operation>>,
}

impl Accepted {
    /// Accepts work and says whether it is new. A number that is there already is refused, or, if installations
    /// are like that, taken for the same request.
    pub fn accept(
        &self,
        ente: &'static str,
        id: &str,
        task: Task,
        turn: &Turn<'_>,
    ) -> Result<bool, Failure> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let number = u32::try_from(held.len()).unwrap_or(u32::MAX - 1) + 1;
        match held.get(&(ente, id.to_owned())) {
            Some(first)
                if turn.shows(FaultKind::Replay) && first.task.document == task.document =>
            {
                Ok(false)
            }
            Some(_) => Err(EXISTS),
            None => {
                let completion = turn.completion();
                let operation = Operation {
                    task,
                    number,
                    completion,
                };
                held.insert((ente, id.to_owned()), operation);
                Ok(true)
            }
        }
    }

    pub fn find(&self, ente: &'static str, id: &str) -> Option<Operation> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.get(&(ente, id.to_owned())).cloned()
    }
}
