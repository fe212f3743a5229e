//! Reads the `[fields]` of a response file against the contract's fields.

use toml::de::DeValue;

use super::{Workshop, list};
use crate::config::reading::Reader;
use crate::config::reading::places::Place;
use crate::config::reading::similar::most_similar;
use crate::config::reading::table::Table;
use crate::config::reading::value::Value;
use crate::connectors::extract::shape::NodeId;
use crate::connectors::mapping::canonical::{Field, Kind};
use crate::connectors::mapping::cleaning::Unknown;
use crate::connectors::mapping::expression::{Expression, Items, Source};
use crate::connectors::mapping::field::{Content, FieldMapping, PlaceMapping, write_in_form};
use crate::contract::document::Entry;

/// Reads a table of fields.
pub fn fields(
    value: Value<'_>,
    known: &'static [Field],
    at: NodeId,
    workshop: &mut Workshop<'_>,
    reader: &mut Reader,
) -> Vec<FieldMapping> {
    let mut found = Vec::new();
    walk(value, "", known, &mut found, reader);
    // Fields are written in the contract's order, so those of one object stand together.
    found.sort_by_key(|(field, _)| known.iter().position(|known| known.path == field.path));
    let mut read: Vec<FieldMapping> = Vec::with_capacity(found.len());
    for (field, item) in &found {
        if let Some(content) = content(*item, field, at, workshop, reader) {
            insert(
                &mut read,
                FieldMapping {
                    path: field.path,
                    key: key(field.path),
                    required: field.required,
                    content,
                },
            );
        }
    }
    for field in known.iter().filter(|field| field.required) {
        let object = object(field.path);
        let mut written = found.iter().map(|(read, _)| read.path);
        let expected = object.is_none() || written.any(|path| self::object(path) == object);
        if expected && !found.iter().any(|(read, _)| read.path == field.path) {
            reader.mistake(&value.place(), format!("manca il campo «{}»", field.path));
        }
    }
    read
}

/// Puts a field into the object that it is part of.
fn insert(fields: &mut Vec<FieldMapping>, field: FieldMapping) {
    let Some(object) = object(field.path) else {
        fields.push(field);
        return;
    };
    match fields.last_mut() {
        Some(FieldMapping {
            path,
            content: Content::Group(inner),
            ..
        }) if *path == object => inner.push(field),
        _ => fields.push(FieldMapping {
            path: object,
            key: key(object),
            required: false,
            content: Content::Group(vec![field]),
        }),
    }
}

/// The object that a field is part of.
fn object(path: &'static str) -> Option<&'static str> {
    path.rsplit_once('.').map(|(object, _)| object)
}

/// The last name of a path, as JSON writes it before the value; names of the contract need no escaping.
fn key(path: &str) -> Box<str> {
    let name = path.rsplit('.').next().unwrap_or(path);
    format!("\"{name}\":").into()
}

/// Finds the fields that are written; a field inside another may be written with a dot or as a table.
fn walk<'v>(
    value: Value<'v>,
    prefix: &str,
    known: &'static [Field],
    found: &mut Vec<(&'static Field, Value<'v>)>,
    reader: &mut Reader,
) {
    let DeValue::Table(table) = value.get() else {
        let _: Option<()> = value.refuse(reader, "una tabella di campi");
        return;
    };
    for (key, item) in table {
        let path = format!("{prefix}{}", key.get_ref());
        let item = Value::new(value.source(), item);
        let inside = format!("{path}.");
        if let Some(field) = known.iter().find(|field| field.path == path) {
            found.push((field, item));
        } else if known.iter().any(|field| field.path.starts_with(&inside)) {
            walk(item, &inside, known, found, reader);
        } else {
            let paths = known.iter().map(|field| field.path);
            let text = match most_similar(&path, paths) {
                Some(similar) => format!("il campo «{path}» non esiste: forse «{similar}»?"),
                None => format!("il campo «{path}» non esiste nel contratto"),
            };
            reader.mistake(&Place::new(value.source(), key.span().start), text);
        }
    }
}

fn content(
    value: Value<'_>,
    field: &'static Field,
    at: NodeId,
    workshop: &mut Workshop<'_>,
    reader: &mut Reader,
) -> Option<Content> {
    match field.kind {
        Kind::Place => place(value, at, workshop, reader),
        Kind::List(known) => {
            let mut table = value.table(reader)?;
            let items = items(&mut table, at, workshop, reader);
            let inner = if let (Some(value), Some(items)) = (table.values("fields").next(), &items)
            {
                fields(value, known, items.each, workshop, reader)
            } else {
                reader.mistake(&value.place(), "un elenco vuole «each» e «fields»");
                Vec::new()
            };
            table.finish(reader);
            Some(Content::List(items?, inner))
        }
        Kind::Codes => {
            let mut table = value.table(reader)?;
            let items = items(&mut table, at, workshop, reader)?;
            let take = workshop.required(&mut table, "take", items.each, reader);
            table.finish(reader);
            Some(Content::Codes(items, take?))
        }
        kind => {
            let expression = workshop.expression(value, at, reader)?;
            check(&expression, kind, false, &value.place(), reader);
            Some(Content::Value(kind, expression))
        }
    }
}

/// Several of what stands below `at`: `each`, and what narrows it.
pub(super) fn items(
    table: &mut Table<'_>,
    at: NodeId,
    workshop: &mut Workshop<'_>,
    reader: &mut Reader,
) -> Option<Items> {
    let each = table.values("each").next()?;
    let within = match table.values("within").next() {
        Some(value) => {
            let mut around = value.table(reader)?;
            let items = items(&mut around, at, workshop, reader);
            around.finish(reader);
            Some(Box::new(items?))
        }
        None => None,
    };
    let at = within.as_ref().map_or(at, |around| around.each);
    let each = workshop.path(each, at, reader)?;
    let conditions = list(table.values("where").next(), reader, |value, reader| {
        workshop.condition(value, each, reader)
    });
    let once = workshop.optional(table, "once", each, reader).map(Box::new);
    Some(Items {
        within,
        each,
        conditions,
        once,
    })
}

fn place(
    value: Value<'_>,
    at: NodeId,
    workshop: &mut Workshop<'_>,
    reader: &mut Reader,
) -> Option<Content> {
    let mut table = value.table(reader)?;
    let when = workshop.conditions(&mut table, "when", at, reader);
    let place = PlaceMapping {
        istat: workshop.optional(&mut table, "istat", at, reader),
        belfiore: workshop.optional(&mut table, "belfiore", at, reader),
        stato: workshop.optional(&mut table, "stato", at, reader),
        denominazione: workshop.optional(&mut table, "denominazione", at, reader),
        on: workshop.optional(&mut table, "on", at, reader),
    };
    table.finish(reader);
    let told = [
        &place.istat,
        &place.belfiore,
        &place.stato,
        &place.denominazione,
    ];
    if told.iter().all(|part| part.is_none()) {
        let text = "un luogo vuole almeno uno fra istat, belfiore, stato, denominazione";
        reader.mistake(&value.place(), text);
    }
    if place.on.as_ref().is_some_and(|on| !gives_date(on, false)) {
        reader.mistake(&value.place(), "in «on» serve una data: manca «date»");
    }
    Some(Content::Place(when, Box::new(place)))
}

/// Notes what can be known before any answer comes: a date without its form, a constant outside the contract.
fn check(expression: &Expression, kind: Kind, converted: bool, place: &Place, reader: &mut Reader) {
    let cleaning = &expression.cleaning;
    let is_number = matches!(kind, Kind::Money | Kind::Decimal(_));
    if let Some(lookup) = &cleaning.table {
        let mut texts: Vec<&str> = lookup.table.own_values().collect();
        if let Unknown::Be(text) = &lookup.unknown {
            texts.push(text);
        }
        for text in texts {
            refuse_constant(text, kind, place, reader);
        }
        return;
    }
    let converted = converted || !cleaning.date.is_empty() || cleaning.number.is_some();
    match &expression.source {
        Source::Template(template) if !converted => {
            if let Some(text) = template.constant() {
                refuse_constant(text, kind, place, reader);
            }
        }
        Source::First(parts) => {
            for part in parts {
                check(part, kind, converted, place, reader);
            }
        }
        Source::Case(cases) => {
            for (_, part) in cases {
                check(part, kind, converted, place, reader);
            }
        }
        Source::OneOf { take, .. } => check(take, kind, converted, place, reader),
        Source::Path(..) | Source::Join(..) if !converted => {
            if matches!(kind, Kind::Date) {
                reader.mistake(place, "il campo è una data: manca «date»");
            } else if is_number {
                reader.mistake(place, "il campo è un numero: manca «number»");
            }
        }
        Source::Sum { .. }
        | Source::DateParts { .. }
        | Source::Template(_)
        | Source::Path(..)
        | Source::Join(..) => {}
    }
}

fn refuse_constant(text: &str, kind: Kind, place: &Place, reader: &mut Reader) {
    if write_in_form(text, kind, &mut Entry::default()).is_err() {
        reader.mistake(place, format!("«{text}» non può stare in questo campo"));
    }
}

/// Whether the value is a date wherever there is one.
pub(super) fn gives_date(expression: &Expression, converted: bool) -> bool {
    let converted = converted || !expression.cleaning.date.is_empty();
    match &expression.source {
        Source::DateParts { .. } | Source::Template(_) => true,
        Source::First(parts) => parts.iter().all(|part| gives_date(part, converted)),
        Source::Case(cases) => cases.iter().all(|(_, part)| gives_date(part, converted)),
        Source::OneOf { take, .. } => gives_date(take, converted),
        Source::Path(..) | Source::Join(..) => converted,
        Source::Sum { .. } => false,
    }
}
