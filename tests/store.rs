//! The record: what it promises before an answer leaves, tried on both databases.

#[path = "store/sample.rs"]
mod sample;
#[path = "store/round_trip.rs"]
mod round_trip;
