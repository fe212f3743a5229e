//! What a signer signed beside the content (RFC 5652, 11; RFC 5035), and which attributes may stand once only.

use chrono::{DateTime, NaiveDateTime, Utc};
use openssl::x509::X509;
use openssl_cms::{Attribute, Signer, der};

use super::algorithms::{Digest, identifier};

const CONTENT_TYPE: &str = "1.2.840.113549.1.9.3";
const MESSAGE_DIGEST: &str = "1.2.840.113549.1.9.4";
const SIGNING_TIME: &str = "1.2.840.113549.1.9.5";
const SIGNING_CERTIFICATE: &str = "1.2.840.113549.1.9.16.2.12";
const SIGNING_CERTIFICATE_V2: &str = "1.2.840.113549.1.9.16.2.47";

/// Attributes that stand at most once, with one value.
const ONCE: [&str; 5] = [
    CONTENT_TYPE,
    MESSAGE_DIGEST,
    SIGNING_TIME,
    SIGNING_CERTIFICATE,
    SIGNING_CERTIFICATE_V2,
];

/// The signed attributes that are judged.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Signed {
    pub(super) content_type: Option<String>,
    pub(super) message_digest: Option<Vec<u8>>,
    pub(super) signing_time: Option<DateTime<Utc>>,
    /// The digest of the signer's certificate, both forms of the attribute if both are there.
    pub(super) certificates: Vec<CertificateDigest>,
}

/// The digest of a certificate (ESSCertID, the first one).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CertificateDigest {
    digest: Digest,
    value: Vec<u8>,
}

/// Why attributes cannot be judged; in words.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed(pub(super) String);

impl Signed {
    /// Reads the attributes of a signer.
    pub(super) fn of(signer: &Signer) -> Result<Signed, Malformed> {
        let mut signed = Signed::default();
        for oid in ONCE {
            let mut found = signer.signed.iter().filter(|one| one.oid == oid);
            let Some(attribute) = found.next() else {
                continue;
            };
            let [value] = &attribute.values[..] else {
                return Err(Malformed(format!(
                    "l'attributo {oid} non ha un solo valore"
                )));
            };
            if found.next().is_some() {
                return Err(Malformed(format!("l'attributo {oid} c'è più di una volta")));
            }
            signed
                .take(oid, value)
                .ok_or_else(|| Malformed(format!("l'attributo {oid} non si legge")))?;
        }
        Ok(signed)
    }

    fn take(&mut self, oid: &str, value: &[u8]) -> Option<()> {
        let mut rest = value;
        match oid {
            CONTENT_TYPE => self.content_type = Some(der::dotted(der::take(&mut rest, der::OID)?)?),
            MESSAGE_DIGEST => {
                self.message_digest = Some(der::take(&mut rest, der::OCTETS)?.to_vec());
            }
            SIGNING_TIME => self.signing_time = Some(time(rest)?),
            _ => self
                .certificates
                .push(first_certificate(rest, oid == SIGNING_CERTIFICATE_V2)?),
        }
        Some(())
    }
}

impl CertificateDigest {
    /// Whether that is the certificate.
    pub(super) fn is_of(&self, certificate: &X509) -> bool {
        let der = certificate.to_der().ok();
        let found = der.and_then(|der| self.digest.over(&der).ok());
        found.is_some_and(|found| found == self.value)
    }
}

/// SigningCertificate and SigningCertificateV2: the first of their certificates. The digest of the second form is SHA-256 unless it says another.
fn first_certificate(value: &[u8], is_second_form: bool) -> Option<CertificateDigest> {
    let mut rest = value;
    let mut signing = der::take(&mut rest, der::SEQUENCE)?;
    let mut list = der::take(&mut signing, der::SEQUENCE)?;
    let mut first = der::take(&mut list, der::SEQUENCE)?;
    let digest = match is_second_form {
        true if first.first() == Some(&der::SEQUENCE) => Digest::of(&identifier(&mut first)?.0)?,
        true => Digest::sha256(),
        false => Digest::sha1(),
    };
    let value = der::take(&mut first, der::OCTETS)?.to_vec();
    Some(CertificateDigest { digest, value })
}

/// A moment: of two digits of the year those from 50 on belong to the last century.
pub(super) fn time(value: &[u8]) -> Option<DateTime<Utc>> {
    let mut rest = value;
    let (tag, content, _) = der::next(&mut rest)?;
    let text = std::str::from_utf8(content).ok()?.strip_suffix('Z')?;
    let text = match tag {
        der::UTC_TIME => match text.get(..2)?.parse::<u8>().ok()? {
            0..50 => format!("20{text}"),
            _ => format!("19{text}"),
        },
        der::GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let text = match text.len() {
        12 => format!("{text}00"),
        _ => text,
    };
    let moment = NaiveDateTime::parse_from_str(&text, "%Y%m%d%H%M%S%.f").ok()?;
    Some(moment.and_utc())
}

/// The values of an unsigned attribute, over all its places.
pub(super) fn unsigned<'a>(signer: &'a Signer, oid: &str) -> impl Iterator<Item = &'a Vec<u8>> {
    let found = signer
        .unsigned
        .iter()
        .filter(move |one: &&Attribute| one.oid == *oid);
    found
        .flat_map(|one| &one.values)
        .collect::<Vec<_>>()
        .into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_both_centuries_are_read() {
        let read =
            |tag: u8, text: &str| time(&der::value(tag, text.as_bytes())).map(|at| at.to_rfc3339());
        assert_eq!(
            read(der::UTC_TIME, "260102030405Z").as_deref(),
            Some("2026-01-02T03:04:05+00:00")
        );
        assert_eq!(
            read(der::UTC_TIME, "990102030405Z").as_deref(),
            Some("1999-01-02T03:04:05+00:00")
        );
        let exact = read(der::GENERALIZED_TIME, "20260102030405.25Z");
        assert_eq!(exact.as_deref(), Some("2026-01-02T03:04:05.250+00:00"));
        assert_eq!(read(der::UTC_TIME, "è"), None);
        assert_eq!(read(der::OCTETS, "260102030405Z"), None);
    }
}
