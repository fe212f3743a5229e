//! What happens to every exchange, stage by stage. Read `exchange` first.

pub mod arrival;
pub mod error;
pub mod reply;
