//! Signed CMS messages (RFC 5652), parsed by OpenSSL and handed out as safe values.
//!
//! OpenSSL reads what is met in the wild (BER of indefinite length, attributes out of order), which stricter readers refuse. Nothing here
//! judges: no signature is verified and no certificate believed. The only unsafe code of the workspace is in `ffi`.

pub mod der;
mod ffi;

use std::fmt;

use openssl::x509::{X509, X509Crl};

/// A message of the type SignedData, in memory once: its content is borrowed from what OpenSSL has read.
pub struct SignedData {
    message: ffi::Message,
    /// How many bytes stood behind the message.
    pub trailing: usize,
    /// The type of the content, dotted.
    pub content_type: String,
    /// The certificates that the message carries, in its order.
    pub certificates: Vec<X509>,
    /// The revocation lists that the message carries, in its order.
    pub revocation_lists: Vec<X509Crl>,
    /// Who signed, in the order of the message.
    pub signers: Vec<Signer>,
}

/// What the message says of one signer.
#[derive(Debug, Clone)]
pub struct Signer {
    /// The digest of the content.
    pub digest: Algorithm,
    /// How the attributes, or without any the content, were signed.
    pub signature_algorithm: Algorithm,
    /// The signature's bytes.
    pub signature: Vec<u8>,
    /// Which of the message's certificates the signer names, by issuer and number or by key identifier.
    pub named: Vec<usize>,
    /// What is signed beside the content, in the order of the message.
    pub signed: Vec<Attribute>,
    /// What was added afterwards, in the order of the message.
    pub unsigned: Vec<Attribute>,
}

/// An algorithm with its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Algorithm {
    /// Dotted.
    pub oid: String,
    /// DER with tag and length; empty without parameters.
    pub parameters: Vec<u8>,
}

/// An attribute of a signer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Dotted.
    pub oid: String,
    /// The values, each as DER with tag and length.
    pub values: Vec<Vec<u8>>,
    /// The whole attribute as DER.
    pub der: Vec<u8>,
}

/// Why bytes are no signed message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// No CMS message, or a broken one.
    #[error("no CMS message")]
    NoMessage,
    /// A CMS message of another type, such as an enveloped one.
    #[error("a CMS message that is not signed data")]
    NotSigned,
    /// Parts of it cannot be told.
    #[error("a signed message with a broken part")]
    Broken,
}

impl SignedData {
    /// Reads a message out of DER or BER.
    pub fn read(bytes: &[u8]) -> Result<SignedData, Unreadable> {
        let (message, trailing) = ffi::Message::read(bytes)?;
        let certificates = message.certificates();
        Ok(SignedData {
            trailing,
            content_type: message.content_type()?,
            revocation_lists: message.revocation_lists(),
            signers: message.signers(&certificates)?,
            certificates,
            message,
        })
    }

    /// The content; none where it is kept apart.
    pub fn content(&self) -> Option<&[u8]> {
        self.message.content()
    }

    /// Reads the signers of a counter-signature: the attribute's value, a SignerInfo, against certificates of the message around it.
    pub fn counter_signers(
        &self,
        signer_info: &[u8],
        more: &[X509],
    ) -> Result<Vec<Signer>, Unreadable> {
        // OpenSSL reads no SignerInfo on its own, so it gets a message around it: version 1, no digests, content kept apart.
        let content = der::value(der::SEQUENCE, &der::value(der::OID, DATA));
        let parts = [
            der::value(der::INTEGER, &[1]),
            der::value(der::SET, &[]),
            content,
            der::value(der::SET, signer_info),
        ];
        let signed = der::value(der::SEQUENCE, &parts.concat());
        let wrapped = [
            der::value(der::OID, SIGNED_DATA),
            der::value(der::CONTEXT_0, &signed),
        ];
        let (message, _) = ffi::Message::read(&der::value(der::SEQUENCE, &wrapped.concat()))?;
        let certificates: Vec<X509> = self.certificates.iter().chain(more).cloned().collect();
        message.signers(&certificates)
    }
}

/// 1.2.840.113549.1.7.1.
const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
/// 1.2.840.113549.1.7.2.
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];

impl Signer {
    /// The signed attributes as the SET that is signed, in the order of the message.
    pub fn signed_as_written(&self) -> Vec<u8> {
        set_of(self.signed.iter().map(|attribute| &attribute.der[..]))
    }

    /// The signed attributes as DER wants them, sorted (RFC 5652, 5.4).
    pub fn signed_as_der(&self) -> Vec<u8> {
        let mut sorted: Vec<&[u8]> = self.signed.iter().map(|one| &one.der[..]).collect();
        sorted.sort_unstable();
        set_of(sorted.into_iter())
    }
}

impl fmt::Debug for SignedData {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("SignedData");
        debug.field("content_type", &self.content_type);
        debug.field("signers", &self.signers.len());
        debug.finish_non_exhaustive()
    }
}

fn set_of<'a>(parts: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    der::value(der::SET, &parts.collect::<Vec<_>>().concat())
}
