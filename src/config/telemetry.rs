//! `[log]` and `[traces]`: what is seen from outside.

use std::path::PathBuf;

use serde::Deserialize;

/// The log: JSON lines.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// `tracing` filter, like `info` or `pontile=debug,info`.
    pub filter: String,
    /// File to append to; absent: standard output.
    pub file: Option<PathBuf>,
}

/// OpenTelemetry export over OTLP/HTTP.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Traces {
    /// Collector's address; absent: no export.
    pub endpoint: Option<String>,
    /// Share of the traces begun here that are exported, 0 to 100 percent; what a portal has decided is kept.
    pub percent: u32,
}
