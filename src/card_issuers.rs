//! Fetches what the issuers of cards and their supervisor publish, outside every request: the trusted list and revocation lists. Only what holds
//! replaces the copy on disk, which the next snapshot reads; until then the last good one counts.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::digest::{SHA256, digest};
use chrono::Utc;
use futures_util::StreamExt;
use futures_util::stream;
use reqwest::header::HeaderValue;
use tokio::time::timeout;

use crate::config::card_issuers::{RevocationLists, TrustList};
use crate::config::units::Span;
use crate::download::{Download, replace};
use crate::gateway::Gateway;
use crate::trust::list::{self, TrustedList};
use crate::trust::recognized::{ADDRESS, LIST, files_of};
use crate::trust::{ListRefusal, Trust};

/// How often it is looked whether a fetch is due.
const GLANCE: Duration = Duration::from_secs(1);

/// After a failure it is tried again this soon.
const RETRY: Duration = Duration::from_mins(1);

/// A fetch that takes longer has failed; lists of a whole region are large.
const PATIENCE: Duration = Duration::from_mins(1);

/// Bytes of a list at most.
const LARGEST: usize = 64 << 20;

/// Fetches at a time.
const AT_ONCE: usize = 4;

/// Addresses of revocation lists at most.
const MOST: usize = 1024;

/// What is known of earlier fetches.
#[derive(Default)]
struct Fetches {
    of: HashMap<String, Fetch>,
    /// Addresses that cards named, since the start.
    named: BTreeSet<String>,
}

/// The last fetch from an address.
struct Fetch {
    at: Instant,
    succeeded: bool,
    tag: Option<HeaderValue>,
}

/// What a fetch brought.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Brought {
    New,
    Unchanged,
}

/// Goes on for as long as the gateway runs. Never ends.
pub async fn keep(gateway: Arc<Gateway>) {
    let mut fetches = Fetches::default();
    loop {
        let snapshot = gateway.snapshot();
        if let (Some(issuers), Some(trust)) = (&snapshot.card_issuers, &snapshot.login_trust) {
            if let Some(settings) = &issuers.trust_list {
                fetches.trust_list(&gateway, settings).await;
            }
            if let Some(settings) = &issuers.revocation_lists {
                fetches.named.extend(gateway.wanted_lists.take());
                fetches.revocation_lists(&gateway, settings, trust).await;
            }
        }
        drop(snapshot);
        // Somebody waiting at a card reader comes again in a minute.
        let _ = timeout(GLANCE, gateway.wanted_lists.rung()).await;
    }
}

impl Fetches {
    fn is_due(&self, address: &str, every: Span) -> bool {
        self.of.get(address).is_none_or(|last| {
            let pause = match last.succeeded {
                true => every.0,
                false => every.0.min(RETRY),
            };
            last.at.elapsed() >= pause
        })
    }

    fn note(
        &mut self,
        gateway: &Gateway,
        what: &'static str,
        address: String,
        outcome: Result<(Brought, Option<HeaderValue>), String>,
    ) {
        let metrics = &gateway.telemetry.metrics;
        let (succeeded, tag) = match outcome {
            Ok((Brought::New, tag)) => {
                metrics.card_issuer_fetched(what, "new");
                tracing::info!(what, address, "nuovo elenco da chi emette le carte");
                (true, tag)
            }
            Ok((Brought::Unchanged, tag)) => {
                metrics.card_issuer_fetched(what, "unchanged");
                (true, tag)
            }
            Err(reason) => {
                metrics.card_issuer_fetched(what, "failed");
                tracing::warn!(
                    what,
                    address,
                    reason,
                    "un elenco di chi emette le carte non si può aggiornare: vale la copia di prima"
                );
                (false, None)
            }
        };
        let at = Instant::now();
        self.of.insert(address, Fetch { at, succeeded, tag });
    }

    async fn trust_list(&mut self, gateway: &Gateway, settings: &TrustList) {
        let Some(address) = &settings.address else {
            return;
        };
        if self.is_due(address, settings.every) {
            let outcome = fetch_trust_list(settings, address).await;
            let outcome = outcome.map(|brought| (brought, None));
            self.note(gateway, "trust_list", address.clone(), outcome);
        }
    }

    async fn revocation_lists(
        &mut self,
        gateway: &Gateway,
        settings: &RevocationLists,
        trust: &Trust,
    ) {
        let kept = files_of(&settings.folder, ADDRESS);
        let kept = kept.iter().filter_map(|file| fs::read_to_string(file).ok());
        let named = kept.chain(self.named.iter().cloned());
        let named = named.filter(|address| settings.allows(address));
        let all: BTreeSet<String> = settings.addresses.iter().cloned().chain(named).collect();
        let due = all.into_iter().take(MOST);
        let due: Vec<String> = due
            .filter(|address| self.is_due(address, settings.every))
            .collect();
        let outcomes: Vec<_> = stream::iter(due)
            .map(|address| {
                let tag = self.of.get(&address).and_then(|last| last.tag.clone());
                async move {
                    let outcome = fetch_revocation_list(settings, trust, &address, tag).await;
                    (address, outcome)
                }
            })
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        for (address, outcome) in outcomes {
            self.note(gateway, "revocation_list", address, outcome);
        }
    }
}

/// Fetches the trusted list; one that is not signed as it should, out of date or older than the one that is there is refused.
async fn fetch_trust_list(settings: &TrustList, address: &str) -> Result<Brought, String> {
    let download = Download {
        address,
        authorities: settings.address_authorities.as_deref(),
        largest: LARGEST,
        patience: PATIENCE,
        may_be_plain: false,
        known: None,
    };
    let Some(found) = download.fetch().await? else {
        return Ok(Brought::Unchanged);
    };
    let settings = settings.clone();
    let replaced = tokio::task::spawn_blocking(move || keep_trust_list(&settings, &found.bytes));
    replaced.await.map_err(|fault| fault.to_string())?
}

fn keep_trust_list(settings: &TrustList, bytes: &[u8]) -> Result<Brought, String> {
    let kept = fs::read(&settings.file).ok();
    if kept.as_deref() == Some(bytes) {
        return Ok(Brought::Unchanged);
    }
    let signers = list::signers(&settings.signers).map_err(|error| error.to_string())?;
    let next = TrustedList::read(bytes, &signers).map_err(|error| error.to_string())?;
    if next.next_update <= Utc::now() {
        return Err("l'elenco di fiducia è scaduto".to_owned());
    }
    let kept = kept.and_then(|bytes| TrustedList::read(&bytes, &signers).ok());
    if kept.is_some_and(|kept| (kept.sequence, kept.issued) > (next.sequence, next.issued)) {
        return Err("l'elenco di fiducia è più vecchio di quello che c'è già".to_owned());
    }
    replace(&settings.file, bytes).map_err(|error| error.to_string())?;
    Ok(Brought::New)
}

/// Fetches a revocation list; only one that an authority of the cards has signed, that still counts and is no older than the kept one is kept.
async fn fetch_revocation_list(
    settings: &RevocationLists,
    trust: &Trust,
    address: &str,
    known: Option<HeaderValue>,
) -> Result<(Brought, Option<HeaderValue>), String> {
    let download = Download {
        address,
        authorities: None,
        largest: LARGEST,
        patience: PATIENCE,
        may_be_plain: true,
        known: known.as_ref(),
    };
    let Some(found) = download.fetch().await? else {
        return Ok((Brought::Unchanged, known));
    };
    let file = settings.folder.join(name_of(address));
    let brought = keep_revocation_list(trust, address, &file, &found.bytes)?;
    Ok((brought, found.tag))
}

fn keep_revocation_list(
    trust: &Trust,
    address: &str,
    file: &Path,
    bytes: &[u8],
) -> Result<Brought, String> {
    let kept = fs::read(file).ok();
    if kept.as_deref() == Some(bytes) {
        return Ok(Brought::Unchanged);
    }
    let now = Utc::now();
    let next = trust.examine_list(bytes, now);
    let next = next.map_err(|refusal| refusal.to_string())?;
    let kept = kept.and_then(|bytes| trust.examine_list(&bytes, now).ok());
    if kept.is_some_and(|kept| kept.issued > next.issued) {
        return Err(ListRefusal::Older.to_string());
    }
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    }
    replace(&file.with_extension(ADDRESS), address.as_bytes())
        .and_then(|()| replace(file, bytes))
        .map_err(|error| error.to_string())?;
    Ok(Brought::New)
}

/// A file name that operators recognize: host and path, and enough of a digest to tell apart what looks alike.
fn name_of(address: &str) -> PathBuf {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let plain = |one: char| match one.is_ascii_alphanumeric() || one == '-' {
        true => one,
        false => '-',
    };
    let readable: String = rest.chars().take(80).map(plain).collect();
    let mark = hex::encode(&digest(&SHA256, address.as_bytes()).as_ref()[..4]);
    PathBuf::from(format!("{readable}-{mark}.{LIST}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_list_tells_where_it_came_from_and_leads_nowhere() {
        let name = name_of("http://crl.example/../../etc/passwd?x=1");
        let name = name.display().to_string();
        assert!(
            name.starts_with("crl-example-------etc-passwd-x-1-"),
            "{name}"
        );
        assert!(!name.contains(['/', '?']), "{name}");
        assert_ne!(
            name_of("http://crl.example/a.b"),
            name_of("http://crl.example/a-b")
        );
    }
}
