//! The bulkhead of an instance: calls at once, a fair share for each ente, and a bounded queue before it.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::contract::luogo::CodiceIstat;

/// Places for calls to one back end.
#[derive(Debug)]
pub struct Bulkhead {
    places: usize,
    waiting: usize,
    per_ente: Option<usize>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    taken: usize,
    enti: Vec<Held>,
    queue: VecDeque<Waiter>,
}

#[derive(Debug)]
struct Held {
    ente: CodiceIstat,
    places: usize,
}

#[derive(Debug)]
struct Waiter {
    ente: usize,
    notify: oneshot::Sender<Place>,
}

/// A place, given back when dropped.
#[derive(Debug)]
pub struct Place {
    bulkhead: Option<Arc<Bulkhead>>,
    ente: usize,
}

/// The queue is full too.
#[derive(Debug, PartialEq, Eq)]
pub struct Full;

impl Bulkhead {
    /// So many calls at once and so many waiting; `per_ente` absent: an equal share among the enti seen so far.
    pub fn new(places: usize, waiting: usize, per_ente: Option<usize>) -> Bulkhead {
        Bulkhead {
            places: places.max(1),
            waiting,
            per_ente,
            state: Mutex::new(State::default()),
        }
    }

    /// A place for a call of this ente, now or when one is given back.
    ///
    /// Dropping the future leaves the queue.
    pub async fn enter(self: &Arc<Self>, ente: &CodiceIstat) -> Result<Place, Full> {
        let queued = {
            let mut state = self.state.lock();
            let ente = state.index_of(ente);
            if state.taken < self.places && state.enti[ente].places < self.share(&state) {
                return Ok(self.take(&mut state, ente));
            }
            // Who has stopped waiting no longer counts.
            state.queue.retain(|waiter| !waiter.notify.is_closed());
            if state.queue.len() >= self.waiting {
                return Err(Full);
            }
            let (notify, queued) = oneshot::channel();
            state.queue.push_back(Waiter { ente, notify });
            queued
        };
        queued.await.map_err(|_| Full)
    }

    /// A place for one more call of this ente if there is one for it now and nobody waits.
    pub fn enter_if_free(self: &Arc<Self>, ente: &CodiceIstat) -> Option<Place> {
        let mut state = self.state.lock();
        let ente = state.index_of(ente);
        let is_free = state.taken < self.places && state.enti[ente].places < self.share(&state);
        let nobody_waits = state.queue.iter().all(|waiter| waiter.notify.is_closed());
        (is_free && nobody_waits).then(|| self.take(&mut state, ente))
    }

    /// Calls under way and calls waiting.
    pub fn load(&self) -> (usize, usize) {
        let state = self.state.lock();
        (state.taken, state.queue.len())
    }

    fn share(&self, state: &State) -> usize {
        self.per_ente
            .unwrap_or(self.places / state.enti.len().max(1))
            .max(1)
    }

    fn take(self: &Arc<Self>, state: &mut State, ente: usize) -> Place {
        state.taken += 1;
        state.enti[ente].places += 1;
        Place {
            bulkhead: Some(Arc::clone(self)),
            ente,
        }
    }

    /// Gives free places to those waiting: first to the ente that holds fewest, then to who came first.
    fn hand_out(self: &Arc<Self>, state: &mut State) {
        while state.taken < self.places {
            let share = self.share(state);
            let held = |waiter: &Waiter| state.enti[waiter.ente].places;
            let queue = state.queue.iter().enumerate();
            let Some((next, _)) = queue
                .filter(|(_, waiter)| held(waiter) < share)
                .min_by_key(|(_, waiter)| held(waiter))
            else {
                return;
            };
            let Some(waiter) = state.queue.remove(next) else {
                return;
            };
            let place = self.take(state, waiter.ente);
            if let Err(mut unwanted) = waiter.notify.send(place) {
                // Dropping it as it is would lock the state a second time.
                unwanted.bulkhead = None;
                state.taken -= 1;
                state.enti[waiter.ente].places -= 1;
            }
        }
    }
}

impl State {
    fn index_of(&mut self, ente: &CodiceIstat) -> usize {
        if let Some(index) = self.enti.iter().position(|held| held.ente == *ente) {
            return index;
        }
        self.enti.push(Held {
            ente: ente.clone(),
            places: 0,
        });
        self.enti.len() - 1
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(bulkhead) = self.bulkhead.take() else {
            return;
        };
        let mut state = bulkhead.state.lock();
        state.taken -= 1;
        state.enti[self.ente].places -= 1;
        bulkhead.hand_out(&mut state);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    const SOON: Duration = Duration::from_millis(20);

    fn ente(number: u32) -> CodiceIstat {
        CodiceIstat::parse(&format!("{number:06}")).expect("six digits")
    }

    #[tokio::test]
    async fn one_ente_cannot_hold_more_than_its_share() {
        let bulkhead = Arc::new(Bulkhead::new(4, 8, Some(2)));
        let _first = bulkhead.enter(&ente(1)).await.expect("free");
        let _second = bulkhead.enter(&ente(1)).await.expect("free");
        let mine = ente(1);
        assert!(
            timeout(SOON, bulkhead.enter(&mine)).await.is_err(),
            "its share is taken"
        );
        assert!(
            bulkhead.enter(&ente(2)).await.is_ok(),
            "another ente is not slowed"
        );
    }

    #[tokio::test]
    async fn one_more_call_gets_a_place_only_if_it_is_free_and_nobody_waits_for_it() {
        let bulkhead = Arc::new(Bulkhead::new(2, 8, Some(2)));
        let first = bulkhead.enter(&ente(1)).await.expect("free");
        let beside = bulkhead.enter_if_free(&ente(1)).expect("free");
        assert!(bulkhead.enter_if_free(&ente(1)).is_none(), "all are taken");
        assert_eq!(bulkhead.load(), (2, 0));
        let other = ente(2);
        let mut waiting = Box::pin(bulkhead.enter(&other));
        assert!(timeout(SOON, &mut waiting).await.is_err());
        drop(beside);
        assert!(
            bulkhead.enter_if_free(&ente(1)).is_none(),
            "who waited has it"
        );
        let theirs = waiting.await.expect("a place");
        drop((first, theirs));
        assert_eq!(bulkhead.load(), (0, 0));
    }

    #[tokio::test]
    async fn a_full_queue_refuses_at_once_and_who_gave_up_leaves_room() {
        let bulkhead = Arc::new(Bulkhead::new(1, 1, None));
        let held = bulkhead.enter(&ente(1)).await.expect("free");
        let other = ente(2);
        assert!(timeout(SOON, bulkhead.enter(&other)).await.is_err());
        let waiting = tokio::spawn({
            let bulkhead = Arc::clone(&bulkhead);
            async move { bulkhead.enter(&ente(2)).await }
        });
        tokio::task::yield_now().await;
        assert_eq!(bulkhead.enter(&ente(3)).await.expect_err("full"), Full);
        drop(held);
        assert!(waiting.await.expect("joined").is_ok());
        assert_eq!(bulkhead.load(), (0, 0));
    }

    #[tokio::test]
    async fn a_place_given_to_someone_who_left_goes_to_the_next() {
        let bulkhead = Arc::new(Bulkhead::new(1, 8, Some(1)));
        let held = bulkhead.enter(&ente(1)).await.expect("free");
        let gone = ente(2);
        assert!(timeout(SOON, bulkhead.enter(&gone)).await.is_err());
        let next = tokio::spawn({
            let bulkhead = Arc::clone(&bulkhead);
            async move { bulkhead.enter(&ente(3)).await }
        });
        tokio::task::yield_now().await;
        drop(held);
        assert!(
            timeout(SOON, next)
                .await
                .expect("not stuck")
                .expect("joined")
                .is_ok()
        );
    }

    #[tokio::test]
    async fn the_ente_that_holds_fewest_is_served_first() {
        let bulkhead = Arc::new(Bulkhead::new(2, 8, Some(2)));
        let first = bulkhead.enter(&ente(1)).await.expect("free");
        let _second = bulkhead.enter(&ente(1)).await.expect("free");
        let (order, mut served) = tokio::sync::mpsc::unbounded_channel();
        for number in [1, 2] {
            let (bulkhead, order) = (Arc::clone(&bulkhead), order.clone());
            tokio::spawn(async move {
                let _place = bulkhead.enter(&ente(number)).await.expect("a place");
                order.send(number).expect("listening");
            });
            tokio::task::yield_now().await;
        }
        drop(first);
        assert_eq!(served.recv().await, Some(2));
    }
}
