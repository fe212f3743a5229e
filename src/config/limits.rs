//! Rates, as generic cell rate algorithms (GCRA) count them.

use std::num::NonZeroU32;

use serde::Deserialize;

/// So many per second, with a burst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Cells per second.
    pub per_second: NonZeroU32,
    /// How many may come at once; at least one.
    pub burst: NonZeroU32,
}
