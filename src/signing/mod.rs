//! What signs in the gateway's name. The only place that touches private keys for signatures.

mod pem;
#[cfg(test)]
mod tests;
mod token;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Map, Value};

use crate::config::signer::SignerSettings;
use crate::jose::{self, Algorithm, PublicKey};

pub use pem::PemSigner;
pub use token::{KeyName, TokenError, TokenKey, TokenName, TokenSigner, TokenState};

/// What signs: a private key that it alone holds, with what others know it by.
#[async_trait]
pub trait Signer: Send + Sync {
    /// The algorithm of its signatures.
    fn algorithm(&self) -> Algorithm;

    /// Its public key.
    fn public_key(&self) -> &PublicKey;

    /// Its certificate and the intermediates, DER, leaf first; empty where others know it by its key alone.
    fn chain(&self) -> &[Vec<u8>];

    /// Signs the bytes; ECDSA as the two numbers side by side (RFC 7518, 3.4).
    async fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, SigningError>;
}

/// The gateway's own signer, and how it calls itself.
#[derive(Clone)]
pub struct OwnSigner {
    /// `iss` of its tokens.
    pub issuer: String,
    /// What signs.
    pub signer: SharedSigner,
}

impl OwnSigner {
    /// Reads what `[signer]` names.
    pub fn load(settings: &SignerSettings) -> Result<OwnSigner, SigningError> {
        let algorithm = settings.algorithm.map(|one| one.0);
        let signer = PemSigner::load(&settings.key, Some(&settings.certificate), algorithm)?;
        Ok(OwnSigner {
            issuer: settings.issuer.clone(),
            signer: Arc::new(signer),
        })
    }
}

impl fmt::Debug for OwnSigner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("OwnSigner")
            .field("issuer", &self.issuer)
            .field("key", self.signer.public_key())
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
