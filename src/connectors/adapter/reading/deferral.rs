//! Reads `[operations."…".deferred]`: how an answer comes that the call does not bring.

use std::time::Duration;

use crate::config::reading::Reader;
use crate::config::reading::places::Place;
use crate::config::reading::table::Table;
use crate::config::units::Span;
use crate::connectors::adapter::Step;
use crate::connectors::adapter::deferral::{Deferral, Form};

/// A request may be open for so long at most.
const LONGEST: Duration = Duration::from_hours(24 * 30);

/// No back end is asked more often than so.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);

/// What is written, before the steps are known.
pub(super) struct Written {
    accept: String,
    first: Span,
    least: Span,
    most: Span,
    gives_up: Span,
    place: Place,
}

/// Reads the table of a back end that is asked again, if there is one; `None` where it is wrong.
#[expect(clippy::option_option, reason = "absent and wrong are two things")]
pub(super) fn written(table: &mut Table<'_>, reader: &mut Reader) -> Option<Option<Written>> {
    let Some(value) = table.values("deferred").next() else {
        return Some(None);
    };
    let mut table = value.table(reader)?;
    let accept = table.required("accept", reader);
    let first = table.required("first", reader);
    let least = table.required("least", reader);
    let most = table.required("most", reader);
    let gives_up = table.required("gives_up", reader);
    table.finish(reader);
    Some(Some(Written {
        accept: accept?,
        first: first?,
        least: least?,
        most: most?,
        gives_up: gives_up?,
        place: value.place(),
    }))
}

/// Reads the table of an officer, which must be there.
pub(super) fn manual(table: &mut Table<'_>, reader: &mut Reader) -> Option<Deferral> {
    let Some(value) = table.values("deferred").next() else {
        super::note_missing(table, "deferred", reader);
        return None;
    };
    let mut table = value.table(reader)?;
    let gives_up: Option<Span> = table.required("gives_up", reader);
    table.finish(reader);
    Some(Deferral {
        form: Form::Manual,
        gives_up: patience(gives_up?, &value.place(), reader)?,
    })
}

impl Written {
    /// Checks it against the steps.
    pub(super) fn checked(self, steps: &[Step], reader: &mut Reader) -> Option<Deferral> {
        let gives_up = patience(self.gives_up, &self.place, reader)?;
        let position = steps.iter().position(|step| step.name == self.accept);
        let accepting = position.map_or(0, |position| position + 1);
        let gives = |step: &Step| !step.mapping.given().is_empty();
        let wrong = if self.least.0 < SHORTEST_PAUSE || self.most < self.least {
            "least è almeno 100ms e most non è minore"
        } else if accepting == 0 {
            "accept: nessun passo ha questo nome"
        } else if accepting == steps.len() {
            "accept: dopo di esso serve il passo che chiede la risposta"
        } else if steps[..accepting].iter().any(gives) {
            "accept: i passi che consegnano la richiesta non danno campi"
        } else {
            return Some(Deferral {
                form: Form::Polled {
                    accepting,
                    first: self.first.0,
                    least: self.least.0,
                    most: self.most.0,
                },
                gives_up,
            });
        };
        reader.mistake(&self.place, wrong);
        None
    }
}

fn patience(gives_up: Span, place: &Place, reader: &mut Reader) -> Option<Duration> {
    if gives_up.0.is_zero() || gives_up.0 > LONGEST {
        let text = "gives_up: da più di zero a 30d: nessuna richiesta resta aperta senza fine";
        reader.mistake(place, text);
        return None;
    }
    Some(gives_up.0)
}
