//! Vouchers of the PDND: as provider, signed by its authorization server for one consumer, one e-service and one purpose; as consumer,
//! what they are asked for and used with.
//!
//! Knows neither sockets nor databases. A voucher may serve for many requests while it lives; a DPoP proof for one.

mod client;
mod holder;
mod proof;
mod voucher;

use std::path::Path;

use crate::config::pdnd::Pdnd;
use crate::jose::KeySet;

pub use client::Client;
pub use holder::Holder;
pub use proof::Proof;
pub use voucher::{Voucher, VoucherFault};

/// Who issues vouchers, with its keys as they are known here.
#[derive(Debug)]
pub struct Authority {
    settings: Pdnd,
    keys: KeySet,
}

impl Authority {
    /// Reads the last good copy of the keys.
    pub fn load(settings: &Pdnd) -> Result<Authority, String> {
        Ok(Authority {
            settings: settings.clone(),
            keys: match settings.keys_address.is_some() && !settings.keys.exists() {
                // The first fetch makes the file; until then every voucher is refused.
                true => KeySet::read(b"{\"keys\":[]}").map_err(|error| error.to_string())?,
                false => keys(&settings.keys)?,
            },
        })
    }

    /// The settings.
    pub fn settings(&self) -> &Pdnd {
        &self.settings
    }
}

fn keys(file: &Path) -> Result<KeySet, String> {
    let wrong = |error: String| format!("{}: {error}", file.display());
    let text = std::fs::read(file).map_err(|error| wrong(error.to_string()))?;
    KeySet::read(&text).map_err(|error| wrong(error.to_string()))
}
