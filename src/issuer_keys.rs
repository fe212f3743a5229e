//! Fetches the keys of who issues vouchers, outside every request, into the file that the configuration names: the next snapshot reads it,
//! and until then the last good copy counts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::{sleep, timeout};

use crate::config::pdnd::Pdnd;
use crate::download::{Download, Downloaded, replace};
use crate::gateway::Gateway;
use crate::jose::KeySet;

/// How often it is looked whether a fetch is due.
const GLANCE: Duration = Duration::from_secs(30);

/// Between two fetches at least, however many vouchers name keys that are not known.
const LEAST_PAUSE: Duration = Duration::from_secs(10);

/// A fetch that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(10);

/// Bytes of a key set at most.
const LARGEST: usize = 1 << 20;

/// Goes on for as long as the gateway runs. Never ends.
pub async fn keep(gateway: Arc<Gateway>) {
    let mut fetched: Option<Instant> = None;
    let mut asked = false;
    loop {
        let settings = gateway
            .snapshot()
            .pdnd
            .as_ref()
            .map(|authority| authority.settings().clone());
        if let Some(settings) = settings
            && let Some(address) = &settings.keys_address
            && fetched.is_none_or(|at| asked || at.elapsed() >= settings.keys_every.0)
        {
            fetched = Some(Instant::now());
            match fetch(&settings, address).await {
                Ok(true) => tracing::info!(address, "nuove chiavi di chi emette i voucher"),
                Ok(false) => {}
                Err(reason) => {
                    tracing::warn!(
                        address,
                        reason,
                        "le chiavi di chi emette i voucher non si possono leggere: valgono quelle di prima"
                    );
                }
            }
            sleep(LEAST_PAUSE).await;
        }
        asked = timeout(GLANCE, gateway.voucher_keys.notified())
            .await
            .is_ok();
    }
}

/// Fetches the keys; tells whether they were new.
async fn fetch(settings: &Pdnd, address: &str) -> Result<bool, String> {
    let download = Download {
        address,
        authorities: settings.keys_authorities.as_deref(),
        largest: LARGEST,
        patience: PATIENCE,
        may_be_plain: false,
        known: None,
    };
    let Some(Downloaded { bytes: text, .. }) = download.fetch().await? else {
        return Ok(false);
    };
    let keys = KeySet::read(&text).map_err(|error| error.to_string())?;
    if keys.keys().is_empty() {
        return Err("nessuna chiave utilizzabile".to_owned());
    }
    if std::fs::read(&settings.keys).is_ok_and(|known| known == text) {
        return Ok(false);
    }
    replace(&settings.keys, &text).map_err(|error| error.to_string())?;
    Ok(true)
}
