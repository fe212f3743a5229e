//! The adapter kit as an integrator meets it: the real program, simulated back ends, a new product.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on must say so at once"
)]

mod captured;
mod nights;
mod office;
#[path = "../pki/mod.rs"]
mod pki;
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
mod recording;
#[path = "../gateway/harness/simulators.rs"]
#[allow(dead_code, reason = "the gateway's tests use more of it")]
mod simulators;
mod signed;
mod six_steps;
