//! Nightly files: read into sealed copies, refused where something is wrong with them, asked from disk.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on must say so at once"
)]

mod house;
mod nights;
#[path = "../gateway/harness/process.rs"]
#[allow(dead_code, reason = "the gateway's tests use more of it")]
#[allow(
    clippy::disallowed_methods,
    reason = "a program is waited for on the test's own thread"
)]
#[allow(
    clippy::duration_suboptimal_units,
    reason = "as in the gateway's tests"
)]
mod process;
mod sealing;
mod sftp;
