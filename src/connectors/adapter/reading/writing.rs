//! Reads `[operations."…".write]`: which step changes something, and how a write is looked for afterwards.

use std::time::Duration;

use crate::config::reading::Reader;
use crate::config::reading::places::Place;
use crate::config::reading::table::Table;
use crate::config::units::Span;
use crate::connectors::adapter::Step;
use crate::connectors::adapter::writing::{LookUp, Writing};
use crate::contract::operation::Operation;

/// No back end is asked more often than so.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);

/// What is written, before the steps are known.
pub(super) struct Written {
    step: String,
    look_up: Option<LookUp>,
    place: Place,
}

/// Reads the table, which a write must have and nothing else may; `None` where that is wrong.
#[expect(clippy::option_option, reason = "absent and wrong are two things")]
pub(super) fn written(
    operation: Operation,
    table: &mut Table<'_>,
    reader: &mut Reader,
) -> Option<Option<Written>> {
    let Some(value) = table.values("write").next() else {
        if operation.is_write() {
            super::note_missing(table, "write", reader);
            return None;
        }
        return Some(None);
    };
    if !operation.is_write() {
        reader.mistake(&value.place(), "write: l'operazione non scrive nulla");
        return None;
    }
    let place = value.place();
    let mut table = value.table(reader)?;
    let step = table.required("step", reader);
    let first: Option<Span> = table.optional("first", reader);
    let most: Option<Span> = table.optional("most", reader);
    let conclusive: Option<Span> = table.optional("conclusive", reader);
    table.finish(reader);
    let look_up = match (first, most, conclusive) {
        (Some(first), Some(most), Some(conclusive)) => Some(LookUp {
            first: first.0,
            most: most.0,
            conclusive: conclusive.0,
        }),
        (None, None, None) => None,
        _ => {
            reader.mistake(
                &place,
                "write: first, most e conclusive si indicano insieme",
            );
            return None;
        }
    };
    Some(Some(Written {
        step: step?,
        look_up,
        place,
    }))
}

impl Written {
    /// What holds once the steps are known.
    pub(super) fn checked(self, steps: &[Step], reader: &mut Reader) -> Option<Writing> {
        let mut wrong = |text: &str| -> Option<Writing> {
            reader.mistake(&self.place, text);
            None
        };
        let Some(step) = steps.iter().position(|step| step.name == self.step) else {
            return wrong("write: «step» è il passo che scrive, e nessun passo si chiama così");
        };
        if steps[step].for_each.is_some() {
            return wrong("write: il passo che scrive si fa una volta sola, senza for_each");
        }
        let (to_the_write, after) = steps.split_at(step + 1);
        if !to_the_write[..step]
            .iter()
            .all(|step| step.mapping.given().is_empty())
        {
            return wrong("write: i passi prima di quello che scrive non danno campi");
        }
        if steps[step].mapping.given().is_empty() {
            return wrong("write: il passo che scrive dà i campi della risposta");
        }
        match self.look_up {
            None if !after.is_empty() => {
                return wrong(
                    "write: i passi dopo quello che scrive chiedono che ne è stato; servono first, most e conclusive",
                );
            }
            Some(_) if after.iter().all(|step| step.mapping.given().is_empty()) => {
                return wrong(
                    "write: nessun passo dopo quello che scrive dà i campi della risposta",
                );
            }
            Some(look_up) if look_up.first < SHORTEST_PAUSE || look_up.most < look_up.first => {
                return wrong("write: first è almeno 100ms e most non è più breve");
            }
            _ => {}
        }
        Some(Writing {
            step,
            look_up: self.look_up,
        })
    }
}
