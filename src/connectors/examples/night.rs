//! Files of a night as examples: `examples/_night/<case>/` holds them as they are delivered, and `4-copy.json` with what is read of them.

use std::fs;

use serde_json::{Map, Value, json};

use super::play::Played;
use super::setting::Setting;
use super::{Example, unreadable};
use crate::config::mistake::Mistake;
use crate::connectors::adapter::{Adapter, Connector};
use crate::connectors::files::inspect::inspect_bytes;
use crate::connectors::files::layout::{FileLayout, Layouts};
use crate::connectors::files::lines::{FileCharset, Lines, text};
use crate::connectors::files::record::{self, Reject, Row};
use crate::connectors::instance::Tenant;

/// The folder of the cases of nightly files.
pub const NIGHT: &str = "_night";
/// What a delivered file's name begins with.
pub const DELIVERED: &str = "3-delivered.";
/// What is read of the files.
pub const COPY: &str = "4-copy.json";

/// Reads the files of an example as the service does.
pub(super) fn play(
    adapter: &Adapter,
    setting: &Setting,
    example: &Example,
) -> Result<Played, Mistake> {
    let mut files = Vec::new();
    for path in example.files()? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if let Some(name) = name.strip_prefix(DELIVERED) {
            let bytes = fs::read(&path).map_err(|error| unreadable(&path, &error))?;
            files.push((name.to_owned(), bytes));
        }
    }
    let answer = read(adapter, &setting.tenant, &files);
    Ok(Played {
        exchanges: Vec::new(),
        answer: answer.map_err(|text| Mistake::of_file(&example.folder, text))?,
    })
}

/// What is read of files: of each its charset, its rows by table, and the lines that are rejected. `Err` says which cannot be read.
pub(super) fn read(
    adapter: &Adapter,
    tenant: &Tenant,
    files: &[(String, Vec<u8>)],
) -> Result<Value, String> {
    let Connector::Files(layouts) = adapter.connector() else {
        return Err("l'adapter non legge file notturni".to_owned());
    };
    let mut told = Map::new();
    for (name, bytes) in files {
        told.insert(name.clone(), file(layouts, tenant, name, bytes)?);
    }
    Ok(told.into())
}

fn file(layouts: &Layouts, tenant: &Tenant, name: &str, bytes: &[u8]) -> Result<Value, String> {
    let of_it: Vec<&FileLayout> = layouts
        .files
        .iter()
        .filter(|layout| {
            let mut patterns = layout.patterns.iter();
            patterns.any(|pattern| pattern.date_of(name, tenant).is_some())
        })
        .collect();
    if of_it.is_empty() {
        return Err(format!("{name}: nessun tracciato ha file con questo nome"));
    }
    let inspected = inspect_bytes(bytes).map_err(|error| error.to_string())?;
    let inspected = inspected.map_err(|_| format!("{name}: un archivio, o UTF-16"))?;
    let (mut tables, mut rejected) = (Map::new(), Map::new());
    for layout in of_it {
        let mut rows: Vec<Value> = Vec::new();
        let mut lines = Lines::new(bytes);
        loop {
            let number = lines.number() + 1;
            let line = lines.bytes().map_err(|error| error.to_string())?;
            let Some(line) = line else {
                break;
            };
            let read = text(line, inspected.charset).map_err(Reject::from);
            match read.as_ref().map(|line| record::read(line, layout)) {
                Ok(Ok(Some(row))) => rows.push(columns(layout, &row)),
                Ok(Ok(None)) => {}
                Ok(Err(reason)) => drop(rejected.insert(number.to_string(), json!(reason))),
                Err(reason) => drop(rejected.insert(number.to_string(), json!(reason))),
            }
        }
        tables.insert(layout.name.clone(), rows.into());
    }
    Ok(json!({
        "codifica": match inspected.charset {
            FileCharset::Utf8 => "UTF-8",
            FileCharset::Cp1252 => "CP1252",
        },
        "tabelle": tables,
        "scartate": rejected,
    }))
}

fn columns(layout: &FileLayout, row: &Row<'_>) -> Value {
    let named = layout.columns.iter().zip(row);
    let filled = named.filter_map(|(name, text)| Some((name.clone(), Value::from((*text)?))));
    filled.collect::<Map<_, _>>().into()
}
