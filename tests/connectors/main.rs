//! Connectors, adapters and instances against the simulated municipal systems, over real sockets.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on must say so at once"
)]

mod asking;
mod encryption;
#[path = "../harness/mod.rs"]
mod harness;
mod hygiene;
#[path = "../pki/mod.rs"]
mod pki;
mod population;
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
#[path = "../gateway/harness/simulators.rs"]
#[allow(dead_code, reason = "the gateway's tests use more of it")]
mod simulators;
mod variants;
mod views;
mod weather;
