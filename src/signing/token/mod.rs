//! A signer whose key lives on a PKCS#11 token, a smart card or an HSM, and never leaves it.

mod creating;
mod crew;
mod error;
mod key;
mod link;
mod module;
mod opened;
mod pool;
mod public;
mod wording;

use async_trait::async_trait;

use super::{Signer, SigningError};
use crate::config::key::{KeyName, TokenKey, TokenName};
use crate::jose::{Algorithm, PublicKey};

pub use creating::{NewKey, create};
pub use error::TokenError;
pub use module::{inspect, pin_was_refused};
pub(super) use opened::shared;
pub use opened::{keep_open, opened};
use pool::Pool;

/// Signed and verified once when the key is opened.
const TRIAL: &[u8] = b"pontile";

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

    /// Looks whether a token that is away has come back. Blocks.
    pub fn look(&self) {
        self.pool.look();
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

    fn is_ready(&self) -> bool {
        self.state() == TokenState::Ready
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
