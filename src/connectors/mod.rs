//! How back ends are spoken to: connectors are code, one per protocol; adapters are data, one per vendor product.
//!
//! A call goes through `carrier` (places, breaker, login), which makes the exchanges that a `conversation` plans; what is
//! sent and what an answer means is decided in `exchange`, without a socket, by `template` and `mapping`.

pub mod call;
pub mod error;
pub mod instance;
pub mod closures;
pub mod holidays;

pub mod carrier;
pub mod bulkhead;
pub mod breaker;
pub mod login;
pub mod clock;
pub mod secrets;

pub mod adapter;
pub mod conversation;
pub mod exchange;
pub mod template;
pub mod vouchers;
pub mod charset;
pub mod extract;
pub mod mapping;
pub mod places;
pub mod successors;

pub mod http;
pub mod sql;
pub mod files;

pub mod filled_in;

pub mod examples;
pub mod tape;
pub mod drift;
