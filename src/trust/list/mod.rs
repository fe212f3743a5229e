//! The trusted list of a member state (ETSI TS 119 612): its signature, the authorities that it recognizes for identity cards, and the qualified services.

pub mod qualified;
mod services;
mod signature;

use std::fs;
use std::path::Path;

use chrono::{DateTime, Utc};
use openssl::x509::X509;

use super::peer::moment;

/// A list whose signature holds.
#[derive(Debug)]
pub struct TrustedList {
    /// `TSLSequenceNumber`: grows with every issue.
    pub sequence: u64,
    /// `ListIssueDateTime`.
    pub issued: DateTime<Utc>,
    /// `NextUpdate`: a list past it is out of date.
    pub next_update: DateTime<Utc>,
    /// Whose cards are recognized: services of type `IdV` that are recognised at national level, as DER certificates, each once.
    pub authorities: Vec<Vec<u8>>,
    /// Who issues qualified certificates and time stamps, or did.
    pub qualified: Vec<qualified::QualifiedService>,
}

/// Why a list is not used.
#[derive(Debug, thiserror::Error)]
pub enum ListFault {
    /// No XML, or not as the standard has it.
    #[error("l'elenco di fiducia non si legge: {0}")]
    Unreadable(String),
    /// Not signed in the one way that trusted lists are signed.
    #[error("la firma dell'elenco di fiducia non è nella forma prevista: {0}")]
    Form(&'static str),
    /// Changed after it was signed, or signed by somebody else.
    #[error(
        "la firma dell'elenco di fiducia non è di nessuno dei firmatari configurati, o il contenuto è stato cambiato"
    )]
    Unsound,
    /// The signers' file.
    #[error("{0}")]
    Signers(String),
}

impl TrustedList {
    /// Reads a list and holds it against the certificates of those who may sign it. What is read is what was signed, byte for byte.
    pub fn read(bytes: &[u8], signers: &[X509]) -> Result<TrustedList, ListFault> {
        let text =
            std::str::from_utf8(bytes).map_err(|error| ListFault::Unreadable(error.to_string()))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let (signed, by) = signature::verify(text, signers)?;
        let list = services::read(&signed)?;
        // A signer's key that was given up signs no lists of today.
        match (moment(by.not_before()), moment(by.not_after())) {
            (Some(from), Some(until)) if from <= list.issued && list.issued <= until => Ok(list),
            _ => Err(ListFault::Unsound),
        }
    }
}

/// The certificates in a file (PEM) of who may sign the list.
pub fn signers(files: &[impl AsRef<Path>]) -> Result<Vec<X509>, ListFault> {
    let mut all = Vec::new();
    for file in files {
        let file = file.as_ref();
        let fault = |error: String| ListFault::Signers(format!("{}: {error}", file.display()));
        let text = fs::read(file).map_err(|error| fault(error.to_string()))?;
        let found = X509::stack_from_pem(&text).map_err(|error| fault(error.to_string()))?;
        if found.is_empty() {
            return Err(fault("non contiene certificati in formato PEM".to_owned()));
        }
        all.extend(found);
    }
    Ok(all)
}
