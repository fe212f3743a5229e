//! A connection from its first request to its end: one request after the other, each answered before the next is read.

use std::future::Future;
use std::io;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use tokio::net::TcpStream;
use tokio::sync::mpsc::Receiver;
use uuid::Uuid;

use crate::broker::error::{ExchangeError, Malformed};

use super::answer;
use super::connection::{Connection, Entrance};
use super::http::{Head, Line, Request, Response, Unread};
use super::intake::Intake;
use super::problem::describe;

/// A door's routes.
pub trait Routes: Clone + Send + 'static {
    /// The answer to a request.
    fn answer(&self, intake: Intake, request: &Request) -> impl Future<Output = Response>;
}

/// Takes a socket in and answers what comes over it, until it ends or `closing` comes.
pub(super) async fn serve(
    entrance: Arc<Entrance>,
    socket: TcpStream,
    routes: impl Routes,
    closing: impl Future<Output = ()>,
) {
    // In a place of its own: what a handshake needs would otherwise be held by every open connection.
    let admitted = Box::pin(entrance.admit(socket)).await;
    // Why not is counted and logged already.
    let Ok((mut line, connection)) = admitted else {
        return;
    };
    let mut closing = Box::pin(closing);
    let after = loop {
        let after = match line.head(&mut closing).await {
            // Boxed, so that idle connections hold no room for it.
            Ok(Some(head)) => Box::pin(answer(&mut line, &connection, &routes, head)).await,
            Ok(None) => Ok(After::Quiet),
            Err(why) => tell(&mut line, &connection, why).await,
        };
        match after {
            Ok(After::Next) => {}
            Ok(after) => break after,
            // The client is gone or does not read.
            Err(_) => return,
        }
    };
    Box::pin(line.end(after == After::StillSending)).await;
}

/// What comes after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    /// Perhaps another request.
    Next,
    /// Nothing.
    Quiet,
    /// Nothing that is read, but the client may still send.
    StillSending,
}

/// Answers the request that begins with a head.
async fn answer(
    line: &mut Line,
    connection: &Rc<Connection>,
    routes: &impl Routes,
    head: Head,
) -> io::Result<After> {
    let admitted = Intake::admit(connection);
    let largest = connection.entrance.door.body_size.0;
    let body = line.body(&head, largest).await;
    if body == Err(Malformed::NotHttp) {
        return tell(line, connection, Unread::NotHttp).await;
    }
    let after = match (&body, head.lasting) {
        (Err(_), _) => After::StillSending,
        (Ok(_), true) => After::Next,
        (Ok(_), false) => After::Quiet,
    };
    let request = Request { head, body };
    let mut response = match admitted {
        Ok(intake) => routes.answer(intake, &request).await,
        Err(refused) => refused,
    };
    let (last, to_head) = (after != After::Next, request.head.method() == "HEAD");
    let lines = response.take_lines();
    line.send(&response.written(last, to_head)).await?;
    if let Some(lines) = lines {
        send_lines(line, lines, !last).await?;
    }
    Ok(after)
}

/// Sends each piece of a body as soon as it is there, until the client goes; in chunks where the connection goes on after it.
async fn send_lines(
    line: &mut Line,
    mut pieces: Receiver<Bytes>,
    in_chunks: bool,
) -> io::Result<()> {
    let gone = || io::Error::from(io::ErrorKind::BrokenPipe);
    while let Some(piece) = line.while_there(pieces.recv()).await.ok_or_else(gone)? {
        if in_chunks {
            let size = format!("{:x}\r\n", piece.len());
            line.send(&[size.as_bytes(), &piece, b"\r\n"].concat())
                .await?;
        } else {
            line.send(&piece).await?;
        }
    }
    if in_chunks {
        line.send(b"0\r\n\r\n").await?;
    }
    Ok(())
}

/// Tells a client whose request no handler saw why that is.
async fn tell(line: &mut Line, connection: &Connection, why: Unread) -> io::Result<After> {
    let scambio = Uuid::now_v7();
    let limits = connection.unread(why, scambio);
    let refusal = describe(&ExchangeError::Malformed(why.fault()), &scambio);
    let response = answer::of_refusal(&refusal, scambio, limits);
    line.send(&response.written(true, false)).await?;
    Ok(After::StillSending)
}
