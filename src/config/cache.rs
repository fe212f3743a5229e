//! `[cache]`: the answers kept in memory.

use serde::Deserialize;

use super::units::{Size, Span};

/// The cache; lifetimes per operation are the adapters' affair, these are bounds over all of them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cache {
    /// Bytes held at most.
    pub size: Size,
    /// No answer lives longer than this, whatever its adapter says.
    pub longest: Span,
    /// How long after its lifetime an answer may still be given when the back end fails; 0s: never.
    pub stale_on_error: Span,
}
