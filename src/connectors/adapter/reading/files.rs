//! The files of an adapter's folder: each must be named by a step, all of them make the digest.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};

use crate::config::mistake::Mistake;
use crate::config::reading::Reader;
use crate::config::reading::source::Source;
use crate::config::reading::value::Value;

/// The files of the folder.
pub(super) struct Files {
    /// The folder.
    pub folder: PathBuf,
    /// The files that were named so far.
    pub named: BTreeSet<String>,
}

impl Files {
    /// The adapter's name.
    pub fn folder_name(&self, reader: &mut Reader) -> Option<String> {
        let resolved = self
            .folder
            .canonicalize()
            .unwrap_or_else(|_| self.folder.clone());
        let name = resolved
            .file_name()
            .and_then(|name| name.to_str())
            .map(str::to_owned);
        if name.is_none() {
            let text = "la cartella di un adattatore ha un nome";
            reader.mistakes.push(Mistake::of_file(&self.folder, text));
        }
        name
    }

    /// The file of the folder that a value names.
    pub fn read(&mut self, value: Value<'_>, reader: &mut Reader) -> Option<Arc<Source>> {
        let name = value.parse(reader, "il nome di un file della cartella", |text| {
            let plain = !text.is_empty() && !text.starts_with('.') && !text.contains(['/', '\\']);
            plain.then(|| text.to_owned())
        })?;
        let read = Source::read(&self.folder.join(&name));
        self.named.insert(name);
        match read {
            Ok(source) => Some(Arc::new(source)),
            Err(mistake) => {
                reader.mistake(&value.place(), mistake.text);
                None
            }
        }
    }

    /// A file that nothing names is most likely a slip of the hand.
    pub fn check(&self) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        let entries = std::fs::read_dir(&self.folder)
            .into_iter()
            .flatten()
            .flatten();
        for entry in entries {
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
            if is_file && !self.named.contains(&name) {
                let text = "nessun passo di adapter.toml nomina questo file";
                mistakes.push(Mistake::of_file(entry.path(), text));
            }
        }
        mistakes
    }

    /// SHA-256 over names and contents.
    pub fn digest(&self) -> Result<String, Mistake> {
        let mut paths = Vec::new();
        collect(&self.folder, &mut paths)?;
        paths.sort();
        let mut context = Context::new(&SHA256);
        for path in paths {
            let bytes = std::fs::read(&path).map_err(|error| unreadable(&path, &error))?;
            let name = path.strip_prefix(&self.folder).unwrap_or(&path);
            let name = name.to_string_lossy();
            context.update(&(name.len() as u64).to_be_bytes());
            context.update(name.as_bytes());
            context.update(&(bytes.len() as u64).to_be_bytes());
            context.update(&bytes);
        }
        Ok(hex::encode(context.finish().as_ref()))
    }
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<(), Mistake> {
    let entries = std::fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
    for entry in entries {
        let path = entry.map_err(|error| unreadable(folder, &error))?.path();
        if path.is_dir() {
            collect(&path, paths)?;
        } else {
            paths.push(path);
        }
    }
    Ok(())
}

fn unreadable(path: &Path, error: &std::io::Error) -> Mistake {
    Mistake::of_file(path, format!("non si può leggere: {error}"))
}
