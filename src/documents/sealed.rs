//! Whether a detached seal stands over some bytes, and whom it belongs to: two questions, answered apart.

use chrono::{DateTime, Utc};
use openssl::cms::{CMSOptions, CmsContentInfo};
use openssl::error::ErrorStack;
use openssl::pkcs7::{Pkcs7, Pkcs7Flags};
use openssl::stack::Stack;
use openssl::x509::store::{X509Store, X509StoreBuilder};
use openssl::x509::verify::X509VerifyParam;
use openssl::x509::{X509, X509PurposeId, X509Ref};

/// A seal that stands over its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Whom its certificate names, DER.
    pub certificate: Vec<u8>,
    /// The same, to be read.
    pub subject: String,
    /// Until when the certificate is valid, as it says.
    pub valid_until: String,
}

/// Why it does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotSealed {
    /// No CMS.
    #[error("il sigillo non è un documento CMS")]
    Unreadable,
    /// None, or several; a seal of ours has one.
    #[error("il sigillo non ha un solo firmatario")]
    NotOne,
    /// The signature is of other bytes, or broken.
    #[error("il sigillo non è di questi byte")]
    Broken,
}

/// Whether the seal (CMS, DER) stands over exactly these bytes, under the one certificate in it. Whom that belongs to is not judged.
pub fn judge(seal: &[u8], content: &[u8]) -> Result<Sealed, NotSealed> {
    let found = judge_with_openssl(seal, content);
    // Errors that stay in the thread's queue would be told by the next call as its own.
    drop(ErrorStack::get());
    found
}

fn judge_with_openssl(seal: &[u8], content: &[u8]) -> Result<Sealed, NotSealed> {
    let unreadable = |_| NotSealed::Unreadable;
    let envelope = Pkcs7::from_der(seal).map_err(unreadable)?;
    let none = Stack::new().map_err(unreadable)?;
    let signers = envelope
        .signers(&none, Pkcs7Flags::empty())
        .map_err(|_| NotSealed::NotOne)?;
    let signer = match signers.get(0) {
        Some(signer) if signers.len() == 1 => signer,
        _ => return Err(NotSealed::NotOne),
    };
    let mut seal = CmsContentInfo::from_der(seal).map_err(unreadable)?;
    let options = CMSOptions::BINARY | CMSOptions::NO_SIGNER_CERT_VERIFY;
    seal.verify(None, None, Some(content), None, options)
        .map_err(|_| NotSealed::Broken)?;
    Ok(Sealed {
        certificate: signer.to_der().map_err(unreadable)?,
        subject: name_of(signer),
        valid_until: signer.not_after().to_string(),
    })
}

/// Whether the seal's certificate was issued by one of the anchors (PEM), through intermediates in the seal, and was valid at that instant;
/// why not, in OpenSSL's words. Revocation is not judged.
pub fn is_trusted(
    seal: &[u8],
    content: &[u8],
    anchors: &[u8],
    at: DateTime<Utc>,
) -> Result<(), String> {
    let trusted = || -> Result<(), ErrorStack> {
        let mut seal = CmsContentInfo::from_der(seal)?;
        let store = store_of(anchors, at)?;
        seal.verify(None, Some(&store), Some(content), None, CMSOptions::BINARY)
    };
    let judged = trusted().map_err(|errors| match errors.errors().last() {
        Some(error) => {
            let reason = error.reason().unwrap_or("certificato non accettato");
            match error.data() {
                Some(data) => format!("{reason} ({data})"),
                None => reason.to_owned(),
            }
        }
        None => "certificato non accettato".to_owned(),
    });
    drop(ErrorStack::get());
    judged
}

fn store_of(anchors: &[u8], at: DateTime<Utc>) -> Result<X509Store, ErrorStack> {
    let mut store = X509StoreBuilder::new()?;
    for anchor in X509::stack_from_pem(anchors)? {
        store.add_cert(anchor)?;
    }
    let mut wanted = X509VerifyParam::new()?;
    wanted.set_time(at.timestamp());
    // Seals are no e-mail, whose purpose OpenSSL would ask for.
    wanted.set_purpose(X509PurposeId::ANY)?;
    store.set_param(&wanted)?;
    Ok(store.build())
}

fn name_of(certificate: &X509Ref) -> String {
    let entries = certificate.subject_name().entries();
    let parts = entries.filter_map(|entry| {
        let name = entry.object().nid().short_name().ok()?;
        let value = entry.data().to_string().ok()?;
        Some(format!("{name}={value}"))
    });
    parts.collect::<Vec<_>>().join(", ")
}
