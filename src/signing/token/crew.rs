//! The threads that a token works on: one a session, each taking what has waited longest.
//!
//! A thread that finds the next signature waiting goes on at once. Handing each one over to a thread that sleeps costs more than many a
//! token takes for it.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::TokenError;
use crate::jose::Algorithm;

/// What a thread does with a piece of work.
type Sign = dyn Fn(Algorithm, &[u8]) -> Result<Vec<u8>, TokenError> + Send + Sync;

/// Bytes to be signed.
pub(super) struct Work {
    pub algorithm: Algorithm,
    pub bytes: Vec<u8>,
    /// Who asked; it may have gone away.
    pub asked_by: oneshot::Sender<Result<Vec<u8>, TokenError>>,
    /// Taken until the token has worked, even when nobody waits for it any more.
    pub place: OwnedSemaphorePermit,
}

/// The threads; they end with it, each after the signature that it makes.
pub(super) struct Crew {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    came: Condvar,
}

#[derive(Default)]
struct Waiting {
    work: VecDeque<Work>,
    ended: bool,
}

impl Crew {
    /// Starts so many threads.
    pub(super) fn start(threads: usize, sign: &Arc<Sign>) -> Result<Crew, TokenError> {
        let crew = Crew {
            shared: Arc::default(),
        };
        for _ in 0..threads {
            let (shared, sign) = (Arc::clone(&crew.shared), Arc::clone(sign));
            std::thread::Builder::new()
                .name("token".to_owned())
                .spawn(move || shared.work(&*sign))
                .map_err(|error| TokenError::Failed(error.to_string()))?;
        }
        Ok(crew)
    }

    /// Has a thread do the work when its turn comes.
    pub(super) fn take(&self, work: Work) {
        self.shared.waiting.lock().work.push_back(work);
        self.shared.came.notify_one();
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.shared.waiting.lock().ended = true;
        self.shared.came.notify_all();
    }
}

impl Shared {
    fn work(&self, sign: &Sign) {
        while let Some(work) = self.next() {
            // The place goes back before the answer leaves: who has it may ask again at once.
            let signed = sign(work.algorithm, &work.bytes);
            drop(work.place);
            // Whoever asked may have gone away meanwhile.
            let _ = work.asked_by.send(signed);
        }
    }

    /// What has waited longest and is still waited for; `None`: it is over.
    fn next(&self) -> Option<Work> {
        let mut waiting = self.waiting.lock();
        loop {
            while let Some(work) = waiting.work.pop_front() {
                if !work.asked_by.is_closed() {
                    return Some(work);
                }
            }
            if waiting.ended {
                return None;
            }
            self.came.wait(&mut waiting);
        }
    }
}
