//! OpenID Connect towards portals: what a citizen's log-in with a card becomes — a code, an ID token, a Citizen-Token.
//!
//! Knows neither sockets nor databases: `login` issues the code, `broker/login.rs` takes it in, `broker/identity` reads the
//! Citizen-Token (OpenID Connect Core 1.0, RFC 6749, 7636, 8705, 9068, 9207).

mod authorization;
mod citizen;
mod metadata;
mod tokens;

use std::path::Path;

use crate::config::login::Oidc;
use crate::jose::{Algorithm, PublicKey, encode};
use crate::signing::OwnSigner;

pub use authorization::{AuthorizationError, Code, Requested};
pub use citizen::{Citizen, CitizenFault};
pub use tokens::{Identity, Tokens};

/// What the log-in with cards rests on: how it calls itself, and the key that signs.
#[derive(Debug)]
pub struct Provider {
    settings: Oidc,
    own: OwnSigner,
    /// The keys that signed before the present one: their tokens may still live.
    retired: Vec<PublicKey>,
}

impl Provider {
    /// Reads the keys that signed before; `Err` names the file that cannot be read.
    pub fn load(settings: &Oidc, own: &OwnSigner) -> Result<Provider, String> {
        let retired = settings.retired_keys.iter();
        let retired = retired.map(|file| {
            retired_key(file).map_err(|reason| format!("{}: {reason}", file.display()))
        });
        Ok(Provider {
            settings: settings.clone(),
            own: own.clone(),
            retired: retired.collect::<Result<_, _>>()?,
        })
    }

    /// How it calls itself in `iss`.
    pub fn issuer(&self) -> &str {
        &self.settings.issuer
    }

    /// The keys whose tokens are accepted, each with an algorithm of its own: the present ones first.
    fn keys(&self) -> impl Iterator<Item = (Algorithm, &PublicKey)> {
        let present = self.own.signers();
        let present = present.map(|signer| (signer.algorithm(), signer.public_key()));
        let retired = self.retired.iter();
        let retired = retired.filter_map(|key| Some((key.algorithms().next()?, key)));
        present.chain(retired)
    }
}

/// A key's name in headers and in the key set.
fn named(key: &PublicKey) -> String {
    encode(key.thumbprint())
}

fn retired_key(file: &Path) -> Result<PublicKey, String> {
    let text = std::fs::read(file).map_err(|error| error.to_string())?;
    PublicKey::of_pem(&text).map_err(|error| error.to_string())
}
