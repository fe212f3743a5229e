//! A connection to a back end: one request and its answer at a time, and at rest in between.

use std::io;
use std::pin::Pin;
use std::task::{Context, Waker};

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;

use super::address::Address;
use super::tls::Tls;

/// Room for what is read at once: most answers whole.
const ROOM: usize = 4 << 10;

/// An open connection.
pub struct Line {
    stream: Box<dyn Stream>,
    /// What was received and belongs to no answer that was given out yet.
    pub(super) received: BytesMut,
}

/// What carries the bytes.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Line {
    /// Opens a connection; the error is for the operator's log.
    pub async fn open(address: &Address, tls: Option<&Tls>) -> Result<Line, String> {
        let stream = TcpStream::connect((address.host.as_str(), address.port))
            .await
            .map_err(|error| format!("connect: {error}"))?;
        stream
            .set_nodelay(true)
            .map_err(|error| format!("connect: {error}"))?;
        let stream: Box<dyn Stream> = match tls {
            None => Box::new(stream),
            Some(tls) => Box::new(tls.connect(stream).await?),
        };
        Ok(Line {
            stream,
            received: BytesMut::new(),
        })
    }

    /// Whether nothing came since the last answer: neither the connection's end nor bytes that nobody asked for.
    pub fn is_quiet(&mut self) -> bool {
        let mut byte = [0];
        let mut context = Context::from_waker(Waker::noop());
        let read = Pin::new(&mut self.stream).poll_read(&mut context, &mut ReadBuf::new(&mut byte));
        read.is_pending() && self.received.is_empty()
    }

    /// Sends a whole request.
    pub async fn send(&mut self, request: &[u8]) -> io::Result<()> {
        self.stream.write_all(request).await?;
        self.stream.flush().await
    }

    /// Receives more; 0 bytes mean that the back end has closed its side.
    pub async fn receive(&mut self) -> io::Result<usize> {
        self.received.reserve(ROOM);
        self.stream.read_buf(&mut self.received).await
    }
}
