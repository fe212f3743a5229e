//! What the doors shake hands with: TLS 1.2 and 1.3 on aws-lc-rs, a client certificate always, sessions that outlive a reload.

use std::sync::Arc;

use chrono::Utc;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ProducesTickets, ServerSessionMemoryCache, StoresServerSessions};
use rustls::version::{TLS12, TLS13};
use rustls::{
    DigitallySignedStruct, DistinguishedName, Error, InconsistentKeys, ServerConfig,
    SignatureScheme,
};

use crate::config::door::Door;
use crate::config::mistake::Mistake;

use super::judge::Judge;

/// Sessions of TLS 1.2 clients without tickets that are kept in memory.
const SESSIONS: usize = 4_096;

/// What lets clients resume their sessions; made once per door and handed to every [`super::Trust`] that follows.
///
/// Resuming skips the check of the certificate, which is why every request judges it anew.
#[derive(Clone)]
pub struct Resumption {
    tickets: Arc<dyn ProducesTickets>,
    sessions: Arc<dyn StoresServerSessions>,
}

impl Resumption {
    /// Fresh ticket keys; they live in memory only and rotate every six hours.
    pub fn new() -> Result<Resumption, Error> {
        Ok(Resumption {
            tickets: aws_lc_rs::Ticketer::new()?,
            sessions: ServerSessionMemoryCache::new(SESSIONS),
        })
    }
}

/// The server's side of the handshake; a mistake if the key does not belong to the certificate.
pub(super) fn server_config(
    door: &Door,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    judge: Arc<Judge>,
    resumption: &Resumption,
) -> Result<ServerConfig, Mistake> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(|error| Mistake::of_file(&door.certificate, error.to_string()))?
        .with_client_cert_verifier(judge)
        .with_single_cert(chain, key)
        .map_err(|error| match error {
            Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => Mistake::of_file(
                &door.key,
                format!(
                    "la chiave non è quella del certificato {}",
                    door.certificate.display()
                ),
            ),
            other => Mistake::of_file(&door.key, other.to_string()),
        })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.ticketer = Arc::clone(&resumption.tickets);
    config.session_storage = Arc::clone(&resumption.sessions);
    // Each carries the client's certificate; one per connection is what a client needs to come back.
    config.send_tls13_tickets = 1;
    Ok(config)
}

impl ClientCertVerifier for Judge {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.judge_newcomer(end_entity, intermediates, Utc::now())
            .map(|()| ClientCertVerified::assertion())
            .map_err(super::Distrust::into_rustls)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.first_verifier()?
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.first_verifier()?
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.first_verifier()
            .map(ClientCertVerifier::supported_verify_schemes)
            .unwrap_or_default()
    }
}

impl Judge {
    /// Signatures of the handshake do not depend on the authority: any verifier checks them alike.
    fn first_verifier(&self) -> Result<&dyn ClientCertVerifier, Error> {
        self.authorities
            .first()
            .map(|authority| &*authority.verifier)
            .ok_or_else(|| super::Distrust::UnknownAuthority.into_rustls())
    }
}
