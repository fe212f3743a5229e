//! The log: JSON lines, gathered per thread and written by one thread of their own, so that no exchange waits for a disk.
//!
//! Exchanges come through [`Log::exchange`], rare events through `tracing` (see [`events`]); both have the same field names.
//! `docs/logging.md` lists them, and what is never logged.

mod exchange_line;
mod journal;
mod line;
mod queue;
mod sink;

pub mod events;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::Mutex;

use super::exchange::ExchangeSeen;
use queue::Queue;
use sink::Sink;

/// Lines reach the disk or standard output this long after they were logged, at most.
const LINGER: Duration = Duration::from_millis(200);

/// At shutdown a disk that hangs is given this long.
const LAST_FLUSH: Duration = Duration::from_secs(3);

/// Where log lines go, and how long files are kept.
#[derive(Debug, Clone)]
pub struct LogSettings {
    /// File to append to; `None`: standard output.
    pub file: Option<PathBuf>,
    /// A file is set aside when its day (UTC) ends, and deleted after so many months.
    pub keep_months: u32,
}

/// The log. Dropping it writes what has been logged.
pub struct Log {
    queue: Arc<Queue>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl Log {
    /// Opens the log; fails if its file cannot be opened or its thread not be started.
    pub fn open(settings: &LogSettings) -> io::Result<Log> {
        let sink = Sink::open(settings)?;
        let queue = Arc::new(Queue::new());
        let served = queue.clone();
        let writer = std::thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || write_until_closed(&served, sink))?;
        Ok(Log {
            queue,
            writer: Mutex::new(Some(writer)),
        })
    }

    /// Logs an exchange that has ended: one line.
    pub fn exchange(&self, seen: &ExchangeSeen<'_>) {
        self.queue
            .append(|buffer| exchange_line::write(buffer, seen));
    }

    /// Opens the file anew before the next line is written, for who has renamed it (SIGHUP).
    pub fn reopen(&self) {
        self.queue.ask_to_reopen();
    }

    /// Lines dropped since the start.
    pub fn dropped(&self) -> u64 {
        self.queue.dropped()
    }

    /// Writes what has been logged and ends the log; lines that come later are dropped.
    pub fn close(&self) {
        if let Some(writer) = self.writer.lock().take() {
            self.queue.close();
            // A thread that hangs in a write cannot be joined: the process ends without it.
            if self.queue.wait_for_last_flush(LAST_FLUSH) {
                let _ = writer.join();
            }
        }
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.close();
    }
}

fn write_until_closed(queue: &Queue, mut sink: Sink) {
    loop {
        let work = queue.wait(LINGER);
        if work.reopen {
            sink.reopen();
        }
        for buffer in work.buffers {
            if let Err(lost) = sink.write(&buffer) {
                queue.count_dropped(lost);
            }
            queue.give_back(buffer);
        }
        if work.closing {
            queue.last_flush_done();
            return;
        }
    }
}

#[cfg(test)]
mod tests;
