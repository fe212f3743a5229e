//! A configuration text as it was read, with its lines.

use std::path::{Path, PathBuf};

use crate::config::mistake::Mistake;

/// Where a text comes from; decides how it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The defaults that the program carries.
    Defaults,
    /// A file.
    File,
    /// One environment variable: its value may stand without quotes.
    Environment,
}

/// A configuration text.
#[derive(Debug)]
pub struct Source {
    /// Where it comes from.
    pub origin: Origin,
    /// How mistakes name it.
    pub name: PathBuf,
    /// What relative paths in it are relative to.
    pub folder: PathBuf,
    /// The text.
    pub text: String,
    line_starts: Vec<usize>,
}

impl Source {
    /// A text that mistakes call `name` and whose relative paths begin at `folder`.
    pub fn new(
        origin: Origin,
        name: impl Into<PathBuf>,
        folder: impl Into<PathBuf>,
        text: String,
    ) -> Source {
        let line_starts = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(offset, _)| offset + 1))
            .collect();
        Source {
            origin,
            name: name.into(),
            folder: folder.into(),
            text,
            line_starts,
        }
    }

    /// Reads a file; its own folder is where its relative paths begin.
    pub fn read(path: &Path) -> Result<Source, Mistake> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Mistake::of_file(path, format!("il file non si può leggere: {error}"))
        })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Ok(Source::new(Origin::File, path, folder, text))
    }

    /// A mistake at a byte of the text.
    pub fn mistake(&self, offset: usize, text: impl Into<String>) -> Mistake {
        if self.origin == Origin::Environment {
            return Mistake::of_file(&self.name, text);
        }
        let offset = self.text.floor_char_boundary(offset);
        let line = self.line_starts.partition_point(|start| *start <= offset);
        let start = self.line_starts[line - 1];
        Mistake {
            file: self.name.clone(),
            line,
            column: self.text[start..offset].chars().count() + 1,
            text: text.into(),
        }
    }
}
