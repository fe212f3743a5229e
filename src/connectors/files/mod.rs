//! The files connector: nightly files become a copy on disk, and questions are answered from the copy.
//!
//! A round `look`s for new files in a `source`, `intake` reads them line by line as their `layout` says, and the `shelf` holds
//! the copies in force, from which the carrier answers.

pub mod layout;
pub mod pattern;
pub mod lines;
pub mod record;
pub mod inspect;
pub mod intake;
pub mod report;
pub mod state;
pub mod shelf;
pub mod source;
mod sftp;
pub mod look;
