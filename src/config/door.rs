//! `[portal_door]` and `[operator_door]`: the two listeners, their trust and their bounds.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::reading::table::Table;
use super::reading::{FromTable, Reader};
use super::units::{Size, Span};

/// A listener with mutual TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
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

impl Door {
    /// Whether the two differ at most in the files of certificate, key, authorities and revocation lists.
    pub fn is_the_same_listener(&self, other: &Door) -> bool {
        let same_files = Door {
            certificate: self.certificate.clone(),
            key: self.key.clone(),
            authorities: self.authorities.clone(),
            revocations: self.revocations.clone(),
            ..other.clone()
        };
        *self == same_files
    }
}

impl FromTable for Door {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let address = table.required("address", reader);
        let certificate = table.required("certificate", reader);
        let key = table.required("key", reader);
        let authorities = table.required("authorities", reader);
        let revocations = table.required("revocations", reader);
        let connections = table.required("connections", reader);
        let connections_per_address = table.required("connections_per_address", reader);
        let requests_per_address = table.required("requests_per_address", reader);
        let requests_per_connection = table.required("requests_per_connection", reader);
        let handshake_timeout = table.required("handshake_timeout", reader);
        let slow_client_timeout = table.required("slow_client_timeout", reader);
        let idle_timeout = table.required("idle_timeout", reader);
        let request_deadline = table.required("request_deadline", reader);
        let body_size = table.required("body_size", reader);
        let shutdown_grace = table.required("shutdown_grace", reader);
        let workers = table.required("workers", reader);
        table.finish(reader);
        Some(Door {
            address: address?,
            certificate: certificate?,
            key: key?,
            authorities: authorities?,
            revocations: revocations?,
            connections: connections?,
            connections_per_address: connections_per_address?,
            requests_per_address: requests_per_address?,
            requests_per_connection: requests_per_connection?,
            handshake_timeout: handshake_timeout?,
            slow_client_timeout: slow_client_timeout?,
            idle_timeout: idle_timeout?,
            request_deadline: request_deadline?,
            body_size: body_size?,
            shutdown_grace: shutdown_grace?,
            workers: workers?,
        })
    }
}
