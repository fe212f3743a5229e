//! Adapters are data: their examples replayed, their mistakes told.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on must say so at once"
)]

mod drifting;
mod explaining;
mod coverage;
mod mistakes;
mod reading;
mod replay;
mod schema;
