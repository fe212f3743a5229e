//! Fetches under way: whoever asks first fetches, whoever asks the same meanwhile waits for what it brings.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::oneshot;

/// The fetches under way, by what they fetch.
pub(super) struct Flights<K, T> {
    under_way: Mutex<HashMap<Arc<K>, Arc<Flight<T>>>>,
}

struct Flight<T> {
    /// How many purges had been when it began.
    purges: u64,
    waiting: Mutex<Vec<oneshot::Sender<T>>>,
}

/// What one who asks has to do.
pub(super) enum Part<'f, K: Eq + Hash, T> {
    /// To fetch, and to tell the others.
    Fetch(Fetching<'f, K, T>),
    /// To wait; an error says that the fetch was given up.
    Wait(oneshot::Receiver<T>),
}

/// A fetch under way; it is off the list as soon as this is dropped.
pub(super) struct Fetching<'f, K: Eq + Hash, T> {
    flights: &'f Flights<K, T>,
    key: Arc<K>,
    flight: Arc<Flight<T>>,
}

impl<K, T> Default for Flights<K, T> {
    fn default() -> Self {
        Flights {
            under_way: Mutex::default(),
        }
    }
}

impl<K: Eq + Hash, T> Flights<K, T> {
    /// Joins the fetch that is under way since the last of so many purges, unless `alone`; begins one where there is none.
    pub(super) fn join_or_begin(&self, key: &Arc<K>, purges: u64, alone: bool) -> Part<'_, K, T> {
        let mut under_way = self.under_way.lock();
        let joined = under_way.get(key);
        if let Some(flight) = joined.filter(|flight| !alone && flight.purges == purges) {
            let (told, answer) = oneshot::channel();
            flight.waiting.lock().push(told);
            return Part::Wait(answer);
        }
        let flight = Arc::new(Flight {
            purges,
            waiting: Mutex::default(),
        });
        under_way.insert(Arc::clone(key), Arc::clone(&flight));
        Part::Fetch(Fetching {
            flights: self,
            key: Arc::clone(key),
            flight,
        })
    }
}

impl<K: Eq + Hash, T> Fetching<'_, K, T> {
    /// How many purges had been when the fetch began.
    pub(super) fn purges(&self) -> u64 {
        self.flight.purges
    }
}

impl<K: Eq + Hash, T: Clone> Fetching<'_, K, T> {
    /// Ends the fetch and tells those who wait.
    pub(super) fn tell(self, outcome: &T) {
        let flight = Arc::clone(&self.flight);
        // First off the list: nobody joins any more.
        drop(self);
        for waiting in flight.waiting.lock().drain(..) {
            // Who has stopped waiting need not know.
            let _ = waiting.send(outcome.clone());
        }
    }
}

impl<K: Eq + Hash, T> Drop for Fetching<'_, K, T> {
    /// Takes the fetch off the list, unless a later one has its place.
    fn drop(&mut self) {
        let mut under_way = self.flights.under_way.lock();
        let held = under_way.get(&self.key);
        if held.is_some_and(|held| Arc::ptr_eq(held, &self.flight)) {
            under_way.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin<'f>(flights: &'f Flights<u8, u8>, key: &Arc<u8>, purges: u64) -> Fetching<'f, u8, u8> {
        match flights.join_or_begin(key, purges, false) {
            Part::Fetch(fetching) => fetching,
            Part::Wait(_) => panic!("there is a fetch already"),
        }
    }

    fn join(flights: &Flights<u8, u8>, key: &Arc<u8>, purges: u64) -> oneshot::Receiver<u8> {
        match flights.join_or_begin(key, purges, false) {
            Part::Fetch(_) => panic!("there is no fetch"),
            Part::Wait(told) => told,
        }
    }

    #[tokio::test]
    async fn who_asks_the_same_is_told_the_same() {
        let (flights, key) = (Flights::default(), Arc::new(1));
        let fetching = begin(&flights, &key, 0);
        let (first, second) = (join(&flights, &key, 0), join(&flights, &key, 0));
        fetching.tell(&7);
        assert_eq!((first.await, second.await), (Ok(7), Ok(7)));
        begin(&flights, &key, 0);
    }

    #[tokio::test]
    async fn a_fetch_that_is_given_up_is_off_the_list_and_nobody_waits_for_it() {
        let (flights, key) = (Flights::default(), Arc::new(1));
        let fetching = begin(&flights, &key, 0);
        let waiting = join(&flights, &key, 0);
        drop(fetching);
        begin(&flights, &key, 0);
        assert!(waiting.await.is_err());
    }

    #[tokio::test]
    async fn after_a_purge_a_fetch_of_its_own_begins_and_the_earlier_one_does_not_end_it() {
        let (flights, key) = (Flights::default(), Arc::new(1));
        let early = begin(&flights, &key, 0);
        let waiting = join(&flights, &key, 0);
        let _late = begin(&flights, &key, 1);
        early.tell(&7);
        assert_eq!(waiting.await, Ok(7));
        join(&flights, &key, 1);
    }
}
