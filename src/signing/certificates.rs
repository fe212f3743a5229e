//! Certificates of our own keys, as files hold them.

use std::path::Path;

use openssl::x509::X509;

use super::SigningError;

/// The certificates of a PEM file, DER, in their order.
pub fn read_chain(file: &Path) -> Result<Vec<Vec<u8>>, SigningError> {
    let unreadable =
        |reason: String| SigningError::Unreadable(format!("{}: {reason}", file.display()));
    let text = std::fs::read(file).map_err(|error| unreadable(error.to_string()))?;
    let certificates = X509::stack_from_pem(&text)
        .map_err(|_| unreadable("non sono certificati PEM".to_owned()))?;
    if certificates.is_empty() {
        return Err(unreadable("non c'è nessun certificato".to_owned()));
    }
    certificates
        .iter()
        .map(|one| one.to_der().map_err(|error| unreadable(error.to_string())))
        .collect()
}
