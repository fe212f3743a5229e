//! What readiness and metrics ask of the store.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::waiting::Waitroom;

/// The store at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Why exchanges are refused; `None` while they are not (a momentary lack of slots apart).
    pub degraded: Option<Degraded>,
    /// How long the oldest record that is not durable yet has waited.
    pub lag: Duration,
    /// Records that wait to be taken by the writer.
    pub waiting: usize,
    /// How long the last commit took.
    pub last_commit: Duration,
    /// Commits since the start.
    pub commits: u64,
    /// Records made durable since the start.
    pub records: u64,
    /// Exchanges in flight.
    pub slots_in_use: usize,
    /// Exchanges that may be in flight.
    pub slots: usize,
    /// Bytes free on the record's disk, where it is ours.
    pub free_disk: Option<u64>,
}

/// Why exchanges are refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Degraded {
    /// The last write failed and none has succeeded since; the text is for operators.
    Unwritable(Arc<str>),
    /// Less disk is free than the configuration demands.
    DiskLow,
    /// The store is closing.
    Closed,
}

impl Waitroom {
    pub(super) fn health(&self) -> Health {
        let (waiting, lag) = self.lag();
        let free_disk = self.figures.free_disk.load(Ordering::Relaxed);
        let degraded = match self.trouble() {
            Some(reason) => Some(Degraded::Unwritable(reason)),
            None if self.is_closed() => Some(Degraded::Closed),
            None => self.is_disk_low().then_some(Degraded::DiskLow),
        };
        Health {
            degraded,
            lag,
            waiting,
            last_commit: Duration::from_micros(
                self.figures.last_commit_micros.load(Ordering::Relaxed),
            ),
            commits: self.figures.commits.load(Ordering::Relaxed),
            records: self.figures.records.load(Ordering::Relaxed),
            slots_in_use: self.slots_taken(),
            slots: self.slots(),
            free_disk: (free_disk != u64::MAX).then_some(free_disk),
        }
    }
}
