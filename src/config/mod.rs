//! The configuration: one file per section, strict, every mistake reported at once.
//!
//! The structs here are the written form and, where nothing has to be resolved, the checked form too.
//! Every section denies unknown keys; durations and sizes carry units; secrets are references, never values.

pub mod mistake;
pub mod units;
pub mod secret;
pub mod node;
pub mod door;
pub mod portal;
pub mod ente;
pub mod instance;
pub mod cache;
pub mod limits;
pub mod record;
pub mod telemetry;
