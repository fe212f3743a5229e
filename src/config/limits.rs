//! Rates, as generic cell rate algorithms (GCRA) count them.

use std::num::NonZeroU32;

use serde::Serialize;

use super::reading::table::Table;
use super::reading::{FromTable, Reader};
/// So many per second, with a burst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Rate {
    /// Cells per second.
    pub per_second: NonZeroU32,
    /// How many may come at once; at least one.
    pub burst: NonZeroU32,
}

impl FromTable for Rate {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let per_second = table.required("per_second", reader);
        let burst = table.required("burst", reader);
        table.finish(reader);
        Some(Rate {
            per_second: per_second?,
            burst: burst?,
        })
    }
}
