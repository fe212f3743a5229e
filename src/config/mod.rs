//! The configuration: one file per section, strict, every mistake reported at once with its file, line and column.
//!
//! The structs are the checked form: what is written is read value by value (`reading`), so that one mistake never
//! hides another. Durations and sizes carry units; secrets are references, never values.

pub mod mistake;
pub mod reading;
pub mod units;
pub mod secret;
pub mod back_end_modi;
pub mod back_end_pdnd;
pub mod certificate;
pub mod modi;
pub mod node;
pub mod door;
pub mod operator;
pub mod portal;
pub mod grant;
pub mod purpose;
pub mod ente;
pub mod calendar;
pub mod card_issuers;
pub mod instance;
pub mod night;
pub mod cache;
pub mod limits;
pub mod login;
pub mod pdnd;
pub mod record;
pub mod telemetry;
pub mod key;
pub mod signer;
pub mod seal;
pub mod settings;
pub mod files;
pub mod written;
pub mod loading;
pub mod coherence;
