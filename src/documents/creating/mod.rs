//! Sealing a document: CAdES at level B-B (ETSI EN 319 122-1), verified before it leaves.

mod attributes;
mod certificate;
mod cms;
mod sealer;

use aws_lc_rs::digest::{self, SHA256, SHA384, SHA512};
use chrono::{DateTime, Utc};
use openssl::cms::{CMSOptions, CmsContentInfo};
use openssl::error::ErrorStack;

use crate::jose::Algorithm;
use crate::signing::{Signer, SigningError};
use attributes::SignedAttributes;
use certificate::SigningCertificate;

pub use sealer::Sealer;

/// Where the content stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// In the sealed document, a `.p7m`.
    Attached,
    /// Beside it, a `.p7s`: who verifies needs both.
    Detached,
}

/// Why there is no sealed document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// A seal needs the certificate of the key.
    #[error("la chiave del sigillo non ha certificato")]
    NoCertificate,
    /// The certificate cannot be read.
    #[error("il certificato del sigillo non si legge")]
    CertificateUnreadable,
    /// The certificate is not in force at the time of sealing.
    #[error("il certificato del sigillo non è valido in questo momento")]
    CertificateNotInForce,
    /// The certificate is made for authentication alone.
    #[error(
        "il certificato non è di firma: l'uso della sua chiave non comprende nonRepudiation (è di autenticazione?)"
    )]
    NotForDocuments,
    /// The key did not sign.
    #[error("il sigillo non è stato apposto: {0}")]
    NotSigned(#[from] SigningError),
    /// Something in it cannot be written in DER, such as a content beyond 256 MiB.
    #[error("il documento sigillato non si scrive in DER")]
    NotEncoded,
    /// What came out does not verify under the certificate, so it is not let out.
    #[error("il sigillo apposto non si verifica")]
    DoesNotVerify,
}

/// Seals a content with CAdES B-B, at the instant that the seal claims, and verifies it before handing it out (DER).
///
/// Content and document are held in memory.
pub async fn seal(
    signer: &dyn Signer,
    content: &[u8],
    placement: Placement,
    at: DateTime<Utc>,
) -> Result<Vec<u8>, SealError> {
    let certificate = SigningCertificate::of(signer.chain(), at)?;
    let algorithm = signer.algorithm();
    let attributes = SignedAttributes {
        digest: &hash(algorithm, content),
        certificate: &certificate,
        signing_time: Some(at),
    };
    let attributes = attributes.encode()?;
    let signature = signer.sign(&attributes).await?;
    let sealed = cms::Signed {
        algorithm,
        certificate: &certificate,
        chain: signer.chain(),
        content: (placement == Placement::Attached).then_some(content),
        attributes: &attributes,
        signature: &signature,
    };
    let sealed = sealed.encode()?;
    verify(&sealed, content, placement)?;
    Ok(sealed)
}

/// The digest that goes with a signature algorithm.
fn hash(algorithm: Algorithm, bytes: &[u8]) -> Vec<u8> {
    let by = match algorithm {
        Algorithm::Rs256 | Algorithm::Es256 => &SHA256,
        Algorithm::Rs384 | Algorithm::Es384 => &SHA384,
        Algorithm::Rs512 | Algorithm::Es512 => &SHA512,
    };
    digest::digest(by, bytes).as_ref().to_vec()
}

/// Reads what was written as others will, and verifies it under the certificate in it. Whom that belongs to is not the question here.
fn verify(sealed: &[u8], content: &[u8], placement: Placement) -> Result<(), SealError> {
    let mut found = Vec::new();
    let verified = CmsContentInfo::from_der(sealed).and_then(|mut document| {
        let beside = (placement == Placement::Detached).then_some(content);
        let options = CMSOptions::BINARY | CMSOptions::NO_SIGNER_CERT_VERIFY;
        document.verify(None, None, beside, Some(&mut found), options)
    });
    // A module in the same process may leave errors of its own in the thread's queue: the next call would report them as its own.
    drop(ErrorStack::get());
    match verified {
        Ok(()) if found == content => Ok(()),
        Ok(()) | Err(_) => Err(SealError::DoesNotVerify),
    }
}

impl From<der::Error> for SealError {
    fn from(_: der::Error) -> SealError {
        SealError::NotEncoded
    }
}
