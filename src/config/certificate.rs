//! How a client's certificate is recognized: by fingerprint or by subject.

use std::fmt;

use serde::{Serialize, Serializer};

use super::reading::table::Table;
use super::reading::{FromTable, Reader};

/// How a certificate is recognized.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CertificateMatch {
    /// `{ fingerprint = "…" }`: SHA-256 of the DER, 64 hexadecimal digits, colons allowed.
    Fingerprint([u8; 32]),
    /// `{ subject = "CN=portale-uno,O=…,C=IT" }`: the distinguished name as RFC 2253 writes it.
    Subject(String),
}

impl CertificateMatch {
    /// The fingerprint as OpenSSL or this program write it.
    pub fn parse_fingerprint(text: &str) -> Option<CertificateMatch> {
        let digits: String = text.chars().filter(|character| *character != ':').collect();
        let mut fingerprint = [0; 32];
        hex::decode_to_slice(digits, &mut fingerprint).ok()?;
        Some(CertificateMatch::Fingerprint(fingerprint))
    }
}

impl FromTable for CertificateMatch {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let fingerprint = table.values("fingerprint").next().map(|value| {
            let expected = "l'impronta SHA-256 del certificato: 64 cifre esadecimali";
            value.parse(reader, expected, CertificateMatch::parse_fingerprint)
        });
        let subject = table.values("subject").next().map(|value| {
            let expected = "un nome come \"CN=portale,O=Provincia,C=IT\"";
            value.parse(reader, expected, |text| {
                text.contains('=')
                    .then(|| CertificateMatch::Subject(text.to_owned()))
            })
        });
        table.one_of([fingerprint, subject], reader)
    }
}

impl fmt::Display for CertificateMatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CertificateMatch::Fingerprint(fingerprint) => {
                write!(formatter, "fingerprint {}", hex::encode(fingerprint))
            }
            CertificateMatch::Subject(subject) => write!(formatter, "subject {subject}"),
        }
    }
}

impl Serialize for CertificateMatch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
