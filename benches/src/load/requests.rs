//! The requests to send, one after the other.

use crate::options::Options;

/// A head that all requests share, and bodies in turn.
pub struct Requests {
    head: String,
    bodies: Vec<String>,
    next: usize,
}

impl Requests {
    /// Reads the bodies.
    pub fn read(options: &Options) -> std::io::Result<Requests> {
        let bodies: Vec<String> = match &options.bodies {
            Some(file) => std::fs::read_to_string(file)?
                .lines()
                .map(str::to_owned)
                .collect(),
            None => Vec::new(),
        };
        let Options { method, path, .. } = options;
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: load/1\r\nAccept: */*\r\n"
        );
        for header in &options.header {
            head.push_str(header);
            head.push_str("\r\n");
        }
        Ok(Requests {
            head,
            next: options.first_body,
            bodies,
        })
    }

    /// Writes the next request.
    pub fn write(&mut self, into: &mut Vec<u8>) {
        into.clear();
        into.extend_from_slice(self.head.as_bytes());
        if self.bodies.is_empty() {
            into.extend_from_slice(b"\r\n");
            return;
        }
        let body = &self.bodies[self.next % self.bodies.len()];
        self.next += 1;
        let lengths = format!(
            "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        into.extend_from_slice(lengths.as_bytes());
        into.extend_from_slice(body.as_bytes());
    }
}
