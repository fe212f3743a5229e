//! The two doors over real sockets and real TLS, in this process: who comes in, what is bounded, what every answer carries.
#![allow(clippy::panic, reason = "a test that cannot go on must say so at once")]

#[path = "../pki/mod.rs"]
mod pki;

mod harness;
mod publisher;

mod handshakes;
mod bounds;
mod answers;
mod unread;
mod operators;
mod rights;
mod cards;
mod trusted_list;
mod card_issuers;
mod forwarded;
