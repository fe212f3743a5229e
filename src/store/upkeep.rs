//! What the store does beside writing: watches the disk, keeps the months in order, drops what is too old.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::config::record::Retention;

use super::changed_code;
use super::database::Database;
use super::deed;
use super::disk;
use super::grants;
use super::logbook::Logbook;
use super::month::Month;
use super::protection;
use super::representation;
use super::retention;
use super::richieste::Richieste;
use super::subject::SubjectKeys;
use super::waiting::Waitroom;

/// Between two looks at the disk.
const DISK_PAUSE: Duration = Duration::from_secs(1);

/// Looks at the disk between two attempts to give some of it back.
const GIVING_BACK: u32 = 10;

/// Looks at the disk between two rounds of the rest.
const ROUND: u32 = 3_600;

pub(super) struct Upkeep {
    pub room: Arc<Waitroom>,
    pub database: Database,
    pub richieste: Arc<Richieste>,
    pub subject_keys: Arc<SubjectKeys>,
    pub retention: Retention,
    /// The node that looks after it.
    pub node: String,
    pub free_disk: u64,
}

impl Upkeep {
    /// Goes on until it is told to end, and then finishes what it is at: a connection that closes later would take away what
    /// somebody else has put in the files' place.
    pub(super) async fn run(self, mut ended: oneshot::Receiver<()>) {
        let mut looks = 0;
        let mut noted = 0;
        loop {
            self.watch_disk();
            // While exchanges are refused nothing else would empty the logs, and on a small disk they may be what is
            // lacking.
            if self.room.is_disk_low()
                && looks % GIVING_BACK == 0
                && let Err(error) = self.database.give_disk_back().await
            {
                tracing::warn!(%error, "il log della registrazione non si può svuotare");
            }
            if looks % ROUND == 0 {
                self.keep_order().await;
            }
            looks = looks.wrapping_add(1);
            noted = self.note_keys(noted).await;
            if timeout(DISK_PAUSE, &mut ended).await.is_ok() {
                return;
            }
        }
    }

    /// Notes how much disk is free, where the disk is ours.
    pub(super) fn watch_disk(&self) {
        let Some(folder) = self.database.folder() else {
            return;
        };
        match disk::free_bytes(folder) {
            Ok(free) => {
                let low = free < self.free_disk;
                if low && !self.room.is_disk_low() {
                    tracing::error!(
                        free,
                        demanded = self.free_disk,
                        "il disco della registrazione è quasi pieno: gli scambi sono rifiutati"
                    );
                }
                self.room.set_free_disk(free, low);
            }
            Err(error) => {
                tracing::error!(%error, "il disco della registrazione non si può misurare");
            }
        }
    }

    /// A new version of the persons' secrets is noted in the database, so that a key file without it is refused.
    async fn note_keys(&self, noted: i64) -> i64 {
        let newest = self.subject_keys.newest();
        if newest == noted {
            return noted;
        }
        let done = self
            .database
            .note_keys(Month::of(Utc::now()), &self.subject_keys);
        match done.await {
            Ok(()) => newest,
            Err(error) => {
                tracing::error!(%error, "la nuova versione delle chiavi delle persone non si può annotare");
                noted
            }
        }
    }

    async fn keep_order(&self) {
        let now = Utc::now();
        if let Err(error) = self.database.keep_up(now).await {
            tracing::error!(%error, "i mesi della registrazione non si possono tenere in ordine");
        }
        if let Err(error) = retention::prune(&self.database, self.retention, now).await {
            tracing::error!(%error, "gli scambi oltre la conservazione non si possono eliminare");
        }
        let logbook = Logbook::in_database(self.database.clone());
        if let Err(error) = logbook
            .prune(&self.node, retention::operators_end(self.retention, now))
            .await
        {
            tracing::error!(%error, "il giornale degli operatori oltre la conservazione non si può eliminare");
        }
        let generations = grants::prune(&self.database, retention::grants_end(self.retention, now));
        if let Err(error) = generations.await {
            tracing::error!(%error, "le concessioni oltre la conservazione non si possono eliminare");
        }
        let operators_end = retention::operators_end(self.retention, now);
        for (table, prune) in [
            ("rappresentanze", representation::PRUNE),
            ("protezioni", protection::PRUNE),
            ("cambi di codice", changed_code::PRUNE),
        ] {
            if let Err(error) = deed::prune(&self.database, prune, operators_end).await {
                tracing::error!(table, %error, "ciò che è finito oltre la conservazione non si può eliminare");
            }
        }
        match self.richieste.prune(now).await {
            Ok(0) => {}
            Ok(deleted) => tracing::info!(
                deleted,
                "le richieste oltre la conservazione sono state cancellate"
            ),
            Err(error) => {
                tracing::error!(%error, "le richieste oltre la conservazione non si possono cancellare");
            }
        }
    }
}
