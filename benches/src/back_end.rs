//! A back end that costs as little as possible: fixed answers in two dialects, with the fiscal code that was asked for.
//!
//! `back-end ADDRESS FOLDER`: the folder holds `rest.json`, `soap.xml` and `token.json`; sixteen `@` stand for the fiscal code.

use std::collections::HashMap;
use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::path::Path;

use memchr::memmem;
use rustix::event::epoll;

/// Where an answer wants the fiscal code.
const PLACE: &[u8] = b"@@@@@@@@@@@@@@@@";

/// The listener's number among the clients'.
const LISTENER: u64 = 0;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(address), Some(folder)) = (arguments.next(), arguments.next()) else {
        return Err("usage: back-end ADDRESS FOLDER".into());
    };
    let answers = Answers::read(Path::new(&folder))?;
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    serve(&listener, &answers)
}

fn serve(listener: &TcpListener, answers: &Answers) -> Result<(), Box<dyn Error>> {
    let waiting = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let watch = |socket: &dyn AsFd, number: u64| {
        let number = epoll::EventData::new_u64(number);
        epoll::add(&waiting, socket.as_fd(), number, epoll::EventFlags::IN)
    };
    watch(listener, LISTENER)?;
    let mut clients: HashMap<u64, Client> = HashMap::new();
    let mut newest = LISTENER;
    loop {
        let mut events = Vec::with_capacity(512);
        match epoll::wait(&waiting, rustix::buffer::spare_capacity(&mut events), None) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        for event in &events {
            let number = event.data.u64();
            if number == LISTENER {
                while let Ok((socket, _)) = listener.accept() {
                    socket.set_nonblocking(true)?;
                    socket.set_nodelay(true)?;
                    newest += 1;
                    watch(&socket, newest)?;
                    clients.insert(
                        newest,
                        Client {
                            socket,
                            received: Vec::new(),
                        },
                    );
                }
            } else if let Some(client) = clients.get_mut(&number)
                && client.attend(answers).is_err()
            {
                clients.remove(&number);
            }
        }
    }
}

struct Client {
    socket: TcpStream,
    received: Vec<u8>,
}

impl Client {
    fn attend(&mut self, answers: &Answers) -> io::Result<()> {
        let mut part = [0; 16 << 10];
        match self.socket.read(&mut part) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => self.received.extend_from_slice(&part[..read]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        }
        while let Some((request, end)) = whole_request(&self.received) {
            self.socket.write_all(&answers.answer(&request))?;
            self.received.drain(..end);
        }
        Ok(())
    }
}

struct Request<'a> {
    head: &'a [u8],
    body: &'a [u8],
}

/// The first request, if it is in as a whole, and where it ends.
fn whole_request(received: &[u8]) -> Option<(Request<'_>, usize)> {
    let head_end = memmem::find(received, b"\r\n\r\n")? + 4;
    let head = &received[..head_end];
    if field(head, b"transfer-encoding:").is_some() {
        let body_end = head_end + memmem::find(&received[head_end..], b"0\r\n\r\n")? + 5;
        return Some((
            Request {
                head,
                body: &received[head_end..body_end],
            },
            body_end,
        ));
    }
    let length = match field(head, b"content-length:") {
        Some(length) => std::str::from_utf8(length).ok()?.trim().parse().ok()?,
        None => 0,
    };
    let body = received.get(head_end..head_end + length)?;
    Some((Request { head, body }, head_end + length))
}

fn field<'a>(head: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    head.split(|byte| *byte == b'\n').find_map(|line| {
        let (start, value) = line.split_at_checked(name.len())?;
        start.eq_ignore_ascii_case(name).then_some(value)
    })
}

struct Answers {
    rest: Answer,
    soap: Answer,
    token: Answer,
}

struct Answer {
    text: Vec<u8>,
    places: Vec<usize>,
}

impl Answers {
    fn read(folder: &Path) -> io::Result<Answers> {
        let json = "application/json; charset=utf-8";
        Ok(Answers {
            rest: Answer::read(&folder.join("rest.json"), json)?,
            soap: Answer::read(&folder.join("soap.xml"), "text/xml; charset=utf-8")?,
            token: Answer::read(&folder.join("token.json"), json)?,
        })
    }

    fn answer(&self, request: &Request<'_>) -> Vec<u8> {
        let path = request
            .head
            .split(|byte| *byte == b' ')
            .nth(1)
            .unwrap_or_default();
        let answer = if memmem::find(path, b"oken").is_some() {
            &self.token
        } else if path.starts_with(b"/suap_web") {
            &self.soap
        } else {
            &self.rest
        };
        let mut text = answer.text.clone();
        if let Some(code) = fiscal_code(request.body) {
            for place in &answer.places {
                text[*place..place + PLACE.len()].copy_from_slice(code);
            }
        }
        text
    }
}

impl Answer {
    fn read(file: &Path, media_type: &str) -> io::Result<Answer> {
        let body = std::fs::read(file)?;
        let length = body.len();
        let mut text = format!("HTTP/1.1 200 OK\r\nServer: back-end\r\nContent-Type: {media_type}\r\nContent-Length: {length}\r\n\r\n").into_bytes();
        text.extend_from_slice(&body);
        let places = memmem::find_iter(&text, PLACE).collect();
        Ok(Answer { text, places })
    }
}

/// The first run of exactly sixteen capital letters and digits.
fn fiscal_code(body: &[u8]) -> Option<&[u8]> {
    body.split(|byte| !byte.is_ascii_uppercase() && !byte.is_ascii_digit())
        .find(|run| run.len() == PLACE.len())
}
