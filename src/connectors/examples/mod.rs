//! The numbered examples of an adapter's folder: documentation, fixture and regression test in one.
//!
//! `examples/<operation>/<case>/` holds `1-portal-request.json`, for each exchange `2-back-end-request.<exchange>.*` and
//! `3-back-end-response.<exchange>.*`, and `4-portal-answer.json`; `examples/_login/<case>/` the same for the login, without a
//! question and with `4-outcome.json`; `examples/_night/<case>/` files of a night (`night`). What follows the exchange's name says only how the file is written, so that a
//! connector may have a form of its own.

pub mod setting;
pub mod question;
pub mod written;
pub mod play;
pub mod compare;
pub mod usual;
pub mod explain;
pub mod disguise;
pub mod recording;
pub mod night;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::config::mistake::Mistake;
use crate::contract::operation::Operation;

/// The folder of the cases of the login.
pub const LOGIN: &str = "_login";
/// What is sent for an exchange.
pub const REQUEST: &str = "2-back-end-request";
/// What the back end answered to it.
pub const RESPONSE: &str = "3-back-end-response";

/// One example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// Its folder.
    pub folder: PathBuf,
    /// What it is an example of.
    pub of: Subject,
}

/// What an example is an example of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// An operation.
    Operation(Operation),
    /// The login.
    Login,
    /// The files of a night.
    Night,
}

/// The folders of adapters below a root: those whose name begins with `_` are none.
pub fn adapter_folders(root: &Path) -> Result<Vec<PathBuf>, Mistake> {
    let mut found = folders_in(root)?;
    found.retain(|folder| {
        !name_of(folder).starts_with('_') && folder.join("adapter.toml").is_file()
    });
    Ok(found)
}

/// Every example of an adapter's folder, by operation and case; an operation's folder of another name is a mistake.
pub fn examples_of(adapter: &Path) -> Result<Vec<Example>, Mistake> {
    let root = adapter.join("examples");
    if !root.is_dir() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for folder in folders_in(&root)? {
        let name = name_of(&folder);
        let of = match Operation::named(&name) {
            _ if name == LOGIN => Subject::Login,
            _ if name == night::NIGHT => Subject::Night,
            Some(operation) => Subject::Operation(operation),
            None => {
                let text = format!("«{name}» non è il nome di un'operazione");
                return Err(Mistake::of_file(folder, text));
            }
        };
        found.extend(
            folders_in(&folder)?
                .into_iter()
                .map(|folder| Example { folder, of }),
        );
    }
    Ok(found)
}

/// The one example at that path, like `adapters/x/examples/anagrafe.ricerche-persona/found`, and its adapter's folder.
pub fn example_at(path: &Path) -> Result<(PathBuf, Example), Mistake> {
    let none = || {
        Mistake::of_file(
            path,
            "non è la cartella di un esempio: <adapter>/examples/<operazione>/<caso>",
        )
    };
    let folder = path
        .canonicalize()
        .map_err(|error| unreadable(path, &error))?;
    let operation = folder.parent().ok_or_else(none)?;
    let examples = operation
        .parent()
        .filter(|folder| name_of(folder) == "examples")
        .ok_or_else(none)?;
    let adapter = examples.parent().ok_or_else(none)?.to_owned();
    let of = match Operation::named(&name_of(operation)) {
        Some(operation) => Subject::Operation(operation),
        None if name_of(operation) == LOGIN => Subject::Login,
        None if name_of(operation) == night::NIGHT => Subject::Night,
        None => return Err(none()),
    };
    Ok((adapter, Example { folder, of }))
}

impl Example {
    /// Its name below `examples/`: operation and case.
    pub fn name(&self) -> String {
        let operation = self.folder.parent().map(name_of).unwrap_or_default();
        format!("{operation}/{}", name_of(&self.folder))
    }

    /// The file with what the portal gets, or with what the login gives.
    pub fn answer_file(&self) -> PathBuf {
        self.folder.join(match self.of {
            Subject::Operation(_) => "4-portal-answer.json",
            Subject::Login => "4-outcome.json",
            Subject::Night => night::COPY,
        })
    }

    /// What the portal asks.
    pub fn request_file(&self) -> PathBuf {
        self.folder.join("1-portal-request.json")
    }

    /// The file of an exchange, whatever it ends in.
    pub fn exchange_file(&self, number: &str, exchange: &str) -> Result<Option<PathBuf>, Mistake> {
        let prefix = format!("{number}.{exchange}.");
        let files = self.files()?;
        Ok(files
            .into_iter()
            .find(|path| name_of(path).starts_with(&prefix)))
    }

    /// The text of the file of an exchange, which must be there.
    pub fn exchange_text(&self, number: &str, exchange: &str) -> Result<String, Mistake> {
        match self.exchange_file(number, exchange)? {
            Some(path) => fs::read_to_string(&path).map_err(|error| unreadable(&path, &error)),
            None => Err(Mistake::of_file(
                &self.folder,
                format!("manca il file {number}.{exchange}.…"),
            )),
        }
    }

    /// The exchanges of which there is a file of that number.
    pub fn exchanges(&self, number: &str) -> Result<Vec<String>, Mistake> {
        let prefix = format!("{number}.");
        let names = self.files()?.into_iter().filter_map(|path| {
            let name = name_of(&path);
            let (exchange, _) = name.strip_prefix(&prefix)?.rsplit_once('.')?;
            Some(exchange.to_owned())
        });
        Ok(names.collect())
    }

    fn files(&self) -> Result<Vec<PathBuf>, Mistake> {
        let entries =
            fs::read_dir(&self.folder).map_err(|error| unreadable(&self.folder, &error))?;
        let mut files: Vec<PathBuf> = entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.is_file())
            .collect();
        files.sort();
        Ok(files)
    }
}

/// Reads a file of JSON.
pub fn read_json(path: &Path) -> Result<Value, Mistake> {
    let text = fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
    serde_json::from_str(&text).map_err(|error| Mistake {
        file: path.to_owned(),
        line: error.line(),
        column: error.column(),
        text: "non è JSON".to_owned(),
    })
}

fn folders_in(folder: &Path) -> Result<Vec<PathBuf>, Mistake> {
    let entries = fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
    let mut found: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect();
    found.sort();
    Ok(found)
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn unreadable(path: &Path, error: &std::io::Error) -> Mistake {
    Mistake::of_file(path, format!("non si può leggere: {error}"))
}
