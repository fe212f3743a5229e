//! The open loop: requests are due at a fixed rate, whether or not the server keeps up.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// What is due and who is free to send it.
pub struct Pacer {
    gap: Duration,
    next: Instant,
    due: VecDeque<Instant>,
    free: Vec<usize>,
}

impl Pacer {
    /// Begins at once.
    pub fn begin(rate: f64) -> Pacer {
        Pacer {
            gap: Duration::from_secs_f64(1.0 / rate),
            next: Instant::now(),
            due: VecDeque::new(),
            free: Vec::new(),
        }
    }

    /// Tells that a connection has nothing under way.
    pub fn free(&mut self, connection: usize) {
        self.free.push(connection);
    }

    /// The next request that is due and a connection to send it on.
    pub fn take(&mut self, now: Instant) -> Option<(usize, Instant)> {
        while self.next <= now {
            self.due.push_back(self.next);
            self.next += self.gap;
        }
        if self.due.is_empty() {
            return None;
        }
        let connection = self.free.pop()?;
        Some((connection, self.due.pop_front()?))
    }

    /// When the next request will be due.
    pub fn next(&self) -> Instant {
        self.next
    }
}
