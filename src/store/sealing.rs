//! Sealed bytes: authenticated encryption (AES-256-GCM) under a key that each sealed piece names by its number.

use std::collections::BTreeMap;
use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use secrecy::{ExposeSecret, SecretString};

use crate::config::secret::SecretReference;

use super::error::StoreError;

/// Bytes of a key's number before each sealed piece.
const NUMBER_LEN: usize = 4;

/// The keys, by number; the highest seals, all of them open.
pub(super) struct Ring {
    keys: BTreeMap<u32, LessSafeKey>,
}

impl Ring {
    /// Reads the keys that a setting names: one line `<number> <64 hexadecimal digits>` each; empty lines and those that begin
    /// with `#` count for nothing.
    pub(super) fn read(reference: &SecretReference, setting: &str) -> Result<Ring, StoreError> {
        let text = reference.read().map_err(|error| {
            StoreError::Settings(format!("{setting}: {error}; la crea `pontile migrate`"))
        })?;
        let wrong =
            |reason: &str| StoreError::Settings(format!("{setting}: {reference}: {reason}"));
        let mut keys = BTreeMap::new();
        for line in text.expose_secret().lines().map(str::trim) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let key = key(line).ok_or_else(|| {
                wrong("ogni riga ha un numero e 64 cifre esadecimali, separati da uno spazio")
            })?;
            if keys.insert(key.0, key.1).is_some() {
                return Err(wrong("due chiavi hanno lo stesso numero"));
            }
        }
        if keys.is_empty() {
            return Err(wrong("non contiene chiavi"));
        }
        Ok(Ring { keys })
    }

    /// Makes the file of a first key, unless there is one; tells whether it made one. Keys that do not stand in a file of
    /// ours are somebody else's to make.
    pub(super) fn create(reference: &SecretReference, seals: &str) -> Result<bool, StoreError> {
        let SecretReference::File(file) = reference else {
            return Ok(false);
        };
        if file.exists() {
            return Ok(false);
        }
        let fresh = hex::encode(rand::random::<[u8; 32]>());
        let text = format!(
            "# Chiavi con cui Pontile cifra {seals}: numero e 64 cifre esadecimali.\n{HEADER}1 {fresh}\n"
        );
        write(file, &SecretString::from(text))?;
        Ok(true)
    }

    /// Adds a key to the file, which seals as soon as the file is read again; returns its number.
    pub(super) fn rotate(reference: &SecretReference, setting: &str) -> Result<u32, StoreError> {
        let SecretReference::File(file) = reference else {
            return Err(StoreError::Settings(format!(
                "{setting}: {reference}: si ruota solo una chiave in un file; altrove si aggiunge una riga"
            )));
        };
        let newest = Ring::read(reference, setting)?.newest().0 + 1;
        let old = std::fs::read_to_string(file).map_err(StoreError::file("leggere", file))?;
        let fresh = hex::encode(rand::random::<[u8; 32]>());
        write(
            file,
            &SecretString::from(format!("{}\n{newest} {fresh}\n", old.trim_end())),
        )?;
        Ok(newest)
    }

    /// Whether it can open all that the other could seal.
    pub(super) fn has_all_of(&self, other: &Ring) -> bool {
        other
            .keys
            .keys()
            .all(|number| self.keys.contains_key(number))
    }

    fn newest(&self) -> (u32, &LessSafeKey) {
        let (number, key) = self
            .keys
            .last_key_value()
            .expect("a ring without keys is refused when it is read");
        (*number, key)
    }

    /// Seals bytes for one place, which they cannot be moved from: opening asks for the same.
    pub(super) fn seal(&self, place: &[u8], bytes: &[u8]) -> Vec<u8> {
        let (number, key) = self.newest();
        let nonce: [u8; NONCE_LEN] = rand::random();
        let mut sealed = Vec::with_capacity(NUMBER_LEN + NONCE_LEN + bytes.len() + 16);
        sealed.extend_from_slice(&number.to_be_bytes());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(bytes);
        let body = &mut sealed[NUMBER_LEN + NONCE_LEN..];
        let tag = key
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(place), body)
            .expect("AES-256-GCM refuses only more bytes than memory holds");
        sealed.extend_from_slice(tag.as_ref());
        sealed
    }

    /// Opens what was sealed for the place.
    pub(super) fn open(&self, place: &[u8], sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
        let broken = || StoreError::Unsealable("non è stato sigillato qui, o è stato alterato");
        let (number, rest) = sealed.split_first_chunk().ok_or_else(broken)?;
        let (nonce, body) = rest.split_first_chunk().ok_or_else(broken)?;
        let key = self
            .keys
            .get(&u32::from_be_bytes(*number))
            .ok_or(StoreError::Unsealable("manca la chiave con quel numero"))?;
        let mut body = body.to_vec();
        let length = key
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(place),
                &mut body,
            )
            .map_err(|_| broken())?
            .len();
        body.truncate(length);
        Ok(body)
    }
}

const HEADER: &str =
    "# La più alta cifra, tutte decifrano. Va conservata in copia, fuori dalla base dati.\n";

fn key(line: &str) -> Option<(u32, LessSafeKey)> {
    let (number, digits) = line.split_once(' ')?;
    let mut bytes = [0; 32];
    hex::decode_to_slice(digits.trim(), &mut bytes).ok()?;
    let key = UnboundKey::new(&AES_256_GCM, &bytes).ok()?;
    Some((number.parse().ok()?, LessSafeKey::new(key)))
}

/// Writes the file whole or not at all, for our user alone.
fn write(file: &Path, text: &SecretString) -> Result<(), StoreError> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).map_err(StoreError::file("creare", folder))?;
    }
    let beside = file.with_extension("new");
    let written = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)
        .and_then(|mut new| {
            new.write_all(text.expose_secret().as_bytes())?;
            new.sync_all()
        })
        .and_then(|()| std::fs::rename(&beside, file));
    written.map_err(StoreError::file("scrivere", file))?;
    super::disk::sync_folder_of(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(text: &str) -> Result<Ring, StoreError> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("richieste.key");
        std::fs::write(&file, text).expect("written");
        Ring::read(&SecretReference::File(file), "[x] key")
    }

    #[test]
    fn what_is_sealed_opens_only_at_its_place_and_unaltered() {
        let ring = ring(&format!("1 {}\n", "11".repeat(32))).expect("a ring");
        let sealed = ring.seal(b"here", b"RSSMRA80A01C933H");
        assert!(!sealed.windows(6).any(|part| part == b"RSSMRA"));
        assert_eq!(
            ring.open(b"here", &sealed).expect("opened"),
            b"RSSMRA80A01C933H"
        );
        assert!(ring.open(b"there", &sealed).is_err());
        for position in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[position] ^= 1;
            assert!(ring.open(b"here", &altered).is_err(), "byte {position}");
        }
        assert!(ring.open(b"here", &sealed[..3]).is_err());
    }

    #[test]
    fn an_older_key_still_opens_and_the_newest_seals() {
        let (one, two) = ("11".repeat(32), "22".repeat(32));
        let before = ring(&format!("1 {one}\n")).expect("a ring");
        let sealed = before.seal(b"here", b"text");
        let after = ring(&format!("# keys\n1 {one}\n\n2 {two}\n")).expect("a ring");
        assert_eq!(after.open(b"here", &sealed).expect("opened"), b"text");
        assert!(before.open(b"here", &after.seal(b"here", b"text")).is_err());
    }

    #[test]
    fn files_out_of_form_are_refused() {
        let one = "11".repeat(32);
        for wrong in [
            String::from("# nothing\n"),
            format!("1 {one}\n1 {one}\n"),
            "1 abc\n".to_owned(),
            one,
        ] {
            assert!(ring(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_file_is_made_once_and_grows_with_every_rotation() {
        let folder = tempfile::tempdir().expect("a folder");
        let reference = SecretReference::File(folder.path().join("keys/richieste.key"));
        assert!(Ring::create(&reference, "una prova").expect("made"));
        assert!(!Ring::create(&reference, "una prova").expect("left alone"));
        let sealed = Ring::read(&reference, "[x] key")
            .expect("a ring")
            .seal(b"here", b"text");
        assert_eq!(Ring::rotate(&reference, "[x] key").expect("rotated"), 2);
        let ring = Ring::read(&reference, "[x] key").expect("a ring");
        assert_eq!(ring.open(b"here", &sealed).expect("opened"), b"text");
        assert_eq!(ring.newest().0, 2);
    }
}
