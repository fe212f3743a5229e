//! Reads the files of one night into a copy, and judges whether it may take the place of the one in force.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, NaiveDate, Utc};

use super::inspect::{Inspected, Unusable, inspect};
use super::layout::{FileLayout, Layouts};
use super::lines::{FileCharset, Lines, text};
use super::record;
use super::report::{FileReport, Outcome, Report};
use super::state::{InForce, State};
use crate::config::night::NightFiles;
use crate::store::error::StoreError;
use crate::store::night::{About, CopyWriter, NightCopy, Paced, Place, Replaced, Table, Vault};

/// Bytes that are read, and worked on, between two rests: a hundred lines of the registry, a millisecond.
const PIECE: usize = 1 << 16;

/// The files of one night at hand.
#[derive(Debug)]
pub struct Night {
    /// The date in their names.
    pub date: NaiveDate,
    /// The files.
    pub files: Vec<Delivered>,
}

/// A file at hand.
#[derive(Debug)]
pub struct Delivered {
    /// Its name.
    pub name: String,
    /// Which of the layouts it has.
    pub layout: usize,
    /// Where it is.
    pub path: PathBuf,
}

/// What files are read with.
pub struct Intake<'a> {
    /// Where copies are kept.
    pub vault: &'a Vault,
    /// Whose copy.
    pub place: &'a Place,
    /// How the files are laid out.
    pub layouts: &'a Layouts,
    /// The adapter's digest.
    pub adapter: &'a str,
    /// What is accepted.
    pub bounds: &'a NightFiles,
}

/// What came of a night's files.
pub struct Taken {
    /// For operators.
    pub report: Report,
    /// The copy that is in force now, where it is a new one.
    pub copy: Option<NightCopy>,
    /// The file of the one that it replaced.
    pub replaced: Option<Replaced>,
}

impl Intake<'_> {
    /// Reads the files, unless they were seen before, and puts the copy in force, unless something is wrong with it.
    /// `accepted` tells whether an operator wants files of that digest all the same. Takes as long as it takes: not for a
    /// worker's thread.
    pub fn take(
        &self,
        night: &Night,
        state: &mut State,
        accepted: impl Fn(&str) -> bool,
        now: DateTime<Utc>,
    ) -> Result<Option<Taken>, StoreError> {
        let mut report = Report {
            esaminato_il: now,
            data: night.date,
            impronta: String::new(),
            esito: Outcome::InVigore,
            file: Vec::new(),
        };
        let mut inspected = Vec::new();
        for file in &night.files {
            let found = inspect(&file.path).map_err(|error| unreadable(&file.name, error))?;
            let seen = match found {
                Ok(seen) => seen,
                Err(unusable) => {
                    report.impronta.clone_from(&file.name);
                    report.esito = match unusable {
                        Unusable::Archive => Outcome::Archivio,
                        Unusable::Utf16 => Outcome::CodificaNonAmmessa,
                    };
                    return Ok(refused(report, state));
                }
            };
            report.file.push(about_file(
                &self.layouts.files[file.layout],
                &file.name,
                &seen,
            ));
            inspected.push(seen);
        }
        report.impronta = digest_of(night, &inspected);
        let accepted = accepted(&report.impronta);
        let known = state.refused.as_ref().map(|(digest, _)| digest);
        if known == Some(&report.impronta) && !accepted {
            return Ok(None);
        }
        let in_force = state.in_force.as_ref();
        if let Some(copy) = in_force.filter(|copy| copy.digest == report.impronta) {
            let is_there = self.vault.copy(self.place).is_ok_and(|copy| copy.is_some());
            if is_there && copy.date == night.date {
                report.esito = Outcome::Doppione;
                return Ok(refused(report, state));
            }
            // A copy is never changed: it is made once more, with its new date.
            if is_there {
                report.esito = Outcome::Confermato;
            }
        }
        if self.layouts.last_line_ends && inspected.iter().any(|file| !file.last_line_ends) {
            report.esito = Outcome::Incompleto;
            return Ok(refused(report, state));
        }
        let seen_before = state.seen.contains(&report.impronta)
            && in_force.is_some_and(|copy| copy.digest != report.impronta);
        if seen_before && !accepted {
            report.esito = Outcome::GiaVisto;
            return Ok(refused(report, state));
        }
        self.read(night, &inspected, report, state, accepted)
    }

    fn read(
        &self,
        night: &Night,
        inspected: &[Inspected],
        mut report: Report,
        state: &mut State,
        accepted: bool,
    ) -> Result<Option<Taken>, StoreError> {
        let now = report.esaminato_il;
        let mut writer = self.vault.begin(self.place)?;
        for ((file, seen), told) in night.files.iter().zip(inspected).zip(&mut report.file) {
            let layout = &self.layouts.files[file.layout];
            read_file(file, seen.charset, layout, &mut writer, told)?;
        }
        let rows = self.rows(&report);
        if let Some(wrong) = self.judge(&report, &rows, state) {
            if !(accepted && wrong.can_be_accepted()) {
                report.esito = wrong;
                return Ok(refused(report, state));
            }
            report.esito = Outcome::InVigorePerAccettazione;
        }
        let copy = writer.finish(About {
            date: night.date,
            made: now,
            adapter: self.adapter.to_owned(),
            tables: self.tables(&rows),
        })?;
        let (copy, replaced) = copy.swap()?;
        state.put_in_force(InForce {
            date: night.date,
            made: now,
            digest: report.impronta.clone(),
            rows,
            rejected: report.file.iter().map(|file| file.scartate).sum(),
        });
        Ok(Some(Taken {
            report,
            copy: Some(copy),
            replaced,
        }))
    }

    fn rows(&self, report: &Report) -> BTreeMap<String, u64> {
        let tables = self.layouts.tables().into_iter();
        let mut rows: BTreeMap<String, u64> = tables.map(|table| (table.name.clone(), 0)).collect();
        for file in &report.file {
            *rows.entry(file.tabella.clone()).or_default() += file.righe;
        }
        rows
    }

    fn tables(&self, rows: &BTreeMap<String, u64>) -> Vec<Table> {
        let tables = self.layouts.tables().into_iter();
        tables
            .map(|table| Table {
                name: table.name.clone(),
                columns: table.columns.clone(),
                rows: rows.get(&table.name).copied().unwrap_or_default(),
            })
            .collect()
    }

    /// What speaks against the copy.
    fn judge(
        &self,
        report: &Report,
        rows: &BTreeMap<String, u64>,
        state: &State,
    ) -> Option<Outcome> {
        let tables = self.layouts.tables();
        let mut required = tables.iter().filter(|table| table.required);
        if required.any(|table| rows.get(&table.name).is_none_or(|rows| *rows == 0)) {
            return Some(Outcome::Vuoto);
        }
        let too_many = |file: &FileReport| {
            let lines = file.righe + file.scartate;
            file.scartate * 100 > lines * u64::from(self.bounds.most_rejected)
        };
        if report.file.iter().any(too_many) {
            return Some(Outcome::TroppiScarti);
        }
        let left = 100_u64.saturating_sub(u64::from(self.bounds.most_lost));
        let mut before = state.in_force.iter().flat_map(|copy| &copy.rows);
        let is_gone = |(table, before): (&String, &u64)| {
            rows.get(table).copied().unwrap_or_default() * 100 < before * left
        };
        before.any(is_gone).then_some(Outcome::RigheSparite)
    }
}

#[expect(clippy::unnecessary_wraps, reason = "every caller answers with it")]
fn refused(report: Report, state: &mut State) -> Option<Taken> {
    state.refused = Some((report.impronta.clone(), report.esito));
    Some(Taken {
        report,
        copy: None,
        replaced: None,
    })
}

/// Which files these are: names do not matter, what stands in which table does.
fn digest_of(night: &Night, inspected: &[Inspected]) -> String {
    let files = night.files.iter().zip(inspected);
    let mut parts: Vec<String> = files
        .map(|(file, seen)| format!("{} {}\n", file.layout, seen.digest))
        .collect();
    parts.sort();
    hex::encode(digest(&SHA256, parts.concat().as_bytes()))
}

fn about_file(layout: &FileLayout, name: &str, seen: &Inspected) -> FileReport {
    FileReport {
        nome: name.to_owned(),
        tabella: layout.name.clone(),
        impronta: seen.digest.clone(),
        byte: seen.bytes,
        codifica: match seen.charset {
            FileCharset::Utf8 => "UTF-8",
            FileCharset::Cp1252 => "CP1252",
        }
        .to_owned(),
        righe: 0,
        scartate: 0,
        motivi: BTreeMap::new(),
        scarti: Vec::new(),
    }
}

fn read_file(
    file: &Delivered,
    charset: FileCharset,
    layout: &FileLayout,
    writer: &mut CopyWriter,
    told: &mut FileReport,
) -> Result<(), StoreError> {
    let source = File::open(&file.path).map_err(|error| unreadable(&file.name, error))?;
    let mut lines = Lines::new(BufReader::with_capacity(PIECE, Paced::new(source)));
    loop {
        let next = lines.number() + 1;
        let line = lines
            .bytes()
            .map_err(|error| unreadable(&file.name, error))?;
        let Some(line) = line else {
            return Ok(());
        };
        let line = match text(line, charset) {
            Ok(line) => line,
            Err(reason) => {
                told.reject(next, reason.into());
                continue;
            }
        };
        match record::read(&line, layout) {
            Ok(Some(row)) => {
                let keys = layout.keys.iter();
                let keys: Vec<(&str, &str)> = keys
                    .filter_map(|key| Some((layout.columns[*key].as_str(), row[*key]?)))
                    .collect();
                writer.add(&layout.name, &row, &keys)?;
                told.righe += 1;
            }
            Ok(None) => {}
            Err(reason) => told.reject(next, reason),
        }
    }
}

fn unreadable(name: &str, source: std::io::Error) -> StoreError {
    StoreError::File {
        what: format!("leggere {name}"),
        source,
    }
}
