//! Reads an answer off a connection: its head, where its body ends (RFC 9112, 6.3), and the body within its bound.

use std::io;

use bytes::{Buf, Bytes, BytesMut};
use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use httparse::Status;

use super::HttpResponse;
use super::line::Line;

/// Headers of an answer at most.
const MOST_FIELDS: usize = 100;

/// Bytes of an answer's head at most, and of the trailers or a chunk's size with its extensions.
const LARGEST_HEAD: usize = 64 << 10;

/// Why there is no answer.
#[derive(Debug)]
pub enum Fault {
    /// The connection broke before any answer.
    Broken(io::Error),
    /// What came is no HTTP.
    NotHttp,
    /// The body ended after so many bytes, before its end.
    Cut(usize),
    /// The body is larger than it may be.
    Oversized,
}

/// How a body is delimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    Length(u64),
    Chunks,
    /// By the end of the connection.
    End,
}

struct Head {
    status: u16,
    headers: HeaderMap,
    framing: Framing,
    /// Whether the connection can be used again.
    lasting: bool,
}

/// Reads the answer to a request of that method; tells whether the connection can be used again.
pub async fn read(
    line: &mut Line,
    method: &Method,
    largest: u64,
) -> Result<(HttpResponse, bool), Fault> {
    let head = head(line, method).await?;
    let body = match head.framing {
        Framing::Length(length) if length > largest => return Err(Fault::Oversized),
        Framing::Length(length) => {
            let length = usize::try_from(length).map_err(|_| Fault::Oversized)?;
            until(line, length, 0).await?;
            line.received.split_to(length).freeze()
        }
        Framing::Chunks => chunks(line, largest).await?,
        Framing::End => rest(line, largest).await?,
    };
    let lasting = head.lasting && line.received.is_empty();
    let response = HttpResponse {
        status: head.status,
        headers: head.headers,
        body,
    };
    Ok((response, lasting))
}

async fn head(line: &mut Line, method: &Method) -> Result<Head, Fault> {
    loop {
        if let Some(head) = take_head(&mut line.received, method)? {
            // 100 and its like come before the answer.
            if head.status >= 200 {
                return Ok(head);
            }
        } else {
            match line.receive().await {
                Ok(0) => return Err(Fault::Broken(io::ErrorKind::UnexpectedEof.into())),
                Ok(_) => {}
                Err(error) => return Err(Fault::Broken(error)),
            }
        }
    }
}

/// Takes a head from the front of what was received; `None` as long as it is not whole.
fn take_head(received: &mut BytesMut, method: &Method) -> Result<Option<Head>, Fault> {
    let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
    let mut parsed = httparse::Response::new(&mut fields);
    let length = match parsed.parse(received) {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) if received.len() <= LARGEST_HEAD => return Ok(None),
        _ => return Err(Fault::NotHttp),
    };
    let status = parsed.code.unwrap_or_default();
    let mut headers = HeaderMap::with_capacity(parsed.headers.len());
    for field in parsed.headers.iter() {
        let name = HeaderName::from_bytes(field.name.as_bytes());
        let value = HeaderValue::from_bytes(field.value);
        headers.append(
            name.map_err(|_| Fault::NotHttp)?,
            value.map_err(|_| Fault::NotHttp)?,
        );
    }
    let newest = parsed.version == Some(1);
    let bodiless = method == Method::HEAD || status < 200 || matches!(status, 204 | 304);
    let framing = if bodiless {
        Framing::Length(0)
    } else {
        framing(&headers)?
    };
    let lasting = framing != Framing::End
        && if newest {
            !lists(&headers, &CONNECTION, "close")
        } else {
            lists(&headers, &CONNECTION, "keep-alive")
        };
    received.advance(length);
    Ok(Some(Head {
        status,
        headers,
        framing,
        lasting,
    }))
}

fn framing(headers: &HeaderMap) -> Result<Framing, Fault> {
    if headers.contains_key(TRANSFER_ENCODING) {
        return Ok(if lists(headers, &TRANSFER_ENCODING, "chunked") {
            Framing::Chunks
        } else {
            Framing::End
        });
    }
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    let Some(length) = lengths.next() else {
        return Ok(Framing::End);
    };
    if lengths.any(|other| other != length) {
        return Err(Fault::NotHttp);
    }
    let text = length.to_str().unwrap_or_default();
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let length = text.parse().ok().filter(|_| digits);
    length.map(Framing::Length).ok_or(Fault::NotHttp)
}

/// Whether a header lists an option, in any case.
fn lists(headers: &HeaderMap, name: &HeaderName, option: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|listed| listed.trim().eq_ignore_ascii_case(option))
}

/// Receives until there are so many bytes; `before` are those of the body that were taken already.
async fn until(line: &mut Line, length: usize, before: usize) -> Result<(), Fault> {
    while line.received.len() < length {
        if !matches!(line.receive().await, Ok(1..)) {
            return Err(Fault::Cut(before + line.received.len()));
        }
    }
    Ok(())
}

async fn chunks(line: &mut Line, largest: u64) -> Result<Bytes, Fault> {
    let mut whole = BytesMut::new();
    loop {
        let size = loop {
            match httparse::parse_chunk_size(&line.received) {
                Ok(Status::Complete((length, size))) => {
                    line.received.advance(length);
                    break size;
                }
                Ok(Status::Partial) if line.received.len() < LARGEST_HEAD => {
                    until(line, line.received.len() + 1, whole.len()).await?;
                }
                _ => return Err(Fault::Cut(whole.len())),
            }
        };
        if size == 0 {
            trailers(line, whole.len()).await?;
            return Ok(whole.freeze());
        }
        if size.saturating_add(whole.len() as u64) > largest {
            return Err(Fault::Oversized);
        }
        let size = usize::try_from(size).map_err(|_| Fault::Oversized)?;
        until(line, size + 2, whole.len()).await?;
        if &line.received[size..size + 2] != b"\r\n" {
            return Err(Fault::Cut(whole.len()));
        }
        whole.extend_from_slice(&line.received[..size]);
        line.received.advance(size + 2);
    }
}

async fn trailers(line: &mut Line, before: usize) -> Result<(), Fault> {
    loop {
        let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
        match httparse::parse_headers(&line.received, &mut fields) {
            Ok(Status::Complete((length, _))) => {
                line.received.advance(length);
                return Ok(());
            }
            Ok(Status::Partial) if line.received.len() < LARGEST_HEAD => {
                until(line, line.received.len() + 1, before).await?;
            }
            _ => return Err(Fault::Cut(before)),
        }
    }
}

async fn rest(line: &mut Line, largest: u64) -> Result<Bytes, Fault> {
    loop {
        if line.received.len() as u64 > largest {
            return Err(Fault::Oversized);
        }
        match line.receive().await {
            Ok(0) => return Ok(line.received.split().freeze()),
            Ok(_) => {}
            Err(_) => return Err(Fault::Cut(line.received.len())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(text: &str) -> Result<Option<Head>, Fault> {
        take_head(&mut BytesMut::from(text), &Method::POST)
    }

    fn framed(headers: &str) -> (Framing, bool) {
        let text = format!("HTTP/1.1 200 OK\r\n{headers}\r\n");
        let head = head(&text).expect("HTTP").expect("a whole head");
        (head.framing, head.lasting)
    }

    #[test]
    fn a_body_ends_where_its_head_says() {
        assert_eq!(framed("Content-Length: 5\r\n"), (Framing::Length(5), true));
        assert_eq!(
            framed("Content-Length: 5\r\ncontent-length: 5\r\nConnection: Close\r\n"),
            (Framing::Length(5), false)
        );
        assert_eq!(
            framed("Transfer-Encoding: gzip, Chunked\r\nContent-Length: 5\r\n"),
            (Framing::Chunks, true)
        );
        assert_eq!(framed(""), (Framing::End, false));
        let old = "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n";
        assert!(!head(old).expect("HTTP").expect("whole").lasting);
        let empty = "HTTP/1.1 204 No Content\r\n\r\n";
        let empty = head(empty).expect("HTTP").expect("whole");
        assert_eq!((empty.framing, empty.lasting), (Framing::Length(0), true));
    }

    #[test]
    fn what_is_no_head_is_refused_and_part_of_one_is_waited_for() {
        for text in [
            "220 smtp.example\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
            "HTTP/2.0 200 OK\r\n\r\n",
        ] {
            assert!(matches!(head(text), Err(Fault::NotHttp)), "{text}");
        }
        let text = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
        for end in 0..text.len() {
            assert!(head(&text[..end]).expect("the beginning").is_none());
        }
    }
}
