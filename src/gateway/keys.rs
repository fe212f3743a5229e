//! The keys on tokens, as they stand now.

use crate::signing;

use super::Gateway;

pub use crate::signing::TokenState;

/// A key on a token.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyStanding {
    /// What the configuration calls it.
    pub name: String,
    /// Whether it signs; `None`: it could not be opened, or nothing signs with it.
    pub state: Option<TokenState>,
    /// Signatures a second that its token gave when it was opened.
    pub rate: f64,
    /// Signatures that are being made or wait.
    pub waiting: usize,
}

impl KeyStanding {
    /// Whether it signs.
    pub fn is_ready(&self) -> bool {
        self.state == Some(TokenState::Ready)
    }
}

impl Gateway {
    /// The keys of the configuration in force.
    pub fn keys(&self) -> Vec<KeyStanding> {
        let opened = signing::opened();
        let snapshot = self.snapshot();
        let named = snapshot.keys.iter().map(|key| {
            let signer = opened.iter().find(|(name, _)| *name == key.name);
            let signer = signer.map(|(_, signer)| signer);
            KeyStanding {
                name: key.name.clone(),
                state: signer.map(|signer| signer.state()),
                rate: signer.map_or(0.0, |signer| signer.rate()),
                waiting: signer.map_or(0, |signer| signer.waiting()),
            }
        });
        named.collect()
    }
}
