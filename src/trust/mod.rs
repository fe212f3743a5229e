//! Whom we trust: authorities and revocation lists, and the judgement on a client's certificate, at the handshake and at every request.

use std::sync::Arc;

/// A client's certificate as its connection presented it.
#[derive(Debug)]
pub struct PeerCertificate {
    /// The certificate and the intermediates sent with it, DER, leaf first.
    pub chain: Vec<Vec<u8>>,
    /// SHA-256 of the leaf's DER.
    pub fingerprint: [u8; 32],
    /// The leaf's distinguished name as RFC 2253 writes it.
    pub subject: String,
}

/// A judgement on a certificate under one snapshot's trust.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Trusted.
    Trusted,
    /// Not trusted, and why (for the log and the problem's detail; names no person).
    Refused(&'static str),
}

/// Shared certificate of a connection.
pub type Peer = Arc<PeerCertificate>;
