//! A thin HTTP/1.1 client to back ends: a pool of connections per instance and worker thread, nothing shared.
//!
//! It speaks of what happened to the bytes; what a status or a body means is for the adapters to say.

mod address;
mod line;
mod pool;
mod tls;

use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_LENGTH, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::client::conn::TrySendError;

use crate::config::instance::InstanceSettings;

use super::error::{ConnectorError, Kind};
use address::Address;
use line::Line;
use pool::Pool;
use tls::Tls;

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
        let fault = |reason: String| {
            ConnectorError::permanent(Kind::Gateway, format!("{}: {reason}", settings.name))
        };
        let address = Address::parse(&settings.address).map_err(fault)?;
        let tls = if address.secure {
            Some(Tls::new(&settings.tls, &address.host).map_err(fault)?)
        } else {
            None
        };
        Ok(HttpClient {
            address,
            tls,
            pool: Pool::new(settings.bounds.concurrency),
            connect_deadline: settings.bounds.connect_deadline.0,
            answer_size: settings.bounds.answer_size.0,
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
        match tokio::time::timeout(self.connect_deadline, connecting).await {
            Ok(Ok(line)) => Ok(line),
            Ok(Err(reason)) => Err(ConnectorError::passing(Kind::Unreachable, reason)),
            Err(_) => Err(ConnectorError::passing(
                Kind::Unreachable,
                "no connection within the connect deadline",
            )),
        }
    }

    async fn send_over(
        &self,
        mut line: Line,
        request: &HttpRequest,
    ) -> Result<HttpResponse, Broken> {
        let written = self.write(request).map_err(Broken::Failed)?;
        let (sender, wire) = line.ends();
        if !sender.is_ready() {
            wire.carry(sender.ready())
                .await
                .map_err(|error| Broken::Unsent(unreachable("connection closed", &error)))?;
        }
        let answering = sender.try_send_request(written);
        let response = wire
            .carry(async {
                let (head, body) = answering.await.map_err(broken)?.into_parts();
                Ok(HttpResponse {
                    status: head.status.as_u16(),
                    headers: head.headers,
                    body: self.read(body).await.map_err(Broken::Failed)?,
                })
            })
            .await?;
        self.pool.put_back(line);
        Ok(response)
    }

    fn write(&self, request: &HttpRequest) -> Result<Request<Full<Bytes>>, ConnectorError> {
        let path = [self.address.base_path.as_str(), request.path.as_str()].concat();
        let mut built = Request::builder()
            .method(&request.method)
            .uri(path)
            .header(HOST, self.address.host_header.clone());
        if let Some(headers) = built.headers_mut() {
            headers.extend(request.headers.iter().cloned());
            headers.insert(CONTENT_LENGTH, HeaderValue::from(request.body.len()));
        }
        built
            .body(Full::new(request.body.clone()))
            .map_err(|error| {
                ConnectorError::permanent(Kind::Gateway, format!("request out of form: {error}"))
            })
    }

    /// Reads a body within the instance's bound; a body that ends early is not an answer.
    async fn read(&self, mut body: Incoming) -> Result<Bytes, ConnectorError> {
        let oversized = || {
            ConnectorError::permanent(
                Kind::Oversized,
                format!("answer of more than {} bytes", self.answer_size),
            )
        };
        let announced = body.size_hint().exact();
        if announced.is_some_and(|announced| announced > self.answer_size) {
            return Err(oversized());
        }
        let mut whole = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| {
                ConnectorError::passing(
                    Kind::Unintelligible,
                    format!("the answer was cut after {} bytes: {error}", whole.len()),
                )
            })?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            if whole.is_empty() && announced == Some(data.len() as u64) {
                return Ok(data);
            }
            if whole.len() as u64 + data.len() as u64 > self.answer_size {
                return Err(oversized());
            }
            whole.extend_from_slice(&data);
        }
        Ok(whole.freeze())
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
        let (Broken::Unsent(failure) | Broken::Stale(failure) | Broken::Failed(failure)) = broken;
        failure
    }
}

/// What became of a request that got no answer.
fn broken(mut refused: TrySendError<Request<Full<Bytes>>>) -> Broken {
    let unsent = refused.take_message().is_some();
    let error = refused.into_error();
    let failure = unreachable("connection broken", &error);
    if error.is_parse() {
        // Bytes that came and are no HTTP answer speak of the back end, not of the connection.
        Broken::Failed(ConnectorError::passing(
            Kind::Unintelligible,
            "the answer is not HTTP",
        ))
    } else if unsent {
        Broken::Unsent(failure)
    } else if error.is_closed() || error.is_incomplete_message() || is_reset(&error) {
        Broken::Stale(failure)
    } else {
        Broken::Failed(failure)
    }
}

fn unreachable(what: &str, error: &hyper::Error) -> ConnectorError {
    ConnectorError::passing(Kind::Unreachable, format!("{what}: {error}"))
}

/// Whether the other side reset the connection.
fn is_reset(error: &hyper::Error) -> bool {
    let source =
        std::error::Error::source(error).and_then(|source| source.downcast_ref::<std::io::Error>());
    source.is_some_and(|error| {
        matches!(
            error.kind(),
            std::io::ErrorKind::ConnectionReset | std::io::ErrorKind::BrokenPipe
        )
    })
}
