//! A connection to a back end: made, driven by whoever sends over it, and at rest in between.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Waker};

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::rt::{Read, Write};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::coop::unconstrained;

use super::address::Address;
use super::tls::Tls;

/// An open connection.
pub struct Line {
    sender: SendRequest<Full<Bytes>>,
    wire: Wire,
}

/// What carries the bytes; nothing moves on it unless a request drives it.
pub struct Wire(Option<Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>>);

impl Line {
    /// Opens a connection; the error is for the operator's log.
    pub async fn open(address: &Address, tls: Option<&Tls>) -> Result<Line, String> {
        let stream = TcpStream::connect((address.host.as_str(), address.port))
            .await
            .map_err(|error| format!("connect: {error}"))?;
        stream
            .set_nodelay(true)
            .map_err(|error| format!("connect: {error}"))?;
        match tls {
            None => Line::over(TokioIo::new(stream)).await,
            Some(tls) => Line::over(TokioIo::new(tls.connect(stream).await?)).await,
        }
    }

    async fn over<T: Read + Write + Unpin + Send + 'static>(stream: T) -> Result<Line, String> {
        let (sender, connection) = handshake(stream)
            .await
            .map_err(|error| format!("http: {error}"))?;
        Ok(Line {
            sender,
            wire: Wire(Some(Box::pin(connection))),
        })
    }

    /// The two ends of the connection: requests go in at one, the other carries them.
    pub fn ends(&mut self) -> (&mut SendRequest<Full<Bytes>>, &mut Wire) {
        (&mut self.sender, &mut self.wire)
    }
}

impl Wire {
    /// Waits for something that comes over this connection, and carries its bytes meanwhile.
    pub async fn carry<F: Future>(&mut self, awaited: F) -> F::Output {
        let mut awaited = pin!(unconstrained(awaited));
        poll_fn(|context| {
            self.move_on(context);
            // What is awaited has no news but the connection's, which was looked at just now: a waker of its own would
            // only cost another turn.
            awaited
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
        })
        .await
    }

    fn move_on(&mut self, context: &mut Context<'_>) {
        // How a connection ends is told by the request that runs over it.
        if let Some(connection) = &mut self.0
            && connection.as_mut().poll(context).is_ready()
        {
            self.0 = None;
        }
    }
}
