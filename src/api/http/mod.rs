//! HTTP/1.1 as the doors speak it: heads and bodies within their bounds and times, answers in one piece.
//!
//! `httparse` reads heads and chunk sizes; where a body ends is decided here, and whatever leaves a doubt about it is no HTTP.

mod head;
mod line;
pub mod response;

use bytes::Bytes;

use crate::broker::error::Malformed;

pub use head::Head;
pub use response::Response;

pub(crate) use line::Line;

/// Bytes of a head at most: request line and headers.
pub const LARGEST_HEAD: usize = 16 << 10;

/// A request, read whole.
pub struct Request {
    /// Its head.
    pub head: Head,
    /// Its body, empty where it has none; or why it could not be read.
    pub body: Result<Bytes, Malformed>,
}

/// Why a request was refused before any handler saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unread {
    /// No HTTP/1.1, or ambiguous about where it ends.
    NotHttp,
    /// Too many or too long headers.
    HeadTooLarge,
    /// The head did not come in within its time.
    TooSlow,
}

impl Unread {
    /// The label in metrics and logs.
    pub(super) fn label(self) -> &'static str {
        match self {
            Unread::NotHttp => "not_http",
            Unread::HeadTooLarge => "head_too_large",
            Unread::TooSlow => "too_slow",
        }
    }

    /// The problem that it is told as.
    pub(super) fn fault(self) -> Malformed {
        match self {
            Unread::NotHttp => Malformed::NotHttp,
            Unread::HeadTooLarge => Malformed::HeadTooLarge {
                limit: LARGEST_HEAD,
            },
            Unread::TooSlow => Malformed::TooSlow,
        }
    }
}
