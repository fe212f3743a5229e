//! `[node]`: this node among those that share one database and the configured limits.

use serde::Deserialize;

/// This node.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// Its name in records and metrics, unique among the nodes.
    pub name: String,
    /// How many nodes share the configured rates: each admits its part.
    pub nodes: u32,
}
