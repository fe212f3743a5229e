//! What the store does beside writing: watches the disk, keeps the months in order, drops what is too old.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;

use crate::config::record::Retention;

use super::database::Database;
use super::disk;
use super::retention;
use super::waiting::Waitroom;

/// Between two looks at the disk.
const DISK_PAUSE: Duration = Duration::from_secs(1);

/// Looks at the disk between two rounds of the rest.
const ROUND: u32 = 3_600;

pub(super) struct Upkeep {
    pub room: Arc<Waitroom>,
    pub database: Database,
    pub retention: Retention,
    pub free_disk: u64,
}

impl Upkeep {
    /// Goes on until its runtime ends.
    pub(super) async fn run(self) {
        let mut looks = 0;
        loop {
            self.watch_disk();
            if looks % ROUND == 0 {
                self.keep_order().await;
            }
            looks = looks.wrapping_add(1);
            tokio::time::sleep(DISK_PAUSE).await;
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
                        "the record's disk is nearly full; exchanges are refused"
                    );
                }
                self.room.set_free_disk(free, low);
            }
            Err(error) => tracing::error!(%error, "the record's disk cannot be measured"),
        }
    }

    async fn keep_order(&self) {
        let now = Utc::now();
        if let Err(error) = self.database.keep_up(now).await {
            tracing::error!(%error, "the record's months could not be kept in order");
        }
        if let Err(error) = retention::prune(&self.database, self.retention, now).await {
            tracing::error!(%error, "old exchanges could not be dropped");
        }
    }
}
