//! A back end that answers every request with the same bytes, and counts them.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The back end.
pub struct Stub {
    /// Its address, `http://127.0.0.1:…`.
    pub address: String,
    requests: Arc<AtomicUsize>,
}

impl Stub {
    /// A back end with that status line, content type and body; it ends with the test's process.
    pub fn start(status: &str, content_type: &str, body: &[u8]) -> Stub {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        let answer = [head.as_bytes(), body].concat();
        let requests = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if read_request(&stream) {
                    counter.fetch_add(1, Ordering::SeqCst);
                    let _gone = (&stream).write_all(&answer);
                }
            }
        });
        Stub { address, requests }
    }

    /// How many requests came.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

/// Reads a whole request; `false`: none came.
fn read_request(mut stream: &TcpStream) -> bool {
    let mut read = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let Ok(count) = stream.read(&mut buffer) else {
            return false;
        };
        if count == 0 {
            return false;
        }
        read.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&read).to_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
            if body.len() >= length {
                return true;
            }
        }
    }
}
