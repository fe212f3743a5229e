//! Connectors, adapters and instances against the simulated municipal systems, over real sockets.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on must say so at once"
)]

mod asking;
mod hygiene;
mod population;
#[path = "../gateway/harness/process.rs"]
#[allow(dead_code, reason = "the gateway's tests use more of it")]
mod process;
#[path = "../gateway/harness/simulators.rs"]
#[allow(dead_code, reason = "the gateway's tests use more of it")]
mod simulators;
mod views;
mod weather;
