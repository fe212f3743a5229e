//! The slots that bound the exchanges in flight, and what exchanges, writer and upkeep share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use parking_lot::{Condvar, Mutex};
use tokio::sync::Notify;
use uuid::Uuid;

use super::error::StoreError;
use super::gathering::{Gatherings, Waiting};
use super::month::Month;
use super::queue::Queue;
use super::record::Record;

/// Leave to carry out one exchange: its record will find room. Dropped, it frees the room.
#[derive(Debug)]
pub struct Slot {
    place: Place,
}

/// What exchanges, writer and upkeep share.
#[derive(Debug)]
pub(super) struct Waitroom {
    slots: usize,
    taken: AtomicUsize,
    closed: AtomicBool,
    disk_low: AtomicBool,
    troubled: AtomicBool,
    pub gatherings: Gatherings,
    pub queue: Mutex<Queue>,
    withheld: Mutex<Vec<Uuid>>,
    /// There is something for the writer to do.
    pub due: Condvar,
    /// The writer has ended.
    pub ended: Condvar,
    /// A slot was freed.
    pub freed: Notify,
    pub figures: Figures,
}

/// What the writer and the upkeep last saw.
#[derive(Debug, Default)]
pub(super) struct Figures {
    pub records: AtomicU64,
    pub commits: AtomicU64,
    pub last_commit_micros: AtomicU64,
    /// `u64::MAX`: not known.
    pub free_disk: AtomicU64,
}

/// One of the places, freed when dropped.
#[derive(Debug)]
pub(super) struct Place {
    room: Arc<Waitroom>,
}

impl Slot {
    /// Resolves once the record is durable; until then the answer must not leave. Every failure means: not answered.
    ///
    /// Dropped while it waits, the record may still be written; it then says that its answer was withheld. To be called
    /// on a Tokio runtime.
    pub async fn commit(self, record: Record) -> Result<(), StoreError> {
        let month = Month::of_scambio(&record.scambio).ok_or(StoreError::NoTime)?;
        let room = Arc::clone(&self.place.room);
        let outcome = room.gather(Waiting {
            record: Box::new(record),
            month,
            since: Instant::now(),
            outcome: None,
            _place: self.place,
        });
        outcome.await.unwrap_or(Err(StoreError::Closed))
    }
}

impl Waitroom {
    pub(super) fn new(slots: usize) -> Waitroom {
        let figures = Figures::default();
        figures.free_disk.store(u64::MAX, Ordering::Relaxed);
        Waitroom {
            slots,
            taken: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            disk_low: AtomicBool::new(false),
            troubled: AtomicBool::new(false),
            gatherings: Gatherings::default(),
            queue: Mutex::default(),
            withheld: Mutex::default(),
            due: Condvar::new(),
            ended: Condvar::new(),
            freed: Notify::new(),
            figures,
        }
    }

    /// A place for one exchange, or why there is none.
    pub(super) fn reserve(self: &Arc<Self>) -> Result<Slot, StoreError> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(StoreError::Closed);
        }
        if self.troubled.load(Ordering::Relaxed) {
            return Err(StoreError::Unhealthy(self.trouble().unwrap_or_default()));
        }
        if self.disk_low.load(Ordering::Relaxed) {
            return Err(StoreError::DiskLow);
        }
        let more = |taken: usize| (taken < self.slots).then_some(taken + 1);
        match self
            .taken
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, more)
        {
            Ok(_) => Ok(Slot {
                place: Place {
                    room: Arc::clone(self),
                },
            }),
            Err(_) => Err(StoreError::Full),
        }
    }

    /// An exchange is recorded as answered, but nobody waited any more.
    pub(super) fn withhold(&self, scambio: Uuid) {
        self.withheld.lock().push(scambio);
    }

    /// Exchanges recorded as answered of which we learned later that nobody waited any more.
    pub(super) fn take_withheld(&self) -> Vec<Uuid> {
        std::mem::take(&mut *self.withheld.lock())
    }

    /// Whether slots are refused because nothing can be written.
    pub(super) fn set_troubled(&self, troubled: bool) {
        self.troubled.store(troubled, Ordering::Relaxed);
    }

    pub(super) fn set_free_disk(&self, free: u64, low: bool) {
        self.figures.free_disk.store(free, Ordering::Relaxed);
        self.disk_low.store(low, Ordering::Relaxed);
    }

    pub(super) fn is_disk_low(&self) -> bool {
        self.disk_low.load(Ordering::Relaxed)
    }

    /// No new slots.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    pub(super) fn slots(&self) -> usize {
        self.slots
    }

    pub(super) fn slots_taken(&self) -> usize {
        self.taken.load(Ordering::Acquire)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.room.taken.fetch_sub(1, Ordering::AcqRel);
        if self.room.is_closed() {
            self.room.freed.notify_one();
        }
    }
}
