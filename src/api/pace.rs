//! Cuts slow clients: a connection whose request or whose reading of our answer takes too long is closed.
//!
//! actix-http times only the first head of a connection; the stream below times every one.

use std::cell::Cell;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_rustls::server::TlsStream;

use super::connection::Connection;
use super::parting::{self, Parting, Unread};

/// What a connection is doing, told by its handlers to its stream; both live on one thread.
#[derive(Debug, Default)]
pub(super) struct Pace {
    phase: Cell<Phase>,
    /// Whether the client will send no more.
    ended: Cell<bool>,
}

#[derive(Debug, Default, Clone, Copy)]
enum Phase {
    /// Between two requests: the server's keep-alive timer counts.
    #[default]
    Idle,
    /// A request's head is coming in.
    Head { until: Instant },
    /// A handler is at work: its own deadlines count.
    Busy,
}

/// A request in a handler's hands; the connection is idle again when it is dropped.
pub(super) struct Busy<'p>(&'p Pace);

impl Pace {
    /// Tells that a handler has taken over.
    pub(super) fn busy(&self) -> Busy<'_> {
        self.phase.set(Phase::Busy);
        Busy(self)
    }

    /// Whether the client has closed its side or is gone.
    pub(super) fn has_ended(&self) -> bool {
        self.ended.get()
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.phase.set(Phase::Idle);
    }
}

/// A TLS stream that keeps to its [`Pace`].
pub(super) struct Paced {
    /// `None` once the connection has it for its parting words: the server then finds it closed.
    stream: Option<TlsStream<TcpStream>>,
    connection: Rc<Connection>,
    limit: Duration,
    /// Since when the client has not taken what we write.
    stalled: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Paced {
    /// Bounds heads and stalled writes by `limit`.
    pub(super) fn new(
        stream: TlsStream<TcpStream>,
        connection: Rc<Connection>,
        limit: Duration,
    ) -> Paced {
        Paced {
            stream: Some(stream),
            connection,
            limit,
            stalled: None,
            timer: None,
        }
    }

    /// What is known of the connection.
    pub(super) fn connection(&self) -> &Rc<Connection> {
        &self.connection
    }

    /// Leaves the socket to the connection, which says why the request was refused.
    fn part(&mut self, why: Unread) {
        if let Some(stream) = self.stream.take() {
            let parting = Box::new(Parting { stream, why });
            self.connection.parting.set(Some(parting));
        }
    }

    /// Fails once `until` has passed, and sees to it that the connection is woken then.
    fn not_after(&mut self, until: Instant, context: &mut Context<'_>) -> io::Result<()> {
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(sleep_until(until)));
        // A timer left from an earlier request is early: let it ring, then set it anew.
        if timer.deadline() > until {
            timer.as_mut().reset(until);
        }
        while timer.as_mut().poll(context).is_ready() {
            if Instant::now() >= until {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "slow client"));
            }
            timer.as_mut().reset(until);
        }
        Ok(())
    }

    fn watch_write<T>(
        &mut self,
        context: &mut Context<'_>,
        polled: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.stalled = None;
            return polled;
        }
        let since = *self.stalled.get_or_insert_with(Instant::now);
        match self.not_after(since + self.limit, context) {
            Ok(()) => Poll::Pending,
            Err(error) => Poll::Ready(Err(error)),
        }
    }
}

impl AsyncRead for Paced {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let Some(stream) = self.stream.as_mut() else {
            return Poll::Ready(Ok(()));
        };
        let polled = Pin::new(stream).poll_read(context, buffer);
        let pace = &self.connection.pace;
        let came = buffer.filled().len() > before;
        if !came && polled.is_ready() {
            pace.ended.set(true);
        }
        match pace.phase.get() {
            Phase::Idle if came => {
                pace.phase.set(Phase::Head {
                    until: Instant::now() + self.limit,
                });
            }
            // The server reads until nothing is left, so a trickle comes by here as well.
            Phase::Head { until } if polled.is_pending() => self.not_after(until, context)?,
            Phase::Idle | Phase::Head { .. } | Phase::Busy => {}
        }
        polled
    }
}

impl AsyncWrite for Paced {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut now = bytes;
        if let Some((begin, why)) = parting::bare(bytes) {
            if begin == 0 {
                self.part(why);
            }
            // Earlier answers go out as they are; the server comes again with the rest.
            now = &bytes[..begin];
        }
        let Some(stream) = self.stream.as_mut() else {
            return Poll::Ready(Ok(bytes.len()));
        };
        let polled = Pin::new(stream).poll_write(context, now);
        self.watch_write(context, polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(stream) = self.stream.as_mut() else {
            return Poll::Ready(Ok(()));
        };
        let polled = Pin::new(stream).poll_flush(context);
        self.watch_write(context, polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(stream) = self.stream.as_mut() else {
            return Poll::Ready(Ok(()));
        };
        let polled = Pin::new(stream).poll_shutdown(context);
        self.watch_write(context, polled)
    }
}
