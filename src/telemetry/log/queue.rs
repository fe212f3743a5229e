//! Lines on their way to the writer: a buffer per thread, and a bounded queue of full ones.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

/// A buffer is handed over when it holds this many bytes.
const FULL: usize = 32 << 10;

/// Full buffers that may wait; when the disk is slower than that, further lines are dropped.
const WAITING: usize = 256;

/// Emptied buffers kept for reuse.
const SPARE: usize = 8;

/// More threads than this share buffers; they would only meet in the few nanoseconds of a copy.
const BUFFERS: usize = 16;

pub(super) struct Queue {
    buffers: [Buffer; BUFFERS],
    state: Mutex<State>,
    news: Condvar,
    reopen: AtomicBool,
    closed: AtomicBool,
    dropped: AtomicU64,
}

/// On a cache line of its own, so that two threads' buffers do not slow each other down.
#[derive(Default)]
#[repr(align(64))]
struct Buffer(Mutex<Vec<u8>>);

#[derive(Default)]
struct State {
    waiting: Vec<Vec<u8>>,
    spare: Vec<Vec<u8>>,
    finished: bool,
}

/// What the writer has to do next.
pub(super) struct Work {
    pub(super) buffers: Vec<Vec<u8>>,
    pub(super) reopen: bool,
    /// Nothing comes after this.
    pub(super) closing: bool,
}

impl Queue {
    pub(super) fn new() -> Queue {
        Queue {
            buffers: Default::default(),
            state: Mutex::default(),
            news: Condvar::new(),
            reopen: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            dropped: AtomicU64::new(0),
        }
    }

    /// Lets `write` put one line into the calling thread's buffer. Never waits for the writer.
    pub(super) fn append(&self, write: impl FnOnce(&mut Vec<u8>)) {
        if self.closed.load(Ordering::Acquire) {
            self.count_dropped(1);
            return;
        }
        let mut buffer = self.buffers[own_buffer()].0.lock();
        if buffer.capacity() == 0 {
            // With room for a last line that begins just before the buffer is full.
            buffer.reserve(FULL + 2048);
        }
        write(&mut buffer);
        if buffer.len() >= FULL {
            self.hand_over(&mut buffer);
        }
    }

    fn hand_over(&self, buffer: &mut Vec<u8>) {
        let mut state = self.state.lock();
        if state.waiting.len() < WAITING {
            let fresh = state.spare.pop().unwrap_or_default();
            state.waiting.push(std::mem::replace(buffer, fresh));
            drop(state);
            self.news.notify_one();
        } else {
            drop(state);
            self.count_dropped(lines(buffer));
            buffer.clear();
        }
    }

    /// Waits until there is something to do, or `linger` has passed, and takes all there is.
    pub(super) fn wait(&self, linger: Duration) -> Work {
        let mut state = self.state.lock();
        if state.waiting.is_empty() && !self.closed.load(Ordering::Acquire) {
            self.news.wait_for(&mut state, linger);
        }
        drop(state);
        let closing = self.closed.load(Ordering::Acquire);
        // Behind the full ones, so that every thread's lines keep their order.
        for buffer in &self.buffers {
            let mut buffer = buffer.0.lock();
            if !buffer.is_empty() {
                self.hand_over(&mut buffer);
            }
        }
        Work {
            buffers: std::mem::take(&mut self.state.lock().waiting),
            reopen: self.reopen.swap(false, Ordering::AcqRel),
            closing,
        }
    }

    /// Takes a written buffer back for reuse.
    pub(super) fn give_back(&self, mut buffer: Vec<u8>) {
        buffer.clear();
        let mut state = self.state.lock();
        if state.spare.len() < SPARE {
            state.spare.push(buffer);
        }
    }

    pub(super) fn ask_to_reopen(&self) {
        self.reopen.store(true, Ordering::Release);
    }

    pub(super) fn close(&self) {
        // Under the lock, or the writer could miss the news between looking and waiting.
        let state = self.state.lock();
        self.closed.store(true, Ordering::Release);
        drop(state);
        self.news.notify_one();
    }

    pub(super) fn last_flush_done(&self) {
        self.state.lock().finished = true;
        self.news.notify_all();
    }

    /// Waits for the writer's last flush; `false` if it does not come within `patience`.
    pub(super) fn wait_for_last_flush(&self, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        let mut state = self.state.lock();
        while !state.finished {
            if self.news.wait_until(&mut state, until).timed_out() {
                return state.finished;
            }
        }
        true
    }

    pub(super) fn count_dropped(&self, lines: u64) {
        self.dropped.fetch_add(lines, Ordering::Relaxed);
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

/// How many lines are in a buffer.
pub(super) fn lines(buffer: &[u8]) -> u64 {
    buffer.split(|byte| *byte == b'\n').count() as u64 - 1
}

/// Threads take buffers in turn, each keeps its own for life.
fn own_buffer() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static OWN: usize = NEXT.fetch_add(1, Ordering::Relaxed) % BUFFERS;
    }
    OWN.with(|own| *own)
}
