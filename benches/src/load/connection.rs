//! One connection: TLS over a socket that never blocks, one request at a time.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Instant;

use memchr::memmem;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, HandshakeKind};

/// A connection and what is under way on it.
pub struct Connection {
    socket: TcpStream,
    tls: ClientConnection,
    received: Vec<u8>,
    /// When the request under way was sent, or was due; `None`: nothing is under way.
    pub since: Option<Instant>,
}

/// An answer that is in as a whole.
#[derive(Debug, Clone, Copy)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Bytes of its body.
    pub bytes: usize,
}

impl Connection {
    /// Connects; the handshake goes on with the first request.
    pub fn dial(address: SocketAddr, tls: &Arc<ClientConfig>) -> io::Result<Connection> {
        let socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        socket.set_nonblocking(true)?;
        let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
        Ok(Connection {
            socket,
            tls: ClientConnection::new(tls.clone(), name).map_err(io::Error::other)?,
            received: Vec::with_capacity(8 << 10),
            since: None,
        })
    }

    /// The socket, to wait for.
    pub fn socket(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Whether the handshake continued an earlier session.
    pub fn resumed(&self) -> bool {
        self.tls.handshake_kind() == Some(HandshakeKind::Resumed)
    }

    /// Sends a request that counts from `since`.
    pub fn send(&mut self, request: &[u8], since: Instant) -> io::Result<()> {
        self.since = Some(since);
        self.tls.writer().write_all(request)?;
        self.flush()
    }

    /// Says goodbye.
    pub fn close(mut self) {
        self.tls.send_close_notify();
        // The server may be gone already.
        let _ = self.flush();
    }

    /// Takes what has come; an answer once it is whole.
    pub fn receive(&mut self) -> io::Result<Option<Answer>> {
        loop {
            match self.tls.read_tls(&mut self.socket) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(read) => {
                    self.decrypt()?;
                    if read < 4096 {
                        break;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        self.flush()?;
        let answer = self.whole_answer();
        if answer.is_some() {
            self.received.clear();
        }
        Ok(answer)
    }

    fn decrypt(&mut self) -> io::Result<()> {
        let state = self.tls.process_new_packets().map_err(io::Error::other)?;
        let before = self.received.len();
        self.received
            .resize(before + state.plaintext_bytes_to_read(), 0);
        self.tls.reader().read_exact(&mut self.received[before..])
    }

    /// Requests are small: what the socket does not take at once goes out with the next event.
    fn flush(&mut self) -> io::Result<()> {
        while self.tls.wants_write() {
            match self.tls.write_tls(&mut self.socket) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn whole_answer(&self) -> Option<Answer> {
        let head_end = memmem::find(&self.received, b"\r\n\r\n")?;
        let head = &self.received[..head_end];
        let status = std::str::from_utf8(head.get(9..12)?).ok()?.parse().ok()?;
        let body = &self.received[head_end + 4..];
        let whole = match field(head, b"content-length:") {
            Some(length) => body.len() >= std::str::from_utf8(length).ok()?.trim().parse().ok()?,
            None => field(head, b"transfer-encoding:").is_none() || body.ends_with(b"0\r\n\r\n"),
        };
        let bytes = body.len();
        whole.then_some(Answer { status, bytes })
    }
}

fn field<'a>(head: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    head.split(|byte| *byte == b'\n').find_map(|line| {
        let (start, value) = line.split_at_checked(name.len())?;
        start.eq_ignore_ascii_case(name).then_some(value)
    })
}
