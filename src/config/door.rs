//! `[portal_door]` and `[operator_door]`: the two listeners, their trust and their bounds.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

use super::units::{Size, Span};

/// A listener with mutual TLS.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Door {
    /// Address and port to listen on.
    pub address: SocketAddr,
    /// Our certificate chain, PEM.
    pub certificate: PathBuf,
    /// Our private key, PEM.
    pub key: PathBuf,
    /// The authorities that clients' certificates must chain to, PEM.
    pub authorities: Vec<PathBuf>,
    /// Their revocation lists, PEM or DER. A certificate whose authority has no list here is refused.
    pub revocations: Vec<PathBuf>,
    /// Connections open at once.
    pub connections: usize,
    /// Connections open at once from one address.
    pub connections_per_address: usize,
    /// Requests per second from one address, before anyone asks who it is.
    pub requests_per_address: u32,
    /// Requests per second on one connection.
    pub requests_per_connection: u32,
    /// Handshakes must end within this time.
    pub handshake_timeout: Span,
    /// A request's headers and body must be in within this time.
    pub slow_client_timeout: Span,
    /// An idle connection is closed after this time.
    pub idle_timeout: Span,
    /// A portal gets its answer or a problem within this time.
    pub request_deadline: Span,
    /// Largest request body.
    pub body_size: Size,
    /// Time that a shutdown leaves to what is in flight.
    pub shutdown_grace: Span,
    /// Worker threads; 0: one per core.
    pub workers: usize,
}

/// An operator of the service centre, known by certificate.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operator {
    /// The operator's name in logs.
    pub name: String,
    /// How the certificate is recognized.
    pub certificate: CertificateMatch,
}

/// How a certificate is recognized: by fingerprint or by subject.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum CertificateMatch {
    /// `{ fingerprint = "…" }`: SHA-256 of the DER, 64 hexadecimal digits, colons allowed.
    Fingerprint(String),
    /// `{ subject = "CN=portale-uno,O=…,C=IT" }`: the distinguished name as RFC 2253 writes it.
    Subject(String),
}
