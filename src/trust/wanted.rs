//! Revocation lists that a card named and nobody has yet: noted while the card is judged, fetched outside the request.

use std::collections::BTreeSet;

use openssl::x509::X509;
use parking_lot::Mutex;
use tokio::sync::Notify;

/// Addresses noted at most; whatever comes beyond has to be configured.
const MOST: usize = 256;

/// The addresses, and a bell for who fetches.
#[derive(Debug, Default)]
pub struct WantedLists {
    addresses: Mutex<BTreeSet<String>>,
    bell: Notify,
}

impl WantedLists {
    /// Notes addresses and wakes whoever fetches them.
    pub fn want(&self, addresses: impl IntoIterator<Item = String>) {
        let mut noted = self.addresses.lock();
        let before = noted.len();
        for address in addresses {
            if noted.len() < MOST {
                noted.insert(address);
            }
        }
        if noted.len() > before {
            self.bell.notify_one();
        }
    }

    /// What was noted since the last time.
    pub fn take(&self) -> BTreeSet<String> {
        std::mem::take(&mut *self.addresses.lock())
    }

    /// Waits until something is noted.
    pub async fn rung(&self) {
        self.bell.notified().await;
    }
}

/// Where a certificate says that the revocation list is which would name it: `http` and `https` only.
pub fn addresses_of(certificate: &[u8]) -> Vec<String> {
    let Ok(certificate) = X509::from_der(certificate) else {
        return Vec::new();
    };
    let points = certificate.crl_distribution_points();
    let mut found = Vec::new();
    for point in points.iter().flatten() {
        let names = point.distpoint().and_then(|name| name.fullname());
        for name in names.iter().flat_map(|names| names.iter()) {
            if let Some(address) = name.uri()
                && (address.starts_with("http://") || address.starts_with("https://"))
            {
                found.push(address.to_owned());
            }
        }
    }
    found
}
