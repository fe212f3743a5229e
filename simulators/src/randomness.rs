//! Randomness that differs at every run: tokens, latencies, garbage.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

/// Sixty-four random bits from the standard library's seeds. Good enough for tokens of a simulator, not for real ones.
pub fn random_bits() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// A number from 0 to 1.
pub fn random_unit() -> f64 {
    (random_bits() >> 11) as f64 / (1_u64 << 53) as f64
}
