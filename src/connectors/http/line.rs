//! A connection to a back end: made, driven by whoever sends over it, and at rest in between.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::rt::{Read, Write};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tokio::net::TcpStream;
use tokio::task::coop::unconstrained;

use super::address::Address;
use super::tls::Tls;

/// Turns that a connection takes before others have theirs.
const TURNS: usize = 16;

/// An open connection.
pub struct Line {
    sender: SendRequest<Full<Bytes>>,
    wire: Wire,
}

/// What carries the bytes; nothing moves on it unless a request drives it.
pub struct Wire {
    connection: Option<Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>>,
    bell: Arc<Bell>,
    rings: Waker,
}

/// Rings when there is something to do on the connection.
#[derive(Default)]
struct Bell(Mutex<Rung>);

#[derive(Default)]
struct Rung {
    rung: bool,
    /// Who sleeps until it rings: nobody while the connection is at rest, or being driven.
    sleeper: Option<Waker>,
}

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
            wire: Wire::of(connection),
        })
    }

    /// The two ends of the connection: requests go in at one, the other carries them.
    pub fn ends(&mut self) -> (&mut SendRequest<Full<Bytes>>, &mut Wire) {
        (&mut self.sender, &mut self.wire)
    }
}

impl Wire {
    fn of(connection: impl Future<Output = hyper::Result<()>> + Send + 'static) -> Wire {
        let bell = Arc::<Bell>::default();
        Wire {
            connection: Some(Box::pin(connection)),
            rings: Waker::from(Arc::clone(&bell)),
            bell,
        }
    }

    /// Waits for something that comes over this connection, and carries its bytes meanwhile.
    pub async fn carry<F: Future>(&mut self, awaited: F) -> F::Output {
        let mut awaited = pin!(unconstrained(awaited));
        poll_fn(|context| {
            self.bell.stay_awake();
            for _ in 0..TURNS {
                self.move_on();
                // What is awaited has no news but the connection's, which was looked at just now.
                let mut without_waker = Context::from_waker(Waker::noop());
                let polled = awaited.as_mut().poll(&mut without_waker);
                if polled.is_ready() || !self.bell.rang_before_sleep_of(context.waker()) {
                    return polled;
                }
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await
    }

    fn move_on(&mut self) {
        // How a connection ends is told by the request that runs over it.
        if let Some(connection) = &mut self.connection
            && connection
                .as_mut()
                .poll(&mut Context::from_waker(&self.rings))
                .is_ready()
        {
            self.connection = None;
        }
    }
}

impl Bell {
    fn stay_awake(&self) {
        *self.0.lock() = Rung::default();
    }

    /// Whether it rang since the last look; if not, the sleeper is woken when it does.
    fn rang_before_sleep_of(&self, sleeper: &Waker) -> bool {
        let mut state = self.0.lock();
        let rang = std::mem::take(&mut state.rung);
        if !rang {
            state.sleeper = Some(sleeper.clone());
        }
        rang
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut state = self.0.lock();
        state.rung = true;
        let sleeper = state.sleeper.take();
        drop(state);
        if let Some(sleeper) = sleeper {
            sleeper.wake();
        }
    }
}
