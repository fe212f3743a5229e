//! The SQL connector on a real SQLite file, a real PostgreSQL and a real MariaDB: what holds for one holds for all.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on must say so at once"
)]

mod harness;
mod pki;
#[path = "sql/office.rs"]
mod office;
#[path = "sql/town.rs"]
mod town;

#[path = "sql/reading.rs"]
mod reading;
#[path = "sql/types.rs"]
mod types;
#[path = "sql/refusals.rs"]
mod refusals;
#[path = "sql/weather.rs"]
mod weather;
#[path = "sql/tls.rs"]
mod tls;
#[path = "sql/views.rs"]
mod views;
