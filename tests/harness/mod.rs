//! Database servers of Debian's packages, started for a test in a folder of their own on a free port.
#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(
    clippy::disallowed_methods,
    reason = "servers are started before anything else runs: nobody waits for this thread"
)]

pub mod mariadb;
pub mod postgres;
pub mod server;
