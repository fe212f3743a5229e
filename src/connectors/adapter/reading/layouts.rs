//! Reads `[connector.files]` of `adapter.toml` and the layout files that it names.

use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::files::Files;
use super::note_missing;
use crate::config::reading::Reader;
use crate::config::reading::places::Place;
use crate::config::reading::source::Source;
use crate::config::reading::table::Table;
use crate::config::reading::value::Value;
use crate::connectors::files::layout::{Check, FileLayout, Form, Layouts, Marker, Others, Split};
use crate::connectors::files::pattern::NamePattern;
use crate::connectors::mapping::dates::DateForm;
use crate::connectors::mapping::numbers::NumberForm;
use crate::connectors::template::placeholder::Known;

/// A line holds no more fields.
const MOST_FIELDS: usize = 1_000;

/// Reads the section.
pub(super) fn layouts(
    mut table: Table<'_>,
    known: &Known<'_>,
    files: &mut Files,
    reader: &mut Reader,
) -> Option<Layouts> {
    let marker = match table.values("marker").next() {
        None => Some(Marker::Optional),
        Some(value) => value.parse(reader, "required o optional", |text| match text {
            "required" => Some(Marker::Required),
            "optional" => Some(Marker::Optional),
            _ => None,
        }),
    };
    let last_line_ends = table.or("last_line_ends", true, reader);
    let written = table.values("file").next();
    let mut read = Vec::new();
    match written.map(Value::get) {
        Some(DeValue::Array(items)) => {
            for item in items {
                let source = written.expect("an array was just found").source();
                read.push(file(Value::new(source, item), known, files, reader));
            }
        }
        Some(_) | None => note_missing(&table, "file", reader),
    }
    let place = table.place();
    table.finish(reader);
    let read: Option<Vec<FileLayout>> = read.into_iter().collect();
    let read = read.filter(|files| !files.is_empty())?;
    for (index, file) in read.iter().enumerate() {
        let other = read[..index].iter().find(|other| other.name == file.name);
        if other.is_some_and(|other| other.columns != file.columns || other.keys != file.keys)
            && let Some(place) = &place
        {
            let text = format!(
                "i layout della tabella «{}» non danno le stesse colonne",
                file.name
            );
            reader.mistake(place, text);
        }
    }
    let mut read = read;
    note_shared_files(&mut read);
    Some(Layouts {
        marker: marker?,
        last_line_ends: last_line_ends?,
        files: read,
    })
}

/// Files of one name that fill several tables: each table passes over the records of the others.
fn note_shared_files(files: &mut [FileLayout]) {
    let record = |file: &FileLayout| match &file.form {
        Form::Delimited { record, .. } => record.clone(),
        Form::Fixed { .. } => None,
    };
    let known: Vec<(Vec<NamePattern>, Option<String>)> = files
        .iter()
        .map(|file| (file.patterns.clone(), record(file)))
        .collect();
    for (index, file) in files.iter_mut().enumerate() {
        let shared = |other: &usize| *other != index && known[*other].0 == known[index].0;
        let sharing: Vec<usize> = (0..known.len()).filter(shared).collect();
        if let Form::Delimited { others, .. } = &mut file.form {
            others.taken = sharing
                .iter()
                .filter_map(|other| known[*other].1.clone())
                .collect();
            others.rejects = sharing.iter().any(|other| *other < index);
        }
    }
}

fn file(
    value: Value<'_>,
    known: &Known<'_>,
    files: &mut Files,
    reader: &mut Reader,
) -> Option<FileLayout> {
    let mut table = value.table(reader)?;
    let name = table.name("table", reader);
    let required = table.or("required", true, reader);
    let names = table.values("names").next();
    let patterns = if let Some(value) = names {
        patterns(value, known, reader)
    } else {
        note_missing(&table, "names", reader);
        None
    };
    let layout = table.values("layout").next();
    let source = if let Some(value) = layout {
        files.read(value, reader)
    } else {
        note_missing(&table, "layout", reader);
        None
    };
    table.finish(reader);
    let layout = layout_of(&source?, reader)?;
    Some(FileLayout {
        name: name?,
        patterns: patterns?,
        required: required?,
        ..layout
    })
}

fn patterns(value: Value<'_>, known: &Known<'_>, reader: &mut Reader) -> Option<Vec<NamePattern>> {
    let DeValue::Array(items) = value.get() else {
        return value.refuse(reader, "un elenco di nomi");
    };
    let mut patterns = Vec::new();
    for item in items {
        let item = Value::new(value.source(), item);
        let Some(text) = item.text() else {
            return item.refuse(reader, "il nome di un file");
        };
        match NamePattern::parse(text, |key| known.ente.contains_key(key)) {
            Ok(pattern) => patterns.push(pattern),
            Err(text) => {
                reader.mistake(&item.place(), text);
                return None;
            }
        }
    }
    (!patterns.is_empty()).then_some(patterns)
}

/// Reads a layout file; its name, patterns and whether it is required are the section's.
fn layout_of(source: &Arc<Source>, reader: &mut Reader) -> Option<FileLayout> {
    let parsed = match DeTable::parse(&source.text) {
        Ok(parsed) => parsed,
        Err(error) => {
            let offset = error.span().map_or(0, |span| span.start);
            reader
                .mistakes
                .push(source.mistake(offset, error.message()));
            return None;
        }
    };
    let mut table = Table::empty();
    table.add_layer(source, parsed.get_ref(), 0);
    let place = Place::new(source, 0);
    let form: Option<String> = table.required("form", reader);
    let (form, mut columns) = match form?.as_str() {
        "fixed" => fixed(&mut table, reader)?,
        "delimited" => delimited(&mut table, reader)?,
        _ => {
            reader.mistake(&place, "«form» è fixed o delimited");
            return None;
        }
    };
    if let Some(twice) = (1..columns.len()).find(|at| columns[..*at].contains(&columns[*at])) {
        reader.mistake(
            &place,
            format!("due campi si chiamano «{}»", columns[twice]),
        );
        return None;
    }
    let split = splits(&mut table, &mut columns, reader)?;
    let column = |name: &str, reader: &mut Reader| {
        let found = columns.iter().position(|known| known == name);
        if found.is_none() {
            reader.mistake(&place, format!("non c'è un campo «{name}»"));
        }
        found
    };
    let mut checks = Vec::new();
    let required: Option<Vec<String>> = table.or("required", Vec::new(), reader);
    for name in required? {
        checks.push((column(&name, reader)?, Check::Present));
    }
    for (name, form) in pairs(table.values("dates").next(), reader)? {
        let form = DateForm::named(&form).map(Check::Date);
        checks.push((column(&name, reader)?, known_form(form, &place, reader)?));
    }
    for (name, form) in pairs(table.values("numbers").next(), reader)? {
        let form = NumberForm::named(&form).map(Check::Number);
        checks.push((column(&name, reader)?, known_form(form, &place, reader)?));
    }
    let written: Option<Vec<String>> = table.required("keys", reader);
    let keys = written?
        .iter()
        .map(|name| column(name, reader))
        .collect::<Option<_>>();
    table.finish(reader);
    Some(FileLayout {
        name: String::new(),
        patterns: Vec::new(),
        required: true,
        form,
        keys: keys?,
        checks,
        split,
        columns,
    })
}

fn known_form(form: Option<Check>, place: &Place, reader: &mut Reader) -> Option<Check> {
    if form.is_none() {
        reader.mistake(
            place,
            "una data o un numero in una forma che non si conosce",
        );
    }
    form
}

/// `[fields]`: each name with `start:length`, in characters.
fn fixed(table: &mut Table<'_>, reader: &mut Reader) -> Option<(Form, Vec<String>)> {
    let length: Option<usize> = table.required("length", reader);
    let Some(value) = table.values("fields").next() else {
        note_missing(table, "fields", reader);
        return None;
    };
    let length = length?;
    let (mut fields, mut columns) = (Vec::new(), Vec::new());
    for (name, place) in pairs(Some(value), reader)? {
        let range = place.split_once(':').and_then(|(start, width)| {
            let (start, width): (usize, usize) = (start.parse().ok()?, width.parse().ok()?);
            let end = start.checked_add(width)?;
            (width > 0 && end <= length).then_some(start..end)
        });
        let Some(range) = range else {
            let text = format!("«{name}» vuole inizio:lunghezza, entro {length} caratteri");
            reader.mistake(&value.place(), text);
            return None;
        };
        fields.push(range);
        columns.push(name);
    }
    bounded(columns.len(), value, reader)?;
    Some((Form::Fixed { length, fields }, columns))
}

/// `fields` in their order, and what older versions lack.
fn delimited(table: &mut Table<'_>, reader: &mut Reader) -> Option<(Form, Vec<String>)> {
    let separator = table.values("separator").next().map(|value| {
        value.parse(reader, "un carattere", |text| {
            let mut letters = text.chars();
            letters.next().filter(|_| letters.as_str().is_empty())
        })
    });
    let record = table.optional("record", reader);
    let fields = table.values("fields").next();
    let columns: Option<Vec<String>> = table.required("fields", reader);
    let older: Option<Vec<Vec<String>>> = table.or("lacking", Vec::new(), reader);
    let (columns, older) = (columns?, older?);
    bounded(columns.len(), fields?, reader)?;
    let mut lacking: Vec<Vec<usize>> = Vec::new();
    for names in older {
        let places = names
            .iter()
            .map(|name| columns.iter().position(|known| known == name));
        let mut places: Vec<usize> = places.collect::<Option<_>>().or_else(|| {
            reader.mistake(&fields?.place(), "«lacking» nomina un campo che non c'è");
            None
        })?;
        places.sort_unstable();
        if places.is_empty() || lacking.iter().any(|other| other.len() == places.len()) {
            let text =
                "le versioni si distinguono per il numero dei campi: due ne hanno altrettanti";
            reader.mistake(&fields?.place(), text);
            return None;
        }
        lacking.push(places);
    }
    let form = Form::Delimited {
        separator: separator.unwrap_or(Some('|'))?,
        record,
        others: Others::default(),
        fields: columns.len(),
        lacking,
    };
    Some((form, columns))
}

/// `split = { cognome_nome = { by = "/", into = ["cognome", "nome"] } }`.
fn splits(
    table: &mut Table<'_>,
    columns: &mut Vec<String>,
    reader: &mut Reader,
) -> Option<Vec<Split>> {
    let Some(value) = table.values("split").next() else {
        return Some(Vec::new());
    };
    let DeValue::Table(entries) = value.get() else {
        return value.refuse(reader, "una tabella di campi");
    };
    let mut splits = Vec::new();
    for (name, item) in entries {
        let item = Value::new(value.source(), item);
        let mut table = item.table(reader)?;
        let by: Option<String> = table.required("by", reader);
        let into: Option<Vec<String>> = table.required("into", reader);
        table.finish(reader);
        let (by, into) = (by?, into?);
        let of = columns.iter().position(|known| known == name.get_ref());
        let (Some(of), Some(by), false) = (
            of,
            by.chars().next(),
            into.is_empty() || into.iter().any(|part| columns.contains(part)),
        ) else {
            let text = "serve un campo che c'è, un carattere, e nomi nuovi per le parti";
            reader.mistake(&item.place(), text);
            return None;
        };
        splits.push(Split {
            of,
            by,
            first: columns.len(),
            count: into.len(),
        });
        columns.extend(into);
    }
    Some(splits)
}

/// A table of texts, in the order in which it is written.
fn pairs(value: Option<Value<'_>>, reader: &mut Reader) -> Option<Vec<(String, String)>> {
    let Some(value) = value else {
        return Some(Vec::new());
    };
    let DeValue::Table(entries) = value.get() else {
        return value.refuse(reader, "una tabella di testi");
    };
    let mut pairs = Vec::new();
    for (name, item) in entries {
        let item = Value::new(value.source(), item);
        let Some(text) = item.text() else {
            return item.refuse(reader, "un testo");
        };
        pairs.push((name.get_ref().to_string(), text.to_owned()));
    }
    Some(pairs)
}

fn bounded(fields: usize, value: Value<'_>, reader: &mut Reader) -> Option<()> {
    if (1..=MOST_FIELDS).contains(&fields) {
        return Some(());
    }
    reader.mistake(&value.place(), format!("da 1 a {MOST_FIELDS} campi"));
    None
}
