//! Reads a response file; every mistake in it is noted with its place.

mod cleanings;
mod conditions;
mod expressions;
mod fields;
mod outcomes;
mod rows;

use std::collections::BTreeMap;

use toml::de::DeValue;

use super::canonical;
use super::expression::Expression;
use super::residence;
use super::rows::{NoRows, Rows};
use super::tables::Table as CodeTable;
use super::{Capture, FaultPlaces, Mapping};
use crate::config::reading::Reader;
use crate::config::reading::places::Place;
use crate::config::reading::table::Table;
use crate::config::reading::value::Value;
use crate::connectors::extract::shape::{BadPath, Format, NodeId, Shape, Wrapping};
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
    /// Places whose text is a document: something must be read in it.
    nested: Vec<(Place, NodeId)>,
}

impl<'k> Workshop<'k> {
    /// Whether requests are stamped with their instant.
    pub fn has_clock(&self) -> bool {
        self.known.stamps.clock.is_some()
    }

    /// A workshop for answers of that format; for SOAP paths begin below the body of the envelope.
    pub fn new(format: Format, soap: bool, known: Known<'k>) -> Workshop<'k> {
        let mut shape = Shape::new(format);
        if soap {
            shape.follow_references();
        }
        let fault = if soap {
            fault_places(&mut shape).ok()
        } else {
            None
        };
        Workshop {
            base: fault.map_or(NodeId::DOCUMENT, |(base, _)| base),
            fault: fault.map(|(_, places)| places),
            shape,
            namespaces: Vec::new(),
            known,
            tables: BTreeMap::new(),
            texts: Vec::new(),
            nested: Vec::new(),
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
#[expect(
    clippy::too_many_lines,
    reason = "the sections of one file in their order"
)]
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
    nested(&mut table, &mut workshop, reader);
    let expect = match table.values("expect").next() {
        Some(value) => workshop.path(value, base, reader),
        None => None,
    };
    let empty_body = table.or("empty_body", false, reader);
    let rows = rows::rows(&mut table, &mut workshop, reader);
    let context = rows.as_ref().map_or(base, |rows| rows.each);
    let outcomes = list(table.values("outcomes").next(), reader, |value, reader| {
        outcomes::outcome(value.table(reader)?, &mut workshop, reader)
    });
    let written = table.values("captures").next();
    let captures = captures(written, context, &mut workshop, reader);
    if let Some(value) = written
        && captures
            .iter()
            .any(|one| one.every && (one.absent == NoRows::Nothing || may_be_none(rows.as_ref())))
    {
        let text = "«every» vuole «rows», e «none» che non sia nothing: il passo che segue ha bisogno di un valore";
        reader.mistake(&value.place(), text);
    }
    let fields = match (table.values("fields").next(), workshop.known.operation) {
        (Some(value), Some(operation)) => {
            let known = canonical::fields(operation);
            let fields = fields::fields(value, known, context, &mut workshop, reader);
            if !residence::is_decided(fields.iter().map(|field| field.path)) {
                let text = "«residenza» vuole «stato_anagrafico» nello stesso file: chi non è residente non ha residenza";
                reader.mistake(&value.place(), text);
            }
            let positions = fields.into_iter().filter_map(|field| {
                let name = field.path;
                let position = operation.fields().iter().position(|known| *known == name);
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
    for (place, node) in &workshop.nested {
        if workshop.shape.is_leaf(*node) {
            reader.mistake(place, "nessun percorso legge qualcosa in questo documento");
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

/// Reads the places whose text is a document of its own.
fn nested(table: &mut Table<'_>, workshop: &mut Workshop<'_>, reader: &mut Reader) {
    let Some(value) = table.values("nested").next() else {
        return;
    };
    if workshop.shape.format() == Format::Columns {
        reader.mistake(
            &value.place(),
            "solo in una risposta XML o JSON c'è testo che è XML",
        );
        return;
    }
    let base = workshop.base;
    let places = list(Some(value), reader, |value, reader| {
        let place = value.place();
        let DeValue::Table(_) = value.get() else {
            let node = workshop.path(value, base, reader)?;
            return Some((place, node, Wrapping::Plain));
        };
        let mut table = value.table(reader)?;
        let written = table.values("path").next();
        if written.is_none() {
            reader.mistake(&place, "manca «path»");
        }
        let path = written.and_then(|path| workshop.path(path, base, reader));
        let is_base64 = table.or("base64", false, reader).unwrap_or_default();
        table.finish(reader);
        let wrapping = match is_base64 {
            true => Wrapping::Base64,
            false => Wrapping::Plain,
        };
        Some((place, path?, wrapping))
    });
    for (place, node, wrapping) in places {
        workshop.shape.nest(node, wrapping);
        workshop.nested.push((place, node));
    }
}

/// Whether there may be no row without a failure.
fn may_be_none(rows: Option<&Rows>) -> bool {
    rows.is_none_or(|rows| rows.none == NoRows::Nothing)
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
        let every = table.or("every", false, reader);
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
            every: every?,
        })
    });
    entries.collect()
}
