//! What signs in the gateway's name. The only place that touches private keys for signatures.

mod certificates;
mod pem;
#[cfg(test)]
mod tests;
mod token;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Map, Value};

use crate::config::key::SigningKey;
use crate::config::signer::SignerSettings;
use crate::jose::{self, Algorithm, PublicKey};

pub use crate::config::key::{KeyName, TokenKey, TokenName};
pub use certificates::read_chain;
pub use pem::PemSigner;
pub use token::{
    NewKey, TokenError, TokenSigner, TokenState, create, inspect, keep_open, opened,
    pin_was_refused,
};

/// What signs: a private key that it alone holds, with what others know it by.
#[async_trait]
pub trait Signer: Send + Sync {
    /// The algorithm of its signatures.
    fn algorithm(&self) -> Algorithm;

    /// Its public key.
    fn public_key(&self) -> &PublicKey;

    /// Its certificate and the intermediates, DER, leaf first; empty where others know it by its key alone.
    fn chain(&self) -> &[Vec<u8>];

    /// Whether it can sign now, as far as is known.
    fn is_ready(&self) -> bool {
        true
    }

    /// Signs the bytes; ECDSA as the two numbers side by side (RFC 7518, 3.4).
    async fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, SigningError>;
}

/// The gateway's own signer, and how it calls itself.
#[derive(Clone)]
pub struct OwnSigner {
    /// `iss` of its tokens.
    pub issuer: String,
    /// What signs, never empty: the first that can.
    signers: Vec<SharedSigner>,
}

impl OwnSigner {
    /// Who calls itself so and signs with these, of which there must be one.
    pub fn new(issuer: &str, signers: Vec<SharedSigner>) -> Result<OwnSigner, SigningError> {
        match signers.is_empty() {
            true => Err(SigningError::NotSigned),
            false => Ok(OwnSigner {
                issuer: issuer.to_owned(),
                signers,
            }),
        }
    }

    /// Opens what `[signer]` names. Blocks where it is a token.
    pub fn load(settings: &SignerSettings) -> Result<OwnSigner, SigningError> {
        let algorithm = settings.algorithm.map(|one| one.0);
        let certificate = settings.certificate.as_deref();
        let signers = signers_of(&settings.key, certificate, algorithm)?;
        OwnSigner::new(&settings.issuer, signers)
    }

    /// The keys, in their order.
    pub fn signers(&self) -> impl Iterator<Item = &dyn Signer> {
        self.signers.iter().map(|one| &**one)
    }

    /// The key that stands first.
    pub fn first(&self) -> &dyn Signer {
        &*self.signers[0]
    }

    /// Makes a token with the first key that signs, and tells which; the header names it.
    pub async fn sign_token(
        &self,
        header: impl Fn(&dyn Signer) -> Map<String, Value>,
        claims: &Map<String, Value>,
    ) -> Result<(String, &dyn Signer), SigningError> {
        let mut refused = SigningError::NotSigned;
        for signer in ready_first(&self.signers) {
            match sign_token(signer, header(signer), claims).await {
                Ok(token) => return Ok((token, signer)),
                Err(failure) => refused = failure,
            }
        }
        Err(refused)
    }
}

/// The keys in the order in which they are tried: those that can sign now, then the others.
pub fn ready_first(signers: &[SharedSigner]) -> impl Iterator<Item = &dyn Signer> {
    let signers = || signers.iter().map(|one| &**one);
    let ready = signers().filter(|one| one.is_ready());
    ready.chain(signers().filter(|one| !one.is_ready()))
}

/// What a reference means. Of several tokens those that cannot be opened are left out, unless it is all of them.
pub fn signers_of(
    key: &SigningKey,
    certificate: Option<&Path>,
    algorithm: Option<Algorithm>,
) -> Result<Vec<SharedSigner>, SigningError> {
    match key {
        SigningKey::Pem(reference) => {
            let signer = PemSigner::load(reference, certificate, algorithm)?;
            Ok(vec![Arc::new(signer)])
        }
        SigningKey::Token { keys, .. } => {
            let mut signers: Vec<SharedSigner> = Vec::new();
            let mut refused = SigningError::NotSigned;
            for key in keys {
                match token::shared(key, algorithm) {
                    Ok(signer) => signers.push(signer),
                    Err(failure) => {
                        tracing::warn!(key = key.name, error = %failure, "la chiave su token non si può usare");
                        refused = failure;
                    }
                }
            }
            match signers.is_empty() {
                true => Err(refused),
                false => Ok(signers),
            }
        }
    }
}

impl fmt::Debug for OwnSigner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("OwnSigner")
            .field("issuer", &self.issuer)
            .field("key", self.first().public_key())
            .finish_non_exhaustive()
    }
}

/// A signer that many share.
pub type SharedSigner = Arc<dyn Signer>;

/// Why nothing was signed, or why a signer cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SigningError {
    /// The key or the certificate cannot be read; the reason never shows the key.
    #[error("{0}")]
    Unreadable(String),
    /// RSA under 2048 bits, or a curve that no algorithm has.
    #[error("la chiave non va bene: serve RSA di almeno 2048 bit, oppure P-256, P-384 o P-521")]
    KeyNotAccepted,
    /// The algorithm is not one of the key.
    #[error("l'algoritmo {} non è della chiave", .0.name())]
    KeyMismatch(Algorithm),
    /// The certificate is another key's.
    #[error("il certificato non è quello della chiave")]
    CertificateOfAnother,
    /// The key gave no signature, or one that does not verify.
    #[error("la chiave non ha firmato")]
    NotSigned,
    /// More is asked of the token than it signs in time.
    #[error("il token firma già quanto può")]
    Busy {
        /// After this time a new try is worth it.
        again_in: Duration,
    },
    /// The token cannot be used.
    #[error(transparent)]
    Token(#[from] TokenError),
}

/// Makes a token in compact form. `header` needs no `alg`: the signer's is set.
pub async fn sign_token(
    signer: &dyn Signer,
    mut header: Map<String, Value>,
    claims: &Map<String, Value>,
) -> Result<String, SigningError> {
    header.insert("alg".to_owned(), Value::from(signer.algorithm().name()));
    let input = jose::signing_input(&header, claims);
    let signature = signer.sign(input.as_bytes()).await?;
    Ok(jose::complete(input, &signature))
}
