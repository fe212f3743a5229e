//! A signer whose key lives on a PKCS#11 token, a smart card or an HSM, and never leaves it.

mod error;
mod key;
mod link;
mod module;
mod pool;
mod public;
mod wording;

use std::time::Duration;

use async_trait::async_trait;

use super::{Signer, SigningError};
use crate::config::secret::SecretReference;
use crate::jose::{Algorithm, PublicKey};

pub use error::TokenError;
use pool::Pool;

/// Signed and verified once when the key is opened.
const TRIAL: &[u8] = b"pontile";

/// Where a key is found, and how many may use it at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenKey {
    /// The module, a shared library that speaks PKCS#11.
    pub module: std::path::PathBuf,
    /// The token among the module's.
    pub token: TokenName,
    /// The private key on the token.
    pub key: KeyName,
    /// The user's PIN, read once when the token is opened.
    pub pin: SecretReference,
    /// Signatures that the token is asked for at once, at least one.
    pub sessions: usize,
    /// Signatures that may be asked for or wait, at least `sessions`; a slow token gets fewer.
    pub queue: usize,
    /// From asking to signature, waiting included.
    pub deadline: Duration,
}

/// What a token is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenName {
    /// `CK_TOKEN_INFO.label`, without the blanks that fill it.
    Label(String),
    /// `CK_TOKEN_INFO.serialNumber`, for cards that all bear one label.
    Serial(String),
}

/// What a private key is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyName {
    /// `CKA_LABEL`.
    Label(String),
    /// `CKA_ID`.
    Id(Vec<u8>),
}

/// Whether a token can sign now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenState {
    /// It signs.
    Ready,
    /// It does not at present; it is looked for again by itself.
    Away(TokenError),
    /// It will not in this process: somebody has to act and start it anew.
    Stopped(TokenError),
}

/// A signer whose private key stands on a token.
pub struct TokenSigner {
    algorithm: Algorithm,
    public_key: PublicKey,
    chain: Vec<Vec<u8>>,
    pool: Pool,
}

impl TokenSigner {
    /// Opens the token, checks the key and tries it. Blocks: a card may take seconds.
    ///
    /// The chain is DER, leaf first. Without one, the certificate that stands on the token under the key's id is taken;
    /// without that too, others know the key by itself. Without an algorithm it is RS256 or ES256.
    pub fn open(
        key: &TokenKey,
        chain: Vec<Vec<u8>>,
        algorithm: Option<Algorithm>,
    ) -> Result<TokenSigner, SigningError> {
        let (pool, found) = Pool::open(key)?;
        let chain = if chain.is_empty() {
            found.certificate.into_iter().collect()
        } else {
            chain
        };
        let public_key = match chain.first() {
            Some(leaf) => PublicKey::of_certificate(leaf).map_err(|_| unreadable_certificate())?,
            None => found.public_key.ok_or(TokenError::NoPublicKey)?,
        };
        let algorithm = algorithm.unwrap_or_else(|| found.kind.usual());
        if !found.kind.signs(algorithm) {
            return Err(SigningError::KeyMismatch(algorithm));
        }
        let mut signer = TokenSigner {
            algorithm,
            public_key,
            chain,
            pool,
        };
        signer.try_out()?;
        Ok(signer)
    }

    /// Signatures a second that the token gave when it was opened.
    pub fn rate(&self) -> f64 {
        self.pool.rate()
    }

    /// Signatures that are being made or wait.
    pub fn waiting(&self) -> usize {
        self.pool.waiting()
    }

    /// Whether it can sign now.
    pub fn state(&self) -> TokenState {
        self.pool.state()
    }

    /// One signature, which also proves that the certificate is the key's; then the token's rate.
    fn try_out(&mut self) -> Result<(), SigningError> {
        let signature = self.pool.sign_now(self.algorithm, TRIAL)?;
        self.released(TRIAL, signature)
            .map_err(|_| match self.chain.is_empty() {
                true => SigningError::NotSigned,
                false => SigningError::CertificateOfAnother,
            })?;
        self.pool.measure(self.algorithm, TRIAL)?;
        Ok(())
    }

    /// Lets nothing out that does not verify: a fault in the token can betray its key.
    fn released(&self, bytes: &[u8], signature: Vec<u8>) -> Result<Vec<u8>, SigningError> {
        self.public_key
            .verify(self.algorithm, bytes, &signature)
            .map_err(|_| SigningError::NotSigned)?;
        Ok(signature)
    }
}

#[async_trait]
impl Signer for TokenSigner {
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
        let signature = self.pool.sign(self.algorithm, bytes).await?;
        self.released(bytes, signature)
    }
}

impl std::fmt::Debug for TokenSigner {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("TokenSigner")
            .field("algorithm", &self.algorithm)
            .field("public_key", &self.public_key)
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}

fn unreadable_certificate() -> SigningError {
    SigningError::Unreadable("il certificato non si legge".to_owned())
}
