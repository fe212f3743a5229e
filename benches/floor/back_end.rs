//! The back end, over plain connections that are used again and again.

use std::cell::RefCell;
use std::error::Error;
use std::io::Write;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::http;

/// The worker's connections that nobody uses at the moment.
pub struct BackEnd {
    address: String,
    idle: RefCell<Vec<TcpStream>>,
}

impl BackEnd {
    pub fn new(address: &str) -> BackEnd {
        BackEnd {
            address: address.to_owned(),
            idle: RefCell::default(),
        }
    }

    /// The body of the answer to a question in JSON.
    pub async fn ask(&self, path: &str, body: &[u8]) -> Result<Bytes, Box<dyn Error>> {
        let idle = self.idle.borrow_mut().pop();
        let mut connection = if let Some(connection) = idle {
            connection
        } else {
            let connection = TcpStream::connect(&self.address).await?;
            connection.set_nodelay(true)?;
            connection
        };
        let mut question = Vec::with_capacity(body.len() + 256);
        let (host, length) = (&self.address, body.len());
        write!(
            question,
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        )?;
        question.extend_from_slice(body);
        connection.write_all(&question).await?;
        let mut received = BytesMut::with_capacity(4 << 10);
        loop {
            if connection.read_buf(&mut received).await? == 0 {
                return Err("the back end hung up".into());
            }
            if let Some(answer) = http::take_answer(&mut received)? {
                self.idle.borrow_mut().push(connection);
                return Ok(answer);
            }
        }
    }
}
