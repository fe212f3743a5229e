//! Reads what a step sends: an envelope, an HTTP request or a statement, and the files that they stand in.

use std::collections::BTreeMap;
use std::sync::Arc;

use toml::de::DeValue;

use super::steps::Bench;
use super::{note_missing, template};
use crate::config::mistake::Mistake;
use crate::config::reading::Reader;
use crate::config::reading::source::Source;
use crate::config::reading::table::Table;
use crate::config::reading::value::Value;
use crate::connectors::adapter::{Connector, Floor, Method, Query, StepRequest};
use crate::connectors::sql::statement::Statement;
use crate::connectors::template::placeholder::{Known, Placeholder};
use crate::connectors::template::{BadTemplate, Language, Template, inner_documents};

impl Bench<'_> {
    pub(super) fn soap_request(
        &mut self,
        table: &mut Table<'_>,
        known: &Known<'_>,
        reader: &mut Reader,
    ) -> Option<StepRequest> {
        let action: Option<String> = match table.values("action").next() {
            Some(value) => value.parse(reader, "il nome di un'azione", |text| {
                text.bytes()
                    .all(|byte| matches!(byte, b' '..=b'~'))
                    .then(|| text.to_owned())
            }),
            None => Some(String::new()),
        };
        let path = table
            .values("path")
            .next()
            .map(|value| template(value, Language::Address, known, reader));
        let inner = self.inner(table, known, reader);
        let source = self.file(table, "request", reader);
        // Without its documents a request cannot be judged; their mistakes are told.
        let (inner, source) = (inner?, source?);
        let known = &Known {
            inner: &inner,
            ..*known
        };
        let body = in_file(&source, Language::Xml, known, reader);
        Some(StepRequest::Soap {
            action: action?.into(),
            path: match path {
                Some(path) => Some(path?),
                None => None,
            },
            body: body?,
        })
    }

    /// The documents that stand inside the request, each in a file of its own.
    fn inner(
        &mut self,
        table: &mut Table<'_>,
        known: &Known<'_>,
        reader: &mut Reader,
    ) -> Option<Vec<(String, Template)>> {
        let Some(value) = table.values("inner").next() else {
            return Some(Vec::new());
        };
        let DeValue::Table(entries) = value.get() else {
            return value.refuse(reader, "una tabella di nomi e file");
        };
        let mut waiting = Vec::new();
        for (name, item) in entries {
            let source = self.named_file(Value::new(value.source(), item), reader)?;
            waiting.push((name.get_ref().to_string(), source));
        }
        // A document may stand inside another: that one is read when all that stand in it are.
        let mut inner: Vec<(String, Template)> = Vec::new();
        while !waiting.is_empty() {
            let is_read = |name: &str| inner.iter().any(|(known, _)| known == name);
            let is_ready = |(_, source): &(String, Arc<Source>)| {
                inner_documents(&source.text).into_iter().all(is_read)
            };
            // Where none is ready the first one says what it lacks.
            let next = waiting.iter().position(is_ready).unwrap_or(0);
            let (name, source) = waiting.remove(next);
            let known = &Known {
                inner: &inner,
                ..*known
            };
            let template = in_file(&source, Language::Xml, known, reader)?;
            inner.push((name, template));
        }
        Some(inner)
    }

    pub(super) fn rest_request(
        &mut self,
        table: &mut Table<'_>,
        known: &Known<'_>,
        is_login: bool,
        reader: &mut Reader,
    ) -> Option<StepRequest> {
        let method = match table.values("method").next() {
            None => Some(Method::Get),
            Some(value) => value.parse(reader, "\"GET\" o \"POST\"", |text| {
                [Method::Get, Method::Post]
                    .into_iter()
                    .find(|method| method.name() == text)
            }),
        };
        let path = table.values("path").next();
        let path = if let Some(value) = path {
            template(value, Language::Address, known, reader)
        } else {
            note_missing(table, "path", reader);
            None
        };
        let has_body = table.values("request").next().is_some();
        let body = if has_body {
            self.rest_body(table, known, reader).map(Some)
        } else {
            Some(None)
        };
        Some(StepRequest::Rest {
            method: method?,
            path: path?,
            body: body?,
            with_headers: !is_login,
        })
    }

    fn rest_body(
        &mut self,
        table: &mut Table<'_>,
        known: &Known<'_>,
        reader: &mut Reader,
    ) -> Option<(Template, &'static str)> {
        let source = self.file(table, "request", reader)?;
        let extension = source
            .name
            .extension()
            .and_then(|extension| extension.to_str());
        let (language, content_type) = match extension {
            Some("json") => (Language::Json, "application/json; charset=utf-8"),
            Some("xml") => (Language::Xml, "application/xml; charset=utf-8"),
            Some("form") => (Language::Form, "application/x-www-form-urlencoded"),
            _ => {
                let text = "un modello di richiesta finisce in .json, .xml o .form";
                reader.mistakes.push(Mistake::of_file(&source.name, text));
                return None;
            }
        };
        Some((in_file(&source, language, known, reader)?, content_type))
    }

    pub(super) fn sql_request(
        &mut self,
        table: &mut Table<'_>,
        known: &Known<'_>,
        reader: &mut Reader,
    ) -> Option<StepRequest> {
        let query = self.query(table, "statement", known, reader);
        let has_floor = table.values("floor").next().is_some();
        let at_least = table.values("at_least").next();
        let at_least = at_least.map(|value| template(value, Language::Plain, known, reader));
        let floor = match (has_floor, at_least) {
            (false, None) => Some(None),
            (true, Some(at_least)) => {
                let query = self.query(table, "floor", known, reader);
                query
                    .zip(at_least)
                    .map(|(query, at_least)| Some(Box::new(Floor { query, at_least })))
            }
            _ => {
                if let Some(place) = table.place() {
                    reader.mistake(&place, "«floor» e «at_least» vanno insieme");
                }
                None
            }
        };
        Some(StepRequest::Sql {
            query: Box::new(query?),
            floor: floor?,
        })
    }

    /// `from` a table, the rows `where` one of these columns has its value.
    pub(super) fn files_request(
        &mut self,
        table: &mut Table<'_>,
        known: &Known<'_>,
        reader: &mut Reader,
    ) -> Option<StepRequest> {
        let Connector::Files(layouts) = &self.connector else {
            return None;
        };
        let from = table.values("from").next();
        let layout = if let Some(value) = from {
            let names: Vec<&str> = layouts
                .tables()
                .iter()
                .map(|one| one.name.as_str())
                .collect();
            let expected = format!("una tabella di [connector.files]: {}", names.join(", "));
            value.parse(reader, &expected, |name| layouts.table(name))
        } else {
            note_missing(table, "from", reader);
            None
        };
        let written = table.values("where").next();
        let Some(written) = written else {
            note_missing(table, "where", reader);
            return None;
        };
        let layout = layout?;
        let any_of = conditions(written, known, reader)?;
        if let Some((column, _)) = any_of.iter().find(|(column, _)| !layout.is_key(column)) {
            let text = format!("«{column}» non è fra le «keys» del layout: non vi si cerca");
            reader.mistake(&written.place(), text);
            return None;
        }
        if any_of.is_empty() {
            return written.refuse(reader, "almeno una colonna");
        }
        let only = match table.values("only").next() {
            Some(value) => conditions(value, known, reader)?,
            None => Vec::new(),
        };
        let joined: BTreeMap<String, String> = table.or_default("with", reader)?;
        for (other, column) in &joined {
            let both = layout.columns.contains(column)
                && layouts
                    .table(other)
                    .is_some_and(|other| other.is_key(column));
            if !both {
                let text =
                    format!("«{column}» deve stare nella tabella e fra le «keys» di «{other}»");
                reader.mistake(&written.place(), text);
                return None;
            }
        }
        if let Some((column, _)) = only
            .iter()
            .find(|(column, _)| !layout.columns.contains(column))
        {
            reader.mistake(&written.place(), format!("non c'è un campo «{column}»"));
            return None;
        }
        Some(StepRequest::Files {
            table: layout.name.as_str().into(),
            any_of,
            only,
            with: joined.into_iter().collect(),
        })
    }

    fn query(
        &mut self,
        table: &mut Table<'_>,
        key: &'static str,
        known: &Known<'_>,
        reader: &mut Reader,
    ) -> Option<Query> {
        let source = self.file(table, key, reader)?;
        let statement = match Statement::parse(&source.name, &source.text) {
            Ok(statement) => statement,
            Err(mistakes) => {
                reader.mistakes.extend(mistakes);
                return None;
            }
        };
        let mut parameters = Vec::new();
        for written in statement.placeholders() {
            match Placeholder::parse(&written.name, known) {
                Ok(placeholder) => {
                    // A year is text: views keep it in a CHAR(4) at least as often as in a number.
                    let is_year = matches!(placeholder, Placeholder::Anno | Placeholder::Wants(..));
                    let integer = placeholder.is_bare(known) && !is_year;
                    parameters.push(Some((written.name.clone(), placeholder, integer)));
                }
                Err(text) => {
                    reader.mistakes.push(source.mistake(written.offset, text));
                    parameters.push(None);
                }
            }
        }
        let parameters: Option<Vec<_>> = parameters.into_iter().collect();
        let file = source.name.file_name()?.to_string_lossy().into_owned();
        Some(Query {
            file,
            statement,
            parameters: parameters?,
        })
    }

    /// The file that stands under a key.
    pub(super) fn file(
        &mut self,
        table: &mut Table<'_>,
        key: &'static str,
        reader: &mut Reader,
    ) -> Option<Arc<Source>> {
        let value = table.values(key).next();
        let Some(value) = value else {
            note_missing(table, key, reader);
            return None;
        };
        self.named_file(value, reader)
    }

    /// The file of that name.
    fn named_file(&mut self, value: Value<'_>, reader: &mut Reader) -> Option<Arc<Source>> {
        self.files.read(value, reader)
    }
}

/// Columns with the values that they must have.
fn conditions(
    value: Value<'_>,
    known: &Known<'_>,
    reader: &mut Reader,
) -> Option<Vec<(String, Template)>> {
    let DeValue::Table(entries) = value.get() else {
        return value.refuse(reader, "una tabella di colonne e valori");
    };
    let conditions = entries.iter().map(|(name, item)| {
        let item = Value::new(value.source(), item);
        let value = template(item, Language::Plain, known, reader)?;
        Some((name.get_ref().to_string(), value))
    });
    conditions.collect()
}

fn in_file(
    source: &Arc<Source>,
    language: Language,
    known: &Known<'_>,
    reader: &mut Reader,
) -> Option<Template> {
    match Template::parse(source.text.trim_end(), language, known) {
        Ok(template) => Some(template),
        Err(mistakes) => {
            note(source, mistakes, reader);
            None
        }
    }
}

fn note(source: &Source, mistakes: Vec<BadTemplate>, reader: &mut Reader) {
    let mistakes = mistakes.into_iter();
    reader
        .mistakes
        .extend(mistakes.map(|mistake| source.mistake(mistake.offset, mistake.text)));
}
