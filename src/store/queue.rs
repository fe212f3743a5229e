//! The queue between the exchanges and the writer, and the deadline of what the writer has in hand.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::error::StoreError;
use super::gathering::{MOST_RECORDS, Telling, Waiting};
use super::waiting::Waitroom;

/// What waits for the writer, and what it has in hand.
#[derive(Debug, Default)]
pub(super) struct Queue {
    groups: Vec<(Vec<Waiting>, Telling)>,
    in_hand: Option<InHand>,
    /// Why nothing can be written.
    trouble: Option<Arc<str>>,
    stopping: bool,
    stopped: bool,
}

/// The exchanges of the batch being written. The writer may be stuck in the kernel, so they lie where they can be
/// refused without it.
#[derive(Debug)]
struct InHand {
    /// Since when the oldest record has waited.
    since: Instant,
    tellings: Vec<Telling>,
}

/// What the writer is to do next.
pub(super) enum Task {
    /// Write these groups.
    Write(Vec<Vec<Waiting>>),
    /// Learn whether it can write again.
    Probe,
    /// End; nothing is queued any more.
    End,
}

impl Waitroom {
    /// Hands a group to the writer.
    pub(super) fn queue(&self, waiting: Vec<Waiting>, telling: Telling) {
        let mut queue = self.queue.lock();
        let refusal = match &queue.trouble {
            _ if queue.stopped => Some(None),
            Some(trouble) => Some(Some(Arc::clone(trouble))),
            None => None,
        };
        if let Some(refusal) = refusal {
            drop(queue);
            let reason = || refusal.clone();
            telling.refuse(|| reason().map_or(StoreError::Closed, StoreError::Unhealthy));
            return;
        }
        queue.add(waiting, telling);
        drop(queue);
        self.due.notify_one();
    }

    /// Waits for something to do. A batch stays in hand until [`Waitroom::hand_back`].
    pub(super) fn next_task(&self) -> Task {
        let mut queue = self.queue.lock();
        loop {
            if queue.stopping && queue.groups.is_empty() {
                queue.stopped = true;
                return Task::End;
            }
            if queue.trouble.is_some() {
                return Task::Probe;
            }
            if !queue.groups.is_empty() {
                return Task::Write(queue.take_in_hand());
            }
            self.due.wait(&mut queue);
        }
    }

    /// The ways back to the exchanges of the groups taken last; `None` if they were refused at their deadline.
    pub(super) fn hand_back(&self) -> Option<Vec<Telling>> {
        let in_hand = self.queue.lock().in_hand.take()?;
        Some(in_hand.tellings)
    }

    /// Refuses what the writer has in hand beyond its deadline, and everything after it; returns when the writer has ended.
    pub(super) fn keep_deadline(&self, deadline: Duration) {
        let mut queue = self.queue.lock();
        while !queue.stopped {
            let since = queue.in_hand.as_ref().map(|in_hand| in_hand.since);
            // What comes while nothing is in hand is not due sooner than from now on.
            let due = since.unwrap_or_else(Instant::now) + deadline;
            if due > Instant::now() {
                self.ended.wait_until(&mut queue, due);
                continue;
            }
            let overdue = queue.in_hand.take();
            drop(queue);
            tracing::error!(
                "la registrazione non è durevole entro il suo termine: gli scambi sono rifiutati"
            );
            self.troubled(&StoreError::Deadline.to_string().into());
            for telling in overdue.into_iter().flat_map(|in_hand| in_hand.tellings) {
                telling.refuse(|| StoreError::Deadline);
            }
            queue = self.queue.lock();
        }
    }

    /// Refuses everything from now on, what waits included.
    pub(super) fn troubled(&self, reason: &Arc<str>) {
        let mut queue = self.queue.lock();
        queue.trouble = Some(Arc::clone(reason));
        self.set_troubled(true);
        let refused = std::mem::take(&mut queue.groups);
        drop(queue);
        for (_, telling) in refused {
            telling.refuse(|| StoreError::Unhealthy(Arc::clone(reason)));
        }
    }

    /// Writing works again.
    pub(super) fn recovered(&self) {
        self.queue.lock().trouble = None;
        self.set_troubled(false);
    }

    pub(super) fn trouble(&self) -> Option<Arc<str>> {
        self.queue.lock().trouble.clone()
    }

    /// Asks the writer to end once nothing waits.
    pub(super) fn stop(&self) {
        self.close();
        self.queue.lock().stopping = true;
        self.due.notify_one();
    }

    /// The writer is gone: whatever still waits is refused.
    pub(super) fn abandon(&self) {
        self.close();
        let mut queue = self.queue.lock();
        queue.stopped = true;
        queue.groups.clear();
        queue.in_hand = None;
        drop(queue);
        self.ended.notify_one();
    }

    /// How many records wait to be taken, and how long the oldest that is not durable has waited.
    pub(super) fn lag(&self) -> (usize, Duration) {
        let queue = self.queue.lock();
        let waiting = queue.groups.iter().map(|(waiting, _)| waiting.len()).sum();
        let in_hand = queue.in_hand.as_ref().map(|in_hand| in_hand.since);
        let queued = queue.groups.first().and_then(|(waiting, _)| since(waiting));
        let lag = in_hand
            .or(queued)
            .map_or(Duration::ZERO, |since| since.elapsed());
        (waiting, lag)
    }
}

impl Queue {
    /// Adds a group, if possible to one of the same thread that has not been taken yet.
    fn add(&mut self, mut waiting: Vec<Waiting>, telling: Telling) {
        let mut alone = Some(telling);
        for (others, theirs) in &mut self.groups {
            let Some(telling) = alone.take() else {
                return;
            };
            match theirs.join(telling) {
                Ok(()) => others.append(&mut waiting),
                Err(telling) => alone = Some(telling),
            }
        }
        self.groups.extend(alone.map(|telling| (waiting, telling)));
    }

    /// Takes the oldest groups, as many as go into one batch.
    fn take_in_hand(&mut self) -> Vec<Vec<Waiting>> {
        let mut records = 0;
        let fitting = self.groups.iter().take_while(|(waiting, _)| {
            records += waiting.len();
            records <= MOST_RECORDS
        });
        let fitting = fitting.count();
        let (groups, tellings): (Vec<_>, Vec<_>) = self.groups.drain(..fitting).unzip();
        let oldest = groups.iter().filter_map(|waiting| since(waiting)).min();
        self.in_hand = oldest.map(|since| InHand { since, tellings });
        groups
    }
}

fn since(waiting: &[Waiting]) -> Option<Instant> {
    waiting.first().map(|waiting| waiting.since)
}
