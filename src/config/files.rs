//! `[files]`: where the lists of enti, portals, instances and operators and the grants stand, and the adapters' folder.

use std::path::{Path, PathBuf};

use super::reading::source::Origin;
use super::reading::table::Table;
use super::reading::value::Value;
use super::reading::{FromTable, Read, Reader};

/// The files that the configuration names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// Files of `[[portal]]` and `[[purpose]]`.
    pub portals: Vec<PathBuf>,
    /// The grants, a file each.
    pub grants: Vec<PathBuf>,
    /// Files of `[[operator]]`.
    pub operators: Vec<PathBuf>,
    /// Files of `[[ente]]`.
    pub enti: Vec<PathBuf>,
    /// Files of `[[instance]]`.
    pub instances: Vec<PathBuf>,
    /// The folder of the adapters.
    pub adapters: PathBuf,
}

/// The files that one pattern matches: a path whose last part may hold `*`.
struct Matched(Vec<PathBuf>);

impl FromTable for Files {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let mut files = |key| -> Option<Vec<PathBuf>> {
            let patterns: Vec<Matched> = table.required(key, reader)?;
            let mut files: Vec<PathBuf> = patterns.into_iter().flat_map(|found| found.0).collect();
            files.sort();
            files.dedup();
            Some(files)
        };
        let portals = files("portals");
        let grants = files("grants");
        let operators = files("operators");
        let enti = files("enti");
        let instances = files("instances");
        let adapters = table.required("adapters", reader);
        table.finish(reader);
        Some(Files {
            portals: portals?,
            grants: grants?,
            operators: operators?,
            enti: enti?,
            instances: instances?,
            adapters: adapters?,
        })
    }
}

impl Read for Matched {
    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
        let pattern = PathBuf::read(value, reader)?;
        let found = files_matching(&pattern);
        // The defaults name folders that an installation need not have; who writes a pattern means something by it.
        if found.is_empty() && value.source().origin != Origin::Defaults {
            let text = format!("nessun file corrisponde a {}", pattern.display());
            reader.mistake(&value.place(), text);
        }
        Some(Matched(found))
    }
}

fn files_matching(pattern: &Path) -> Vec<PathBuf> {
    let name = pattern
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    if !name.contains('*') {
        return if pattern.is_file() {
            vec![pattern.to_owned()]
        } else {
            Vec::new()
        };
    }
    let Some(entries) = pattern.parent().and_then(|folder| folder.read_dir().ok()) else {
        return Vec::new();
    };
    entries
        .filter_map(Result::ok)
        .filter(|entry| {
            entry
                .file_name()
                .to_str()
                .is_some_and(|entry| matches(name, entry))
        })
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
        .collect()
}

/// Whether a file's name fits the pattern; hidden files fit none.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first).filter(|_| !name.starts_with('.')) else {
        return false;
    };
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(found) => rest = &rest[found + part.len()..],
            None => return false,
        }
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything_but_a_hidden_file() {
        for (pattern, name, fits) in [
            ("*.toml", "a-b.toml", true),
            ("*.toml", ".swp.toml", false),
            ("*.toml", "a.toml~", false),
            ("a*b*.toml", "a-x-b-y.toml", true),
            ("a*b*.toml", "a-x.toml", false),
            ("uno.toml", "uno.toml", true),
            ("uno.toml", "uno.toml2", false),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
    }
}
