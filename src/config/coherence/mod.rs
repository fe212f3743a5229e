//! What holds between values and between files; each check says where to look, none stops the others.

pub mod settings;
pub mod portals;
pub mod grants;
pub mod backends;
pub mod keys;

use std::collections::BTreeMap;
use std::fmt::Display;

use super::mistake::Mistake;
use super::reading::places::{Entries, Entry, Place};
use super::reading::similar::most_similar;
use super::written::Written;

/// Every contradiction that the configuration alone can show, without its adapters and certificates.
pub fn check(written: &Written) -> Vec<Mistake> {
    let mut mistakes = settings::check(&written.sections, &written.places);
    mistakes.extend(portals::check(written));
    mistakes.extend(grants::check(written));
    mistakes.extend(backends::check(written));
    mistakes.extend(keys::check(written));
    mistakes
}

/// A mistake for every entry whose value at `path` an earlier entry has already.
fn duplicates<T, K: Ord + Display>(
    entries: &Entries<T>,
    path: &str,
    key: impl Fn(&Entry<T>) -> K,
) -> Vec<Mistake> {
    let mut first: BTreeMap<K, &Entry<T>> = BTreeMap::new();
    let mut mistakes = Vec::new();
    for entry in &entries.read {
        let key = key(entry);
        match first.get(&key) {
            Some(earlier) => {
                let place = earlier.places.of(path).map(Place::name);
                let place = place.unwrap_or_default();
                let text = format!("«{key}» c'è già in {place}");
                mistakes.push(entry.places.mistake(path, text));
            }
            None => {
                first.insert(key, entry);
            }
        }
    }
    mistakes
}

/// `«what» sconosciuto`, with the known name that it most resembles.
fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> String {
    match most_similar(name, known) {
        Some(similar) => format!("{what} «{name}» non è in configurazione: forse «{similar}»?"),
        None => format!("{what} «{name}» non è in configurazione"),
    }
}
