//! Records on their way to the disk: the slots that bound them, and the queue between the exchanges and the writer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};

use super::error::StoreError;
use super::month::Month;
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
    queue: Mutex<Queue>,
    /// A batch is due, or there is something else for the writer to look at.
    pub due: Notify,
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

#[derive(Debug, Default)]
struct Queue {
    waiting: Vec<Waiting>,
    /// Since when the oldest record of the batch being written has waited.
    writing_since: Option<Instant>,
    /// Why nothing can be written.
    trouble: Option<Arc<str>>,
    stopping: bool,
    stopped: bool,
}

/// A record that waits to be durable.
#[derive(Debug)]
pub(super) struct Waiting {
    pub record: Record,
    pub month: Month,
    pub since: Instant,
    pub durable: oneshot::Sender<Result<(), StoreError>>,
    _place: Place,
}

/// One of the places, freed when dropped.
#[derive(Debug)]
struct Place {
    room: Arc<Waitroom>,
}

impl Slot {
    /// Resolves once the record is durable; until then the answer must not leave. Every failure means: not answered.
    ///
    /// Dropped while it waits, the record may still be written; it then says that its answer was withheld.
    pub async fn commit(self, record: Record) -> Result<(), StoreError> {
        let month = Month::of_scambio(&record.scambio).ok_or(StoreError::NoTime)?;
        let room = Arc::clone(&self.place.room);
        let (durable, answer) = oneshot::channel();
        let first = room.push(Waiting {
            record,
            month,
            since: Instant::now(),
            durable,
            _place: self.place,
        })?;
        if first {
            // The writer is woken once per turn of the event loop: whatever else is ready now joins the same commit.
            let due = DueWhenDropped(&room.due);
            tokio::task::yield_now().await;
            drop(due);
        }
        answer.await.unwrap_or(Err(StoreError::Closed))
    }
}

/// Tells the writer even if the exchange is dropped before its turn comes again: others may have joined it.
struct DueWhenDropped<'a>(&'a Notify);

impl Drop for DueWhenDropped<'_> {
    fn drop(&mut self) {
        self.0.notify_one();
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
            queue: Mutex::default(),
            due: Notify::new(),
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

    /// Queues a record; tells whether it is the first, whose exchange then wakes the writer.
    fn push(&self, waiting: Waiting) -> Result<bool, StoreError> {
        let mut queue = self.queue.lock();
        if queue.stopped {
            return Err(StoreError::Closed);
        }
        if let Some(trouble) = &queue.trouble {
            return Err(StoreError::Unhealthy(Arc::clone(trouble)));
        }
        queue.waiting.push(waiting);
        Ok(queue.waiting.len() == 1)
    }

    /// Takes the oldest records, so many at most; tells whether more wait.
    pub(super) fn take(&self, most: usize) -> (Vec<Waiting>, bool) {
        let mut queue = self.queue.lock();
        let batch = if queue.waiting.len() <= most {
            let room = Vec::with_capacity(queue.waiting.capacity());
            std::mem::replace(&mut queue.waiting, room)
        } else {
            queue.waiting.drain(..most).collect()
        };
        queue.writing_since = batch.first().map(|waiting| waiting.since);
        (batch, !queue.waiting.is_empty())
    }

    /// The batch taken last is dealt with.
    pub(super) fn written(&self) {
        self.queue.lock().writing_since = None;
    }

    /// Refuses everything from now on, what waits included.
    pub(super) fn troubled(&self, reason: &Arc<str>) {
        let mut queue = self.queue.lock();
        queue.trouble = Some(Arc::clone(reason));
        self.troubled.store(true, Ordering::Relaxed);
        let refused = std::mem::take(&mut queue.waiting);
        drop(queue);
        for waiting in refused {
            let _ = waiting
                .durable
                .send(Err(StoreError::Unhealthy(Arc::clone(reason))));
        }
    }

    /// Writing works again.
    pub(super) fn recovered(&self) {
        self.queue.lock().trouble = None;
        self.troubled.store(false, Ordering::Relaxed);
    }

    pub(super) fn trouble(&self) -> Option<Arc<str>> {
        self.queue.lock().trouble.clone()
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

    /// Asks the writer to end once nothing waits.
    pub(super) fn stop(&self) {
        self.close();
        self.queue.lock().stopping = true;
        self.due.notify_one();
    }

    /// Whether the writer may end now; if so, nothing is queued any more.
    pub(super) fn may_end(&self) -> bool {
        let mut queue = self.queue.lock();
        if queue.stopping && queue.waiting.is_empty() {
            queue.stopped = true;
        }
        queue.stopped
    }

    /// The writer is gone: whatever still waits is refused.
    pub(super) fn abandon(&self) {
        self.close();
        let mut queue = self.queue.lock();
        queue.stopped = true;
        queue.waiting.clear();
    }

    pub(super) fn slots(&self) -> usize {
        self.slots
    }

    pub(super) fn slots_taken(&self) -> usize {
        self.taken.load(Ordering::Acquire)
    }

    /// How many records wait to be taken, and how long the oldest that is not durable has waited.
    pub(super) fn lag(&self) -> (usize, Duration) {
        let queue = self.queue.lock();
        let first = queue.waiting.first().map(|waiting| waiting.since);
        let oldest = queue.writing_since.or(first);
        (
            queue.waiting.len(),
            oldest.map_or(Duration::ZERO, |since| since.elapsed()),
        )
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
