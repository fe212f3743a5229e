//! Idle connections of one instance on one worker thread.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use foldhash::HashMap;

use super::line::Line;

/// Servers close idle connections after 60 seconds and more; ours are given up well before.
const IDLE: Duration = Duration::from_secs(20);

thread_local! {
    static IDLE_LINES: RefCell<Idle> = RefCell::new(Idle { by_pool: HashMap::default(), swept: Instant::now() });
}

/// What one worker thread keeps.
struct Idle {
    /// By the pool's number; those used last are at the back.
    by_pool: HashMap<u64, VecDeque<(Line, Instant)>>,
    swept: Instant,
}

static NEXT_POOL: AtomicU64 = AtomicU64::new(0);

/// The connections of one instance. Each worker thread has its own: none takes a lock or wakes another.
pub struct Pool {
    number: u64,
    most: usize,
}

impl Pool {
    /// A pool that keeps at most so many idle connections per worker.
    pub fn new(most: usize) -> Pool {
        Pool {
            number: NEXT_POOL.fetch_add(1, Ordering::Relaxed),
            most,
        }
    }

    /// The connection used last, if it still stands; it may have been closed a moment ago.
    pub fn take(&self) -> Option<Line> {
        IDLE_LINES.with_borrow_mut(|idle| {
            let lines = idle.by_pool.get_mut(&self.number)?;
            let (line, since) = lines.pop_back()?;
            if since.elapsed() <= IDLE {
                return Some(line);
            }
            // The others were put back even earlier.
            lines.clear();
            None
        })
    }

    /// Keeps a connection for the next request.
    pub fn put_back(&self, line: Line) {
        let now = Instant::now();
        IDLE_LINES.with_borrow_mut(|idle| {
            idle.sweep(now);
            let lines = idle.by_pool.entry(self.number).or_default();
            if lines.len() < self.most {
                lines.push_back((line, now));
            }
        });
    }
}

impl Idle {
    /// Closes what nobody has used for long, of pools that are no more as well.
    fn sweep(&mut self, now: Instant) {
        if now - self.swept < IDLE {
            return;
        }
        self.swept = now;
        self.by_pool.retain(|_, lines| {
            lines.retain(|(_, since)| now - *since <= IDLE);
            !lines.is_empty()
        });
    }
}
