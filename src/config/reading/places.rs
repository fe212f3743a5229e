//! Where values stand, so that a mistake that only shows later can still point at its line.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::source::{Origin, Source};
use crate::config::mistake::Mistake;

/// A byte of a source.
#[derive(Debug, Clone)]
pub struct Place {
    source: Arc<Source>,
    offset: usize,
}

/// Where the values of an entry stand, by their path in it: `servizi.anagrafe.instance`, `grant[0].fields[2]`.
#[derive(Debug, Clone, Default)]
pub struct Places(pub(super) Vec<(String, Place)>);

/// An entry of a list with the places of its values.
#[derive(Debug, Clone)]
pub struct Entry<T> {
    /// The entry.
    pub value: T,
    /// Where its values stand.
    pub places: Places,
}

/// The entries of a list.
#[derive(Debug, Clone)]
pub struct Entries<T> {
    /// Those without a mistake of their own.
    pub read: Vec<Entry<T>>,
    /// The names of all that were written, so that one mistake in an entry makes no second one where it is referred to.
    pub names: BTreeSet<String>,
}

impl Place {
    /// The byte at `offset` of the source.
    pub fn new(source: &Arc<Source>, offset: usize) -> Place {
        Place {
            source: Arc::clone(source),
            offset,
        }
    }

    /// Whether the value is one that the program carries.
    fn is_default(&self) -> bool {
        self.source.origin == Origin::Defaults
    }

    /// A mistake at this place.
    pub fn mistake(&self, text: impl Into<String>) -> Mistake {
        self.source.mistake(self.offset, text)
    }

    /// The place as mistakes write it, to point at it from elsewhere.
    pub fn name(&self) -> String {
        let place = self.mistake("");
        match place.line {
            0 => place.file.display().to_string(),
            line => format!("{}:{line}", place.file.display()),
        }
    }
}

impl Places {
    /// The place of the value at `path`, or of the nearest table around it that was written.
    pub fn of(&self, path: &str) -> Option<&Place> {
        let mut path = path;
        loop {
            if let Some((_, place)) = self.0.iter().find(|(written, _)| written == path) {
                return Some(place);
            }
            if path.is_empty() {
                return None;
            }
            path = &path[..path.rfind(['.', '[']).unwrap_or(0)];
        }
    }

    /// Whether the value at `path` was written, soundly or not.
    pub fn has(&self, path: &str) -> bool {
        self.0.iter().any(|(written, _)| written == path)
    }

    /// A mistake at the value at `path`; where nobody wrote that value, its line cannot tell which key is meant, and
    /// the text names it.
    pub fn mistake(&self, path: &str, text: impl Into<String>) -> Mistake {
        let text = text.into();
        let written = self
            .0
            .iter()
            .any(|(written, place)| written == path && !place.is_default());
        let text = if written || path.is_empty() {
            text
        } else {
            format!("{path}: {text}")
        };
        match self.of(path) {
            Some(place) => place.mistake(text),
            None => Mistake::of_file("", text),
        }
    }
}

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Entries {
            read: Vec::new(),
            names: BTreeSet::new(),
        }
    }
}

impl<T> Entries<T> {
    /// Adds the entries of another file.
    pub fn append(&mut self, other: Entries<T>) {
        self.read.extend(other.read);
        self.names.extend(other.names);
    }

    /// Whether an entry of that name was written.
    pub fn knows(&self, name: &str) -> bool {
        self.names.contains(name)
    }
}
