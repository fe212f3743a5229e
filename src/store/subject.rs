//! Keyed digests of fiscal codes: who was asked about and disclosed can be searched, but not read, in the record.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::{hkdf, hmac};
use parking_lot::RwLock;

use crate::contract::document::Role;

use super::error::StoreError;
use super::record::Subject;

/// Entries of derived keys held at most; beyond, all are derived again.
const DERIVED: usize = 20_000;

/// The secrets of the subjects' digests: one per ente, derived (HKDF-SHA-256, RFC 5869) from a versioned master.
///
/// The master stands in a key file outside the database, one line `<version> <64 hexadecimal digits>` per version;
/// the highest version makes new digests, all of them are searched.
pub struct SubjectKeys {
    file: PathBuf,
    masters: RwLock<Masters>,
}

struct Masters {
    /// Ascending versions; never empty.
    versions: Vec<(i64, hkdf::Prk)>,
    /// Keys of the newest version, by ente.
    derived: HashMap<Box<str>, Arc<hmac::Key>>,
}

impl SubjectKeys {
    /// Reads the key file.
    pub fn load(file: &Path) -> Result<SubjectKeys, StoreError> {
        Ok(SubjectKeys {
            masters: RwLock::new(Masters {
                versions: read(file)?,
                derived: HashMap::new(),
            }),
            file: file.to_owned(),
        })
    }

    /// Makes a key file with a first master, unless there is one; tells whether it made one.
    pub fn create(file: &Path) -> Result<bool, StoreError> {
        if file.exists() {
            read(file)?;
            return Ok(false);
        }
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder).map_err(StoreError::file("creare", folder))?;
        }
        write(file, &format!("{HEADER}1 {}\n", fresh()))?;
        Ok(true)
    }

    /// Adds a new version to the key file, for all digests made after the next [`SubjectKeys::reload`]; returns it.
    pub fn rotate(file: &Path) -> Result<i64, StoreError> {
        let newest = read(file)?.last().map_or(0, |(version, _)| *version);
        let old = std::fs::read_to_string(file).map_err(StoreError::file("leggere", file))?;
        write(
            file,
            &format!("{}\n{} {}\n", old.trim_end(), newest + 1, fresh()),
        )?;
        Ok(newest + 1)
    }

    /// Reads the key file again; the keys stay as they are if it cannot be read, or lacks or alters one of them.
    pub fn reload(&self) -> Result<(), StoreError> {
        let versions = read(&self.file)?;
        let found = fingerprints(&versions);
        for (version, known) in self.fingerprints() {
            if !found.contains(&(version, known)) {
                return Err(self.wrong(format!(
                    "la versione {version} manca o è cambiata: se ne possono solo aggiungere"
                )));
            }
        }
        *self.masters.write() = Masters {
            versions,
            derived: HashMap::new(),
        };
        Ok(())
    }

    /// The person with that fiscal code (or VAT number) among an ente's subjects.
    pub fn subject(&self, ente: &str, code: &str, role: Role) -> Subject {
        let (digest, key_version) = self.digest(ente, code);
        Subject {
            digest,
            key_version,
            role,
        }
    }

    /// The digest under the ente's newest secret, and that secret's version.
    pub fn digest(&self, ente: &str, code: &str) -> ([u8; 32], i64) {
        let masters = self.masters.read();
        let version = masters.versions.last().map_or(0, |(version, _)| *version);
        if let Some(key) = masters.derived.get(ente) {
            return (sign(key, code), version);
        }
        drop(masters);
        let mut masters = self.masters.write();
        let Masters { versions, derived } = &mut *masters;
        let (version, master) = versions
            .last()
            .expect("a key file without a version is refused");
        if derived.len() >= DERIVED {
            derived.clear();
        }
        let key = derived
            .entry(ente.into())
            .or_insert_with(|| Arc::new(derive(master, *version, ente)));
        (sign(key, code), *version)
    }

    /// The digests under every version of the ente's secret, for a search.
    pub fn digests(&self, ente: &str, code: &str) -> Vec<[u8; 32]> {
        let masters = self.masters.read();
        masters
            .versions
            .iter()
            .map(|(version, master)| sign(&derive(master, *version, ente), code))
            .collect()
    }

    /// The keys of one ente, every version, as it keeps them itself: with them it can tell which of its persons a digest is of, and
    /// nothing of another ente's.
    pub fn of_ente(&self, ente: &str) -> EnteKey {
        let masters = self.masters.read();
        let versions = masters.versions.iter();
        EnteKey {
            ente: ente.to_owned(),
            versions: versions
                .map(|(version, master)| (*version, secret_of(master, *version, ente)))
                .collect(),
        }
    }

    /// The refusal of this key file.
    pub(super) fn wrong(&self, reason: String) -> StoreError {
        StoreError::SubjectKey {
            file: self.file.clone(),
            reason,
        }
    }

    /// Per version a value that tells two masters apart and gives neither away.
    pub(super) fn fingerprints(&self) -> Vec<(i64, [u8; 32])> {
        fingerprints(&self.masters.read().versions)
    }

    /// The version that makes new digests.
    pub(super) fn newest(&self) -> i64 {
        let masters = self.masters.read();
        masters.versions.last().map_or(0, |(version, _)| *version)
    }
}

/// The secrets of one ente's digests, apart from the master that they are derived from.
pub struct EnteKey {
    /// ISTAT code.
    pub ente: String,
    versions: Vec<(i64, [u8; 32])>,
}

impl EnteKey {
    /// Writes them into a new file that only its owner reads: a line `ente <code>`, then one line `<version> <64 hexadecimal digits>` a
    /// version.
    pub fn save(&self, file: &Path) -> Result<(), StoreError> {
        let mut text = format!("ente {}\n", self.ente);
        for (version, secret) in &self.versions {
            text.push_str(&format!("{version} {}\n", hex::encode(secret)));
        }
        let mut options = OpenOptions::new();
        let created = options.write(true).create_new(true).mode(0o600).open(file);
        created
            .and_then(|mut created| created.write_all(text.as_bytes()))
            .map_err(StoreError::file("scrivere", file))
    }

    /// Reads such a file.
    pub fn load(file: &Path) -> Result<EnteKey, StoreError> {
        let text = std::fs::read_to_string(file).map_err(StoreError::file("leggere", file))?;
        let mut lines = text.lines();
        let ente = lines.next().and_then(|line| line.strip_prefix("ente "));
        let versions: Option<Vec<_>> = lines
            .map(|line| {
                let (version, secret) = line.split_once(' ')?;
                let secret = <[u8; 32]>::try_from(hex::decode(secret).ok()?).ok()?;
                Some((version.parse().ok()?, secret))
            })
            .collect();
        match (ente, versions) {
            (Some(ente), Some(versions)) if !versions.is_empty() => Ok(EnteKey {
                ente: ente.to_owned(),
                versions,
            }),
            _ => Err(StoreError::SubjectKey {
                file: file.to_owned(),
                reason: "non è la chiave di un ente, come la scrive `pontile keys export`"
                    .to_owned(),
            }),
        }
    }

    /// The digests of a person under every version.
    pub fn digests(&self, code: &str) -> Vec<[u8; 32]> {
        let versions = self.versions.iter();
        versions
            .map(|(_, secret)| sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), code))
            .collect()
    }
}

const HEADER: &str = "# Master secrets of the record's subject digests. Whoever has this file and the database can\n\
     # test which fiscal codes are in it; without it past exchanges cannot be searched by person.\n\
     # Back it up apart from the database. One line a version; the highest makes new digests.\n";

fn fingerprints(versions: &[(i64, hkdf::Prk)]) -> Vec<(i64, [u8; 32])> {
    let versions = versions.iter();
    versions
        .map(|(version, master)| (*version, expand(master, &["pontile fingerprint"])))
        .collect()
}

fn fresh() -> String {
    hex::encode(rand::random::<[u8; 32]>())
}

fn expand(master: &hkdf::Prk, info: &[&str]) -> [u8; 32] {
    let info: Vec<&[u8]> = info.iter().map(|part| part.as_bytes()).collect();
    let mut bytes = [0; 32];
    master
        .expand(&info, hkdf::HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut bytes))
        .expect("one block of HKDF-SHA-256 can always be filled");
    bytes
}

fn derive(master: &hkdf::Prk, version: i64, ente: &str) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, &secret_of(master, version, ente))
}

fn secret_of(master: &hkdf::Prk, version: i64, ente: &str) -> [u8; 32] {
    expand(
        master,
        &["pontile subject ", &version.to_string(), " ", ente],
    )
}

fn sign(key: &hmac::Key, code: &str) -> [u8; 32] {
    let tag = hmac::sign(key, code.to_ascii_uppercase().as_bytes());
    let mut digest = [0; 32];
    digest.copy_from_slice(tag.as_ref());
    digest
}

fn read(file: &Path) -> Result<Vec<(i64, hkdf::Prk)>, StoreError> {
    let wrong = |reason: String| StoreError::SubjectKey {
        file: file.to_owned(),
        reason,
    };
    let text = std::fs::read_to_string(file).map_err(|error| {
        wrong(format!(
            "{error}; dove non c'è mai stata la crea `pontile migrate`, altrimenti va rimessa dalla copia"
        ))
    })?;
    let mut versions: Vec<(i64, hkdf::Prk)> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let (version, master) = read_line(line).ok_or_else(|| {
            wrong(format!(
                "la riga {} non è `<versione> <64 cifre esadecimali>`",
                index + 1
            ))
        })?;
        if versions
            .last()
            .is_some_and(|(before, _)| *before >= version)
        {
            return Err(wrong(format!(
                "riga {}: le versioni devono crescere",
                index + 1
            )));
        }
        versions.push((version, master));
    }
    if versions.is_empty() {
        return Err(wrong("non contiene nessuna versione".to_owned()));
    }
    Ok(versions)
}

fn read_line(line: &str) -> Option<(i64, hkdf::Prk)> {
    let (version, master) = line.trim().split_once(' ')?;
    let version = version.parse().ok().filter(|version| *version > 0)?;
    let bytes = hex::decode(master.trim())
        .ok()
        .filter(|bytes| bytes.len() == 32)?;
    Some((
        version,
        hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(&bytes),
    ))
}

/// Writes the key file whole: a crash leaves the old one or the new one, never half of one. Its owner stays, so that the
/// gateway can read what an administrator has written.
fn write(file: &Path, text: &str) -> Result<(), StoreError> {
    let beside = file.with_extension("new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut handle = options
        .open(&beside)
        .map_err(StoreError::file("creare", &beside))?;
    if let Ok(before) = std::fs::metadata(file) {
        fchown(&handle, Some(before.uid()), Some(before.gid()))
            .map_err(StoreError::file("lasciare al suo proprietario", file))?;
    }
    handle
        .write_all(text.as_bytes())
        .and_then(|()| handle.sync_all())
        .map_err(StoreError::file("scrivere", &beside))?;
    std::fs::rename(&beside, file).map_err(StoreError::file("rinominare in", file))?;
    super::disk::sync_folder_of(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> (tempfile::TempDir, PathBuf, SubjectKeys) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("subject.key");
        assert!(SubjectKeys::create(&file).expect("created"));
        let keys = SubjectKeys::load(&file).expect("loaded");
        (folder, file, keys)
    }

    #[test]
    fn the_same_person_has_another_digest_at_each_ente() {
        let (_folder, file, keys) = keys();
        let como = keys.digest("013075", "RSSMRA80A01C933K");
        assert_eq!(como, keys.digest("013075", "rssmra80a01c933k"));
        assert_ne!(como, keys.digest("013041", "RSSMRA80A01C933K"));
        let again = SubjectKeys::load(&file).expect("loaded");
        assert_eq!(como, again.digest("013075", "RSSMRA80A01C933K"));
    }

    #[test]
    fn after_a_rotation_old_digests_are_still_searched() {
        let (_folder, file, keys) = keys();
        let (old, _) = keys.digest("013075", "RSSMRA80A01C933K");
        assert_eq!(SubjectKeys::rotate(&file).expect("rotated"), 2);
        keys.reload().expect("reloaded");
        let (new, version) = keys.digest("013075", "RSSMRA80A01C933K");
        assert_eq!(version, 2);
        assert_ne!(old, new);
        assert_eq!(keys.digests("013075", "RSSMRA80A01C933K"), vec![old, new]);
    }

    #[test]
    fn a_key_file_is_never_made_twice_and_never_half_understood() {
        let (folder, file, keys) = keys();
        let before = keys.digest("013075", "A");
        assert!(!SubjectKeys::create(&file).expect("left alone"));
        keys.reload().expect("reloaded");
        assert_eq!(before, keys.digest("013075", "A"));
        let key = "ab".repeat(32);
        for bad in [
            "",
            "1 abcd\n",
            "x\n",
            &format!("2 {key}\n1 {key}\n"),
            &format!("0 {key}\n"),
        ] {
            let file = folder.path().join("bad.key");
            std::fs::write(&file, bad).expect("written");
            assert!(SubjectKeys::load(&file).is_err(), "{bad:?}");
            assert!(SubjectKeys::create(&file).is_err(), "{bad:?}");
        }
    }
}
