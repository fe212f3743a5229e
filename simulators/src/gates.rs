//! Gates that let only so many calls of a municipality in at once; the others wait for their turn.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// One gate per municipality, all of the same width.
pub struct Gates {
    width: usize,
    open: Mutex<HashMap<&'static str, Arc<Semaphore>>>,
}

impl Gates {
    pub fn new(width: usize) -> Self {
        Gates {
            width,
            open: Mutex::default(),
        }
    }

    /// Waits until there is room; dropping the result makes room again.
    pub async fn enter(&self, ente: &'static str) -> Option<OwnedSemaphorePermit> {
        let gate = self
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(ente)
            .or_insert_with(|| Arc::new(Semaphore::new(self.width)))
            .clone();
        gate.acquire_owned().await.ok()
    }
}
