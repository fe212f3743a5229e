//! How back ends are spoken to: connectors are code, one per protocol; adapters are data, one per vendor product.

pub mod adapter;
pub mod call;
pub mod error;
pub mod http;
pub mod instance;
pub mod sql;
