//! The certificate that a seal names: its bytes as they are, and how others point to it.

use chrono::{DateTime, Utc};
use der::Decode;
use der::asn1::{Any, Int};
use openssl::asn1::Asn1Time;
use openssl::x509::{X509, X509KeyUsage};

use super::SealError;

/// The leaf of a signer's chain.
pub(super) struct SigningCertificate<'a> {
    /// DER.
    pub der: &'a [u8],
    /// The issuer's name, byte for byte as the certificate has it.
    pub issuer: Any,
    /// The serial number.
    pub serial: Int,
}

impl<'a> SigningCertificate<'a> {
    /// The first of a chain (DER), where it is in force and made for documents.
    pub fn of(
        chain: &'a [Vec<u8>],
        at: DateTime<Utc>,
    ) -> Result<SigningCertificate<'a>, SealError> {
        let der = chain.first().ok_or(SealError::NoCertificate)?;
        let unreadable = |_| SealError::CertificateUnreadable;
        let certificate = X509::from_der(der).map_err(unreadable)?;
        let now = Asn1Time::from_unix(at.timestamp()).map_err(unreadable)?;
        if certificate.not_before() > now || certificate.not_after() < now {
            return Err(SealError::CertificateNotInForce);
        }
        // A card's key for log-ins must sign no document: whoever holds it has agreed to none. A certificate that names no use is made for any.
        if certificate
            .key_usage()
            .is_some_and(|usage| !usage.contains(X509KeyUsage::NON_REPUDIATION))
        {
            return Err(SealError::NotForDocuments);
        }
        let issuer = certificate.issuer_name().to_der().map_err(unreadable)?;
        let serial = certificate.serial_number().to_bn().map_err(unreadable)?;
        Ok(SigningCertificate {
            der,
            issuer: Any::from_der(&issuer)?,
            serial: positive(&serial.to_vec())?,
        })
    }
}

/// A number as DER has it: a byte of zero in front where the highest bit is set, no other in front.
pub(super) fn positive(magnitude: &[u8]) -> Result<Int, der::Error> {
    let digits: &[u8] = match magnitude.iter().position(|byte| *byte != 0) {
        Some(first) => &magnitude[first..],
        None => &[0],
    };
    let mut bytes = Vec::with_capacity(digits.len() + 1);
    if digits.first().is_some_and(|byte| byte & 0x80 != 0) {
        bytes.push(0);
    }
    bytes.extend_from_slice(digits);
    Int::new(&bytes)
}
