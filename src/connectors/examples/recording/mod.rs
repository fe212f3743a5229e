//! Makes numbered examples of live exchanges: persons are replaced, what is sent is written anew by playing, and nothing is
//! written in which an original is left.

mod configured;
mod exchanges;
mod lines;
mod logins;
pub mod nights;
mod originals;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use chrono_tz::Europe::Rome;
use secrecy::SecretString;
use serde_json::Value;

use super::disguise::Disguise;
use super::night::NIGHT;
use super::{LOGIN, setting, unreadable};
use crate::config::mistake::Mistake;
use crate::connectors::adapter::Adapter;
use crate::connectors::error::ConnectorError;
use crate::connectors::instance::Tenant;
use crate::connectors::tape::Taped;
use crate::contract::operation::Operation;
use nights::Night;

/// One live question with what came of it.
pub struct Take {
    /// The name of the case.
    pub case: String,
    /// The question, as portals write it.
    pub request: Value,
    /// The exchanges.
    pub tape: Vec<Taped>,
    /// The number under which the back end knows a request that it carries out later.
    pub reference: Option<String>,
    /// The answer in the contract's terms, or how it failed.
    pub outcome: Result<Value, ConnectorError>,
}

/// Whose exchanges they are.
pub struct Origin<'a> {
    /// The adapter.
    pub adapter: &'a Adapter,
    /// Its folder.
    pub folder: &'a Path,
    /// The operation that was asked.
    pub operation: Operation,
    /// The ente that was asked.
    pub tenant: &'a Tenant,
    /// Values of the instance.
    pub values: &'a BTreeMap<String, String>,
    /// Secrets of the instance.
    pub secrets: &'a BTreeMap<String, SecretString>,
    /// When they were made.
    pub now: DateTime<Utc>,
}

/// The files of one case, by name.
type Files = Vec<(String, Vec<u8>)>;

/// Writes a folder for each take, and one for the files of a night; `Err` says why nothing was written.
pub fn record(
    origin: &Origin<'_>,
    takes: &[Take],
    night: Option<&Night>,
) -> Result<Vec<PathBuf>, Mistake> {
    let shared = configured::shared_setting(origin)?;
    let mut known = configured::configured(origin, &shared)?;
    known.extend(configured::of_the_tapes(takes));
    let today = origin.now.with_timezone(&Rome).date_naive();
    let mut disguise = Disguise::new(today, known);
    let mut recorded = Vec::new();
    for take in takes {
        let (login, answers) = (
            logins::login_of(origin, take)?,
            exchanges::decoded(origin, take)?,
        );
        if login.is_none() && answers.is_empty() {
            let text = "il sistema non ha risposto: non c'è nulla da registrare";
            return Err(Mistake::of_file(&take.case, text));
        }
        recorded.push((take, login, answers));
    }
    let samples = match night {
        Some(night) => nights::samples(origin, night, takes)?,
        None => Vec::new(),
    };
    // What the adapter's own files say is the product's language.
    for text in texts_of(origin.folder)? {
        disguise.gather_common(&text);
    }
    // Codes of the ente are public, and stand in the setting.
    disguise.gather_common(origin.tenant.codice_istat.as_str());
    disguise.gather_common(&origin.tenant.codice_belfiore);
    for (take, login, answers) in &recorded {
        exchanges::gather(take, answers, &mut disguise)?;
        if let Some(login) = login {
            login.gather(&mut disguise)?;
        }
    }
    for sample in &samples {
        sample.gather(origin, &mut disguise);
    }
    disguise.begin();
    let mut cases: Vec<(PathBuf, Files)> = Vec::new();
    let mut logins: Vec<(PathBuf, Files)> = Vec::new();
    let examples = origin.folder.join("examples");
    // Names are known only once all were met: the second writing replaces them in every text.
    for last in [false, true] {
        for (take, login, answers) in &recorded {
            let files = exchanges::files(origin, take, answers, &mut disguise)?;
            if last && !answers.is_empty() {
                let folder = examples.join(origin.operation.name()).join(&take.case);
                cases.push((folder, exchanges::play(origin, &shared, take, files)?));
            }
            if let Some(login) = login.as_ref().filter(|_| last) {
                let files = login.files(origin, &shared, &mut disguise)?;
                let written: Vec<&Files> = logins.iter().map(|(_, files)| files).collect();
                if !logins::is_known(origin, &written, &files)? {
                    logins.push((examples.join(LOGIN).join(login.case), files));
                }
            }
        }
    }
    cases.extend(logins);
    if let Some(night) = night {
        let files = nights::files(origin, &samples, &mut disguise)?;
        cases.push((examples.join(NIGHT).join(&night.case), files));
    }
    for (folder, files) in &cases {
        originals::refuse_originals(folder, files, takes, &disguise)?;
    }
    write(origin, &shared, &cases)?;
    Ok(cases.into_iter().map(|(folder, _)| folder).collect())
}

/// The texts of the adapter's files, its examples aside.
fn texts_of(folder: &Path) -> Result<Vec<String>, Mistake> {
    let entries = fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
    let files = entries.flatten().map(|entry| entry.path());
    let files =
        files.filter(|path| path.is_file() && path.extension().is_none_or(|kind| kind != "md"));
    Ok(files
        .filter_map(|path| fs::read_to_string(path).ok())
        .collect())
}

fn write(origin: &Origin<'_>, shared: &Value, cases: &[(PathBuf, Files)]) -> Result<(), Mistake> {
    let unwritable = |path: &Path, error: &std::io::Error| {
        Mistake::of_file(path, format!("non si può scrivere: {error}"))
    };
    for (folder, _) in cases {
        if folder.exists() {
            return Err(Mistake::of_file(folder, "c'è già"));
        }
    }
    let path = origin.folder.join(setting::FILE);
    let missing = (!path.is_file()).then(|| (path, format!("{shared:#}\n").into_bytes()));
    let files = cases.iter().flat_map(|(folder, files)| {
        files
            .iter()
            .map(|(name, text)| (folder.join(name), text.clone()))
    });
    for (path, text) in missing.into_iter().chain(files) {
        let parent = path.parent().unwrap_or(Path::new(""));
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(&path, text))
            .map_err(|error| unwritable(&path, &error))?;
    }
    Ok(())
}
