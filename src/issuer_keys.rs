//! Fetches the keys of who issues vouchers, outside every request, into the file that the configuration names: the next snapshot reads it,
//! and until then the last good copy counts.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::{sleep, timeout};

use crate::config::pdnd::Pdnd;
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
    let authorities = settings.keys_authorities.as_deref();
    let text = timeout(PATIENCE, get(address, authorities)).await;
    let text = text.map_err(|_| "nessuna risposta in tempo".to_owned())??;
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

async fn get(address: &str, authorities: Option<&Path>) -> Result<Vec<u8>, String> {
    let refused = |error: reqwest::Error| error.without_url().to_string();
    let mut client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    if let Some(file) = authorities {
        let text = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
        let certificates = reqwest::Certificate::from_pem_bundle(&text).map_err(refused)?;
        client = client.tls_certs_only(certificates);
    }
    let client = client.https_only(true).build().map_err(refused)?;
    let answer = client.get(address).send().await.map_err(refused)?;
    let mut answer = answer.error_for_status().map_err(refused)?;
    let mut text = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(refused)? {
        text.extend_from_slice(&piece);
        if text.len() > LARGEST {
            return Err("risposta troppo grande".to_owned());
        }
    }
    Ok(text)
}

/// Whole or not at all: somebody may be reading it just now.
fn replace(file: &Path, text: &[u8]) -> std::io::Result<()> {
    let beside = file.with_extension("new");
    std::fs::write(&beside, text)?;
    std::fs::rename(&beside, file)
}
