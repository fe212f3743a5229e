//! Records that become ready in the same turn of one thread's event loop travel together, so that this thread is woken once for all.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use parking_lot::Mutex;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::error::StoreError;
use super::month::Month;
use super::record::Record;
use super::waiting::{Place, Waitroom};

/// Records in a group, and in a batch of the writer, at most.
pub(super) const MOST_RECORDS: usize = 128;

/// Groups being gathered at most; more threads than that share them.
const GATHERINGS: usize = 32;

/// What became of a record. Every failure means: not answered.
pub(super) type Outcome = Result<(), StoreError>;

/// A record that waits to be durable.
#[derive(Debug)]
pub(super) struct Waiting {
    pub record: Box<Record>,
    pub month: Month,
    pub since: Instant,
    /// As soon as it is known.
    pub outcome: Option<Outcome>,
    pub _place: Place,
}

/// Records, and the exchanges that wait for them, in the same order.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub waiting: Vec<Waiting>,
    exchanges: Vec<oneshot::Sender<Outcome>>,
}

/// The groups that are still open, one a thread.
#[derive(Debug)]
pub(super) struct Gatherings([Mutex<Group>; GATHERINGS]);

/// The way back to the exchanges of a group.
#[derive(Debug)]
pub(super) struct Telling {
    /// The thread's, see [`gathering_of_thread`].
    gathering: usize,
    exchanges: Vec<oneshot::Sender<Outcome>>,
    told: oneshot::Sender<Group>,
}

impl Default for Gatherings {
    fn default() -> Gatherings {
        Gatherings(std::array::from_fn(|_| Mutex::default()))
    }
}

impl Waitroom {
    /// Adds a record to its thread's group; the first one sees the group through.
    pub(super) fn gather(self: &Arc<Self>, waiting: Waiting) -> oneshot::Receiver<Outcome> {
        let (exchange, outcome) = oneshot::channel();
        let gathering = gathering_of_thread();
        let mut group = self.gatherings.0[gathering].lock();
        group.waiting.push(waiting);
        group.exchanges.push(exchange);
        if group.waiting.len() == 1 {
            tokio::spawn(Arc::clone(self).see_through(gathering));
        }
        outcome
    }

    async fn see_through(self: Arc<Self>, gathering: usize) {
        // Whatever else is ready in this turn of the event loop joins the group, and so the same commit.
        tokio::task::yield_now().await;
        let mut group = std::mem::take(&mut *self.gatherings.0[gathering].lock());
        while !group.waiting.is_empty() {
            let rest = group.split_off(MOST_RECORDS);
            let (told, outcomes) = oneshot::channel();
            let telling = Telling {
                gathering,
                exchanges: group.exchanges,
                told,
            };
            self.queue(group.waiting, telling);
            if rest.waiting.is_empty() {
                return self.tell(outcomes).await;
            }
            tokio::spawn(Arc::clone(&self).tell_later(outcomes));
            group = rest;
        }
    }

    async fn tell_later(self: Arc<Self>, outcomes: oneshot::Receiver<Group>) {
        self.tell(outcomes).await;
    }

    /// Tells each exchange of a group what became of its record.
    async fn tell(&self, outcomes: oneshot::Receiver<Group>) {
        // Without a group another one took this one along, or its exchanges were refused.
        let Ok(group) = outcomes.await else {
            return;
        };
        for (mut waiting, exchange) in group.waiting.into_iter().zip(group.exchanges) {
            let outcome = waiting.outcome.take().unwrap_or(Err(StoreError::Closed));
            let durable = outcome.is_ok();
            let scambio = waiting.record.scambio;
            // Frees its slot before the exchange goes on.
            drop(waiting);
            if exchange.send(outcome).is_err() && durable {
                self.withhold(scambio);
            }
        }
    }
}

impl Group {
    fn split_off(&mut self, at: usize) -> Group {
        let at = at.min(self.waiting.len());
        Group {
            waiting: self.waiting.split_off(at),
            exchanges: self.exchanges.split_off(at),
        }
    }

    /// Exchanges recorded as answered.
    pub(super) fn durable(waiting: &[Waiting]) -> impl Iterator<Item = Uuid> {
        waiting
            .iter()
            .filter(|waiting| matches!(waiting.outcome, Some(Ok(()))))
            .map(|waiting| waiting.record.scambio)
    }
}

impl Telling {
    /// Takes a later group of the same thread along, if both together are not too many.
    pub(super) fn join(&mut self, mut later: Telling) -> Result<(), Telling> {
        let together = self.exchanges.len() + later.exchanges.len();
        if self.gathering != later.gathering || together > MOST_RECORDS {
            return Err(later);
        }
        self.exchanges.append(&mut later.exchanges);
        Ok(())
    }

    /// Tells a group its outcomes, on its own thread; gives it back if nobody listens there any more.
    pub(super) fn tell(self, waiting: Vec<Waiting>) -> Result<(), Group> {
        self.told.send(Group {
            waiting,
            exchanges: self.exchanges,
        })
    }

    /// Refuses its exchanges. If one does not listen any more, it is not answered either.
    pub(super) fn refuse(self, error: impl Fn() -> StoreError) {
        for exchange in self.exchanges {
            let _ = exchange.send(Err(error()));
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
