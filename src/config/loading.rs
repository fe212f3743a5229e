//! Reads the layers: embedded defaults ← the file ← the files that it names; the environment over all.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_spanned::Spanned;
use toml::de::{DeTable, DeValue};

use super::grant::Document;
use super::mistake::Mistake;
use super::reading::Reader;
use super::reading::places::{Entries, Entry};
use super::reading::source::{Origin, Source};
use super::reading::table::Table;
use super::written::{Sections, Written};

/// The defaults, which are also the manual: every option with its comment.
pub const DEFAULTS: &str = include_str!("../../config/pontile.default.toml");

/// What environment variables begin with: `PONTILE__SECTION__KEY`.
pub const ENVIRONMENT_PREFIX: &str = "PONTILE__";

/// The environment variables that belong to the configuration.
pub fn environment() -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| name.starts_with(ENVIRONMENT_PREFIX))
        .collect()
}

/// Reads the configuration whose main file is at `path`, with these variables over it.
pub fn read(path: &Path, environment: &[(String, String)]) -> Written {
    let mut written = read_without_grants(path, environment);
    let files = written.sections.files.as_ref();
    let files = files.map(|files| files.grants.clone()).unwrap_or_default();
    for file in files {
        match Source::read(&file) {
            Ok(source) => read_grant(&mut written, source),
            Err(mistake) => written.mistakes.push(mistake),
        }
    }
    written
}

/// The same with grants that another node has read from its files.
pub fn read_with_grants(
    path: &Path,
    environment: &[(String, String)],
    grants: &[Document],
) -> Written {
    let mut written = read_without_grants(path, environment);
    for grant in grants {
        let text = grant.text.clone();
        read_grant(
            &mut written,
            Source::new(Origin::File, &grant.name, "", text),
        );
    }
    written
}

/// The file's name alone: the folders of other nodes may be others.
fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

fn read_grant(written: &mut Written, source: Source) {
    written.documents.push(Document {
        name: file_name(&source.name),
        text: source.text.clone(),
    });
    let mut reader = Reader::default();
    let source = Arc::new(source);
    let document = parse(&source, &mut reader);
    let mut table = Table::empty();
    table.add_layer(&source, &document, 0);
    let (read, places) = reader.document(table);
    let entry = read.map(|value| Entry { value, places });
    written.grants.read.extend(entry);
    written.mistakes.append(&mut reader.mistakes);
}

fn read_without_grants(path: &Path, environment: &[(String, String)]) -> Written {
    let mut reader = Reader::default();
    let folder = path.parent().unwrap_or(Path::new(""));
    let main = Source::read(path).unwrap_or_else(|mistake| {
        reader.mistakes.push(mistake);
        Source::new(Origin::File, path, folder, String::new())
    });
    let defaults = Source::new(
        Origin::Defaults,
        "pontile.default.toml",
        folder,
        DEFAULTS.to_owned(),
    );
    let (main, defaults) = (Arc::new(main), Arc::new(defaults));
    let variables: Vec<Arc<Source>> = environment
        .iter()
        .map(|(name, value)| Arc::new(Source::new(Origin::Environment, name, "", value.clone())))
        .collect();
    let variables: Vec<(&Arc<Source>, DeTable<'_>)> = variables
        .iter()
        .filter_map(|variable| Some((variable, table_of_variable(variable, &mut reader)?)))
        .collect();
    let main_table = parse(&main, &mut reader);
    let defaults_table = parse(&defaults, &mut reader);

    let mut top = Table::empty();
    for (variable, table) in &variables {
        top.add_layer(variable, table, 0);
    }
    top.add_layer(&main, &main_table, 0);
    top.add_layer(&defaults, &defaults_table, 0);
    let mut written = read_document(top, reader);
    read_lists(&mut written);
    written.find_keys();
    written
}

fn read_document(mut top: Table<'_>, mut reader: Reader) -> Written {
    let reading = &mut reader;
    let sections = Sections {
        files: top.section("files", reading),
        node: top.section("node", reading),
        portal_door: top.section("portal_door", reading),
        operator_door: top.section("operator_door", reading),
        login: top.section("login", reading),
        cache: top.section("cache", reading),
        record: top.section("record", reading),
        night: top.section("night", reading),
        retention: top.section("retention", reading),
        log: top.section("log", reading),
        traces: top.section("traces", reading),
        signer: top.section("signer", reading),
        seal: top.section("seal", reading),
        pdnd: top.section("pdnd", reading),
    };
    let portals = top.entries("portal", "name", reading);
    let purposes = top.entries("purpose", "id", reading);
    let operators = top.entries("operator", "name", reading);
    let enti = top.entries("ente", "codice_istat", reading);
    let instances = top.entries("instance", "name", reading);
    let keys = top.entries("key", "name", reading);
    top.finish(reading);
    let (mistakes, places) = reader.into_mistakes_and_places();
    Written {
        sections,
        places,
        portals,
        grants: Entries::default(),
        documents: Vec::new(),
        purposes,
        operators,
        enti,
        keys,
        instances,
        mistakes,
    }
}

/// What a kind of files may hold.
type ReadList = fn(&mut Written, &mut Table<'_>, &mut Reader);

fn read_lists(written: &mut Written) {
    let Some(files) = written.sections.files.clone() else {
        return;
    };
    read_files(written, &files.portals, |written, table, reader| {
        written
            .portals
            .append(table.entries("portal", "name", reader));
        written
            .purposes
            .append(table.entries("purpose", "id", reader));
    });
    read_files(written, &files.operators, |written, table, reader| {
        written
            .operators
            .append(table.entries("operator", "name", reader));
    });
    read_files(written, &files.enti, |written, table, reader| {
        written
            .enti
            .append(table.entries("ente", "codice_istat", reader));
    });
    read_files(written, &files.instances, |written, table, reader| {
        written
            .instances
            .append(table.entries("instance", "name", reader));
    });
}

fn read_files(written: &mut Written, paths: &[PathBuf], list: ReadList) {
    for path in paths {
        let mut reader = Reader::default();
        match Source::read(path) {
            Ok(source) => {
                let source = Arc::new(source);
                let document = parse(&source, &mut reader);
                let mut table = Table::empty();
                table.add_layer(&source, &document, 0);
                list(written, &mut table, &mut reader);
                table.finish(&mut reader);
            }
            Err(mistake) => reader.mistakes.push(mistake),
        }
        written.mistakes.append(&mut reader.mistakes);
    }
}

/// The tables of a text; where its syntax is broken, what could be made of it.
fn parse<'a>(source: &'a Source, reader: &mut Reader) -> DeTable<'a> {
    let (table, errors) = DeTable::parse_recoverable(&source.text);
    for error in errors {
        let offset = error.span().map_or(0, |span| span.start);
        let text = format!("TOML non valido: {}", error.message());
        reader.mistakes.push(source.mistake(offset, text));
    }
    table.into_inner()
}

/// `PONTILE__CACHE__SIZE=64MiB` as if `[cache]` with `size = "64MiB"` were written.
fn table_of_variable<'a>(source: &'a Source, reader: &mut Reader) -> Option<DeTable<'a>> {
    let name = source.name.to_str()?.strip_prefix(ENVIRONMENT_PREFIX)?;
    let Some((section, key)) = name.split_once("__") else {
        let text = "il nome deve essere PONTILE__SEZIONE__CHIAVE";
        reader.mistakes.push(Mistake::of_file(&source.name, text));
        return None;
    };
    let value = match DeValue::parse(&source.text) {
        Ok(value) => value.into_inner(),
        Err(_) => DeValue::String(source.text.as_str().into()),
    };
    let spanned = |value| Spanned::new(0..0, value);
    let mut section_table = DeTable::new();
    section_table.insert(
        Spanned::new(0..0, key.to_lowercase().into()),
        spanned(value),
    );
    let mut table = DeTable::new();
    let section_table = spanned(DeValue::Table(section_table));
    table.insert(
        Spanned::new(0..0, section.to_lowercase().into()),
        section_table,
    );
    Some(table)
}
