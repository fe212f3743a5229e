//! The attributes that a CAdES signature covers (RFC 5652, 11; RFC 5035; EN 319 122-1, 6.3).

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, Utc};
use der::asn1::{Any, GeneralizedTime, Int, ObjectIdentifier, OctetString, SetOfVec, UtcTime};
use der::{Encode, Sequence, Tag, TagNumber, ValueOrd};

use super::certificate::SigningCertificate;

/// `id-data`: a content without a type of its own.
pub(super) const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");

const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_TIME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.5");
const SIGNING_CERTIFICATE_V2: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");

/// `GeneralName`'s `directoryName`.
const DIRECTORY_NAME: TagNumber = TagNumber::N4;

/// What a signature says beside its content.
pub(super) struct SignedAttributes<'a> {
    /// Digest of the content, with the hash of the signature's algorithm.
    pub digest: &'a [u8],
    /// Who signs.
    pub certificate: &'a SigningCertificate<'a>,
    /// When, as the signer claims; PAdES has its own place for it.
    pub signing_time: Option<DateTime<Utc>>,
}

/// An attribute, unsigned ones too.
#[derive(Clone, Debug, PartialEq, Eq, Sequence, ValueOrd)]
pub(super) struct Attribute {
    pub kind: ObjectIdentifier,
    pub values: SetOfVec<Any>,
}

/// RFC 5035, 3.
#[derive(Sequence)]
struct SigningCertificateV2 {
    certificates: Vec<EssCertIdV2>,
}

/// RFC 5035, 4. The hash algorithm is the default, SHA-256, and DER leaves defaults out.
#[derive(Sequence)]
struct EssCertIdV2 {
    hash: OctetString,
    issuer_serial: IssuerSerial,
}

#[derive(Sequence)]
struct IssuerSerial {
    issuer: Vec<Any>,
    serial: Int,
}

impl SignedAttributes<'_> {
    /// The set as it is signed: DER, sorted, under the tag of a set.
    pub fn encode(&self) -> Result<Vec<u8>, der::Error> {
        let mut attributes = SetOfVec::new();
        attributes.insert(attribute(CONTENT_TYPE, &DATA)?)?;
        attributes.insert(attribute(MESSAGE_DIGEST, &OctetString::new(self.digest)?)?)?;
        attributes.insert(attribute(
            SIGNING_CERTIFICATE_V2,
            &reference_to(self.certificate)?,
        )?)?;
        if let Some(at) = self.signing_time {
            attributes.insert(attribute(SIGNING_TIME, &time(at)?)?)?;
        }
        attributes.to_der()
    }
}

/// An attribute of one value.
pub(super) fn attribute(
    kind: ObjectIdentifier,
    value: &impl Encode,
) -> Result<Attribute, der::Error> {
    let value = der::Decode::from_der(&value.to_der()?)?;
    let values = SetOfVec::try_from([value])?;
    Ok(Attribute { kind, values })
}

fn reference_to(certificate: &SigningCertificate<'_>) -> Result<SigningCertificateV2, der::Error> {
    let tag = Tag::ContextSpecific {
        constructed: true,
        number: DIRECTORY_NAME,
    };
    let reference = EssCertIdV2 {
        hash: OctetString::new(digest(&SHA256, certificate.der).as_ref())?,
        issuer_serial: IssuerSerial {
            issuer: vec![Any::new(tag, certificate.issuer.to_der()?)?],
            serial: certificate.serial.clone(),
        },
    };
    Ok(SigningCertificateV2 {
        certificates: vec![reference],
    })
}

/// `UTCTime` as long as it can tell the year, `GeneralizedTime` from 2050 on (RFC 5652, 11.3).
fn time(at: DateTime<Utc>) -> Result<Any, der::Error> {
    let since = Duration::from_secs(u64::try_from(at.timestamp()).unwrap_or_default());
    match UtcTime::from_unix_duration(since) {
        Ok(time) => Any::encode_from(&time),
        Err(_) => Any::encode_from(&GeneralizedTime::from_unix_duration(since)?),
    }
}
