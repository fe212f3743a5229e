//! Algorithms of signatures: which there are, until when each was good enough, and the one place where a signature is checked against a key.

use chrono::{DateTime, Utc};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::{Id, PKey, Public};
use openssl::rsa::Padding;
use openssl::sign::{RsaPssSaltlen, Verifier};
use openssl_cms::{Algorithm, der};

use crate::trust::weak;

/// A digest.
#[derive(Debug, Clone, Copy)]
pub(super) struct Digest {
    pub(super) name: &'static str,
    oid: &'static str,
    make: Make,
    /// Good enough until then; signatures that are proven to be older hold.
    until: Option<&'static str>,
}

type Make = fn() -> MessageDigest;

/// Digests. SHA-1 ended for signatures by Italian rules on 30 June 2011 (CNIPA 45/2009, article 29); MD5 as ETSI's catalogue of 2004 has it.
const DIGESTS: [Digest; 9] = [
    digest(
        "SHA-256",
        "2.16.840.1.101.3.4.2.1",
        MessageDigest::sha256,
        None,
    ),
    digest(
        "SHA-384",
        "2.16.840.1.101.3.4.2.2",
        MessageDigest::sha384,
        None,
    ),
    digest(
        "SHA-512",
        "2.16.840.1.101.3.4.2.3",
        MessageDigest::sha512,
        None,
    ),
    digest(
        "SHA-224",
        "2.16.840.1.101.3.4.2.4",
        MessageDigest::sha224,
        Some("2026-01-01T00:00:00Z"),
    ),
    digest(
        "SHA3-256",
        "2.16.840.1.101.3.4.2.8",
        MessageDigest::sha3_256,
        None,
    ),
    digest(
        "SHA3-384",
        "2.16.840.1.101.3.4.2.9",
        MessageDigest::sha3_384,
        None,
    ),
    digest(
        "SHA3-512",
        "2.16.840.1.101.3.4.2.10",
        MessageDigest::sha3_512,
        None,
    ),
    digest(
        "SHA-1",
        "1.3.14.3.2.26",
        MessageDigest::sha1,
        Some("2011-07-01T00:00:00Z"),
    ),
    digest(
        "MD5",
        "1.2.840.113549.2.5",
        MessageDigest::md5,
        Some("2004-08-01T00:00:00Z"),
    ),
];

const fn digest(
    name: &'static str,
    oid: &'static str,
    make: Make,
    until: Option<&'static str>,
) -> Digest {
    Digest {
        name,
        oid,
        make,
        until,
    }
}

/// Signature algorithms that name their digest: identifier, kind of key, digest.
const SIGNATURES: [(&str, Id, &str); 17] = [
    ("1.2.840.113549.1.1.4", Id::RSA, "MD5"),
    ("1.2.840.113549.1.1.5", Id::RSA, "SHA-1"),
    ("1.2.840.113549.1.1.11", Id::RSA, "SHA-256"),
    ("1.2.840.113549.1.1.12", Id::RSA, "SHA-384"),
    ("1.2.840.113549.1.1.13", Id::RSA, "SHA-512"),
    ("1.2.840.113549.1.1.14", Id::RSA, "SHA-224"),
    ("2.16.840.1.101.3.4.3.14", Id::RSA, "SHA3-256"),
    ("2.16.840.1.101.3.4.3.15", Id::RSA, "SHA3-384"),
    ("2.16.840.1.101.3.4.3.16", Id::RSA, "SHA3-512"),
    ("1.2.840.10045.4.1", Id::EC, "SHA-1"),
    ("1.2.840.10045.4.3.1", Id::EC, "SHA-224"),
    ("1.2.840.10045.4.3.2", Id::EC, "SHA-256"),
    ("1.2.840.10045.4.3.3", Id::EC, "SHA-384"),
    ("1.2.840.10045.4.3.4", Id::EC, "SHA-512"),
    ("2.16.840.1.101.3.4.3.10", Id::EC, "SHA3-256"),
    ("2.16.840.1.101.3.4.3.11", Id::EC, "SHA3-384"),
    ("2.16.840.1.101.3.4.3.12", Id::EC, "SHA3-512"),
];

const RSA: &str = "1.2.840.113549.1.1.1";
const PSS: &str = "1.2.840.113549.1.1.10";
const EC: &str = "1.2.840.10045.2.1";
const MGF1: &str = "1.2.840.113549.1.1.8";

/// Bits of an RSA key at least, and of one on a curve.
const RSA_BITS: u32 = 2048;
const EC_BITS: u32 = 256;

/// How a signature was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Method {
    kind: Id,
    digest: Digest,
    /// Length of the salt of RSA-PSS; none for other paddings.
    salt: Option<i32>,
}

/// Why a method cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unusable {
    /// Unknown here.
    Unknown,
    /// Its digests contradict each other.
    Contradictory,
}

/// By identifier: the addresses of functions are not unique.
impl PartialEq for Digest {
    fn eq(&self, other: &Digest) -> bool {
        self.oid == other.oid
    }
}

impl Eq for Digest {}

impl Digest {
    /// The digest with that identifier.
    pub(super) fn of(oid: &str) -> Option<Digest> {
        DIGESTS.into_iter().find(|one| one.oid == oid)
    }

    fn named(name: &str) -> Option<Digest> {
        DIGESTS.into_iter().find(|one| one.name == name)
    }

    pub(super) fn sha256() -> Digest {
        DIGESTS[0]
    }

    pub(super) fn sha1() -> Digest {
        DIGESTS[7]
    }

    pub(super) fn over(self, bytes: &[u8]) -> Result<Vec<u8>, ErrorStack> {
        openssl::hash::hash((self.make)(), bytes).map(|found| found.to_vec())
    }

    /// Whether it was good enough then.
    pub(super) fn is_good_at(self, at: DateTime<Utc>) -> bool {
        let until = self
            .until
            .and_then(|until| until.parse::<DateTime<Utc>>().ok());
        until.is_none_or(|until| at < until)
    }
}

impl Method {
    /// Reads a signature's algorithm beside the digest that the signer states for the content.
    pub(super) fn of(signature: &Algorithm, digest: Digest) -> Result<Method, Unusable> {
        let method = match signature.oid.as_str() {
            RSA => Method {
                kind: Id::RSA,
                digest,
                salt: None,
            },
            EC => Method {
                kind: Id::EC,
                digest,
                salt: None,
            },
            PSS => pss(&signature.parameters).ok_or(Unusable::Unknown)??,
            oid => {
                let (_, kind, name) = SIGNATURES
                    .iter()
                    .find(|(one, ..)| *one == oid)
                    .ok_or(Unusable::Unknown)?;
                Method {
                    kind: *kind,
                    digest: Digest::named(name).ok_or(Unusable::Unknown)?,
                    salt: None,
                }
            }
        };
        match method.digest == digest {
            true => Ok(method),
            false => Err(Unusable::Contradictory),
        }
    }

    /// Whether the certificate's signature algorithm was good enough then; unknown ones were not.
    pub(super) fn of_certificate_is_good(oid: &str, at: DateTime<Utc>) -> bool {
        if oid == PSS || oid == "1.3.101.112" {
            return true;
        }
        let found = SIGNATURES.iter().find(|(one, ..)| *one == oid);
        let digest = found.and_then(|(_, _, name)| Digest::named(name));
        digest.is_some_and(|digest| digest.is_good_at(at))
    }

    pub(super) fn name(self) -> String {
        match (self.kind, self.salt) {
            (Id::EC, _) => format!("ECDSA {}", self.digest.name),
            (_, Some(_)) => format!("RSA-PSS {}", self.digest.name),
            _ => format!("RSA {}", self.digest.name),
        }
    }

    /// Whether the key made the signature over those bytes.
    pub(super) fn verifies(self, key: &PKey<Public>, signature: &[u8], bytes: &[u8]) -> bool {
        let verified = self.verify(key, signature, bytes);
        // What OpenSSL left behind would be told as the reason of another failure.
        drop(ErrorStack::get());
        verified.unwrap_or(false)
    }

    fn verify(
        self,
        key: &PKey<Public>,
        signature: &[u8],
        bytes: &[u8],
    ) -> Result<bool, ErrorStack> {
        if key.id() != self.kind && !(key.id() == Id::RSA_PSS && self.salt.is_some()) {
            return Ok(false);
        }
        let digest = (self.digest.make)();
        let mut verifier = Verifier::new(digest, key)?;
        if let Some(salt) = self.salt {
            verifier.set_rsa_padding(Padding::PKCS1_PSS)?;
            verifier.set_rsa_mgf1_md(digest)?;
            verifier.set_rsa_pss_saltlen(RsaPssSaltlen::custom(salt))?;
        }
        verifier.verify_oneshot(signature, bytes)
    }
}

/// RSASSA-PSS-params (RFC 4055, 3.1): digest, mask generation with a digest, length of the salt.
fn pss(parameters: &[u8]) -> Option<Result<Method, Unusable>> {
    let mut rest = parameters;
    let mut fields = der::take(&mut rest, der::SEQUENCE)?;
    let (mut digest, mut mask, mut salt) = (Digest::sha1(), Digest::sha1(), 20);
    while !fields.is_empty() {
        let (tag, mut content, _) = der::next(&mut fields)?;
        match tag {
            0xa0 => digest = Digest::of(&identifier(&mut content)?.0)?,
            0xa1 => {
                let (function, mut of) = identifier(&mut content)?;
                if function != MGF1 {
                    return None;
                }
                mask = Digest::of(&identifier(&mut of)?.0)?;
            }
            0xa2 => {
                let bytes = der::take(&mut content, der::INTEGER)?;
                salt = bytes
                    .iter()
                    .take(3)
                    .fold(0, |sum, byte| sum << 8 | i32::from(*byte));
            }
            _ => {}
        }
    }
    Some(match digest == mask {
        true => Ok(Method {
            kind: Id::RSA,
            digest,
            salt: Some(salt),
        }),
        false => Err(Unusable::Contradictory),
    })
}

/// An algorithm identifier: dotted, and its parameters.
pub(super) fn identifier<'a>(rest: &mut &'a [u8]) -> Option<(String, &'a [u8])> {
    let mut parts = der::take(rest, der::SEQUENCE)?;
    let oid = der::dotted(der::take(&mut parts, der::OID)?)?;
    Some((oid, parts))
}

/// What is wrong with a key, whoever holds it.
pub(super) fn weakness(key: &PKey<Public>) -> Option<&'static str> {
    match key.id() {
        Id::RSA | Id::RSA_PSS if key.bits() < RSA_BITS => Some("la chiave RSA ha meno di 2048 bit"),
        Id::EC if key.bits() < EC_BITS => Some("la chiave ha meno di 256 bit"),
        Id::RSA => {
            let is_roca = key.rsa().and_then(|rsa| weak::is_roca(rsa.n()));
            is_roca
                .unwrap_or(true)
                .then_some("la chiave si può calcolare dalla sua metà pubblica (CVE-2017-15361)")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_end_when_the_table_says() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().expect("an instant");
        assert!(Digest::sha1().is_good_at(at("2011-06-30T23:59:59Z")));
        assert!(!Digest::sha1().is_good_at(at("2011-07-01T00:00:00Z")));
        assert!(Digest::sha256().is_good_at(at("2026-07-01T00:00:00Z")));
        for digest in DIGESTS {
            let until = digest.until.map(str::parse::<DateTime<Utc>>);
            assert!(until.is_none_or(|until| until.is_ok()), "{}", digest.name);
        }
    }

    #[test]
    fn a_signature_that_names_another_digest_than_its_signer_contradicts_it() {
        let algorithm = |oid: &str| Algorithm {
            oid: oid.to_owned(),
            parameters: Vec::new(),
        };
        let sha256 = Digest::sha256();
        assert!(Method::of(&algorithm("1.2.840.113549.1.1.11"), sha256).is_ok());
        assert!(Method::of(&algorithm(RSA), sha256).is_ok());
        let other = Method::of(&algorithm("1.2.840.113549.1.1.13"), sha256);
        assert_eq!(other, Err(Unusable::Contradictory));
        assert_eq!(
            Method::of(&algorithm("1.2.3"), sha256),
            Err(Unusable::Unknown)
        );
    }
}
