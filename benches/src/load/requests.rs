//! The requests to send, one after the other.

use std::path::Path;

use crate::options::Options;

/// Heads in turn, of which there is one for each path, and bodies in turn.
pub struct Requests {
    heads: Vec<String>,
    next_head: usize,
    bodies: Vec<String>,
    next: usize,
}

impl Requests {
    /// Reads the paths and the bodies.
    pub fn read(options: &Options) -> std::io::Result<Requests> {
        let paths = match &options.paths {
            Some(file) => lines(file)?,
            None => vec![options.path.clone()],
        };
        Ok(Requests {
            heads: paths.iter().map(|path| head(options, path)).collect(),
            next_head: 0,
            next: options.first_body,
            bodies: options.bodies.as_deref().map_or(Ok(Vec::new()), lines)?,
        })
    }

    /// Writes the next request.
    pub fn write(&mut self, into: &mut Vec<u8>) {
        into.clear();
        into.extend_from_slice(self.heads[self.next_head % self.heads.len()].as_bytes());
        self.next_head += 1;
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

fn lines(file: &Path) -> std::io::Result<Vec<String>> {
    let text = std::fs::read_to_string(file)?;
    Ok(text.lines().map(str::to_owned).collect())
}

fn head(options: &Options, path: &str) -> String {
    let method = &options.method;
    let mut head = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: load/1\r\nAccept: */*\r\n"
    );
    for header in &options.header {
        head.push_str(header);
        head.push_str("\r\n");
    }
    head
}
