//! Records on their way to the disk: the slots that bound them, and the queue between the exchanges and the writer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};
use uuid::Uuid;

use super::batch::MOST_ROWS;
use super::error::StoreError;
use super::month::Month;
use super::record::Record;

/// Groups being gathered at most; more threads than that share them.
const GATHERINGS: usize = 32;

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
    gatherings: [Mutex<Vec<Waiting>>; GATHERINGS],
    queue: Mutex<Queue>,
    withheld: Mutex<Vec<Uuid>>,
    /// A group was queued, or there is something else for the writer to look at.
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
    groups: Vec<Group>,
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
    pub record: Box<Record>,
    pub month: Month,
    pub since: Instant,
    durable: oneshot::Sender<Outcome>,
    _place: Place,
}

/// Records that became ready in the same turn of one thread's event loop. They are told their outcomes together, so
/// that this thread is woken once for all of them.
#[derive(Debug)]
pub(super) struct Group {
    pub waiting: Vec<Waiting>,
    pub told: oneshot::Sender<Vec<(Waiting, Outcome)>>,
}

pub(super) type Outcome = Result<(), StoreError>;

/// One of the places, freed when dropped.
#[derive(Debug)]
struct Place {
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
        let (durable, outcome) = oneshot::channel();
        room.gather(Waiting {
            record: Box::new(record),
            month,
            since: Instant::now(),
            durable,
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
            gatherings: std::array::from_fn(|_| Mutex::default()),
            queue: Mutex::default(),
            withheld: Mutex::default(),
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

    /// Adds a record to its thread's group; the first one sees the group through.
    fn gather(self: &Arc<Self>, waiting: Waiting) {
        let gathering = gathering_of_thread();
        let mut group = self.gatherings[gathering].lock();
        group.push(waiting);
        if group.len() == 1 {
            tokio::spawn(Arc::clone(self).see_through(gathering));
        }
    }

    async fn see_through(self: Arc<Self>, gathering: usize) {
        // Whatever else is ready in this turn of the event loop joins the group, and so the same commit.
        tokio::task::yield_now().await;
        let mut waiting = std::mem::take(&mut *self.gatherings[gathering].lock());
        while !waiting.is_empty() {
            let rest = waiting.split_off(waiting.len().min(MOST_ROWS));
            let (told, outcomes) = oneshot::channel();
            self.queue(Group { waiting, told });
            if rest.is_empty() {
                return self.tell(outcomes).await;
            }
            tokio::spawn(Arc::clone(&self).tell_later(outcomes));
            waiting = rest;
        }
    }

    async fn tell_later(self: Arc<Self>, outcomes: oneshot::Receiver<Vec<(Waiting, Outcome)>>) {
        self.tell(outcomes).await;
    }

    /// Tells each exchange of a group what became of its record.
    async fn tell(&self, outcomes: oneshot::Receiver<Vec<(Waiting, Outcome)>>) {
        for (waiting, outcome) in outcomes.await.unwrap_or_default() {
            let durable = outcome.is_ok();
            if waiting.durable.send(outcome).is_err() && durable {
                self.withheld.lock().push(waiting.record.scambio);
            }
        }
    }

    /// Hands a group to the writer.
    fn queue(&self, group: Group) {
        let mut queue = self.queue.lock();
        let refusal = match &queue.trouble {
            _ if queue.stopped => Some(None),
            Some(trouble) => Some(Some(Arc::clone(trouble))),
            None => None,
        };
        let Some(refusal) = refusal else {
            queue.groups.push(group);
            drop(queue);
            self.due.notify_one();
            return;
        };
        drop(queue);
        group.refuse(|| {
            refusal
                .clone()
                .map_or(StoreError::Closed, StoreError::Unhealthy)
        });
    }

    /// Takes the oldest groups, so many records at most; tells whether more wait.
    pub(super) fn take(&self, most: usize) -> (Vec<Group>, bool) {
        let mut queue = self.queue.lock();
        let mut records = 0;
        let fitting = queue.groups.iter().take_while(|group| {
            records += group.waiting.len();
            records <= most
        });
        let fitting = fitting.count();
        let groups: Vec<Group> = queue.groups.drain(..fitting).collect();
        queue.writing_since = groups.first().and_then(Group::since);
        (groups, !queue.groups.is_empty())
    }

    /// The groups taken last are dealt with.
    pub(super) fn written(&self) {
        self.queue.lock().writing_since = None;
    }

    /// Exchanges recorded as answered of which we learned later that nobody waited any more.
    pub(super) fn take_withheld(&self) -> Vec<Uuid> {
        std::mem::take(&mut *self.withheld.lock())
    }

    /// Refuses everything from now on, what waits included.
    pub(super) fn troubled(&self, reason: &Arc<str>) {
        let mut queue = self.queue.lock();
        queue.trouble = Some(Arc::clone(reason));
        self.troubled.store(true, Ordering::Relaxed);
        let refused = std::mem::take(&mut queue.groups);
        drop(queue);
        for group in refused {
            group.refuse(|| StoreError::Unhealthy(Arc::clone(reason)));
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
        if queue.stopping && queue.groups.is_empty() {
            queue.stopped = true;
        }
        queue.stopped
    }

    /// The writer is gone: whatever still waits is refused.
    pub(super) fn abandon(&self) {
        self.close();
        let mut queue = self.queue.lock();
        queue.stopped = true;
        queue.groups.clear();
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
        let waiting = queue.groups.iter().map(|group| group.waiting.len()).sum();
        let oldest = queue
            .writing_since
            .or_else(|| queue.groups.first().and_then(Group::since));
        let lag = oldest.map_or(Duration::ZERO, |since| since.elapsed());
        (waiting, lag)
    }
}

impl Group {
    fn since(&self) -> Option<Instant> {
        self.waiting.first().map(|waiting| waiting.since)
    }

    fn refuse(self, error: impl Fn() -> StoreError) {
        let outcomes = self
            .waiting
            .into_iter()
            .map(|waiting| (waiting, Err(error())));
        // If nobody listens any more, nobody is answered either.
        let _ = self.told.send(outcomes.collect());
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

/// The group that the records of this thread join.
fn gathering_of_thread() -> usize {
    static THREADS: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static GATHERING: usize = THREADS.fetch_add(1, Ordering::Relaxed) % GATHERINGS;
    }
    GATHERING.with(|gathering| *gathering)
}
