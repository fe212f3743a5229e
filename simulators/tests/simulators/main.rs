//! Every dialect and every fault over real sockets, and the README's samples against the true answers.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a step that fails should end its test"
)]

mod client;
mod command;
mod d0;
mod d1;
mod d2;
mod d3;
mod d4;
mod d4b;
mod d5;
mod d6;
mod d7;
mod d8;
mod d9;
mod faults;
mod pdnd;
mod readme;
mod tls;
