//! Replies, and the ways in which they can be damaged between the simulated system and its client.

use std::any::Any;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::time::Duration;

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::body::SizedStream;
use actix_web::dev::Extensions;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream;

use crate::dialects::Dialect;
use crate::faults::{FaultKind, FaultOrder};
use crate::randomness::random_bits;

/// How long a hanging call waits for its client to go away.
const HANG: Duration = Duration::from_mins(10);
/// Lets the first half of a truncated body leave before the connection breaks.
const FLUSH: Duration = Duration::from_millis(50);
const CHUNK: usize = 64 * 1024;

/// What a dialect answers before anything happens to it.
#[derive(Clone)]
pub struct Reply {
    pub status: u16,
    pub body: String,
    /// Another media type than the dialect's.
    pub content_type: Option<&'static str>,
    /// Seconds of a `Retry-After` header.
    pub retry_after: Option<u32>,
    /// A `WWW-Authenticate` header.
    pub challenge: Option<&'static str>,
    /// Whether the bytes are ISO-8859-1 instead of UTF-8.
    pub latin_1: bool,
}

impl Reply {
    pub fn new(status: u16, body: impl Into<String>) -> Self {
        Reply {
            status,
            body: body.into(),
            content_type: None,
            retry_after: None,
            challenge: None,
            latin_1: false,
        }
    }

    fn media_type(&self, dialect: &Dialect) -> &'static str {
        self.content_type.unwrap_or(dialect.content_type)
    }

    fn bytes(&self) -> Bytes {
        self.written(self.latin_1)
    }

    fn written(&self, latin_1: bool) -> Bytes {
        if latin_1 {
            to_latin1(&self.body).into()
        } else {
            self.body.clone().into()
        }
    }
}

/// Sends the reply, or what the fault makes of it.
pub async fn deliver(
    request: &HttpRequest,
    dialect: &Dialect,
    fault: Option<&FaultOrder>,
    reply: Reply,
) -> HttpResponse {
    let Some(order) = fault else {
        return plain(dialect, &reply, reply.bytes());
    };
    match order.fault {
        FaultKind::Slow => {
            tokio::time::sleep(Duration::from_millis(order.ms)).await;
            plain(dialect, &reply, reply.bytes())
        }
        FaultKind::Hang | FaultKind::HangAfterCommit => {
            tokio::time::sleep(HANG).await;
            hang_up(request)
        }
        FaultKind::Html502 => page(StatusCode::BAD_GATEWAY, "502 Bad Gateway", None),
        FaultKind::Maintenance => page(
            StatusCode::SERVICE_UNAVAILABLE,
            "Servizio in manutenzione",
            Some(600),
        ),
        FaultKind::TruncatedBody => truncated(dialect, &reply),
        FaultKind::WrongCharset => plain(dialect, &reply, reply.written(!reply.latin_1)),
        FaultKind::Huge => huge(dialect, &reply, order.mb),
        FaultKind::Drop => hang_up(request),
        FaultKind::Garbage => {
            let noise: Vec<u8> = (0..64).flat_map(|_| random_bits().to_le_bytes()).collect();
            HttpResponse::Ok()
                .insert_header((CONTENT_TYPE, dialect.content_type))
                .body(noise)
        }
        // The others are part of the dialect's own language: the reply already shows them.
        _ => plain(dialect, &reply, reply.bytes()),
    }
}

fn plain(dialect: &Dialect, reply: &Reply, body: impl Into<Bytes>) -> HttpResponse {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    response.insert_header((CONTENT_TYPE, reply.media_type(dialect)));
    if let Some(seconds) = reply.retry_after {
        response.insert_header((RETRY_AFTER, seconds.to_string()));
    }
    if let Some(challenge) = reply.challenge {
        response.insert_header((WWW_AUTHENTICATE, challenge));
    }
    response.body(body.into())
}

/// A page of a reverse proxy, in HTML whatever the dialect.
fn page(status: StatusCode, title: &str, retry_after: Option<u32>) -> HttpResponse {
    let mut response = HttpResponse::build(status);
    response.insert_header((CONTENT_TYPE, "text/html"));
    if let Some(seconds) = retry_after {
        response.insert_header((RETRY_AFTER, seconds.to_string()));
    }
    response.body(format!("<html>\r\n<head><title>{title}</title></head>\r\n<body><center><h1>{title}</h1></center></body>\r\n</html>\r\n"))
}

fn truncated(dialect: &Dialect, reply: &Reply) -> HttpResponse {
    let bytes = reply.bytes();
    let promised = bytes.len().max(2) as u64;
    let half = bytes.slice(..bytes.len() / 2);
    let body = stream::unfold(Some(half), |half| async move {
        if half.is_none() {
            tokio::time::sleep(FLUSH).await;
        }
        Some((
            half.ok_or_else(|| std::io::Error::other("truncated on purpose")),
            None,
        ))
    });
    HttpResponse::build(StatusCode::from_u16(reply.status).unwrap_or(StatusCode::OK))
        .insert_header((CONTENT_TYPE, reply.media_type(dialect)))
        .body(SizedStream::new(promised, Box::pin(body)))
}

/// The true answer with white space where XML and JSON allow it: after the XML declaration, or in front.
fn huge(dialect: &Dialect, reply: &Reply, megabytes: u32) -> HttpResponse {
    let cut = if reply.body.starts_with("<?xml") {
        reply.body.find("?>").map_or(0, |end| end + 2)
    } else {
        0
    };
    let mut head = reply.bytes();
    let tail = head.split_off(cut);
    let filler = Bytes::from(vec![b' '; CHUNK]);
    let chunks = megabytes as usize * (1024 * 1024 / CHUNK);
    let body = std::iter::once(head)
        .chain(std::iter::repeat_n(filler, chunks))
        .chain(std::iter::once(tail));
    HttpResponse::build(StatusCode::from_u16(reply.status).unwrap_or(StatusCode::OK))
        .insert_header((CONTENT_TYPE, reply.media_type(dialect)))
        .streaming(stream::iter(
            body.filter(|chunk| !chunk.is_empty())
                .map(Ok::<_, std::io::Error>),
        ))
}

fn to_latin1(text: &str) -> Vec<u8> {
    text.chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?'))
        .collect()
}

/// A second handle on the client's connection, to close it without an answer.
struct Line(TcpStream);

/// Keeps that handle for every connection; given to the servers as their `on_connect`.
pub fn remember_line(connection: &dyn Any, extensions: &mut Extensions) {
    let socket = connection
        .downcast_ref::<actix_web::rt::net::TcpStream>()
        .or_else(|| {
            connection
                .downcast_ref::<TlsStream<actix_web::rt::net::TcpStream>>()
                .map(|tls| tls.get_ref().0)
        });
    if let Some(Ok(handle)) = socket.map(|socket| socket.as_fd().try_clone_to_owned()) {
        extensions.insert(Line(TcpStream::from(handle)));
    }
}

fn hang_up(request: &HttpRequest) -> HttpResponse {
    if let Some(Line(socket)) = request.conn_data::<Line>() {
        // An error here means that the client went first.
        let _ = socket.shutdown(Shutdown::Both);
    }
    HttpResponse::Ok().finish()
}
