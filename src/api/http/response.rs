//! An answer, written by hand into the buffer that leaves.

use std::cell::Cell;
use std::io::Write;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::StatusCode;
use tokio::sync::mpsc::{Receiver, channel};

/// Bytes that the head of an answer takes as a rule.
const USUAL_HEAD: usize = 512;

/// A status, headers and a body.
pub struct Response {
    status: u16,
    head: Vec<u8>,
    body: Body,
}

enum Body {
    Whole(Bytes),
    /// What comes, each piece as a chunk of its own.
    Lines(Receiver<Bytes>),
}

impl Response {
    /// An answer without a body.
    pub fn new(status: u16) -> Response {
        let mut head = Vec::with_capacity(USUAL_HEAD);
        head.extend_from_slice(b"HTTP/1.1 ");
        push_number(&mut head, u64::from(status));
        head.push(b' ');
        let reason = StatusCode::from_u16(status).ok();
        let reason = reason.and_then(|status| status.canonical_reason());
        head.extend_from_slice(reason.unwrap_or_default().as_bytes());
        head.extend_from_slice(b"\r\n");
        Response {
            status,
            head,
            body: Body::Whole(Bytes::new()),
        }
    }

    /// Adds a header whose value is ours: it has no control characters.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Response {
        debug_assert!(!value.bytes().any(|byte| byte.is_ascii_control()));
        self.name(name);
        self.head.extend_from_slice(value.as_bytes());
        self.head.extend_from_slice(b"\r\n");
        self
    }

    /// Adds a header with a number.
    #[must_use]
    pub fn number(mut self, name: &'static str, value: u64) -> Response {
        self.name(name);
        push_number(&mut self.head, value);
        self.head.extend_from_slice(b"\r\n");
        self
    }

    /// Gives it a body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Response {
        self.body = Body::Whole(body.into());
        self
    }

    /// Gives it a body that comes piece by piece.
    #[must_use]
    pub fn lines(mut self, lines: Receiver<Bytes>) -> Response {
        self.body = Body::Lines(lines);
        self
    }

    /// The pieces of its body, if they are still to come.
    pub(in crate::api) fn take_lines(&mut self) -> Option<Receiver<Bytes>> {
        match &mut self.body {
            Body::Whole(_) => None,
            Body::Lines(lines) => Some(std::mem::replace(lines, channel(1).1)),
        }
    }

    /// The bytes that leave. `last` tells that the connection ends with them; to `HEAD` the body is only announced.
    pub(crate) fn written(mut self, last: bool, to_head: bool) -> Vec<u8> {
        match &self.body {
            // RFC 9110, 8.6: the length of what a 304 does not send is not known here.
            Body::Whole(_) if self.status == StatusCode::NOT_MODIFIED => {}
            Body::Whole(body) => {
                let length = body.len() as u64;
                self = self.number("content-length", length);
            }
            // Else the end of the connection is the end of the body.
            Body::Lines(_) if !last => self = self.header("transfer-encoding", "chunked"),
            Body::Lines(_) => {}
        }
        if last {
            self = self.header("connection", "close");
        }
        self.name("date");
        push_date(&mut self.head, Utc::now());
        self.head.extend_from_slice(b"\r\n\r\n");
        if let Body::Whole(body) = &self.body
            && !to_head
        {
            self.head.extend_from_slice(body);
        }
        self.head
    }

    fn name(&mut self, name: &str) {
        self.head.extend_from_slice(name.as_bytes());
        self.head.extend_from_slice(b": ");
    }
}

fn push_number(buffer: &mut Vec<u8>, number: u64) {
    let mut digits = [b'0'; 20];
    let mut first = digits.len();
    let mut rest = number;
    loop {
        first -= 1;
        digits[first] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    buffer.extend_from_slice(&digits[first..]);
}

/// Appends an instant as HTTP writes it; written anew only once a second on each thread.
fn push_date(buffer: &mut Vec<u8>, now: DateTime<Utc>) {
    /// `Sun, 22 Nov 2026 10:00:00 GMT` has this length in every year of four digits.
    const LENGTH: usize = 29;
    thread_local! {
        static WRITTEN: Cell<(i64, [u8; LENGTH])> = const { Cell::new((i64::MIN, [b' '; LENGTH])) };
    }
    let (second, mut text) = WRITTEN.get();
    if second != now.timestamp() {
        // A date of another length would be cut; there is none before the year 10000.
        let _ = write!(&mut text[..], "{}", now.format("%a, %d %b %Y %H:%M:%S GMT"));
        WRITTEN.set((now.timestamp(), text));
    }
    buffer.extend_from_slice(&text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_status_headers_and_body() {
        let answer = Response::new(404)
            .header("allow", "GET")
            .number("age", 10)
            .body(&b"{}"[..]);
        let text = String::from_utf8(answer.written(true, false)).expect("text");
        assert!(
            text.starts_with(
                "HTTP/1.1 404 Not Found\r\nallow: GET\r\nage: 10\r\ncontent-length: 2\r\nconnection: close\r\ndate: "
            ),
            "{text}"
        );
        assert!(text.ends_with(" GMT\r\n\r\n{}"), "{text}");
    }

    #[test]
    fn an_answer_to_head_announces_its_body_and_one_that_is_unchanged_does_not() {
        let head = Response::new(200)
            .body(&b"twelve bytes"[..])
            .written(false, true);
        let text = String::from_utf8(head).expect("text");
        assert!(
            text.contains("content-length: 12\r\n") && text.ends_with("\r\n\r\n"),
            "{text}"
        );
        let unchanged = Response::new(304).written(false, false);
        assert!(!String::from_utf8_lossy(&unchanged).contains("content-length"));
    }

    #[test]
    fn the_date_is_written_anew_every_second() {
        let written = |second| {
            let mut buffer = Vec::new();
            push_date(&mut buffer, DateTime::from_timestamp(second, 0).unwrap());
            String::from_utf8(buffer).unwrap()
        };
        assert_eq!(written(0), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(written(1_700_000_000), "Tue, 14 Nov 2023 22:13:20 GMT");
    }
}
