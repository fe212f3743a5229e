//! The keys on tokens: whether module and token are there and the PIN is safe to use. The PIN itself is not tried: a mistake here would be
//! the service's as well.

use crate::signing::inspect;
use crate::snapshot::Snapshot;

use super::Finding;

/// Looks at the token of every key.
pub(super) fn look(snapshot: &Snapshot) -> Vec<Finding> {
    let keys = snapshot.keys.iter();
    keys.map(|key| match inspect(key) {
        Ok(()) => Finding::good(format!(
            "chiavi: {}: il token è inserito (il PIN non è stato provato)",
            key.name
        )),
        Err(failure) => Finding::error(format!("chiavi: {}: {failure}", key.name)),
    })
    .collect()
}
