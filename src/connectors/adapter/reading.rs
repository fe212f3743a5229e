//! Reads `adapter.toml` and every file that it names.

mod connector;
mod deferral;
mod writing;
mod files;
mod layouts;
mod requests;
mod stamps;
mod steps;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use toml::de::DeTable;

use super::{Adapter, Declarations, Step};
use crate::config::mistake::Mistake;
use crate::config::reading::source::Source;
use crate::config::reading::table::Table;
use crate::config::reading::value::Value;
use crate::config::reading::{FromTable, Reader};
use crate::connectors::template::placeholder::{Declared, Known};
use crate::connectors::template::stamps::Stamps;
use crate::connectors::template::{Language, Template};
use files::Files;
use steps::Bench;

/// Reads the folder.
pub fn adapter(folder: &Path) -> Result<Adapter, Vec<Mistake>> {
    let mut files = Files {
        folder: folder.to_owned(),
        named: BTreeSet::from(["adapter.toml".to_owned(), "notes.md".to_owned()]),
    };
    let source = Arc::new(Source::read(&folder.join("adapter.toml")).map_err(|error| vec![error])?);
    let parsed = match DeTable::parse(&source.text) {
        Ok(parsed) => parsed,
        Err(error) => {
            let offset = error.span().map_or(0, |span| span.start);
            return Err(vec![source.mistake(offset, error.message())]);
        }
    };
    let mut table = Table::empty();
    table.add_layer(&source, parsed.get_ref(), 0);
    let mut reader = Reader::default();
    let read = contents(table, &mut files, &mut reader);
    // A step with a mistake may not have named its files.
    if reader.mistakes.is_empty() {
        reader.mistakes.extend(files.check());
    }
    let digest = files.digest();
    match (read, digest) {
        (Some(mut adapter), Ok(digest)) if reader.mistakes.is_empty() => {
            adapter.digest = digest;
            Ok(adapter)
        }
        (_, Err(mistake)) => {
            reader.mistakes.push(mistake);
            Err(reader.mistakes)
        }
        _ => {
            reader.mistakes.sort();
            reader.mistakes.dedup();
            Err(reader.mistakes)
        }
    }
}

#[expect(
    clippy::too_many_lines,
    reason = "the sections of one file in their order"
)]
fn contents(mut table: Table<'_>, files: &mut Files, reader: &mut Reader) -> Option<Adapter> {
    let vendor: Option<String> = table.required("vendor", reader);
    let product: Option<String> = table.required("product", reader);
    let version: Option<String> = table.required("version", reader);
    let declared = Declarations {
        instance: table.or_default("instance", reader).unwrap_or_default(),
        ente: table.or_default("ente", reader).unwrap_or_default(),
        secrets: table.or_default("secret", reader).unwrap_or_default(),
    };
    let none = Stamps::default();
    let known = Known {
        operation: None,
        instance: &declared.instance,
        ente: &declared.ente,
        secrets: &declared.secrets,
        captures: &[],
        lists: &[],
        inner: &[],
        token: false,
        stamps: &none,
    };
    let stamps = stamps::stamps(&mut table, &known, reader);
    let connector = table.values("connector").next();
    let token = table.values("token").next();
    let known = Known {
        token: token.is_some(),
        stamps: stamps.as_ref().unwrap_or(&none),
        ..known
    };
    let connector = if let Some(value) = connector {
        connector::connector(value, &known, files, reader)
    } else {
        note_missing(&table, "connector", reader);
        None
    };
    let mut bench = connector.map(|(connector, format)| Bench {
        connector,
        format,
        files,
    });
    let login = match (token, &mut bench) {
        (Some(value), Some(bench)) => {
            let before = Known {
                token: false,
                ..known
            };
            bench.step(value, &before, true, reader).map(Some)
        }
        (Some(_), None) | (None, _) => Some(None),
    };
    let operations = table.values("operations").next();
    let operations = match (operations, &mut bench) {
        (Some(value), Some(bench)) => bench.operations(value, &known, reader),
        (Some(_), None) => Vec::new(),
        (None, _) => {
            note_missing(&table, "operations", reader);
            Vec::new()
        }
    };
    table.finish(reader);
    let (_, _) = (vendor?, product?);
    let bench = bench?;
    let name = bench.files.folder_name(reader)?;
    let login = login?;
    Some(Adapter {
        name,
        version: version?,
        digest: String::new(),
        connector: bench.connector,
        declared,
        stamps: stamps?,
        is_token_of_ente: login.as_ref().is_some_and(Step::names_ente),
        token: login,
        operations,
        usual: BTreeMap::new(),
    })
}

fn note_missing(table: &Table<'_>, key: &str, reader: &mut Reader) {
    if let Some(place) = table.place() {
        reader.mistake(&place, format!("manca «{key}»"));
    }
}

/// A text of `adapter.toml` with placeholders.
fn template(
    value: Value<'_>,
    language: Language,
    known: &Known<'_>,
    reader: &mut Reader,
) -> Option<Template> {
    let Some(text) = value.text() else {
        return value.refuse(reader, "un testo");
    };
    match Template::parse(text, language, known) {
        Ok(template) => Some(template),
        Err(mistakes) => {
            for mistake in mistakes {
                reader.mistake(&value.place(), mistake.text);
            }
            None
        }
    }
}

impl FromTable for Declared {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let about = table.required("about", reader);
        let default = table.optional("default", reader);
        let integer = table.or("integer", false, reader);
        table.finish(reader);
        Some(Declared {
            about: about?,
            default,
            integer: integer?,
        })
    }
}
