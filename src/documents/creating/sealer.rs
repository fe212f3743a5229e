//! The keys of one seal, of which the first that can seals.

use std::fmt;

use chrono::{DateTime, Utc};

use super::certificate::SigningCertificate;
use super::{Placement, SealError, seal};
use crate::signing::{SharedSigner, Signer, SigningError, ready_first};

/// The keys of a seal, never none, each with a certificate for documents.
#[derive(Clone)]
pub struct Sealer {
    signers: Vec<SharedSigner>,
}

impl Sealer {
    /// Takes the keys whose certificates are made for documents and in force; fails where no key is left.
    pub fn new(signers: Vec<SharedSigner>, at: DateTime<Utc>) -> Result<Sealer, SealError> {
        let mut refused = SealError::NotSigned(SigningError::NotSigned);
        let mut fit = Vec::new();
        for signer in signers {
            match SigningCertificate::of(signer.chain(), at) {
                Ok(_) => fit.push(signer),
                Err(why) => refused = why,
            }
        }
        match fit.is_empty() {
            true => Err(refused),
            false => Ok(Sealer { signers: fit }),
        }
    }

    /// Its keys.
    pub fn signers(&self) -> impl Iterator<Item = &dyn Signer> {
        self.signers.iter().map(|one| &**one)
    }

    /// Seals with the first key that can (see [`seal`]).
    pub async fn seal(
        &self,
        content: &[u8],
        placement: Placement,
        at: DateTime<Utc>,
    ) -> Result<Vec<u8>, SealError> {
        let mut refused = SealError::NotSigned(SigningError::NotSigned);
        for signer in ready_first(&self.signers) {
            match seal(signer, content, placement, at).await {
                Ok(sealed) => return Ok(sealed),
                Err(failure) => refused = failure,
            }
        }
        Err(refused)
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.signers().map(Signer::public_key);
        formatter.debug_list().entries(keys).finish()
    }
}
