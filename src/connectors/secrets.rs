//! The secrets of an instance: read at first use, and again after a reload or once the back end has refused them.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use secrecy::{ExposeSecret, SecretString};

use super::error::{ConnectorError, Kind};
use crate::config::secret::DatedSecret;

/// Secrets by name.
pub type Secrets = BTreeMap<String, SecretString>;

/// Where an instance keeps its secrets while it runs.
#[derive(Default)]
pub struct Shelf {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    read: Option<Arc<Secrets>>,
    is_stale: bool,
    edition: u64,
}

impl std::fmt::Debug for Shelf {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Shelf(…)")
    }
}

impl Shelf {
    /// The secrets, and the number of their edition: it grows when a re-read finds other ones.
    pub fn read(
        &self,
        references: &BTreeMap<String, DatedSecret>,
    ) -> Result<(Arc<Secrets>, u64), ConnectorError> {
        let mut state = self.state.lock();
        if let Some(read) = state.read.as_ref().filter(|_| !state.is_stale) {
            return Ok((Arc::clone(read), state.edition));
        }
        let mut fresh = Secrets::new();
        for (name, dated) in references {
            let secret = dated.reference.read().map_err(|error| {
                ConnectorError::permanent(Kind::Gateway, format!("secret {name}: {error}"))
            })?;
            fresh.insert(name.clone(), secret);
        }
        if !state.read.as_ref().is_some_and(|known| same(known, &fresh)) {
            state.edition += 1;
        }
        let fresh = Arc::new(fresh);
        state.read = Some(Arc::clone(&fresh));
        state.is_stale = false;
        Ok((fresh, state.edition))
    }

    /// They may have changed, by the back end's refusal or by a reload: the next use reads them again.
    pub fn read_again(&self) {
        self.state.lock().is_stale = true;
    }
}

fn same(one: &Secrets, other: &Secrets) -> bool {
    let exposed = |secret: &SecretString| secret.expose_secret().to_owned();
    one.len() == other.len()
        && one
            .iter()
            .zip(other)
            .all(|((name, secret), (other_name, other))| {
                name == other_name && exposed(secret) == exposed(other)
            })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::secret::SecretReference;

    #[test]
    fn secrets_are_read_once_and_again_after_a_refusal() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("password");
        std::fs::write(&file, "one\n").expect("written");
        let references = BTreeMap::from([(
            "password".to_owned(),
            SecretReference::File(file.clone()).into(),
        )]);
        let shelf = Shelf::default();
        let read = || {
            let (secrets, edition) = shelf.read(&references).expect("readable");
            (secrets["password"].expose_secret().to_owned(), edition)
        };
        assert_eq!(read(), ("one".to_owned(), 1));
        std::fs::write(&file, "two\n").expect("written");
        assert_eq!(read(), ("one".to_owned(), 1));
        shelf.read_again();
        assert_eq!(read(), ("two".to_owned(), 2));
        shelf.read_again();
        assert_eq!(
            read(),
            ("two".to_owned(), 2),
            "nothing changed: the same edition"
        );
    }
}
