//! `[node]`: this node among those that share one database and the configured limits.

use super::reading::table::Table;
use super::reading::{FromTable, Reader};

/// This node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its name in records and metrics, unique among the nodes.
    pub name: String,
    /// How many nodes share the configured rates: each admits its part.
    pub nodes: u32,
    /// Whether it is a trial: keys that sign may stand in files here, and nowhere else.
    pub development: bool,
    /// Enti that one question to several asks at once.
    pub enti_at_once: usize,
}

impl FromTable for Node {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let name = table.name("name", reader);
        let nodes = table.required("nodes", reader);
        let development = table.required("development", reader);
        let enti_at_once = table.required("enti_at_once", reader);
        table.finish(reader);
        Some(Node {
            name: name?,
            nodes: nodes?,
            development: development?,
            enti_at_once: enti_at_once?,
        })
    }
}
