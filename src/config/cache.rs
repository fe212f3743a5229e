//! `[cache]`: the answers kept in memory.

use super::reading::table::Table;
use super::reading::{FromTable, Reader};
use super::units::{Size, Span};

/// The cache; lifetimes per operation are the adapters' affair, these are bounds over all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cache {
    /// Bytes held at most.
    pub size: Size,
    /// No answer lives longer than this, whatever its adapter says.
    pub longest: Span,
    /// How long after its lifetime an answer may still be given when the back end fails; 0s: never.
    pub stale_on_error: Span,
}

impl FromTable for Cache {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let size = table.required("size", reader);
        let longest = table.required("longest", reader);
        let stale_on_error = table.required("stale_on_error", reader);
        table.finish(reader);
        Some(Cache {
            size: size?,
            longest: longest?,
            stale_on_error: stale_on_error?,
        })
    }
}
