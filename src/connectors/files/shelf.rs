//! The night copies in force, opened when they are first asked, and how they fare.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDate;
use parking_lot::{Mutex, RwLock};

use crate::store::night::{NightCopy, Place, Replaced, Vault};

/// How long a replaced copy is waited for that somebody still reads; beyond that its file goes with its last reader.
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);
const LOOKS: u32 = 1_000;

/// The night copies in force.
pub struct Shelf {
    vault: Vault,
    held: RwLock<HashMap<Place, Held>>,
    tallies: Mutex<BTreeMap<Place, Tally>>,
}

#[derive(Clone)]
enum Held {
    Copy(Arc<NightCopy>),
    Nothing,
    /// It is there and does not open; why, as operators are told.
    Closed(Arc<str>),
}

/// How a copy fares, for metrics and operators.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// The date of the copy in force.
    pub date: Option<NaiveDate>,
    /// Its rows.
    pub rows: u64,
    /// Lines of its files that were rejected.
    pub rejected: u64,
    /// Whether the night's files should be in force by now and are not.
    pub is_missing: bool,
}

/// Closes a copy once nobody reads it any more; `false`: somebody still does.
#[expect(clippy::disallowed_methods, reason = "on a thread of the night's own")]
fn closed(mut copy: Arc<NightCopy>) -> bool {
    for _ in 0..LOOKS {
        match Arc::try_unwrap(copy) {
            Ok(copy) => {
                drop(copy);
                return true;
            }
            Err(shared) => copy = shared,
        }
        std::thread::sleep(BETWEEN_LOOKS);
    }
    false
}

impl std::fmt::Debug for Shelf {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Shelf({} copies)", self.held.read().len())
    }
}

impl Shelf {
    /// The shelf over a vault.
    pub fn new(vault: Vault) -> Shelf {
        Shelf {
            vault,
            held: RwLock::default(),
            tallies: Mutex::default(),
        }
    }

    /// Where the copies are kept.
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    /// The copy in force; `None`: there is none; `Err`: it does not open, and why. May read from disk: not for a worker's
    /// thread.
    pub fn copy(&self, place: &Place) -> Result<Option<Arc<NightCopy>>, Arc<str>> {
        let held = self.held.read().get(place).cloned();
        let held = held.unwrap_or_else(|| {
            let mut all = self.held.write();
            all.entry(place.clone())
                .or_insert_with(|| match self.vault.copy(place) {
                    Ok(Some(copy)) => Held::Copy(Arc::new(copy)),
                    Ok(None) => Held::Nothing,
                    Err(error) => {
                        tracing::error!(instance = %place.instance, ente = %place.ente, %error, "la copia notturna non si apre: la rifà il prossimo file");
                        Held::Closed(error.to_string().into())
                    }
                })
                .clone()
        });
        match held {
            Held::Copy(copy) => Ok(Some(copy)),
            Held::Nothing => Ok(None),
            Held::Closed(reason) => Err(reason),
        }
    }

    /// Puts a new copy in force; questions under way end on the one before, whose file is deleted when they have. Not for a
    /// worker's thread.
    pub fn put(&self, place: &Place, copy: NightCopy, replaced: Option<Replaced>) {
        let copy = Held::Copy(Arc::new(copy));
        let before = self.held.write().insert(place.clone(), copy);
        let is_free = match before {
            Some(Held::Copy(before)) => closed(before),
            Some(Held::Nothing | Held::Closed(_)) | None => true,
        };
        if let Some(replaced) = replaced.filter(|_| is_free) {
            replaced.let_go();
        }
    }

    /// Has the copy looked for on disk again.
    pub fn forget(&self, place: &Place) {
        self.held.write().remove(place);
    }

    /// Reads the master keys anew; copies that did not open are tried again.
    pub fn read_keys_again(&self) {
        self.vault.read_keys_again();
        self.held
            .write()
            .retain(|_, held| matches!(held, Held::Copy(_)));
    }

    /// Notes how a copy fares.
    pub fn tell(&self, place: &Place, tally: Tally) {
        self.tallies.lock().insert(place.clone(), tally);
    }

    /// How every copy fares that a round has looked at.
    pub fn tallies(&self) -> BTreeMap<Place, Tally> {
        self.tallies.lock().clone()
    }

    /// Forgets how copies fare that are no longer configured.
    pub fn keep_tallies(&self, is_configured: impl Fn(&Place) -> bool) {
        self.tallies.lock().retain(|place, _| is_configured(place));
    }
}
