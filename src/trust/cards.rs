//! The handshake of the login host: TLS 1.2, a certificate if there is one, and of it nothing but the proof that its key is held.
//!
//! A card that is refused gets a page that says why, which an alert cannot: whatever else there is to judge is judged afterwards.

use std::sync::Arc;

use openssl::hash::MessageDigest;
use openssl::pkey::Id;
use openssl::rsa::Padding;
use openssl::sign::{RsaPssSaltlen, Verifier};
use openssl::x509::X509;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::NoServerSessionStorage;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::version::TLS12;
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, ServerConfig,
    SignatureScheme,
};

use crate::config::door::Door;
use crate::config::mistake::Mistake;

/// What a card may sign the handshake with. Most cards pad as PKCS#1 v1.5 only, and browsers then need to find it here.
const SCHEMES: [SignatureScheme; 9] = [
    SignatureScheme::ECDSA_NISTP256_SHA256,
    SignatureScheme::ECDSA_NISTP384_SHA384,
    SignatureScheme::ECDSA_NISTP521_SHA512,
    SignatureScheme::RSA_PKCS1_SHA256,
    SignatureScheme::RSA_PKCS1_SHA384,
    SignatureScheme::RSA_PKCS1_SHA512,
    SignatureScheme::RSA_PSS_SHA256,
    SignatureScheme::RSA_PSS_SHA384,
    SignatureScheme::RSA_PSS_SHA512,
];

/// Believes that the key is held, and nothing else.
#[derive(Debug)]
struct Possession {
    /// The authorities' names, so that browsers offer the right certificates.
    hints: Vec<DistinguishedName>,
}

/// The server's side; no session outlives its connection.
pub(super) fn server_config(
    door: &Door,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    hints: Vec<DistinguishedName>,
) -> Result<ServerConfig, Mistake> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&TLS12])
        .map_err(|error| Mistake::of_file(&door.certificate, error.to_string()))?
        .with_client_cert_verifier(Arc::new(Possession { hints }))
        .with_single_cert(chain, key)
        .map_err(|error| Mistake::of_file(&door.key, error.to_string()))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

impl ClientCertVerifier for Possession {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn verify_client_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match is_signed(message, certificate, signature) {
            Ok(true) => Ok(HandshakeSignatureValid::assertion()),
            Ok(false) | Err(_) => Err(CertificateError::BadSignature.into()),
        }
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        // TLS 1.3 is not offered.
        Err(CertificateError::BadSignature.into())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        SCHEMES.to_vec()
    }
}

/// Whether the certificate's key made the signature; of any length, unlike webpki's: a short key is told of on a page.
fn is_signed(
    message: &[u8],
    certificate: &CertificateDer<'_>,
    signature: &DigitallySignedStruct,
) -> Result<bool, openssl::error::ErrorStack> {
    let (digest, kind, padding) = match signature.scheme {
        SignatureScheme::ECDSA_NISTP256_SHA256 => (MessageDigest::sha256(), Id::EC, None),
        SignatureScheme::ECDSA_NISTP384_SHA384 => (MessageDigest::sha384(), Id::EC, None),
        SignatureScheme::ECDSA_NISTP521_SHA512 => (MessageDigest::sha512(), Id::EC, None),
        SignatureScheme::RSA_PKCS1_SHA256 => {
            (MessageDigest::sha256(), Id::RSA, Some(Padding::PKCS1))
        }
        SignatureScheme::RSA_PKCS1_SHA384 => {
            (MessageDigest::sha384(), Id::RSA, Some(Padding::PKCS1))
        }
        SignatureScheme::RSA_PKCS1_SHA512 => {
            (MessageDigest::sha512(), Id::RSA, Some(Padding::PKCS1))
        }
        SignatureScheme::RSA_PSS_SHA256 => {
            (MessageDigest::sha256(), Id::RSA, Some(Padding::PKCS1_PSS))
        }
        SignatureScheme::RSA_PSS_SHA384 => {
            (MessageDigest::sha384(), Id::RSA, Some(Padding::PKCS1_PSS))
        }
        SignatureScheme::RSA_PSS_SHA512 => {
            (MessageDigest::sha512(), Id::RSA, Some(Padding::PKCS1_PSS))
        }
        _ => return Ok(false),
    };
    let key = X509::from_der(certificate)?.public_key()?;
    if key.id() != kind {
        return Ok(false);
    }
    let mut verifier = Verifier::new(digest, &key)?;
    if let Some(padding) = padding {
        verifier.set_rsa_padding(padding)?;
        if padding == Padding::PKCS1_PSS {
            verifier.set_rsa_mgf1_md(digest)?;
            verifier.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)?;
        }
    }
    verifier.verify_oneshot(signature.signature(), message)
}
