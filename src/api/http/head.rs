//! A request's head: its parts where they lie in the bytes received, and how its body is delimited (RFC 9112).

use std::mem::MaybeUninit;
use std::ops::Range;

use bytes::{Bytes, BytesMut};
use httparse::Status;

use super::{LARGEST_HEAD, Unread};

/// Headers of a request at most.
const MOST_FIELDS: usize = 96;

/// How a body is delimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// There is none.
    None,
    /// By its length.
    Length(u64),
    /// In chunks.
    Chunks,
}

/// A request's line and headers.
pub struct Head {
    bytes: Bytes,
    method: Range<usize>,
    path: Range<usize>,
    query: Range<usize>,
    /// Name and value of each header.
    fields: Vec<(Range<usize>, Range<usize>)>,
    pub(super) framing: Framing,
    /// Whether the client expects to go on with the connection.
    pub(in crate::api) lasting: bool,
    /// Whether the client waits for leave to send its body.
    pub(super) waiting: bool,
}

impl Head {
    /// Takes a head from the front of what was received; `None` as long as it is not whole.
    pub(super) fn take(received: &mut BytesMut) -> Result<Option<Head>, Unread> {
        let mut fields = [const { MaybeUninit::uninit() }; MOST_FIELDS];
        let mut parsed = httparse::Request::new(&mut []);
        let length = match parsed.parse_with_uninit_headers(received, &mut fields) {
            Ok(Status::Complete(length)) if length <= LARGEST_HEAD => length,
            Ok(Status::Partial) if received.len() <= LARGEST_HEAD => return Ok(None),
            Ok(_) | Err(httparse::Error::TooManyHeaders) => return Err(Unread::HeadTooLarge),
            Err(_) => return Err(Unread::NotHttp),
        };
        let beginning = received.as_ptr() as usize;
        let place = |part: &[u8]| {
            let start = part.as_ptr() as usize - beginning;
            start..start + part.len()
        };
        let target = parsed.path.unwrap_or_default();
        if !target.is_ascii() {
            return Err(Unread::NotHttp);
        }
        let (path, query) = parts_of(target);
        let (path, query) = (place(path.as_bytes()), place(query.as_bytes()));
        let method = place(parsed.method.unwrap_or_default().as_bytes());
        let newest = parsed.version == Some(1);
        let fields = parsed.headers.iter();
        let fields = fields.map(|field| (place(field.name.as_bytes()), place(field.value)));
        let mut head = Head {
            fields: fields.collect(),
            method,
            path,
            query,
            framing: Framing::None,
            lasting: newest,
            waiting: false,
            bytes: received.split_to(length).freeze(),
        };
        head.judge(newest)?;
        Ok(Some(head))
    }

    /// The method.
    pub fn method(&self) -> &str {
        self.text(&self.method)
    }

    /// The path, as it was written.
    pub fn path(&self) -> &str {
        self.text(&self.path)
    }

    /// What follows the question mark, as it was written; empty where there is none.
    pub fn query(&self) -> &str {
        self.text(&self.query)
    }

    /// The values of a header, in their order; `name` in any case.
    pub fn fields(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let named = self.fields.iter().filter(move |(field, _)| {
            field.len() == name.len()
                && self.bytes[field.clone()].eq_ignore_ascii_case(name.as_bytes())
        });
        named.map(|(_, value)| &self.bytes[value.clone()])
    }

    /// The first value of a header.
    pub fn field(&self, name: &str) -> Option<&[u8]> {
        self.fields(name).next()
    }

    /// Every header, in the order in which they came.
    pub fn all(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let fields = self.fields.iter();
        fields.map(|(name, value)| (self.text(name), &self.bytes[value.clone()]))
    }

    fn text(&self, place: &Range<usize>) -> &str {
        std::str::from_utf8(&self.bytes[place.clone()]).unwrap_or_default()
    }

    /// Finds out how the request ends and whether another may follow. What can be understood in two ways is refused.
    fn judge(&mut self, newest: bool) -> Result<(), Unread> {
        if self.fields("host").count() != 1 && (newest || self.field("host").is_some()) {
            return Err(Unread::NotHttp);
        }
        self.framing = self.framing(newest)?;
        self.lasting = if newest {
            !self.lists("connection", b"close")
        } else {
            self.lists("connection", b"keep-alive")
        };
        self.waiting = self.lists("expect", b"100-continue");
        Ok(())
    }

    /// Whether a header lists an option, in any case.
    fn lists(&self, name: &str, option: &[u8]) -> bool {
        self.fields(name)
            .flat_map(|value| value.split(|byte| *byte == b','))
            .any(|listed| listed.trim_ascii().eq_ignore_ascii_case(option))
    }

    fn framing(&self, newest: bool) -> Result<Framing, Unread> {
        let mut lengths = self.fields("content-length");
        let mut encodings = self.fields("transfer-encoding");
        let alone = match (lengths.next(), encodings.next()) {
            (None, None) => return Ok(Framing::None),
            (Some(length), None) => decimal(length).map(Framing::Length),
            (None, Some(encoding)) => {
                let chunks = newest && encoding.eq_ignore_ascii_case(b"chunked");
                chunks.then_some(Framing::Chunks)
            }
            (Some(_), Some(_)) => None,
        };
        let repeated = lengths.next().is_some() || encodings.next().is_some();
        alone.filter(|_| !repeated).ok_or(Unread::NotHttp)
    }
}

/// Path and query of a request's target, which may name its host as well.
fn parts_of(target: &str) -> (&str, &str) {
    let local = match target.split_once("://") {
        Some((scheme, rest)) if !scheme.contains('/') => {
            &rest[rest.find(['/', '?']).unwrap_or(rest.len())..]
        }
        _ => target,
    };
    // What is missing is the end of the target, so that everything lies in the same bytes.
    local
        .split_once('?')
        .unwrap_or((local, &local[local.len()..]))
}

/// A length: digits and nothing else.
fn decimal(value: &[u8]) -> Option<u64> {
    let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(value).ok().filter(|_| digits)?;
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(text: &str) -> Result<Option<Head>, Unread> {
        Head::take(&mut BytesMut::from(text))
    }

    fn whole(text: &str) -> Head {
        match take(text) {
            Ok(Some(head)) => head,
            other => panic!("{text}: {:?}", other.map(|_| ())),
        }
    }

    #[test]
    fn a_head_is_taken_and_what_follows_stays() {
        let text = "POST /a/b?c=d HTTP/1.1\r\nHost: h\r\ncontent-LENGTH: 2\r\nX-Una: 1\r\nx-una:  2 \r\n\r\n{}GET";
        let mut received = BytesMut::from(text);
        let head = Head::take(&mut received)
            .expect("HTTP")
            .expect("a whole head");
        assert_eq!(&received[..], b"{}GET");
        assert_eq!(
            (head.method(), head.path(), head.query()),
            ("POST", "/a/b", "c=d")
        );
        assert_eq!(head.framing, Framing::Length(2));
        assert!(head.lasting && !head.waiting);
        let values: Vec<&[u8]> = head.fields("X-Una").collect();
        assert_eq!(values, [b"1", b"2"]);
        assert_eq!(head.field("x-altra"), None);
    }

    #[test]
    fn a_head_in_pieces_is_waited_for() {
        let text = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
        for end in 0..text.len() {
            assert!(take(&text[..end]).expect("the beginning of HTTP").is_none());
        }
        assert_eq!(whole(text).path(), "/");
    }

    #[test]
    fn a_target_may_name_its_host() {
        let target = |target: &str| {
            let head = whole(&format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n"));
            (head.path().to_owned(), head.query().to_owned())
        };
        let parts = |path: &str, query: &str| (path.to_owned(), query.to_owned());
        assert_eq!(target("https://h:8443/a?b"), parts("/a", "b"));
        assert_eq!(target("http://h"), parts("", ""));
        assert_eq!(target("/a://b?c://d"), parts("/a://b", "c://d"));
        assert_eq!(target("*"), parts("*", ""));
    }

    #[test]
    fn whoever_asks_for_it_is_let_go() {
        let lasting = |version: &str, header: &str| {
            whole(&format!("GET / {version}\r\nHost: h\r\n{header}\r\n")).lasting
        };
        assert!(lasting("HTTP/1.1", ""));
        assert!(!lasting("HTTP/1.1", "Connection: Upgrade, Close\r\n"));
        assert!(!lasting("HTTP/1.0", ""));
        assert!(lasting("HTTP/1.0", "Connection: keep-alive\r\n"));
    }

    #[test]
    fn what_may_end_in_two_places_is_no_http() {
        for headers in [
            "Content-Length: 2\r\nContent-Length: 2\r\n",
            "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
            "Content-Length: 2, 2\r\n",
            "Content-Length: +2\r\n",
            "Content-Length: 99999999999999999999\r\n",
            "Content-Length:\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: chunked, chunked\r\n",
            "Transfer-Encoding: identity\r\n",
            "Content-Length : 2\r\n",
            "Host: h\r\n",
        ] {
            let text = format!("POST / HTTP/1.1\r\nHost: h\r\n{headers}\r\n");
            assert_eq!(
                take(&text).map(|_| ()).expect_err(headers),
                Unread::NotHttp,
                "{headers}"
            );
        }
        let old = "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert_eq!(take(old).map(|_| ()), Err(Unread::NotHttp));
    }
}
