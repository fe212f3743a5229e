//! Idle connections of one instance on one worker thread, and how a new one is made.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::rt::{Read, Write};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::address::Address;
use super::tls::Tls;

/// The sending end of a connection.
pub type Sender = SendRequest<Full<Bytes>>;

/// Servers close idle connections after 60 seconds and more; ours are given up well before.
const IDLE: Duration = Duration::from_secs(20);

thread_local! {
    static IDLE_CONNECTIONS: RefCell<HashMap<u64, Vec<(Sender, Instant)>>> = RefCell::default();
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
    pub fn take(&self) -> Option<Sender> {
        IDLE_CONNECTIONS.with_borrow_mut(|pools| {
            let idle = pools.get_mut(&self.number)?;
            while let Some((sender, since)) = idle.pop() {
                if since.elapsed() > IDLE {
                    // Those below were put back even earlier.
                    idle.clear();
                    return None;
                }
                if !sender.is_closed() {
                    return Some(sender);
                }
            }
            None
        })
    }

    /// Keeps a connection for the next request.
    pub fn put_back(&self, sender: Sender) {
        if sender.is_closed() {
            return;
        }
        IDLE_CONNECTIONS.with_borrow_mut(|pools| {
            let idle = pools.entry(self.number).or_default();
            if idle.len() < self.most {
                idle.push((sender, Instant::now()));
            }
        });
    }
}

/// Opens a connection; the error is for the operator's log.
pub async fn connect(address: &Address, tls: Option<&Tls>) -> Result<Sender, String> {
    let stream = TcpStream::connect((address.host.as_str(), address.port))
        .await
        .map_err(|error| format!("connect: {error}"))?;
    stream
        .set_nodelay(true)
        .map_err(|error| format!("connect: {error}"))?;
    match tls {
        None => drive(TokioIo::new(stream)).await,
        Some(tls) => drive(TokioIo::new(tls.connect(stream).await?)).await,
    }
}

/// Runs the connection as a task of this worker.
async fn drive<T: Read + Write + Unpin + Send + 'static>(stream: T) -> Result<Sender, String> {
    let (sender, connection) = handshake(stream)
        .await
        .map_err(|error| format!("http: {error}"))?;
    tokio::spawn(async move {
        // How a connection ends is told by the request that runs over it.
        let _ = connection.await;
    });
    Ok(sender)
}
