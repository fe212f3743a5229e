//! A connection's stream: what was received and not yet used, and the times within which its client must send and read.

use std::future::{Future, pending, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use httparse::Status;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_rustls::server::TlsStream;

use crate::broker::error::Malformed;

use super::head::Framing;
use super::{Head, LARGEST_HEAD, Unread};

/// How long the client may take to read the last answer and close.
const FAREWELL: Duration = Duration::from_secs(1);

/// Bytes of a chunk's size with its extensions, or of the trailers, at most.
const LONGEST_CHUNK_LINE: usize = 1 << 10;

/// Trailers at most; they are not looked at.
const MOST_TRAILERS: usize = 16;

/// A TLS stream whose client is not waited for longer than it may take.
pub(crate) struct Line {
    stream: TlsStream<TcpStream>,
    received: BytesMut,
    alarm: Alarm,
    /// For a head or a body to come in, and for an answer to be taken.
    slow: Duration,
    /// Between two requests.
    idle: Duration,
    used: bool,
}

/// The client has closed its side or is gone, or we close ours.
struct Ended;

impl Line {
    /// A stream with its bounds.
    pub(crate) fn new(stream: TlsStream<TcpStream>, slow: Duration, idle: Duration) -> Line {
        Line {
            stream,
            received: BytesMut::new(),
            alarm: Alarm::default(),
            slow,
            idle,
            used: false,
        }
    }

    /// The next request's head; `None` when there will be none, or `closing` comes while none is under way.
    pub(crate) async fn head(
        &mut self,
        closing: &mut (impl Future<Output = ()> + Unpin),
    ) -> Result<Option<Head>, Unread> {
        // A client that connects and then says nothing is slow, not idle.
        let mut patience = if self.used { self.idle } else { self.slow };
        let mut until = None;
        loop {
            let begun = !self.received.is_empty();
            if begun {
                if let Some(head) = Head::take(&mut self.received)? {
                    self.used = true;
                    return Ok(Some(head));
                }
                let until = *until.get_or_insert_with(|| Instant::now() + self.slow);
                patience = until.saturating_duration_since(Instant::now());
            } else {
                // Idle connections hold no buffer.
                self.received = BytesMut::new();
            }
            let more = more(&mut self.stream, &mut self.received);
            let more = unless(more, closing, !begun);
            match within(&mut self.alarm, patience, more).await {
                Some(Ok(())) => {}
                None if begun || !self.used => return Err(Unread::TooSlow),
                Some(Err(Ended)) | None => return Ok(None),
            }
        }
    }

    /// The body that follows a head, whole.
    pub(crate) async fn body(&mut self, head: &Head, largest: u64) -> Result<Bytes, Malformed> {
        let length = match head.framing {
            Framing::None => return Ok(Bytes::new()),
            Framing::Length(length) if length > largest => {
                return Err(Malformed::TooLarge { limit: largest });
            }
            Framing::Length(length) => Some(usize::try_from(length).unwrap_or(usize::MAX)),
            Framing::Chunks => None,
        };
        if head.waiting && self.received.is_empty() {
            let leave = self.send(b"HTTP/1.1 100 Continue\r\n\r\n").await;
            leave.map_err(|_| cut_short())?;
        }
        let until = Instant::now() + self.slow;
        match length {
            Some(length) => {
                self.receive(length, until).await?;
                Ok(self.received.split_to(length).freeze())
            }
            None => self.chunks(largest, until).await,
        }
    }

    async fn chunks(&mut self, largest: u64, until: Instant) -> Result<Bytes, Malformed> {
        let mut whole = BytesMut::new();
        loop {
            let size = self.chunk_size(until).await?;
            if size == 0 {
                self.trailers(until).await?;
                return Ok(whole.freeze());
            }
            if size.saturating_add(whole.len() as u64) > largest {
                return Err(Malformed::TooLarge { limit: largest });
            }
            let size = usize::try_from(size).map_err(|_| Malformed::NotHttp)?;
            self.receive(size + 2, until).await?;
            whole.extend_from_slice(&self.received[..size]);
            if &self.received[size..size + 2] != b"\r\n" {
                return Err(Malformed::NotHttp);
            }
            self.received.advance(size + 2);
        }
    }

    async fn chunk_size(&mut self, until: Instant) -> Result<u64, Malformed> {
        loop {
            match httparse::parse_chunk_size(&self.received) {
                Ok(Status::Complete((length, size))) => {
                    self.received.advance(length);
                    return Ok(size);
                }
                Ok(Status::Partial) if self.received.len() < LONGEST_CHUNK_LINE => {
                    self.receive(self.received.len() + 1, until).await?;
                }
                Ok(Status::Partial) | Err(_) => return Err(Malformed::NotHttp),
            }
        }
    }

    async fn trailers(&mut self, until: Instant) -> Result<(), Malformed> {
        loop {
            let mut fields = [httparse::EMPTY_HEADER; MOST_TRAILERS];
            match httparse::parse_headers(&self.received, &mut fields) {
                Ok(Status::Complete((length, _))) => {
                    self.received.advance(length);
                    return Ok(());
                }
                Ok(Status::Partial) if self.received.len() < LONGEST_CHUNK_LINE => {
                    self.receive(self.received.len() + 1, until).await?;
                }
                Ok(Status::Partial) | Err(_) => return Err(Malformed::NotHttp),
            }
        }
    }

    /// Receives until there are so many bytes.
    async fn receive(&mut self, length: usize, until: Instant) -> Result<(), Malformed> {
        while self.received.len() < length {
            let patience = until.saturating_duration_since(Instant::now());
            let more = more(&mut self.stream, &mut self.received);
            match within(&mut self.alarm, patience, more).await {
                Some(Ok(())) => {}
                Some(Err(Ended)) => return Err(cut_short()),
                None => return Err(Malformed::TooSlow),
            }
        }
        Ok(())
    }

    /// Sends bytes; fails when the client takes none of them for too long.
    pub(crate) async fn send(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let written = within(&mut self.alarm, self.slow, self.stream.write(bytes)).await;
            bytes = &bytes[written.unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into()))?..];
        }
        let flushed = within(&mut self.alarm, self.slow, self.stream.flush()).await;
        flushed.unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into()))
    }

    /// Waits for `work`; `None` when the client goes before it is done. What the client sends meanwhile is kept, as much as a
    /// head may have.
    pub(in crate::api) async fn while_there<T>(
        &mut self,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        let gone = async {
            while self.received.len() < LARGEST_HEAD {
                if more(&mut self.stream, &mut self.received).await.is_err() {
                    return;
                }
            }
            pending::<()>().await;
        };
        let (mut work, mut gone) = (pin!(work), pin!(gone));
        poll_fn(|context| match work.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending => gone.as_mut().poll(context).map(|()| None),
        })
        .await
    }

    /// Closes in order. Where the client may still be sending, it is waited for a little: what it sends to a closed socket
    /// would destroy the answer that it has not read yet.
    pub(crate) async fn end(mut self, still_sending: bool) {
        let end = async {
            self.stream.shutdown().await?;
            let mut rest = [0; 1024];
            while still_sending && self.stream.read(&mut rest).await? > 0 {}
            io::Result::Ok(())
        };
        // Nobody is left to be told of a failure.
        let _ = tokio::time::timeout(FAREWELL, end).await;
    }
}

/// Receives what has come, or waits for it.
async fn more(stream: &mut TlsStream<TcpStream>, received: &mut BytesMut) -> Result<(), Ended> {
    match stream.fill_buf().await {
        Ok([]) | Err(_) => Err(Ended),
        Ok(bytes) => {
            let length = bytes.len();
            received.extend_from_slice(bytes);
            stream.consume(length);
            Ok(())
        }
    }
}

/// Waits for `work`, and where it `may` be given up, no longer than until `closing`.
async fn unless(
    work: impl Future<Output = Result<(), Ended>>,
    closing: &mut (impl Future<Output = ()> + Unpin),
    may: bool,
) -> Result<(), Ended> {
    let mut work = pin!(work);
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Pending if may && Pin::new(&mut *closing).poll(context).is_ready() => {
            Poll::Ready(Err(Ended))
        }
        polled => polled,
    })
    .await
}

/// Waits for `work`; `None` when that takes longer than it may.
async fn within<T>(
    alarm: &mut Alarm,
    patience: Duration,
    work: impl Future<Output = T>,
) -> Option<T> {
    let mut work = pin!(work);
    let mut until = None;
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => {
            let until = *until.get_or_insert_with(|| Instant::now() + patience);
            alarm.rings(until, context).map(|()| None)
        }
    })
    .await
}

/// A connection's one timer: set when something is first waited for, and left alone as long as it is early enough.
#[derive(Default)]
struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    /// Rings once `until` has passed, and sees to it that the task is woken then.
    fn rings(&mut self, until: Instant, context: &mut Context<'_>) -> Poll<()> {
        let timer = self.0.get_or_insert_with(|| Box::pin(sleep_until(until)));
        // Left from something that was waited for earlier, it may ring too late, or in vain.
        if timer.deadline() > until {
            timer.as_mut().reset(until);
        }
        while timer.as_mut().poll(context).is_ready() {
            if Instant::now() >= until {
                return Poll::Ready(());
            }
            timer.as_mut().reset(until);
        }
        Poll::Pending
    }
}

/// A body of which the client did not send all.
fn cut_short() -> Malformed {
    Malformed::Field {
        field: "corpo".to_owned(),
        reason: "non è arrivato per intero".to_owned(),
    }
}
