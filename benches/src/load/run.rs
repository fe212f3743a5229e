//! The event loop.

use std::error::Error;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{Timespec, epoll};
use rustls::ClientConfig;

use crate::connection::{Answer, Connection};
use crate::options::{Mode, Options};
use crate::pacer::Pacer;
use crate::requests::Requests;
use crate::slices::Slices;

/// Handshakes under way at once while connections are made, so that no server sheds any by its time-out.
const HANDSHAKES_AT_ONCE: usize = 16;

/// Everything that a run needs.
pub struct Run {
    mode: Mode,
    wanted: usize,
    address: SocketAddr,
    tls: Arc<ClientConfig>,
    requests: Requests,
    request: Vec<u8>,
    waiting: OwnedFd,
    connections: Vec<Connection>,
    pacer: Option<Pacer>,
    rate: f64,
    slices: Slices,
    told: bool,
}

impl Run {
    /// Reads what the options name.
    pub fn prepare(options: &Options) -> Result<Run, Box<dyn Error>> {
        Ok(Run {
            mode: options.mode,
            wanted: options.connections,
            address: options.address,
            tls: options.tls()?,
            requests: Requests::read(options)?,
            request: Vec::new(),
            waiting: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            connections: Vec::new(),
            pacer: None,
            rate: options.rate,
            slices: Slices::plan(options),
            told: false,
        })
    }

    /// Puts load on until the last slice has ended.
    pub fn measure(&mut self) -> Result<(), Box<dyn Error>> {
        self.connect()?;
        if self.mode == Mode::Open {
            let mut pacer = Pacer::begin(self.rate);
            (0..self.connections.len()).for_each(|free| pacer.free(free));
            self.pacer = Some(pacer);
        } else {
            for index in 0..self.connections.len() {
                self.send(index, Instant::now())?;
            }
        }
        loop {
            let now = Instant::now();
            if !self.slices.go_on(now) {
                return Ok(());
            }
            while let Some((index, due)) = self.pacer.as_mut().and_then(|pacer| pacer.take(now)) {
                self.send(index, due)?;
            }
            let until = match &self.pacer {
                Some(pacer) => pacer.next().min(self.slices.end()),
                None => self.slices.end(),
            };
            for index in self.wait(until.saturating_duration_since(Instant::now()))? {
                self.attend(index)?;
            }
        }
    }

    /// Holds the connections until standard input ends, then tells how many the server has closed.
    pub fn hold(&mut self) -> Result<(), Box<dyn Error>> {
        self.connect()?;
        println!("{{\"held\":{}}}", self.connections.len());
        io::stdin().read_to_end(&mut Vec::new())?;
        let mut closed = 0;
        for connection in &mut self.connections {
            closed += usize::from(connection.receive().is_err());
        }
        println!("{{\"closed\":{closed}}}");
        Ok(())
    }

    /// Makes the connections, each with one request, few at a time.
    fn connect(&mut self) -> Result<(), Box<dyn Error>> {
        let mut under_way = 0;
        while self.connections.len() < self.wanted || under_way > 0 {
            while self.connections.len() < self.wanted && under_way < HANDSHAKES_AT_ONCE {
                let index = self.connections.len();
                let connection = self.dial(index)?;
                self.connections.push(connection);
                self.send(index, Instant::now())?;
                under_way += 1;
            }
            for index in self.wait(Duration::from_secs(10))? {
                if let Some(answer) = self.connections[index].receive()? {
                    self.tell_once(answer);
                    self.connections[index].since = None;
                    under_way -= 1;
                }
            }
        }
        Ok(())
    }

    fn dial(&self, index: usize) -> io::Result<Connection> {
        let connection = Connection::dial(self.address, &self.tls)?;
        let index = epoll::EventData::new_u64(index as u64);
        epoll::add(
            &self.waiting,
            connection.socket(),
            index,
            epoll::EventFlags::IN,
        )?;
        Ok(connection)
    }

    fn send(&mut self, index: usize, since: Instant) -> io::Result<()> {
        self.requests.write(&mut self.request);
        match self.connections[index].send(&self.request, since) {
            Ok(()) => Ok(()),
            Err(error) => self.replace(index, &error),
        }
    }

    fn attend(&mut self, index: usize) -> io::Result<()> {
        let connection = &mut self.connections[index];
        match connection.receive() {
            Ok(None) => Ok(()),
            Ok(Some(answer)) => {
                let now = Instant::now();
                if let Some(since) = connection.since.take() {
                    self.slices
                        .answered(answer.status, answer.bytes, now - since);
                }
                self.tell_once(answer);
                self.next(index, now)
            }
            Err(error) => self.replace(index, &error),
        }
    }

    fn next(&mut self, index: usize, now: Instant) -> io::Result<()> {
        match (self.mode, &mut self.pacer) {
            (Mode::Handshakes, _) => {
                if self.connections[index].resumed() {
                    self.slices.resumed();
                }
                let fresh = self.dial(index)?;
                std::mem::replace(&mut self.connections[index], fresh).close();
                // The handshake is part of what is timed.
                self.send(index, now)
            }
            (_, Some(pacer)) => {
                pacer.free(index);
                Ok(())
            }
            (_, None) => self.send(index, now),
        }
    }

    /// A broken connection is counted and replaced.
    fn replace(&mut self, index: usize, error: &io::Error) -> io::Result<()> {
        if !self.slices.failed() {
            return Err(io::Error::other(format!(
                "too many broken connections: {error}"
            )));
        }
        self.connections[index] = self.dial(index)?;
        self.next(index, Instant::now())
    }

    /// The first answer that is no success says why a whole run is worth nothing.
    fn tell_once(&mut self, answer: Answer) {
        if !self.told && !(200..300).contains(&answer.status) {
            self.told = true;
            eprintln!("load: {} answered {}", self.address, answer.status);
        }
    }

    fn wait(&self, longest: Duration) -> io::Result<Vec<usize>> {
        let longest = Timespec {
            tv_sec: longest.as_secs().cast_signed(),
            tv_nsec: longest.subsec_nanos().into(),
        };
        let mut events = Vec::with_capacity(512);
        match epoll::wait(
            &self.waiting,
            rustix::buffer::spare_capacity(&mut events),
            Some(&longest),
        ) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let indexes = events
            .iter()
            .filter_map(|event| usize::try_from(event.data.u64()).ok());
        Ok(indexes.collect())
    }
}
