//! Rare events (start, reload, refused handshakes, faults) as `tracing` tells them, in the same log.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use tracing::subscriber::with_default;
use tracing_subscriber::filter::{EnvFilter, ParseError};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::{Log, journal};

/// Why events cannot be logged.
#[derive(Debug, thiserror::Error)]
pub enum EventsError {
    /// The filter of `[log]` is none.
    #[error("the log's filter cannot be understood")]
    Filter(#[from] ParseError),
    /// Somebody else receives them already.
    #[error("events are received already")]
    Taken(#[from] tracing_subscriber::util::TryInitError),
}

/// Sends every event of the process that passes the filter (like `info` or `pontile=debug,info`) to the log.
pub fn receive(log: &Arc<Log>, filter: &str) -> Result<(), EventsError> {
    subscriber(log, filter)?.try_init()?;
    Ok(())
}

/// Runs what tells events, whoever else receives events in this process: they go to the log, or without one to the journal, or where
/// there is none to standard error.
pub fn tell_beside(log: Option<&Arc<Log>>, event: impl FnOnce()) -> Result<(), EventsError> {
    // Whatever the gateway leaves out, this is told.
    const FILTER: &str = "info";
    match log {
        Some(log) => with_default(subscriber(log, FILTER)?, event),
        None => with_default(lines_to(|| JournalLine, FILTER)?, event),
    }
    Ok(())
}

/// Flat: an event's own fields stand beside `timestamp`, `level`, `target` and `message`, as in an exchange's line.
pub(super) fn subscriber(
    log: &Arc<Log>,
    filter: &str,
) -> Result<impl tracing::Subscriber + Send + Sync + use<>, ParseError> {
    lines_to(EventWriter(log.clone()), filter)
}

fn lines_to<W>(
    writer: W,
    filter: &str,
) -> Result<impl tracing::Subscriber + Send + Sync + use<W>, ParseError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_writer(writer);
    Ok(tracing_subscriber::registry()
        .with(EnvFilter::try_new(filter)?)
        .with(lines))
}

/// Takes formatted events.
struct EventWriter(Arc<Log>);

impl<'a> MakeWriter<'a> for EventWriter {
    type Writer = EventLine<'a>;

    fn make_writer(&'a self) -> EventLine<'a> {
        EventLine(&self.0)
    }
}

/// The formatter writes an event, line break included, at once.
struct EventLine<'a>(&'a Log);

impl io::Write for EventLine<'_> {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.queue.append(|buffer| buffer.extend_from_slice(text));
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// As [`EventLine`], where there is no log.
struct JournalLine;

impl Write for JournalLine {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let line = String::from_utf8_lossy(text);
        journal::send(Path::new(journal::SOCKET), &line)
            .or_else(|_| io::stderr().write_all(text))?;
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
