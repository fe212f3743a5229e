//! A thin HTTP/1.1 client to back ends: a pool of connections per instance and worker thread, nothing shared.
//!
//! It speaks of what happened to the bytes; what a status or a body means is for the adapters to say.

mod address;
mod answer;
mod line;
mod pool;
mod tls;

use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::config::instance::{BackendTls, Bounds, InstanceSettings};

use super::error::{ConnectorError, Kind};
use address::Address;
use answer::Fault;
use line::Line;
use pool::Pool;
use tls::Tls;

/// Bytes that a request takes beside its body, as a rule.
const USUAL_HEAD: usize = 1 << 10;

/// A client of one back end.
pub struct HttpClient {
    address: Address,
    tls: Option<Tls>,
    pool: Pool,
    connect_deadline: Duration,
    answer_size: u64,
}

/// A request to a back end; `Debug` shows neither headers nor body, which may hold secrets and personal data.
#[derive(Clone)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// Path and query, appended to the path of the instance's address.
    pub path: String,
    /// Headers besides `Host` and `Content-Length`.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body, empty for none.
    pub body: Bytes,
    /// Whether the back end may get it twice: then a connection that turns out to be closed costs one more try.
    pub repeatable: bool,
}

/// A whole answer; `Debug` does not show its body.
#[derive(Clone)]
pub struct HttpResponse {
    /// Status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body, decoded from its transfer coding.
    pub body: Bytes,
}

/// How sending over one connection failed.
enum Broken {
    /// The connection had been closed before any of the request went out.
    Unsent(ConnectorError),
    /// The connection was closed under way; nothing of an answer came.
    Stale(ConnectorError),
    /// It failed for good.
    Failed(ConnectorError),
}

impl HttpClient {
    /// A client for the instance; reads the files that its TLS settings name.
    pub fn new(settings: &InstanceSettings) -> Result<HttpClient, ConnectorError> {
        let InstanceSettings {
            name, address, tls, ..
        } = settings;
        HttpClient::to(name, address, tls, &settings.bounds)
    }

    /// A client for an address that an instance needs beside its own.
    pub fn to(
        name: &str,
        address: &str,
        tls: &BackendTls,
        bounds: &Bounds,
    ) -> Result<HttpClient, ConnectorError> {
        let fault =
            |reason: String| ConnectorError::permanent(Kind::Gateway, format!("{name}: {reason}"));
        let address = Address::parse(address).map_err(fault)?;
        let tls = if address.secure {
            Some(Tls::new(tls, &address.host).map_err(fault)?)
        } else {
            None
        };
        Ok(HttpClient {
            address,
            tls,
            pool: Pool::new(bounds.concurrency),
            connect_deadline: bounds.connect_deadline.0,
            answer_size: bounds.answer_size.0,
        })
    }

    /// Sends a request and reads its whole answer before the deadline.
    pub async fn send(
        &self,
        request: HttpRequest,
        deadline: Instant,
    ) -> Result<HttpResponse, ConnectorError> {
        match tokio::time::timeout_at(deadline.into(), self.send_over_some_connection(&request))
            .await
        {
            Ok(outcome) => outcome,
            Err(_) => Err(ConnectorError::permanent(
                Kind::TimedOut,
                "no whole answer within the deadline",
            )),
        }
    }

    /// Tells whether a connection can be made; it is kept for the next request.
    pub async fn probe(&self) -> Result<(), ConnectorError> {
        let line = self.connect().await?;
        self.pool.put_back(line);
        Ok(())
    }

    async fn send_over_some_connection(
        &self,
        request: &HttpRequest,
    ) -> Result<HttpResponse, ConnectorError> {
        while let Some(line) = self.pool.take() {
            match self.send_over(line, request).await {
                Ok(response) => return Ok(response),
                Err(Broken::Unsent(_)) => {}
                Err(Broken::Stale(_)) if request.repeatable => {}
                Err(broken) => return Err(broken.into()),
            }
        }
        let line = self.connect().await?;
        Ok(self.send_over(line, request).await?)
    }

    async fn connect(&self) -> Result<Line, ConnectorError> {
        let connecting = Line::open(&self.address, self.tls.as_ref());
        let connected = match tokio::time::timeout(self.connect_deadline, connecting).await {
            Ok(Ok(line)) => Ok(line),
            Ok(Err(reason)) => Err(reason),
            Err(_) => Err("no connection within the connect deadline".to_owned()),
        };
        connected.map_err(|reason| {
            ConnectorError::passing(Kind::Unreachable, reason).before_anything_was_done()
        })
    }

    async fn send_over(
        &self,
        mut line: Line,
        request: &HttpRequest,
    ) -> Result<HttpResponse, Broken> {
        let written = self
            .written(request)
            .map_err(|error| Broken::Failed(error.before_anything_was_done()))?;
        if !line.is_quiet() {
            return Err(Broken::Unsent(ConnectorError::passing(
                Kind::Unreachable,
                "connection closed",
            )));
        }
        line.send(&written).await.map_err(broken)?;
        let read = answer::read(&mut line, &request.method, self.answer_size);
        let (response, lasting) = read.await.map_err(|fault| self.failed(fault))?;
        if lasting {
            self.pool.put_back(line);
        }
        Ok(response)
    }

    /// The request as it goes out.
    fn written(&self, request: &HttpRequest) -> Result<Vec<u8>, ConnectorError> {
        let path = [&self.address.base_path, &request.path];
        let path = path.map(std::string::String::as_bytes);
        if !path
            .iter()
            .all(|part| part.iter().all(u8::is_ascii_graphic))
        {
            let reason = "request out of form: a path with blanks or controls";
            return Err(ConnectorError::permanent(Kind::Gateway, reason));
        }
        let mut written = Vec::with_capacity(USUAL_HEAD + request.body.len());
        for part in [request.method.as_str().as_bytes(), b" ", path[0], path[1]] {
            written.extend_from_slice(part);
        }
        written.extend_from_slice(b" HTTP/1.1\r\nhost: ");
        written.extend_from_slice(self.address.host_header.as_bytes());
        for (name, value) in &request.headers {
            for part in [b"\r\n", name.as_str().as_bytes(), b": ", value.as_bytes()] {
                written.extend_from_slice(part);
            }
        }
        let length = format!("\r\ncontent-length: {}\r\n\r\n", request.body.len());
        written.extend_from_slice(length.as_bytes());
        written.extend_from_slice(&request.body);
        Ok(written)
    }

    fn failed(&self, fault: Fault) -> Broken {
        Broken::Failed(match fault {
            Fault::Broken(error) => return broken(error),
            Fault::NotHttp => {
                ConnectorError::passing(Kind::Unintelligible, "the answer is not HTTP")
            }
            Fault::Cut(bytes) => {
                let reason = format!("the answer was cut after {bytes} bytes");
                ConnectorError::passing(Kind::Unintelligible, reason)
            }
            Fault::Oversized => {
                let reason = format!("answer of more than {} bytes", self.answer_size);
                ConnectorError::permanent(Kind::Oversized, reason)
            }
        })
    }
}

impl std::fmt::Debug for HttpRequest {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "HttpRequest({}, {} bytes)",
            self.method,
            self.body.len()
        )
    }
}

impl std::fmt::Debug for HttpResponse {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "HttpResponse({}, {} bytes)",
            self.status,
            self.body.len()
        )
    }
}

impl std::fmt::Debug for HttpClient {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("HttpClient")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl From<Broken> for ConnectorError {
    fn from(broken: Broken) -> ConnectorError {
        match broken {
            Broken::Unsent(failure) => failure.before_anything_was_done(),
            Broken::Stale(failure) | Broken::Failed(failure) => failure,
        }
    }
}

/// What became of a request that got no answer: where the back end closed the connection, it may never have seen it.
fn broken(error: io::Error) -> Broken {
    let failure = ConnectorError::passing(Kind::Unreachable, format!("connection broken: {error}"));
    match error.kind() {
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => {
            Broken::Stale(failure)
        }
        _ => Broken::Failed(failure),
    }
}
