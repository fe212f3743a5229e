//! The whole gateway as its users meet it: real sockets, real TLS, simulated town halls, one file per stage.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on must say so at once"
)]

mod harness;
#[path = "../harness/mod.rs"]
mod servers;

mod way;
mod identity;
mod independent;
mod log_in;
mod register;
mod example_portal;
mod card_in_browser;
mod tokens;
mod signing_keys;
mod town_hall_with_modi;
mod back_end_with_vouchers;
mod anpr;
mod vouchers;
mod vouchers_later;
mod in_enti;
mod authorization;
mod protected;
mod representatives;
mod former;
mod rate_limit;
mod midnight;
mod cache;
mod nodes;
mod dispatch;
mod calendar;
mod night_copies;
mod changed_adapter;
mod drift;
mod evidence;
mod comuni;
mod deferral;
mod late;
mod officers;
mod delivery;
mod writes;
mod decisions;
mod declarations;
mod record;
mod revocation;
mod isolation;
mod malformed;
mod schemathesis;
