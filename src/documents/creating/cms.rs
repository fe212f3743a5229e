//! `SignedData` with one signer (RFC 5652, 5), written in DER.
//!
//! Certificates and names go in byte for byte as they are: written anew, those that others encoded carelessly would change.

use der::asn1::{Any, Int, Null, ObjectIdentifier, OctetString, OctetStringRef, SetOfVec};
use der::{Decode, Encode, Sequence, ValueOrd};

use super::attributes::{Attribute, DATA};
use super::certificate::{SigningCertificate, positive};
use crate::jose::Algorithm;

const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");
const RSA_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const RSA_WITH_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12");
const RSA_WITH_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");
const ECDSA_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_WITH_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
const ECDSA_WITH_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.4");

/// The version of `SignedData` and `SignerInfo` for a content of type `id-data` and a signer named by issuer and number.
const VERSION: u8 = 1;

/// A signed content, with all that its file needs.
pub(super) struct Signed<'a> {
    /// How it was signed.
    pub algorithm: Algorithm,
    /// Who signed.
    pub certificate: &'a SigningCertificate<'a>,
    /// The certificate and the intermediates, DER.
    pub chain: &'a [Vec<u8>],
    /// The content where it goes along.
    pub content: Option<&'a [u8]>,
    /// What was signed, as [`super::attributes::SignedAttributes::encode`] gives it.
    pub attributes: &'a [u8],
    /// As the signer gives it.
    pub signature: &'a [u8],
}

#[derive(Sequence)]
struct ContentInfo<'a> {
    kind: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    content: SignedData<'a>,
}

#[derive(Sequence)]
struct SignedData<'a> {
    version: u8,
    digest_algorithms: SetOfVec<AlgorithmIdentifier>,
    content: EncapsulatedContent<'a>,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", constructed = "true")]
    certificates: SetOfVec<Any>,
    signers: SetOfVec<SignerInfo>,
}

#[derive(Sequence)]
struct EncapsulatedContent<'a> {
    kind: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    content: Option<OctetStringRef<'a>>,
}

#[derive(Clone, Sequence, ValueOrd)]
struct SignerInfo {
    version: u8,
    signer: IssuerAndSerialNumber,
    digest_algorithm: AlgorithmIdentifier,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", constructed = "true")]
    signed_attributes: SetOfVec<Attribute>,
    signature_algorithm: AlgorithmIdentifier,
    signature: OctetString,
}

#[derive(Clone, Sequence, ValueOrd)]
struct IssuerAndSerialNumber {
    issuer: Any,
    serial: Int,
}

#[derive(Clone, Sequence, ValueOrd)]
struct AlgorithmIdentifier {
    kind: ObjectIdentifier,
    parameters: Option<Any>,
}

#[derive(Sequence)]
struct EcdsaSignature {
    r: Int,
    s: Int,
}

impl Signed<'_> {
    /// The file.
    pub fn encode(&self) -> Result<Vec<u8>, der::Error> {
        let (digest_algorithm, signature_algorithm) = identifiers(self.algorithm)?;
        let mut certificates = Vec::new();
        for one in self.chain {
            let one = Any::from_der(one)?;
            if !certificates.contains(&one) {
                certificates.push(one);
            }
        }
        let signer = SignerInfo {
            version: VERSION,
            signer: IssuerAndSerialNumber {
                issuer: self.certificate.issuer.clone(),
                serial: self.certificate.serial.clone(),
            },
            digest_algorithm: digest_algorithm.clone(),
            signed_attributes: SetOfVec::from_der(self.attributes)?,
            signature_algorithm,
            signature: OctetString::new(written(self.algorithm, self.signature)?)?,
        };
        let document = ContentInfo {
            kind: SIGNED_DATA,
            content: SignedData {
                version: VERSION,
                digest_algorithms: SetOfVec::try_from([digest_algorithm])?,
                content: EncapsulatedContent {
                    kind: DATA,
                    content: self.content.map(OctetStringRef::new).transpose()?,
                },
                certificates: SetOfVec::try_from(certificates)?,
                signers: SetOfVec::try_from([signer])?,
            },
        };
        document.to_der()
    }
}

/// How digest and signature are called. SHA-2 and ECDSA have no parameters (RFC 5754), RSA has a null.
fn identifiers(
    algorithm: Algorithm,
) -> Result<(AlgorithmIdentifier, AlgorithmIdentifier), der::Error> {
    let (digest, signature) = match algorithm {
        Algorithm::Rs256 => (SHA256, RSA_WITH_SHA256),
        Algorithm::Rs384 => (SHA384, RSA_WITH_SHA384),
        Algorithm::Rs512 => (SHA512, RSA_WITH_SHA512),
        Algorithm::Es256 => (SHA256, ECDSA_WITH_SHA256),
        Algorithm::Es384 => (SHA384, ECDSA_WITH_SHA384),
        Algorithm::Es512 => (SHA512, ECDSA_WITH_SHA512),
    };
    let parameters = match is_elliptic(algorithm) {
        true => None,
        false => Some(Any::encode_from(&Null)?),
    };
    let digest = AlgorithmIdentifier {
        kind: digest,
        parameters: None,
    };
    let signature = AlgorithmIdentifier {
        kind: signature,
        parameters,
    };
    Ok((digest, signature))
}

/// A signature as CMS has it: of ECDSA a sequence of the two numbers (RFC 5753, 7.2), which signers give side by side.
fn written(algorithm: Algorithm, signature: &[u8]) -> Result<Vec<u8>, der::Error> {
    if !is_elliptic(algorithm) {
        return Ok(signature.to_vec());
    }
    let (r, s) = signature.split_at(signature.len() / 2);
    let numbers = EcdsaSignature {
        r: positive(r)?,
        s: positive(s)?,
    };
    numbers.to_der()
}

fn is_elliptic(algorithm: Algorithm) -> bool {
    matches!(
        algorithm,
        Algorithm::Es256 | Algorithm::Es384 | Algorithm::Es512
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_numbers_of_ecdsa_lose_their_leading_zeros_and_stay_positive() {
        let mut side_by_side = vec![0; 64];
        side_by_side[30..32].copy_from_slice(&[0x7f, 1]);
        side_by_side[32] = 0x80;
        let written = written(Algorithm::Es256, &side_by_side).expect("written");
        let mut wanted = vec![0x30, 4 + 35, 2, 2, 0x7f, 1, 2, 33, 0, 0x80];
        wanted.resize(wanted.len() + 31, 0);
        assert_eq!(written, wanted);
    }

    #[test]
    fn a_signature_of_rsa_stays_as_it_is() {
        let signature = [0, 0, 0x80, 1];
        assert_eq!(
            written(Algorithm::Rs512, &signature),
            Ok(signature.to_vec())
        );
    }
}
