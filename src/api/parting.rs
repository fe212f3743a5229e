//! The last answer on a connection whose request is no HTTP: the parser's bare answer, told as a problem document.
//!
//! actix-http refuses what it cannot read with a status and nothing else, and offers no place to say more. The
//! connection's stream knows such an answer by its form when it is written, and leaves the socket to [`Connection`]
//! instead; the door then says why, and closes without losing what it said.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use uuid::Uuid;

use crate::broker::error::{ExchangeError, Malformed};
use crate::broker::reply::{LimitStatus, Refusal};

use super::connection::Connection;
use super::head::LARGEST_HEAD;
use super::problem::{MEDIA_TYPE, describe};

/// What comes before the status in every answer.
const VERSION: &[u8] = b"HTTP/1.1 ";

/// A bare answer has a status line, a length and a date at most.
const LONGEST_BARE: usize = 160;

/// How long the client may take to read the answer and close.
const FAREWELL: Duration = Duration::from_secs(1);

/// Why a request was refused before any handler saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unread {
    /// No HTTP/1.1, or ambiguous about where it ends.
    NotHttp,
    /// Too many or too long headers.
    HeadTooLarge,
    /// The head did not come in within its time.
    TooSlow,
    /// The parser contradicted itself.
    Fault,
}

/// A connection's stream whose last answer has still to be said.
pub(super) struct Parting {
    pub(super) stream: TlsStream<TcpStream>,
    pub(super) why: Unread,
}

impl Unread {
    /// The label in metrics and logs.
    pub(super) fn label(self) -> &'static str {
        match self {
            Unread::NotHttp => "not_http",
            Unread::HeadTooLarge => "head_too_large",
            Unread::TooSlow => "too_slow",
            Unread::Fault => "fault",
        }
    }

    fn failure(self) -> ExchangeError {
        match self {
            Unread::NotHttp => ExchangeError::Malformed(Malformed::NotHttp),
            Unread::HeadTooLarge => ExchangeError::Malformed(Malformed::HeadTooLarge {
                limit: LARGEST_HEAD,
            }),
            Unread::TooSlow => ExchangeError::Malformed(Malformed::TooSlow),
            Unread::Fault => ExchangeError::Internal("the parser contradicted itself".to_owned()),
        }
    }
}

/// Whether what is about to be written ends in a bare answer: where it begins, and why it was given.
///
/// Every answer of ours carries headers that a bare one lacks, and nearly every one ends with a body.
pub(super) fn bare(bytes: &[u8]) -> Option<(usize, Unread)> {
    if !bytes.ends_with(b"\r\n\r\n") {
        return None;
    }
    let tail = bytes.len().saturating_sub(LONGEST_BARE);
    let begin = bytes[tail..]
        .windows(VERSION.len())
        .rposition(|part| part == VERSION)?
        + tail;
    let mut lines = std::str::from_utf8(&bytes[begin..]).ok()?.split("\r\n");
    let why = match lines.next()?.split(' ').nth(1)? {
        "400" => Unread::NotHttp,
        "408" => Unread::TooSlow,
        "431" => Unread::HeadTooLarge,
        "500" => Unread::Fault,
        _ => return None,
    };
    let known = |line: &str| {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        match name.to_ascii_lowercase().as_str() {
            "content-length" => value.trim() == "0",
            "date" | "connection" | "" => true,
            _ => false,
        }
    };
    lines.all(known).then_some((begin, why))
}

/// Says why the connection's last request was refused, if that is still to be said, and closes.
pub(super) async fn say(connection: &Connection) {
    if let Some(parting) = connection.parting.take() {
        // Boxed, so that the connections that part in peace hold no room for it.
        Box::pin(explain(connection, *parting)).await;
    }
}

async fn explain(connection: &Connection, parting: Parting) {
    let Parting { mut stream, why } = parting;
    let scambio = Uuid::now_v7();
    let limits = connection.unread(why, scambio);
    let answer = written(&describe(&why.failure(), &scambio), scambio, limits);
    // Nobody is left to be told of a failure, or of a client that does not read.
    let _ = tokio::time::timeout(FAREWELL, close(&mut stream, &answer)).await;
}

/// Writes the answer and waits for the client to close: what it still sends would otherwise destroy what it has not read.
async fn close(stream: &mut TlsStream<TcpStream>, answer: &[u8]) -> std::io::Result<()> {
    stream.write_all(answer).await?;
    stream.shutdown().await?;
    let mut rest = [0; 4096];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}

fn written(refusal: &Refusal, scambio: Uuid, limits: LimitStatus) -> Vec<u8> {
    let reason = http::StatusCode::from_u16(refusal.status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or_default();
    let date = httpdate();
    let mut answer = format!(
        "HTTP/1.1 {} {reason}\r\n\
         content-type: {MEDIA_TYPE}\r\n\
         content-length: {}\r\n\
         connection: close\r\n\
         cache-control: no-store\r\n\
         x-content-type-options: nosniff\r\n\
         x-correlation-id: {scambio}\r\n\
         x-ratelimit-limit: {}\r\n\
         x-ratelimit-remaining: {}\r\n\
         x-ratelimit-reset: {}\r\n\
         date: {date}\r\n\r\n",
        refusal.status,
        refusal.body.len(),
        limits.limit,
        limits.remaining,
        limits.reset,
    )
    .into_bytes();
    answer.extend_from_slice(&refusal.body);
    answer
}

/// The present instant as HTTP writes it.
fn httpdate() -> String {
    chrono::Utc::now()
        .format("%a, %d %b %Y %H:%M:%S GMT")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_answer_is_known_after_others_and_beside_ours() {
        let bare_answer = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\ndate: Sun, 22 Nov 2026 10:00:00 GMT\r\n\r\n";
        assert_eq!(bare(bare_answer.as_bytes()), Some((0, Unread::NotHttp)));
        let earlier = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
        let both = format!("{earlier}{bare_answer}");
        assert_eq!(
            bare(both.as_bytes()),
            Some((earlier.len(), Unread::NotHttp))
        );
        assert_eq!(bare(earlier.as_bytes()), None);
        let ours = bare_answer.replace("date:", "x-correlation-id: 1\r\ndate:");
        assert_eq!(bare(ours.as_bytes()), None);
        let unchanged = bare_answer.replace("400 Bad Request", "304 Not Modified");
        assert_eq!(bare(unchanged.as_bytes()), None);
    }
}
