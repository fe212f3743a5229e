//! The database remembers fingerprints of the key file's masters: another node, or a restored one, with another key file is refused.

use super::dialect::{Bind, Values};
use super::error::StoreError;
use super::subject::SubjectKeys;

/// The fingerprints seen so far.
pub(super) const SEEN: &str = "SELECT version, fingerprint FROM subject_key ORDER BY version";

/// Notes a fingerprint, once.
pub(super) const NOTE: &str =
    "INSERT INTO subject_key (version, fingerprint) VALUES (?, ?) ON CONFLICT (version) DO NOTHING";

/// Binds the parameters of [`NOTE`].
pub(super) fn bind_note(to: &mut impl Bind, version: i64, fingerprint: &[u8; 32]) {
    to.number(Some(version));
    to.bytes(Some(fingerprint));
}

/// Refuses a key file that lacks a version of the database at `place`, or has another master under its number.
pub(super) fn compare(
    place: &str,
    seen: &[impl Values],
    keys: &SubjectKeys,
) -> Result<(), StoreError> {
    let known = keys.fingerprints();
    for row in seen {
        let version = row.number(0)?.unwrap_or_default();
        let fingerprint = row.bytes(1)?.unwrap_or_default();
        match known.iter().find(|(known, _)| *known == version) {
            Some((_, known)) if known[..] == fingerprint[..] => {}
            Some(_) => {
                return Err(keys.wrong(format!(
                    "la sua versione {version} non è quella con cui è stata scritta {place}: le persone non si troverebbero"
                )));
            }
            None => {
                return Err(keys.wrong(format!(
                    "le manca la versione {version}, con cui è stata scritta {place}: le persone non si troverebbero"
                )));
            }
        }
    }
    Ok(())
}
