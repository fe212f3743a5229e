//! What is remembered beside a copy, without a word of personal data: what is in force, what was seen, reports, acceptances.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDate, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::report::{Outcome, Report};
use super::source::Listed;

/// Digests of accepted files that are remembered: more than a year of nights.
const REMEMBERED: usize = 400;
/// Reports that are kept.
const REPORTS: usize = 60;

const STATE: &str = "stato.json";
const FOLDER: &str = "rapporti";

/// What is remembered of an instance's copies of one ente.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The copy in force.
    pub in_force: Option<InForce>,
    /// Digests of the files of this and earlier copies, the latest last.
    pub seen: Vec<String>,
    /// The files that were refused last, and why: they are not read again.
    pub refused: Option<(String, Outcome)>,
    /// The files that were read last, as their source listed them: they are not read again as long as they stay so.
    #[serde(default)]
    pub examined: Vec<Listed>,
    /// The files of a day to come that were told of last.
    #[serde(default)]
    pub future: Vec<String>,
    /// When files that do for their night were last found.
    pub satisfied: Option<DateTime<Utc>>,
}

/// The copy in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InForce {
    /// The date of its files.
    pub date: NaiveDate,
    /// When it was made.
    pub made: DateTime<Utc>,
    /// Which files it was made of.
    pub digest: String,
    /// Rows of each table.
    pub rows: BTreeMap<String, u64>,
    /// Lines rejected.
    pub rejected: u64,
}

impl State {
    /// What is remembered in that folder; nothing where there is nothing.
    pub fn read(folder: &Path) -> io::Result<State> {
        read_json(&folder.join(STATE)).map(Option::unwrap_or_default)
    }

    /// Remembers.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        write_json(&folder.join(STATE), self)
    }

    /// Notes that files are in force.
    pub fn put_in_force(&mut self, in_force: InForce) {
        self.seen.retain(|digest| *digest != in_force.digest);
        self.seen.push(in_force.digest.clone());
        let surplus = self.seen.len().saturating_sub(REMEMBERED);
        self.seen.drain(..surplus);
        self.refused = None;
        self.satisfied = Some(in_force.made);
        self.in_force = Some(in_force);
    }
}

/// Adds a report and lets go of the oldest.
pub fn write_report(folder: &Path, report: &Report) -> io::Result<()> {
    let reports = folder.join(FOLDER);
    fs::create_dir_all(&reports)?;
    let name = report.esaminato_il.format("%Y%m%dT%H%M%S%3fZ.json");
    write_json(&reports.join(name.to_string()), report)?;
    let files = report_files(folder)?;
    for old in &files[..files.len().saturating_sub(REPORTS)] {
        fs::remove_file(old)?;
    }
    Ok(())
}

/// The reports, the latest first, at most so many.
pub fn reports(folder: &Path, most: usize) -> io::Result<Vec<Report>> {
    let files = report_files(folder)?;
    let latest = files.iter().rev().take(most);
    latest
        .filter_map(|file| read_json(file).transpose())
        .collect()
}

/// Accepts files whatever was wrong with them; they are read at the next look.
pub fn accept(folder: &Path, digest: &str) -> io::Result<()> {
    fs::write(acceptance(folder, digest), b"")
}

/// Whether an operator accepted those files.
pub fn is_accepted(folder: &Path, digest: &str) -> bool {
    acceptance(folder, digest).exists()
}

/// Forgets that files were accepted: they are in force.
pub fn end_acceptance(folder: &Path, digest: &str) -> io::Result<()> {
    match fs::remove_file(acceptance(folder, digest)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn acceptance(folder: &Path, digest: &str) -> PathBuf {
    folder.join(format!("accettato-{digest}"))
}

fn report_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder.join(FOLDER)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .collect();
    files.sort();
    Ok(files)
}

fn read_json<T: DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whole or not at all.
fn write_json(path: &Path, value: &impl Serialize) -> io::Result<()> {
    let beside = path.with_extension("new");
    fs::write(&beside, serde_json::to_vec_pretty(value)?)?;
    fs::rename(&beside, path)
}
