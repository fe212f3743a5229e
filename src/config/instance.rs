//! `[[instance]]`: a back end as it is installed somewhere, configured once and referenced by the enti that it serves.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use super::limits::Rate;
use super::secret::SecretReference;
use super::units::{Size, Span};

/// A back-end instance.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstanceSettings {
    /// Its name; enti refer to it.
    pub name: String,
    /// The adapter (folder below `adapters/`) that speaks its language.
    pub adapter: String,
    /// Base address: `http(s)://host:port/path`, or for SQL `sqlite:`, `postgres://` or `mysql://` without a password.
    pub address: String,
    /// Values for the adapter's `{{instance.…}}` placeholders.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
    /// Secrets for the adapter's `{{secret.…}}` placeholders; for SQL the key `password`.
    #[serde(default)]
    pub secrets: BTreeMap<String, SecretReference>,
    /// TLS towards the back end.
    #[serde(default)]
    pub tls: BackendTls,
    /// Bounds; each has a default.
    #[serde(default)]
    pub bounds: Bounds,
}

/// TLS towards a back end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackendTls {
    /// Authorities to trust, PEM; absent: the public ones.
    pub authorities: Option<PathBuf>,
    /// Our client certificate chain, PEM.
    pub certificate: Option<PathBuf>,
    /// Its key, PEM.
    pub key: Option<PathBuf>,
}

/// Bounds of an instance, held for the whole process.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Bounds {
    /// A connection must stand within this time.
    pub connect_deadline: Span,
    /// An answer must be in within this time.
    pub answer_deadline: Span,
    /// Calls at once (bulkhead).
    pub concurrency: usize,
    /// Calls that may wait for a place; more are refused at once.
    pub waiting: usize,
    /// Of these places, how many one ente may hold; absent: an equal share, at least one.
    pub per_ente: Option<usize>,
    /// Largest answer.
    pub answer_size: Size,
    /// Calls per second that the back end bears; absent: no limit of ours.
    pub rate: Option<Rate>,
    /// Failures in a row that open the breaker.
    pub breaker_failures: u32,
    /// How long the breaker stays open before one probe.
    pub breaker_pause: Span,
    /// Tries of an idempotent read, the first included.
    pub tries: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        let seconds = |seconds| Span(std::time::Duration::from_secs(seconds));
        Bounds {
            connect_deadline: seconds(3),
            answer_deadline: seconds(10),
            concurrency: 16,
            waiting: 64,
            per_ente: None,
            answer_size: Size(4 << 20),
            rate: None,
            breaker_failures: 5,
            breaker_pause: seconds(15),
            tries: 2,
        }
    }
}
