//! The record: what it promises before an answer leaves, tried on both databases, with real failures.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on must say so at once"
)]

mod harness;
#[path = "store/place.rs"]
mod place;
#[path = "store/sample.rs"]
mod sample;
#[path = "store/synchronization.rs"]
mod synchronization;
#[path = "store/child.rs"]
mod child;

#[path = "store/evidence.rs"]
mod evidence;
#[path = "store/reading.rs"]
mod reading;
#[path = "store/beside.rs"]
mod beside;
#[path = "store/committing.rs"]
mod committing;
#[path = "store/replay.rs"]
mod replay;
#[path = "store/quotas.rs"]
mod quotas;
#[path = "store/months.rs"]
mod months;
#[path = "store/durability.rs"]
mod durability;
#[path = "store/outage.rs"]
mod outage;
#[path = "store/versions.rs"]
mod versions;
#[path = "store/backups.rs"]
mod backups;
#[path = "store/salts.rs"]
mod salts;
#[path = "store/richieste.rs"]
mod richieste;
#[path = "store/keeping.rs"]
mod keeping;
#[path = "store/logbook.rs"]
mod logbook;
#[path = "store/representation.rs"]
mod representation;
#[path = "store/changed_code.rs"]
mod changed_code;
#[path = "store/protection.rs"]
mod protection;
#[path = "store/grants.rs"]
mod grants;
