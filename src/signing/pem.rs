//! A signer whose key stands in a PEM text that the configuration refers to.

use std::fmt;
use std::path::Path;

use async_trait::async_trait;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{EcdsaKeyPair, RsaEncoding, RsaKeyPair};
use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Private};
use secrecy::ExposeSecret;

use super::certificates::read_chain;
use super::{Signer, SigningError};
use crate::config::secret::SecretReference;
use crate::jose::{Algorithm, PublicKey, Signing};

/// Signed and verified once when the key is read.
const TRIAL: &[u8] = b"pontile";

/// A signer whose private key stands in memory.
pub struct PemSigner {
    algorithm: Algorithm,
    public_key: PublicKey,
    chain: Vec<Vec<u8>>,
    pair: Pair,
}

enum Pair {
    Rsa(RsaKeyPair, &'static dyn RsaEncoding),
    Ecdsa(EcdsaKeyPair),
}

impl PemSigner {
    /// Reads the key (PKCS#8, PKCS#1 or SEC 1, not encrypted) and the certificates, leaf first, and tries them together.
    ///
    /// Without an algorithm it is RS256 for RSA, and the curve's own for the others.
    pub fn load(
        key: &SecretReference,
        certificates: Option<&Path>,
        algorithm: Option<Algorithm>,
    ) -> Result<PemSigner, SigningError> {
        let secret = key
            .read()
            .map_err(|error| SigningError::Unreadable(error.to_string()))?;
        let chain = certificates.map(read_chain).transpose()?;
        PemSigner::of_pem(
            secret.expose_secret().as_bytes(),
            chain.unwrap_or_default(),
            algorithm,
        )
    }

    /// A signer with a fresh key on P-256, which is never written anywhere.
    pub fn generate() -> Result<PemSigner, SigningError> {
        let fresh = || -> Result<Vec<u8>, ErrorStack> {
            let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
            PKey::from_ec_key(EcKey::generate(&group)?)?.private_key_to_pem_pkcs8()
        };
        let key = fresh().map_err(|_| SigningError::KeyNotAccepted)?;
        PemSigner::of_pem(&key, Vec::new(), None)
    }

    /// The signer of a PEM text and its chain, DER, leaf first.
    pub fn of_pem(
        key: &[u8],
        chain: Vec<Vec<u8>>,
        algorithm: Option<Algorithm>,
    ) -> Result<PemSigner, SigningError> {
        // The callback keeps OpenSSL from asking for a passphrase on the terminal.
        let key = PKey::private_key_from_pem_callback(key, |_| Ok(0)).map_err(|_| {
            SigningError::Unreadable(
                "non è una chiave privata PEM senza parola d'ordine".to_owned(),
            )
        })?;
        let algorithm = match algorithm {
            Some(algorithm) => algorithm,
            None => usual(&key).ok_or(SigningError::KeyNotAccepted)?,
        };
        let public = key
            .public_key_to_pem()
            .map_err(|_| SigningError::KeyNotAccepted)?;
        let public_key = PublicKey::of_pem(&public).map_err(|_| SigningError::KeyNotAccepted)?;
        if !public_key.algorithms().any(|one| one == algorithm) {
            return Err(SigningError::KeyMismatch(algorithm));
        }
        if let Some(leaf) = chain.first() {
            let certified = PublicKey::of_certificate(leaf)
                .map_err(|_| SigningError::Unreadable("il certificato non si legge".to_owned()))?;
            if !certified.is_same(&public_key) {
                return Err(SigningError::CertificateOfAnother);
            }
        }
        let signer = PemSigner {
            algorithm,
            public_key,
            chain,
            pair: Pair::of(&key, algorithm)?,
        };
        signer.signature(TRIAL)?;
        Ok(signer)
    }

    /// Signs, and lets nothing out that does not verify.
    fn signature(&self, bytes: &[u8]) -> Result<Vec<u8>, SigningError> {
        let signature = self.pair.sign(bytes).ok_or(SigningError::NotSigned)?;
        self.public_key
            .verify(self.algorithm, bytes, &signature)
            .map_err(|_| SigningError::NotSigned)?;
        Ok(signature)
    }
}

#[async_trait]
impl Signer for PemSigner {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    fn chain(&self) -> &[Vec<u8>] {
        &self.chain
    }

    async fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, SigningError> {
        self.signature(bytes)
    }
}

impl Pair {
    fn of(key: &PKey<Private>, algorithm: Algorithm) -> Result<Pair, SigningError> {
        let der = key
            .private_key_to_pkcs8()
            .map_err(|_| SigningError::KeyNotAccepted)?;
        match algorithm.signing() {
            Signing::Rsa(encoding) => RsaKeyPair::from_pkcs8(&der)
                .map(|pair| Pair::Rsa(pair, encoding))
                .map_err(|_| SigningError::KeyNotAccepted),
            Signing::Ecdsa(signing) => EcdsaKeyPair::from_pkcs8(signing, &der)
                .map(Pair::Ecdsa)
                .map_err(|_| SigningError::KeyNotAccepted),
        }
    }

    fn sign(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match self {
            Pair::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &random, bytes, &mut signature).ok()?;
                Some(signature)
            }
            Pair::Ecdsa(pair) => Some(pair.sign(&random, bytes).ok()?.as_ref().to_vec()),
        }
    }
}

impl fmt::Debug for PemSigner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PemSigner")
            .field("algorithm", &self.algorithm)
            .field("public_key", &self.public_key)
            .finish_non_exhaustive()
    }
}

/// The algorithm of a key for which none is named.
fn usual(key: &PKey<Private>) -> Option<Algorithm> {
    if key.id() == Id::RSA {
        return Some(Algorithm::Rs256);
    }
    match key.ec_key().ok()?.group().curve_name()? {
        Nid::X9_62_PRIME256V1 => Some(Algorithm::Es256),
        Nid::SECP384R1 => Some(Algorithm::Es384),
        Nid::SECP521R1 => Some(Algorithm::Es512),
        _ => None,
    }
}
