//! `[log]` and `[traces]`: what is seen from outside.

use std::path::PathBuf;

use super::reading::table::Table;
use super::reading::{FromTable, Reader};

/// The log: JSON lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// `tracing` filter, like `info` or `pontile=debug,info`.
    pub filter: String,
    /// File to append to; absent: standard output.
    pub file: Option<PathBuf>,
}

/// OpenTelemetry export over OTLP/HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traces {
    /// Collector's address; absent: no export.
    pub endpoint: Option<String>,
    /// Share of the traces begun here that are exported, 0 to 100 percent; what a portal has decided is kept.
    pub percent: u32,
}

impl FromTable for Log {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let filter = table.required("filter", reader);
        let file = table.optional("file", reader);
        table.finish(reader);
        Some(Log {
            filter: filter?,
            file,
        })
    }
}

impl FromTable for Traces {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let endpoint = table.optional("endpoint", reader);
        let percent = table.required("percent", reader);
        table.finish(reader);
        Some(Traces {
            endpoint,
            percent: percent?,
        })
    }
}
