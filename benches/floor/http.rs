//! As much of HTTP/1.1 as the load client and the back end speak: a head, a length, a body.

use std::error::Error;
use std::io::Write;

use bytes::{Bytes, BytesMut};
use httparse::{Header, Request, Response, Status};

/// Headers of a message at most.
const HEADERS: usize = 32;

/// A request, or an answer, which has no path.
pub struct Message {
    pub path: String,
    pub body: Bytes,
}

/// Takes a request that has been received whole.
pub fn take_request(received: &mut BytesMut) -> Result<Option<Message>, Box<dyn Error>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut request = Request::new(&mut headers);
    let Status::Complete(head) = request.parse(received)? else {
        return Ok(None);
    };
    let path = request.path.unwrap_or_default().to_owned();
    let length = length(request.headers)?;
    Ok(take(received, head, length).map(|body| Message { path, body }))
}

/// Takes the body of an answer that has been received whole.
pub fn take_answer(received: &mut BytesMut) -> Result<Option<Bytes>, Box<dyn Error>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut response = Response::new(&mut headers);
    let Status::Complete(head) = response.parse(received)? else {
        return Ok(None);
    };
    let length = length(response.headers)?;
    Ok(take(received, head, length))
}

/// An answer in JSON.
pub fn answer(status: &str, body: &[u8]) -> Bytes {
    let mut answer = Vec::with_capacity(body.len() + 128);
    let length = body.len();
    write!(
        answer,
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    )
    .expect("a vector can always be written to");
    answer.extend_from_slice(body);
    answer.into()
}

fn length(headers: &[Header<'_>]) -> Result<usize, Box<dyn Error>> {
    let length = headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("content-length"));
    match length {
        Some(header) => Ok(std::str::from_utf8(header.value)?.trim().parse()?),
        None => Ok(0),
    }
}

fn take(received: &mut BytesMut, head: usize, length: usize) -> Option<Bytes> {
    if received.len() < head + length {
        return None;
    }
    let mut message = received.split_to(head + length);
    Some(message.split_off(head).freeze())
}
