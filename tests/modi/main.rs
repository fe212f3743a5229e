//! ModI's patterns as rules: the vectors behave as their names say, and every bad token has its own reason.

#[path = "../pki/mod.rs"]
mod pki;
mod maker;
mod patterns;
mod refusals;
mod vectors;
mod vouchers;
