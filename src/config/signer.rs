//! `[signer]`: the key with which the gateway signs answers and calls, and the certificate that others know it by.

use std::path::PathBuf;

use super::key::SigningKey;
use super::modi::AcceptedAlgorithm;
use super::reading::table::Table;
use super::reading::{FromTable, Reader};

/// `[signer]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignerSettings {
    /// How the gateway calls itself in `iss`.
    pub issuer: String,
    /// What signs.
    pub key: SigningKey,
    /// The certificate of a PEM key and the intermediates, PEM, leaf first; that of a token's stands there, or with the key.
    pub certificate: Option<PathBuf>,
    /// The algorithm; without one, that of the key.
    pub algorithm: Option<AcceptedAlgorithm>,
}

impl FromTable for SignerSettings {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let issuer = table.required("issuer", reader);
        let key = table.required("key", reader);
        let certificate_written = table.values("certificate").next().is_some();
        let certificate: Option<PathBuf> = table.optional("certificate", reader);
        let algorithm = table.optional("algorithm", reader);
        let algorithm_written = table.values("algorithm").next().is_some();
        table.finish(reader);
        if algorithm_written && algorithm.is_none() || certificate_written && certificate.is_none()
        {
            return None;
        }
        Some(SignerSettings {
            issuer: issuer?,
            key: key?,
            certificate,
            algorithm,
        })
    }
}
