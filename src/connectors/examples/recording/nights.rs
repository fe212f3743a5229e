//! Files of a night as an example: some of their lines, in the same form and charset, with made-up persons.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::PathBuf;

use encoding_rs::WINDOWS_1252;

use super::super::disguise::Disguise;
use super::super::disguise::columns::Columns;
use super::super::night::{self, COPY, DELIVERED};
use super::exchanges::moment;
use super::lines::{Line, fields, written};
use super::originals::codes;
use super::{Files, Origin, Take};
use crate::config::mistake::Mistake;
use crate::connectors::adapter::{AdapterOperation, Connector, StepRequest};
use crate::connectors::files::inspect::inspect;
use crate::connectors::files::layout::{FileLayout, Layouts};
use crate::connectors::files::lines::{FileCharset, Lines, text};
use crate::connectors::files::record;

/// The files of a night at hand.
pub struct Night {
    /// The name of the case.
    pub case: String,
    /// The files.
    pub files: Vec<Delivered>,
    /// Lines of each that are taken at most.
    pub most: usize,
}

/// A file of a night.
#[derive(Debug, Clone)]
pub struct Delivered {
    /// Its name, as it was delivered.
    pub name: String,
    /// Where it is at hand.
    pub path: PathBuf,
    /// The places of the layouts that it has.
    pub layouts: Vec<usize>,
}

/// Lines of a file.
pub(super) struct Sample<'a> {
    name: String,
    charset: FileCharset,
    is_marked: bool,
    line_end: &'static str,
    lines: Vec<Line<'a>>,
}

/// The lines that an example has: those of whom was asked about and what belongs to them, then the first ones of each table.
pub(super) fn samples<'a>(
    origin: &Origin<'a>,
    night: &Night,
    takes: &[Take],
) -> Result<Vec<Sample<'a>>, Mistake> {
    let Connector::Files(layouts) = origin.adapter.connector() else {
        return Ok(Vec::new());
    };
    let asked: BTreeSet<String> = takes
        .iter()
        .flat_map(|take| codes(&take.request))
        .map(|code| code.trim().to_uppercase())
        .collect();
    // What else stands in their lines leads to lines of other tables.
    let mut known = asked.clone();
    for file in &night.files {
        for_each_line(file, layouts, |_, layout, line| {
            let row = record::read(line, layout)
                .ok()
                .flatten()
                .unwrap_or_default();
            let is_asked = |text: &&&str| asked.contains(&text.trim().to_uppercase());
            if row.iter().flatten().any(|text| is_asked(&text)) {
                let named = layout.columns.iter().zip(&row);
                let keys =
                    named.filter(|(name, _)| layouts.files.iter().any(|one| one.is_key(name)));
                known.extend(
                    keys.filter_map(|(_, text)| Some(text.as_ref()?.trim().to_uppercase())),
                );
            }
        })?;
    }
    let files = night.files.iter();
    files
        .map(|file| sample(file, layouts, &known, night.most))
        .collect()
}

/// The lines that are records, each once.
fn for_each_line<'a>(
    file: &Delivered,
    layouts: &'a Layouts,
    mut with: impl FnMut(u64, &'a FileLayout, &str),
) -> Result<FileCharset, Mistake> {
    let unreadable = |error: std::io::Error| {
        Mistake::of_file(&file.name, format!("non si può leggere: {error}"))
    };
    let inspected = inspect(&file.path).map_err(unreadable)?;
    let charset = inspected
        .map_err(|_| Mistake::of_file(&file.name, "un archivio, o UTF-16"))?
        .charset;
    let source = File::open(&file.path).map_err(unreadable)?;
    let mut lines = Lines::new(BufReader::with_capacity(1 << 16, source));
    loop {
        let number = lines.number() + 1;
        let Some(line) = lines.bytes().map_err(unreadable)? else {
            return Ok(charset);
        };
        let Ok(line) = text(line, charset) else {
            continue;
        };
        let mut of_it = file.layouts.iter().map(|place| &layouts.files[*place]);
        if let Some(layout) =
            of_it.find(|layout| matches!(record::read(&line, layout), Ok(Some(_))))
        {
            with(number, layout, &line);
        }
    }
}

fn sample<'a>(
    file: &Delivered,
    layouts: &'a Layouts,
    known: &BTreeSet<String>,
    most: usize,
) -> Result<Sample<'a>, Mistake> {
    let (mut theirs, mut first_of, mut first) = (Vec::new(), Vec::<Line<'a>>::new(), Vec::new());
    let mut beyond_ascii = Vec::new();
    let charset = for_each_line(file, layouts, |number, layout, text| {
        let line = || Line {
            number,
            layout,
            text: text.to_owned(),
        };
        let row = record::read(text, layout)
            .ok()
            .flatten()
            .unwrap_or_default();
        let mut keys = layout.keys.iter().filter_map(|key| row[*key]);
        if theirs.len() < most && keys.any(|key| known.contains(&key.trim().to_uppercase())) {
            theirs.push(line());
        }
        if first_of
            .iter()
            .all(|known| known.layout.name != layout.name)
        {
            first_of.push(line());
        }
        if beyond_ascii.is_empty() && !text.is_ascii() {
            beyond_ascii.push(line());
        }
        if first.len() < most {
            first.push(line());
        }
    })?;
    let mut lines: Vec<Line<'a>> = Vec::new();
    for line in theirs
        .into_iter()
        .chain(first_of)
        .chain(beyond_ascii)
        .chain(first)
    {
        if lines.len() < most && lines.iter().all(|known| known.number != line.number) {
            lines.push(line);
        }
    }
    lines.sort_by_key(|line| line.number);
    let mut head = Vec::new();
    let read =
        File::open(&file.path).and_then(|source| source.take(1 << 16).read_to_end(&mut head));
    read.map_err(|error| Mistake::of_file(&file.name, format!("non si può leggere: {error}")))?;
    let has_returns = head
        .split(|byte| *byte == b'\n')
        .next()
        .is_some_and(|line| line.ends_with(b"\r"));
    Ok(Sample {
        name: file.name.clone(),
        charset,
        is_marked: head.starts_with(b"\xEF\xBB\xBF"),
        line_end: if has_returns { "\r\n" } else { "\n" },
        lines,
    })
}

impl Sample<'_> {
    /// Notes the originals in it.
    pub(super) fn gather(&self, origin: &Origin<'_>, disguise: &mut Disguise) {
        for line in &self.lines {
            disguise.gather_fields(&columns(origin, line.layout), &fields(line));
        }
    }

    /// The file with made-up persons.
    fn bytes(&self, origin: &Origin<'_>, disguise: &mut Disguise) -> Vec<u8> {
        let mut bytes = if self.is_marked {
            b"\xEF\xBB\xBF".to_vec()
        } else {
            Vec::new()
        };
        for line in &self.lines {
            let made = disguise.fields(&columns(origin, line.layout), &fields(line));
            let text = written(line, &made) + self.line_end;
            match self.charset {
                FileCharset::Utf8 => bytes.extend_from_slice(text.as_bytes()),
                FileCharset::Cp1252 => bytes.extend_from_slice(&WINDOWS_1252.encode(&text).0),
            }
        }
        bytes
    }
}

/// The files of the example; as many lines must be read of them as of the originals.
pub(super) fn files(
    origin: &Origin<'_>,
    samples: &[Sample<'_>],
    disguise: &mut Disguise,
) -> Result<Files, Mistake> {
    let made: Files = samples
        .iter()
        .map(|sample| {
            (
                disguise.in_a_name(&sample.name),
                sample.bytes(origin, disguise),
            )
        })
        .collect();
    let mut tenant = origin.tenant.clone();
    for value in tenant.values.values_mut() {
        *value = disguise.in_a_name(value);
    }
    let copy = night::read(origin.adapter, &tenant, &made);
    let copy = copy.map_err(|text| Mistake::of_file(night::NIGHT, text))?;
    for ((name, _), sample) in made.iter().zip(samples) {
        let tables = copy[name]["tabelle"].as_object();
        let rows = tables.into_iter().flat_map(|tables| tables.values());
        let rows: usize = rows.filter_map(|rows| Some(rows.as_array()?.len())).sum();
        if rows != sample.lines.len() {
            let text = "le righe inventate non si leggono come quelle vere: non si può registrare";
            return Err(Mistake::of_file(name, text));
        }
    }
    let mut files = vec![moment(origin)];
    files.extend(
        made.into_iter()
            .map(|(name, bytes)| (format!("{DELIVERED}{name}"), bytes)),
    );
    files.push((COPY.to_owned(), format!("{copy:#}\n").into()));
    Ok(files)
}

/// What stands in a table's columns, as every operation reads them.
fn columns(origin: &Origin<'_>, layout: &FileLayout) -> Columns {
    let steps = origin
        .adapter
        .operations()
        .iter()
        .flat_map(AdapterOperation::steps);
    let of_it = steps.filter(|step| match &step.request {
        StepRequest::Files { table, with, .. } => {
            **table == *layout.name || with.iter().any(|(added, _)| *added == layout.name)
        }
        _ => false,
    });
    Columns::of(of_it.map(|step| &step.mapping))
}
