//! Brings a changed configuration into force without a restart: whole or not at all.

pub mod grants;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use chrono::Utc;
use parking_lot::Mutex;

use crate::config::loading;
use crate::config::mistake::Mistake;
use crate::config::settings::Settings;
use crate::expiry::{self, Expiry};
use crate::gateway::Gateway;
use crate::snapshot::{self, Built, Kept, Snapshot};

/// How often the files of certificates, keys, revocation lists and secrets are looked at: a look is a few `stat` calls, and a
/// revocation must not wait for anybody's signal.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Reloads the configuration of a running gateway: on a signal, on an operator's word, or when a certificate changes.
pub struct Reloader {
    gateway: Arc<Gateway>,
    config: PathBuf,
    kept: Kept,
    /// Those that the process runs under.
    settings: Settings,
    /// One reload at a time; the files that the present snapshot came from.
    watched: Mutex<Watched>,
    expiry: Expiry,
}

/// What a reload brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reloaded {
    /// The generation now in force; the same as before where nothing has changed.
    pub generation: u64,
    /// Sections that were changed but that only a restart brings into force.
    pub needing_restart: Vec<&'static str>,
}

/// Why it is reloaded.
#[derive(Debug, Clone, Copy)]
enum Cause {
    /// An operator or the service manager asked for it.
    Asked,
    /// A certificate, key, revocation list or secret has changed.
    FilesOfTrust,
}

/// Files with what tells a change.
#[derive(Debug, Default, PartialEq, Eq)]
struct Watched(Vec<(PathBuf, Option<(SystemTime, u64)>)>);

impl Watched {
    fn look(files: impl IntoIterator<Item = PathBuf>) -> Watched {
        let state = |path: &Path| {
            let metadata = path.metadata().ok()?;
            Some((metadata.modified().ok()?, metadata.len()))
        };
        let files = files.into_iter();
        Watched(files.map(|path| (path.clone(), state(&path))).collect())
    }

    fn look_again(&self) -> Watched {
        Watched::look(self.0.iter().map(|(path, _)| path.clone()))
    }
}

impl Reloader {
    /// A reloader for a gateway that was started with this configuration.
    pub fn new(
        gateway: Arc<Gateway>,
        config: PathBuf,
        kept: Kept,
        settings: Settings,
        files: Vec<PathBuf>,
    ) -> Reloader {
        Reloader {
            gateway,
            config,
            kept,
            settings,
            watched: Mutex::new(Watched::look(files)),
            expiry: Expiry::default(),
        }
    }

    /// Reads the configuration anew and swaps it at once; one with a mistake is refused and the old one stays.
    ///
    /// Reads files and may wait for another reload: not for a worker's thread.
    pub fn reload(&self) -> Result<Reloaded, Vec<Mistake>> {
        self.reload_for(Cause::Asked)
    }

    /// Whoever asks for it means the files of the grants as well; a new certificate says nothing of them.
    fn build(
        &self,
        before: &Snapshot,
        generation: u64,
        cause: Cause,
    ) -> Result<Built, Vec<Mistake>> {
        let (config, kept) = (&self.config, &self.kept);
        let environment = loading::environment();
        let is_shared = self.gateway.store.grants_follower().is_some();
        match cause {
            Cause::FilesOfTrust if is_shared => {
                snapshot::build_with_grants(config, &environment, generation, kept, &before.grants)
            }
            _ => snapshot::build(config, &environment, generation, kept),
        }
    }

    fn reload_for(&self, cause: Cause) -> Result<Reloaded, Vec<Mistake>> {
        let mut watched = self.watched.lock();
        let before = self.gateway.snapshot();
        let generation = before.generation + 1;
        let metrics = &self.gateway.telemetry.metrics;
        let built = self.build(&before, generation, cause);
        let Built {
            settings,
            snapshot,
            files,
        } = built.inspect_err(|mistakes| {
            // What is wrong now is told once, not at every look.
            *watched = watched.look_again();
            metrics.reloaded("refused");
            for mistake in mistakes {
                tracing::error!(%mistake, "errore nella configurazione");
            }
            tracing::error!(
                mistakes = mistakes.len(),
                "nuova configurazione rifiutata: resta in vigore la precedente"
            );
        })?;
        let published = match cause {
            Cause::Asked => Some(self.publish(&snapshot.grants)?),
            Cause::FilesOfTrust => None,
        };
        self.read_keys();
        self.gateway.instances.read_files_again();
        let found = Watched::look(files);
        let unchanged = *watched == found
            && before.digest == snapshot.digest
            && before.signing_keys() == snapshot.signing_keys();
        *watched = found;
        let needing_restart = self.settings.sections_needing_restart(&settings);
        if unchanged {
            metrics.reloaded("unchanged");
            tracing::info!(generation = before.generation, "configurazione invariata");
        } else {
            self.install(snapshot);
            metrics.reloaded("accepted");
        }
        if let Some(number) = published {
            self.gateway.grants.in_force(number);
        }
        if !needing_restart.is_empty() {
            tracing::warn!(
                sections = needing_restart.join(", "),
                "parti della nuova configurazione chiedono un riavvio"
            );
        }
        Ok(Reloaded {
            generation: self.gateway.snapshot().generation,
            needing_restart,
        })
    }

    /// The secrets of the persons' digests and of open requests may have a new version; without it the old ones go on.
    fn read_keys(&self) {
        if let Err(error) = self.gateway.store.subject_keys().reload() {
            tracing::error!(%error, "le chiavi delle persone non si possono rileggere");
        }
        if let Err(error) = self.gateway.store.richieste().reload_keys() {
            tracing::error!(%error, "le chiavi delle richieste non si possono rileggere");
        }
    }

    /// Opens the log's file anew, for who has renamed it.
    pub fn reopen_log(&self) {
        self.gateway.telemetry.log.reopen();
    }

    fn install(&self, snapshot: Snapshot) {
        let before = self.gateway.snapshot();
        self.gateway.install(snapshot);
        let now = self.gateway.snapshot();
        let is_configured =
            |name: &str| now.backends().any(|backend| backend.instance.name == name);
        self.gateway.instances.keep_only(is_configured);
        for backend in before.backends() {
            if !is_configured(&backend.instance.name) {
                let metrics = &self.gateway.telemetry.metrics;
                metrics.instance_removed(&backend.instance.name);
            }
        }
        in_force(&self.gateway);
    }

    /// Looks again and again whether a certificate, key or revocation list has changed, and reloads if so; tells
    /// meanwhile what ends. Never ends.
    pub async fn watch(self: Arc<Self>) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let reloader = Arc::clone(&self);
            let look = tokio::task::spawn_blocking(move || reloader.look_at_files());
            if let Err(fault) = look.await {
                tracing::error!(%fault, "controllo dei file dei certificati interrotto");
            }
        }
    }

    /// Looks once at the files of certificates, keys and revocation lists, and reloads if one has changed.
    pub fn look_at_files(&self) {
        expiry::measure(&self.gateway);
        self.expiry.warn(self.gateway.snapshot().ends(), Utc::now());
        let changed = {
            let watched = self.watched.lock();
            *watched != watched.look_again()
        };
        if changed {
            tracing::info!(
                "un certificato, una chiave, una lista di revoca o un segreto è cambiato"
            );
            // What is wrong stands in the log already.
            let _ = self.reload_for(Cause::FilesOfTrust);
        }
    }
}

/// Tells log and metrics that the gateway's snapshot is in force from now on.
pub fn in_force(gateway: &Gateway) {
    let snapshot = gateway.snapshot();
    let metrics = &gateway.telemetry.metrics;
    metrics.snapshot_in_force(snapshot.generation);
    metrics.certificates_forgotten();
    expiry::measure(gateway);
    tracing::info!(
        generation = snapshot.generation,
        digest = snapshot.digest,
        "configurazione in vigore"
    );
    for grant in snapshot.grants_not_in_force(Utc::now()) {
        tracing::warn!("{grant}");
    }
}
