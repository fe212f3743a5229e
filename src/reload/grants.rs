//! The grants of several nodes on one database: what the files of one say is published, and every other takes it at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::config::grant::Document;
use crate::config::loading;
use crate::config::mistake::Mistake;
use crate::snapshot::{self, Built, Kept};
use crate::store::grants::Follower;
use crate::store::{Store, StoreError};

use super::Reloader;

/// Between two tries where the database does not answer.
const PAUSE: Duration = Duration::from_millis(250);

/// What is in force when a node starts.
pub struct Start {
    /// The configuration, under the newest grants.
    pub built: Built,
    /// Their number.
    pub number: i64,
}

/// Brings a starting node's files and the database together: a node that is alone publishes what its files say; of several
/// the newest generation is in force, so that no old file undoes a revocation, and what differs is told.
pub async fn agree(
    store: &Store,
    config: &std::path::Path,
    kept: &Kept,
    built: Built,
) -> Result<Start, Vec<Mistake>> {
    let failed = |failure: StoreError| vec![not_published(config, &failure)];
    let node = &built.settings.node;
    let shared = node.nodes > 1 && store.grants_follower().is_some();
    let newest = match shared {
        true => store.newest_grants().await.map_err(failed)?,
        false => None,
    };
    let Some(newest) = newest else {
        let published = store.publish_grants(&node.name, &built.snapshot.grants);
        let number = published.await.map_err(failed)?;
        return Ok(Start { built, number });
    };
    let number = newest.number;
    if newest.documents == built.snapshot.grants {
        return Ok(Start { built, number });
    }
    tracing::warn!(
        number,
        "le concessioni nei file di questo nodo non sono quelle in vigore: una rilettura le pubblica per tutti i nodi"
    );
    let built = snapshot::build_with_grants(
        config,
        &loading::environment(),
        built.snapshot.generation,
        kept,
        &newest.documents,
    )?;
    Ok(Start { built, number })
}

impl Reloader {
    /// Takes every new generation into the snapshot, forgets what other nodes purged, learns whom enti marked as protected, and notes that this node knows the newest. Never ends; on a database of
    /// one node alone there is nothing to follow.
    pub async fn follow_grants(self: Arc<Self>) {
        let Some(mut follower) = self.gateway.store.grants_follower() else {
            return;
        };
        self.gateway.grants.seen_newest(Instant::now());
        let mut told = None;
        loop {
            let looked = Instant::now();
            match Arc::clone(&self).follow_once(&mut follower).await {
                Ok(()) => {
                    // The answer is not older than the question.
                    self.gateway.grants.seen_newest(looked);
                    told = None;
                }
                Err(reason) => {
                    if told.as_ref() != Some(&reason) {
                        tracing::error!(%reason, "non si sa se le concessioni in vigore sono le più recenti");
                        told = Some(reason);
                    }
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    async fn follow_once(self: Arc<Self>, follower: &mut Follower) -> Result<(), String> {
        let news = follower.next().await.map_err(|error| error.to_string())?;
        let heard = self.gateway.hear_purges(news.purge).await;
        heard.map_err(|error| error.to_string())?;
        let heard = self.gateway.hear_protected(news.protected).await;
        heard.map_err(|error| error.to_string())?;
        if news.grants == self.gateway.grants.number() {
            return Ok(());
        }
        let read = self.gateway.store.newest_grants().await;
        let read = read.map_err(|error| error.to_string())?;
        let Some(newest) = read else {
            return Ok(());
        };
        let take = tokio::task::spawn_blocking(move || self.take(newest.number, &newest.documents));
        let taken = take.await.map_err(|fault| fault.to_string())?;
        taken.map_err(|mistakes| {
            let texts: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
            texts.join("; ")
        })
    }

    /// Brings another node's grants into force here.
    fn take(&self, number: i64, documents: &[Document]) -> Result<(), Vec<Mistake>> {
        let _one_at_a_time = self.watched.lock();
        let grants = &self.gateway.grants;
        if grants.number() == number {
            return Ok(());
        }
        let before = self.gateway.snapshot();
        if before.grants != documents {
            let built = snapshot::build_with_grants(
                &self.config,
                &loading::environment(),
                before.generation + 1,
                &self.kept,
                documents,
            )?;
            self.install(built.snapshot);
        }
        grants.in_force(number);
        tracing::info!(number, "concessioni di un altro nodo in vigore");
        Ok(())
    }

    /// Makes what the files say the grants of all nodes. Where the database is of this node alone a failure is told and
    /// stops nothing.
    pub(super) fn publish(&self, documents: &[Document]) -> Result<i64, Vec<Mistake>> {
        let gateway = &self.gateway;
        let published = gateway
            .store
            .publish_grants_blocking(&gateway.node.name, documents);
        match published {
            Ok(number) => Ok(number),
            Err(failure) if gateway.store.grants_follower().is_none() => {
                tracing::error!(%failure, "le concessioni non si possono annotare nella registrazione");
                Ok(gateway.grants.number())
            }
            Err(failure) => {
                let mistake = not_published(&self.config, &failure);
                gateway.telemetry.metrics.reloaded("refused");
                tracing::error!(%mistake, "nuova configurazione rifiutata: resta in vigore la precedente");
                Err(vec![mistake])
            }
        }
    }
}

fn not_published(config: &std::path::Path, failure: &StoreError) -> Mistake {
    let text = format!("le concessioni non si possono pubblicare: {failure}");
    Mistake::of_file(config, text)
}
