//! Reads a response file; every mistake in it is noted with its place.

mod expressions;
mod fields;

use std::collections::BTreeMap;
use std::time::Duration;

use toml::de::DeValue;

use super::canonical;
use super::expression::Expression;
use super::outcome::{Outcome, VERDICTS, Verdict};
use super::rows::{NoRows, OneSubject, Rows, Several};
use super::tables::Table as CodeTable;
use super::{Capture, FaultPlaces, Mapping};
use crate::config::reading::Reader;
use crate::config::reading::places::Place;
use crate::config::reading::table::Table;
use crate::config::reading::value::Value;
use crate::config::units::Span;
use crate::connectors::error::Retry;
use crate::connectors::extract::shape::{BadPath, Format, NodeId, Shape};
use crate::connectors::template::placeholder::Known;
use crate::connectors::template::{Language, Template};

/// What is needed while a response file is read.
pub struct Workshop<'k> {
    shape: Shape,
    base: NodeId,
    fault: Option<FaultPlaces>,
    namespaces: Vec<(String, String)>,
    known: Known<'k>,
    tables: BTreeMap<String, CodeTable>,
    /// Places whose text is read: nothing else may be read below them.
    texts: Vec<(Place, NodeId)>,
}

impl<'k> Workshop<'k> {
    /// A workshop for answers of that format; for SOAP paths begin below the body of the envelope.
    pub fn new(format: Format, soap: bool, known: Known<'k>) -> Workshop<'k> {
        let mut shape = Shape::new(format);
        let fault = match soap {
            true => fault_places(&mut shape).ok(),
            false => None,
        };
        Workshop {
            base: fault.map_or(NodeId::DOCUMENT, |(base, _)| base),
            fault: fault.map(|(_, places)| places),
            shape,
            namespaces: Vec::new(),
            known,
            tables: BTreeMap::new(),
            texts: Vec::new(),
        }
    }

    /// The place of a path that is written in the file.
    fn path(&mut self, value: Value<'_>, from: NodeId, reader: &mut Reader) -> Option<NodeId> {
        let text = value.parse(reader, "un percorso", |text| {
            (!text.is_empty()).then(|| text.to_owned())
        })?;
        match self.shape.add(from, &text, &self.namespaces) {
            Ok(node) => Some(node),
            Err(bad) => {
                reader.mistake(&value.place(), bad.0);
                None
            }
        }
    }

    /// A text, perhaps with placeholders.
    fn template(&self, value: Value<'_>, reader: &mut Reader) -> Option<Template> {
        let Some(text) = value.text() else {
            return value.refuse(reader, "un testo");
        };
        match Template::parse(text, Language::Plain, &self.known) {
            Ok(template) => Some(template),
            Err(mistakes) => {
                for mistake in mistakes {
                    reader.mistake(&value.place(), mistake.text);
                }
                None
            }
        }
    }
}

/// The body of an envelope and the places of a fault in it.
fn fault_places(shape: &mut Shape) -> Result<(NodeId, FaultPlaces), BadPath> {
    let body = shape.add(NodeId::DOCUMENT, "Envelope/Body", &[])?;
    let fault = shape.add(body, "Fault", &[])?;
    let mut inside = |path| shape.add(fault, path, &[]);
    let places = FaultPlaces {
        fault,
        code: [inside("faultcode")?, inside("Code/Value")?],
        text: [inside("faultstring")?, inside("Reason/Text")?],
    };
    Ok((body, places))
}

/// Reads the file; `None` where a mistake was noted.
pub fn mapping(
    mut table: Table<'_>,
    mut workshop: Workshop<'_>,
    reader: &mut Reader,
) -> Option<Mapping> {
    let noted = reader.mistakes.len();
    let namespaces: Option<BTreeMap<String, String>> = table.or_default("namespaces", reader);
    workshop.namespaces = namespaces.unwrap_or_default().into_iter().collect();
    let tables: Option<BTreeMap<String, BTreeMap<String, String>>> =
        table.or_default("tables", reader);
    for (name, entries) in tables.unwrap_or_default() {
        workshop.tables.insert(name, CodeTable::Own(entries));
    }
    let base = workshop.base;
    let expect = match table.values("expect").next() {
        Some(value) => workshop.path(value, base, reader),
        None => None,
    };
    let empty_body = table.or("empty_body", false, reader);
    let rows = rows(&mut table, &mut workshop, reader);
    let context = rows.as_ref().map_or(base, |rows| rows.each);
    let outcomes = list(table.values("outcomes").next(), reader, |value, reader| {
        outcome(value.table(reader)?, &mut workshop, reader)
    });
    let captures = captures(
        table.values("captures").next(),
        context,
        &mut workshop,
        reader,
    );
    let fields = match (table.values("fields").next(), workshop.known.operation) {
        (Some(value), Some(operation)) => {
            let known = canonical::fields(operation);
            let fields = fields::fields(value, known, context, &mut workshop, reader);
            let positions = fields.into_iter().filter_map(|field| {
                let name = field.names.first()?;
                let position = operation.fields().iter().position(|known| known == name);
                if position.is_none() {
                    let text = format!("«{name}» non è un campo di {operation}");
                    reader.mistake(&value.place(), text);
                }
                Some((position?, field))
            });
            positions.collect()
        }
        (Some(value), None) => {
            reader.mistake(&value.place(), "qui non ci sono campi da riempire");
            Vec::new()
        }
        (None, _) => Vec::new(),
    };
    table.finish(reader);
    for (place, node) in &workshop.texts {
        if !workshop.shape.is_leaf(*node) {
            let text = "di questo posto si legge il testo, e altrove anche ciò che contiene";
            reader.mistake(place, text);
        }
    }
    (reader.mistakes.len() == noted).then_some(Mapping {
        shape: workshop.shape,
        base,
        fault: workshop.fault,
        expect,
        empty_body: empty_body.unwrap_or_default(),
        rows,
        outcomes,
        captures,
        fields,
    })
}

/// Reads each element of a list; those with mistakes are left out.
fn list<T>(
    value: Option<Value<'_>>,
    reader: &mut Reader,
    mut read: impl FnMut(Value<'_>, &mut Reader) -> Option<T>,
) -> Vec<T> {
    let Some(value) = value else {
        return Vec::new();
    };
    let DeValue::Array(items) = value.get() else {
        let _: Option<()> = value.refuse(reader, "un elenco");
        return Vec::new();
    };
    let items = items.iter().map(|item| Value::new(value.source(), item));
    items.filter_map(|item| read(item, reader)).collect()
}

/// Reads a word of a fixed list.
fn word<T: Copy>(value: Value<'_>, reader: &mut Reader, words: &[(&str, T)]) -> Option<T> {
    let names: Vec<&str> = words.iter().map(|(name, _)| *name).collect();
    let expected = format!("una parola fra {}", names.join(", "));
    value.parse(reader, &expected, |text| {
        let found = words.iter().find(|(name, _)| *name == text);
        found.map(|(_, word)| *word)
    })
}

const NO_ROWS: [(&str, NoRows); 3] = [
    ("not_found", NoRows::NotFound),
    ("nothing", NoRows::Nothing),
    ("unintelligible", NoRows::Unintelligible),
];

#[derive(Clone, Copy, PartialEq)]
enum SeveralWord {
    Ambiguous,
    All,
}

const SEVERAL: [(&str, SeveralWord); 2] = [
    ("ambiguous", SeveralWord::Ambiguous),
    ("all", SeveralWord::All),
];

fn rows(table: &mut Table<'_>, workshop: &mut Workshop<'_>, reader: &mut Reader) -> Option<Rows> {
    let place = table.place();
    let rows = table.values("rows").next();
    let none = table.values("none").next();
    let several = table.values("several").next();
    let one_subject = table.values("one_subject").next();
    let asked = table.values("asked").next();
    let Some(rows) = rows else {
        let without = [none, several, one_subject, asked].into_iter().flatten();
        for value in without {
            reader.mistake(&value.place(), "senza «rows» non ha senso");
        }
        return None;
    };
    let each = workshop.path(rows, workshop.base, reader)?;
    let none = match none {
        Some(value) => word(value, reader, &NO_ROWS),
        None => {
            if let Some(place) = place {
                let text = "manca «none»: che cosa vuol dire che non c'è nessuna riga";
                reader.mistake(&place, text);
            }
            None
        }
    };
    let several = match (several, one_subject) {
        (None, None) => Some(Several::Ambiguous),
        (Some(value), None) => word(value, reader, &SEVERAL).map(|word| match word {
            SeveralWord::Ambiguous => Several::Ambiguous,
            SeveralWord::All => Several::All,
        }),
        (None, Some(value)) => self::one_subject(value, each, workshop, reader),
        (Some(value), Some(_)) => {
            reader.mistake(&value.place(), "«several» e [one_subject] si escludono");
            None
        }
    };
    let asked = match asked {
        Some(value) => Some(workshop.expression(value, each, reader)?),
        None => None,
    };
    Some(Rows {
        each,
        none: none?,
        several: several?,
        asked,
    })
}

fn one_subject(
    value: Value<'_>,
    each: NodeId,
    workshop: &mut Workshop<'_>,
    reader: &mut Reader,
) -> Option<Several> {
    let mut table = value.table(reader)?;
    let same = workshop.required(&mut table, "same", each, reader);
    let registration = workshop.optional(&mut table, "registration", each, reader);
    let prefer = list(table.values("prefer").next(), reader, |value, reader| {
        workshop.condition(value, each, reader)
    });
    let latest = workshop.optional(&mut table, "latest", each, reader);
    table.finish(reader);
    Some(Several::OneSubject(Box::new(OneSubject {
        same: same?,
        registration,
        prefer,
        latest,
    })))
}

fn outcome(
    mut table: Table<'_>,
    workshop: &mut Workshop<'_>,
    reader: &mut Reader,
) -> Option<Outcome> {
    let base = workshop.base;
    let place = table.place();
    let status = list(table.values("status").next(), reader, |value, reader| {
        let status: u32 = crate::config::reading::Read::read(value, reader)?;
        let fits = u16::try_from(status)
            .ok()
            .filter(|status| (100..600).contains(status));
        if fits.is_none() {
            reader.mistake(&value.place(), "non è uno stato HTTP");
        }
        fits
    });
    let fault = table.values("fault").next().map(|value| {
        let faults = list(Some(value), reader, |value, reader| {
            workshop.template(value, reader)
        });
        (!faults.is_empty()).then_some(faults)
    });
    let when = list(table.values("when").next(), reader, |value, reader| {
        workshop.condition(value, base, reader)
    });
    let verdict: Option<Verdict> = match table.values("then").next() {
        Some(value) => word(value, reader, &VERDICTS),
        None => {
            let text = "manca «then»: che cosa vuol dire questa risposta";
            place.iter().for_each(|place| reader.mistake(place, text));
            None
        }
    };
    let retry = table
        .values("retry")
        .next()
        .map(|value| retry(value, reader));
    let code = workshop.optional(&mut table, "code", base, reader);
    table.finish(reader);
    if status.is_empty() && fault.is_none() && when.is_empty() {
        let text = "una regola senza «status», «fault» o «when» varrebbe per ogni risposta";
        place.iter().for_each(|place| reader.mistake(place, text));
    }
    Some(Outcome {
        status,
        fault: match fault {
            Some(texts) => Some(texts?),
            None => None,
        },
        when,
        verdict: verdict?,
        retry: match retry {
            Some(retry) => Some(retry?),
            None => None,
        },
        code,
    })
}

fn retry(value: Value<'_>, reader: &mut Reader) -> Option<Retry> {
    let expected = "\"never\", \"now\" o una durata come \"30s\"";
    value.parse(reader, expected, |text| match text {
        "never" => Some(Retry::Never),
        "now" => Some(Retry::Now),
        duration => Span::parse(duration).map(|Span(after): Span| {
            let after: Duration = after;
            Retry::After(after)
        }),
    })
}

fn captures(
    value: Option<Value<'_>>,
    context: NodeId,
    workshop: &mut Workshop<'_>,
    reader: &mut Reader,
) -> Vec<Capture> {
    let Some(value) = value else {
        return Vec::new();
    };
    let DeValue::Table(entries) = value.get() else {
        let _: Option<()> = value.refuse(reader, "una tabella");
        return Vec::new();
    };
    let entries = entries.iter().filter_map(|(name, item)| {
        let mut table = Value::new(value.source(), item).table(reader)?;
        let integer = table.or("integer", false, reader);
        let absent = match table.values("absent").next() {
            Some(value) => word(value, reader, &NO_ROWS),
            None => Some(NoRows::Unintelligible),
        };
        let value: Option<Expression> = workshop.expression_in(&mut table, context, reader);
        table.finish(reader);
        Some(Capture {
            name: name.get_ref().as_ref().into(),
            value: value?,
            integer: integer?,
            absent: absent?,
        })
    });
    entries.collect()
}
