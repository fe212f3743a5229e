//! A running set of simulators and a small HTTP client that sees what well-behaved ones hide.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use simulators::population::{DEFAULT_SEED, Population, day};
use simulators::serve::{Options, Running, Tls, start};
use simulators::world::{Settings, World};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

/// How a call ended.
#[derive(Debug, PartialEq)]
pub enum Outcome {
    Answer(Answer),
    /// The connection closed before anything came.
    Closed,
    /// Fewer bytes than the header promised.
    Truncated,
    /// Nothing within two seconds.
    Silence,
}

#[derive(Debug, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("UTF-8")
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

impl Outcome {
    pub fn answer(self) -> Answer {
        match self {
            Outcome::Answer(answer) => answer,
            other => panic!("{other:?}"),
        }
    }
}

pub struct Town {
    pub running: Running,
}

pub async fn town() -> Town {
    town_with(Duration::from_mins(1), None).await
}

pub async fn town_with(token_life: Duration, tls: Option<Tls>) -> Town {
    let population = Population::generate(DEFAULT_SEED, day(2026, 11, 22));
    let bind = "127.0.0.1".to_owned();
    let options = Options {
        bind,
        control_port: 0,
        ports: BTreeMap::new(),
        tls,
    };
    let settings = Settings {
        token_life,
        ..Settings::default()
    };
    let running = start(World::new(population, settings), &options)
        .await
        .unwrap();
    Town { running }
}

impl Town {
    /// Host and port of `d1`, `d6` or `control`.
    pub fn address(&self, name: &str) -> String {
        self.running.addresses[name]
            .split_once("://")
            .unwrap()
            .1
            .to_owned()
    }

    pub async fn call(&self, name: &str, request: &str, headers: &str, body: &str) -> Outcome {
        let stream = TcpStream::connect(self.address(name)).await.unwrap();
        exchange(stream, request, headers, body).await
    }

    pub async fn control(&self, request: &str, body: &str) -> Answer {
        self.call(
            "control",
            request,
            "Content-Type: application/json\r\n",
            body,
        )
        .await
        .answer()
    }

    pub async fn fault(&self, order: &str) {
        assert_eq!(
            self.control("POST /control/faults", order).await.status,
            201
        );
    }
}

pub async fn exchange<S>(mut stream: S, request: &str, headers: &str, body: &str) -> Outcome
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let length = body.len();
    let head = format!(
        "{request} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n"
    );
    stream.write_all((head + body).as_bytes()).await.unwrap();
    let mut received = Vec::new();
    let reading = stream.read_to_end(&mut received);
    match tokio::time::timeout(Duration::from_secs(2), reading).await {
        Err(_) => Outcome::Silence,
        // A reset counts as a close: bytes that came before it are kept.
        Ok(_) => read_answer(&received),
    }
}

fn read_answer(received: &[u8]) -> Outcome {
    let Some(end) = received.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Outcome::Closed;
    };
    let head = String::from_utf8_lossy(&received[..end]).to_lowercase();
    let mut body = received[end + 4..].to_vec();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    if head.contains("transfer-encoding: chunked") {
        body = unchunked(&body);
    } else if let Some(promised) = header(&head, "content-length")
        && body.len() < promised.parse::<usize>().unwrap()
    {
        return Outcome::Truncated;
    }
    Outcome::Answer(Answer { status, head, body })
}

pub fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = rest.windows(2).position(|window| window == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        whole.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 4 + size..];
    }
    whole
}

/// Code of the person of that case in that municipality.
pub fn code_of(case: &str, ente: &str) -> String {
    let population = Population::generate(DEFAULT_SEED, day(2026, 11, 22));
    let everyone = simulators::population::listed(&population);
    let found = everyone
        .into_iter()
        .find(|one| one.ente == ente && one.casi.contains(&case));
    found.and_then(|one| one.codice_fiscale).unwrap()
}
