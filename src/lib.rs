//! Pontile: the landing stage where every town hall's system meets the portals.
//!
//! The modules stand in the order in which a request meets them, then what lies beneath.

pub mod commands;

pub mod api;
pub mod broker;
pub mod connectors;

pub mod operators;
pub mod login;

pub mod gateway;
pub mod snapshot;
pub mod reload;
pub mod expiry;
pub mod rounds;
pub mod card_issuers;
pub mod download;
pub mod issuer_keys;
pub mod token_keys;
pub mod sealer;

pub mod contract;
pub mod config;
pub mod trust;
pub mod oidc;
pub mod pdnd;
pub mod modi;
pub mod documents;
pub mod signing;
pub mod jose;
pub mod store;
pub mod telemetry;
pub mod evidence;
pub mod digest;
