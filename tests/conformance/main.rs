//! What others learnt from real town halls, one test each: the conformance tests of the research, under their numbers.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on must say so at once"
)]

#[path = "../connectors/asking.rs"]
#[allow(dead_code, reason = "the connectors' tests use more of it")]
mod asking;
#[path = "../gateway/harness/mod.rs"]
#[allow(dead_code, reason = "the gateway's tests use more of it")]
mod harness;
#[path = "../files/house.rs"]
#[allow(dead_code, reason = "the tests of nightly files use more of it")]
mod house;

use harness::process;

mod bindings;
mod log;
mod stub;

mod clocks;
mod failures;
mod isolation;
mod nights;
mod repetition;
mod secrecy;
mod values;
