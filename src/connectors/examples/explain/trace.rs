//! Follows one value: where it stands, each step that changes it, and what it is made of.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value;

use super::{Field, words};
use crate::connectors::extract::CellRef;
use crate::connectors::mapping::Mapping;
use crate::connectors::mapping::cleaning::Cleaning;
use crate::connectors::mapping::condition::{Condition, all_hold};
use crate::connectors::mapping::expression::{Expression, Items, Source};
use crate::connectors::mapping::field::{Content, FieldMapping, PlaceMapping};
use crate::connectors::template::scope::Scope;
use crate::contract::document::{Document, Entry};
use crate::contract::operation::{FieldSet, Operation};

/// How a value came about.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Trace {
    /// What part of the field it is, where it is only a part of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    /// The path of the place, or what there is instead of one.
    pub place: String,
    /// The text as it stands there; absent: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Each step that changed it, with what came of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Change>,
    /// What it is made of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub of: Vec<Trace>,
    /// What came of it; absent: no value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Why there is no value, or why it cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

/// A step that changed a text.
#[derive(Debug, Clone, Serialize)]
pub struct Change {
    /// The step, as response files write it.
    pub step: String,
    /// What came of it; absent: no value.
    pub text: Option<String>,
}

/// Follows values of one answer.
pub struct Tracer<'m> {
    /// The response file.
    pub mapping: &'m Mapping,
    /// The values of placeholders.
    pub scope: &'m Scope<'m>,
}

impl Tracer<'_> {
    /// Follows a field, or all fields that it is made of.
    #[expect(clippy::too_many_lines, reason = "a table: one arm a kind of content")]
    pub fn field(
        &self,
        prefix: &str,
        field: &FieldMapping,
        at: CellRef<'_>,
        told: &mut Vec<Field>,
    ) {
        let path = format!("{prefix}{}", field.path);
        match &field.content {
            Content::Value(_, expression) => {
                let trace = self.expression(expression, at);
                let value = written(field, at, self.scope);
                told.push(Field {
                    field: path,
                    value,
                    from: vec![trace],
                });
            }
            Content::Place(when, place) => {
                let mut from = self.place(place, at);
                for condition in when {
                    if !condition.holds(at, self.scope).unwrap_or(false) {
                        let text = words::condition(condition, self.mapping, self.scope);
                        from.push(Trace {
                            because: Some(format!("non vale: {text}")),
                            ..Trace::default()
                        });
                    }
                }
                told.push(Field {
                    field: path,
                    value: written(field, at, self.scope),
                    from,
                });
            }
            Content::Group(fields) => {
                for field in fields {
                    self.field(prefix, field, at, told);
                }
            }
            Content::List(items, fields) => {
                let each = words::place(items.each, self.mapping);
                let found = items.of(at, self.scope).unwrap_or_default();
                if found.is_empty() {
                    let from = Trace {
                        place: each,
                        because: Some("nessun elemento".to_owned()),
                        ..Trace::default()
                    };
                    told.push(Field {
                        field: path.clone(),
                        value: None,
                        from: vec![from],
                    });
                }
                for (index, item) in found.into_iter().enumerate() {
                    for field in fields {
                        self.field(&format!("{path}[{index}]."), field, item, told);
                    }
                }
            }
            Content::Codes(items, take) => {
                for (index, item) in items
                    .of(at, self.scope)
                    .unwrap_or_default()
                    .into_iter()
                    .enumerate()
                {
                    let trace = self.expression(take, item);
                    let value = trace.value.clone().map(Value::from);
                    told.push(Field {
                        field: format!("{path}[{index}]"),
                        value,
                        from: vec![trace],
                    });
                }
            }
        }
    }

    fn place(&self, place: &PlaceMapping, at: CellRef<'_>) -> Vec<Trace> {
        let parts = [
            ("istat", &place.istat),
            ("belfiore", &place.belfiore),
            ("stato", &place.stato),
            ("denominazione", &place.denominazione),
            ("on", &place.on),
        ];
        let written = parts
            .into_iter()
            .filter_map(|(name, part)| Some((name, part.as_ref()?)));
        let traces = written.map(|(name, expression)| Trace {
            part: Some(name.to_owned()),
            ..self.expression(expression, at)
        });
        traces.collect()
    }

    /// Follows a value.
    pub fn expression(&self, expression: &Expression, at: CellRef<'_>) -> Trace {
        for condition in &expression.when {
            if !condition.holds(at, self.scope).unwrap_or(false) {
                let text = words::condition(condition, self.mapping, self.scope);
                return Trace {
                    place: words::source(&expression.source, self.mapping),
                    because: Some(format!("non vale: {text}")),
                    ..Trace::default()
                };
            }
        }
        let mut trace = self.source(&expression.source, at);
        let text = match expression.source.value(at, self.scope) {
            Ok(Some(text)) => text,
            Ok(None) => return trace,
            Err(trouble) => {
                trace.because = Some(trouble.0.into_owned());
                return trace;
            }
        };
        trace.text = Some(text.clone().into_owned());
        let (steps, outcome) = clean(&expression.cleaning, &text);
        trace.steps = steps;
        match outcome {
            Ok(value) => trace.value = value,
            Err(reason) => trace.because = Some(reason),
        }
        trace
    }

    /// Where a value comes from, and what it is made of.
    fn source(&self, source: &Source, at: CellRef<'_>) -> Trace {
        let place = words::source(source, self.mapping);
        let of = match source {
            Source::Path(..) | Source::Template(_) => Vec::new(),
            Source::Join(parts, _) => parts.iter().map(|part| self.expression(part, at)).collect(),
            Source::First(parts) => {
                let mut of = Vec::new();
                for part in parts {
                    of.push(self.expression(part, at));
                    if of.last().is_some_and(|trace| trace.value.is_some()) {
                        break;
                    }
                }
                of
            }
            Source::Case(cases) => self.case(cases, at),
            Source::DateParts { day, month, year } => [year, month, day]
                .map(|part| self.expression(part, at))
                .to_vec(),
            Source::OneOf { items, take, .. } => self.of_items(items, take, at),
            Source::Sum { items, number } => self.of_items(items, number, at),
        };
        Trace {
            place,
            of,
            ..Trace::default()
        }
    }

    /// The case that holds, with its conditions.
    fn case(&self, cases: &[(Vec<Condition>, Expression)], at: CellRef<'_>) -> Vec<Trace> {
        let holds = cases
            .iter()
            .find(|(conditions, _)| all_hold(conditions, at, self.scope).unwrap_or(false));
        let Some((conditions, expression)) = holds else {
            return Vec::new();
        };
        let because: Vec<String> = conditions
            .iter()
            .map(|condition| words::condition(condition, self.mapping, self.scope))
            .collect();
        let because = if because.is_empty() {
            "altrimenti".to_owned()
        } else {
            format!("vale: {}", because.join(", "))
        };
        vec![Trace {
            because: Some(because),
            ..self.expression(expression, at)
        }]
    }

    fn of_items(&self, items: &Items, take: &Expression, at: CellRef<'_>) -> Vec<Trace> {
        let items = items.of(at, self.scope).unwrap_or_default();
        items
            .into_iter()
            .map(|item| self.expression(take, item))
            .collect()
    }
}

/// Each step of a cleaning that changes the text, and what comes of all of them.
fn clean(cleaning: &Cleaning, text: &str) -> (Vec<Change>, Result<Option<String>, String>) {
    let mut steps = Vec::new();
    let mut now = text.to_owned();
    for (name, step) in words::steps(cleaning) {
        match step.apply(Cow::Borrowed(&now)) {
            Ok(Some(next)) if *next == *now => {}
            Ok(Some(next)) => {
                let next = next.into_owned();
                steps.push(Change {
                    step: name,
                    text: Some(next.clone()),
                });
                now = next;
            }
            Ok(None) => {
                if !text.trim().is_empty() {
                    steps.push(Change {
                        step: name,
                        text: None,
                    });
                }
                return (steps, Ok(None));
            }
            Err(trouble) => {
                return (steps, Err(format!("{name}: {}", trouble.0)));
            }
        }
    }
    (steps, Ok(Some(now)))
}

/// What is written into the answer for that field alone.
fn written(field: &FieldMapping, at: CellRef<'_>, scope: &Scope<'_>) -> Option<Value> {
    let mut entry = Entry::default();
    entry.write(0, |entry| field.write(at, scope, entry)).ok()?;
    let mut json = Vec::new();
    let operation = Operation::RicercaPersona;
    Document::of(operation, vec![entry]).write_cut(FieldSet::all(operation), &mut json);
    let written: Value = serde_json::from_slice(&json).ok()?;
    written.as_object()?.values().next().cloned()
}
