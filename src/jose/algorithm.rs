//! The signature algorithms of RFC 7518 that are accepted at all: asymmetric, with SHA-2.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED,
    ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED, ECDSA_P521_SHA512_FIXED_SIGNING,
    EcdsaSigningAlgorithm, EcdsaVerificationAlgorithm, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384,
    RSA_PKCS1_SHA512, RsaParameters, RsaSignatureEncoding,
};

use super::error::JoseError;

/// A signature algorithm (RFC 7518, 3.3 and 3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// ECDSA on P-521 with SHA-512.
    Es512,
}

/// A curve of RFC 7518, 6.2.1.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Curve {
    P256,
    P384,
    P521,
}

/// What an algorithm is signed with, for the keeper of private keys.
pub enum Signing {
    /// RSA, with its encoding.
    Rsa(&'static RsaSignatureEncoding),
    /// ECDSA; signatures come out as the two numbers side by side (RFC 7518, 3.4).
    Ecdsa(&'static EcdsaSigningAlgorithm),
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Algorithm; 6] = [
        Algorithm::Rs256,
        Algorithm::Rs384,
        Algorithm::Rs512,
        Algorithm::Es256,
        Algorithm::Es384,
        Algorithm::Es512,
    ];

    /// Its name in `alg`.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Rs256 => "RS256",
            Algorithm::Rs384 => "RS384",
            Algorithm::Rs512 => "RS512",
            Algorithm::Es256 => "ES256",
            Algorithm::Es384 => "ES384",
            Algorithm::Es512 => "ES512",
        }
    }

    /// The algorithm of that name, which is case-sensitive.
    pub fn named(name: &str) -> Option<Algorithm> {
        Algorithm::ALL
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
    }

    /// Reads `alg`, telling apart what an attacker writes there from what is merely unknown.
    pub(super) fn read(name: &str) -> Result<Algorithm, JoseError> {
        if let Some(algorithm) = Algorithm::named(name) {
            return Ok(algorithm);
        }
        if name.eq_ignore_ascii_case("none") {
            return Err(JoseError::Unsigned);
        }
        if name
            .get(..2)
            .is_some_and(|start| start.eq_ignore_ascii_case("HS"))
        {
            return Err(JoseError::SharedSecret);
        }
        Err(JoseError::AlgorithmNotAccepted)
    }

    /// What it is verified with, where it is one for RSA.
    pub(super) fn rsa(self) -> Option<&'static RsaParameters> {
        match self {
            Algorithm::Rs256 => Some(&RSA_PKCS1_2048_8192_SHA256),
            Algorithm::Rs384 => Some(&RSA_PKCS1_2048_8192_SHA384),
            Algorithm::Rs512 => Some(&RSA_PKCS1_2048_8192_SHA512),
            Algorithm::Es256 | Algorithm::Es384 | Algorithm::Es512 => None,
        }
    }

    /// What it is signed with.
    pub fn signing(self) -> Signing {
        match self {
            Algorithm::Rs256 => Signing::Rsa(&RSA_PKCS1_SHA256),
            Algorithm::Rs384 => Signing::Rsa(&RSA_PKCS1_SHA384),
            Algorithm::Rs512 => Signing::Rsa(&RSA_PKCS1_SHA512),
            Algorithm::Es256 => Signing::Ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING),
            Algorithm::Es384 => Signing::Ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING),
            Algorithm::Es512 => Signing::Ecdsa(&ECDSA_P521_SHA512_FIXED_SIGNING),
        }
    }
}

impl Curve {
    /// Its name in `crv`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Curve::P256 => "P-256",
            Curve::P384 => "P-384",
            Curve::P521 => "P-521",
        }
    }

    pub(super) fn named(name: &str) -> Option<Curve> {
        [Curve::P256, Curve::P384, Curve::P521]
            .into_iter()
            .find(|curve| curve.name() == name)
    }

    /// Bytes of a coordinate.
    pub(super) fn bytes(self) -> usize {
        match self {
            Curve::P256 => 32,
            Curve::P384 => 48,
            Curve::P521 => 66,
        }
    }

    pub(super) fn verification(self) -> &'static EcdsaVerificationAlgorithm {
        match self {
            Curve::P256 => &ECDSA_P256_SHA256_FIXED,
            Curve::P384 => &ECDSA_P384_SHA384_FIXED,
            Curve::P521 => &ECDSA_P521_SHA512_FIXED,
        }
    }

    /// The only algorithm of keys on that curve.
    pub(super) fn algorithm(self) -> Algorithm {
        match self {
            Curve::P256 => Algorithm::Es256,
            Curve::P384 => Algorithm::Es384,
            Curve::P521 => Algorithm::Es512,
        }
    }
}
