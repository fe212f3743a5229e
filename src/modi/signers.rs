//! Whose key signed a token: known beforehand, or certified by an authority that is recognized.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, Utc};
use foldhash::HashMap;
use openssl::x509::X509;
use parking_lot::RwLock;
use rustls::pki_types::CertificateDer;

use super::Rules;
use super::error::Fault;
use crate::config::certificate::CertificateMatch;
use crate::config::mistake::Mistake;
use crate::config::modi::{Modi, Reference};
use crate::jose::{Header, KeySet, PublicKey};
use crate::trust::{Distrust, PeerCertificate, Verdict};

/// Keys of certificates kept at most; beyond, all are read again.
const KEPT: usize = 1_000;

/// The keys that one portal signs with, under one snapshot.
pub struct Signers {
    known: Vec<Known>,
    keys: KeySet,
    /// The certificate that stands at each address, by its position among the known.
    addresses: Vec<(String, usize)>,
    /// Keys of certificates that were trusted, by the leaf's SHA-256: reading one costs as much as a signature.
    read: RwLock<HashMap<[u8; 32], Arc<PublicKey>>>,
}

/// A certificate that the configuration names.
pub(super) struct Known {
    pub(super) digest: [u8; 32],
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: Arc<PublicKey>,
}

impl Signers {
    /// Reads the files that `[portal.modi]` names; all mistakes at once.
    pub fn load(settings: &Modi) -> Result<Signers, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let mut known = Vec::new();
        for file in &settings.signers {
            match read_certificates(file) {
                Ok(read) => known.extend(read),
                Err(mistake) => mistakes.push(mistake),
            }
        }
        let mut addresses = Vec::new();
        for (address, file) in &settings.addresses {
            match read_certificates(file) {
                Ok(read) => {
                    addresses.push((address.clone(), known.len()));
                    known.extend(read);
                }
                Err(mistake) => mistakes.push(mistake),
            }
        }
        let keys = match settings.keys.as_ref().map(read_keys) {
            None => KeySet::default(),
            Some(Ok(keys)) => keys,
            Some(Err(mistake)) => {
                mistakes.push(mistake);
                KeySet::default()
            }
        };
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        Ok(Signers {
            known,
            keys,
            addresses,
            read: RwLock::default(),
        })
    }

    /// The key that a token's header refers to, if its signer may sign for the portal. Whatever the header names beside
    /// it must be the same key.
    pub(super) fn key_of(
        &self,
        header: &Header,
        rules: &Rules<'_>,
        at: DateTime<Utc>,
    ) -> Result<Arc<PublicKey>, Fault> {
        let accepted = |reference| rules.settings.references.contains(&reference);
        let mut found: Option<Arc<PublicKey>> = None;
        let mut named = false;
        let mut take = |key: Arc<PublicKey>| match &found {
            Some(other) if !other.is_same(&key) => Err(Fault::ReferencesDiffer),
            _ => {
                found = Some(key);
                Ok(())
            }
        };
        if let Some(leaf) = header.certificates.first() {
            named = true;
            if accepted(Reference::X5c) {
                let said = header.certificate_digest;
                if said.is_some_and(|said| said != sha256(leaf)) {
                    return Err(Fault::ReferencesDiffer);
                }
                take(self.of_chain(&header.certificates, rules, at)?)?;
            }
        } else if let Some(digest) = header.certificate_digest {
            named = true;
            if accepted(Reference::X5tS256) {
                take(self.of_digest(&digest, rules, at)?)?;
            }
        }
        if let Some(address) = &header.certificate_address {
            named = true;
            if accepted(Reference::X5u) {
                take(self.of_address(address, rules, at)?)?;
            }
        }
        if let Some(key_id) = &header.key_id {
            named = true;
            if accepted(Reference::Kid) {
                let known = self.keys.get(key_id).ok_or(Fault::SignerUnknown)?;
                take(Arc::clone(known))?;
            }
        }
        match (found, named) {
            (Some(key), _) => Ok(key),
            (None, true) => Err(Fault::ReferenceNotAccepted),
            (None, false) => Err(Fault::ReferenceAbsent),
        }
    }

    /// The key of a certificate that came with the token: named beforehand, or the portal's under a recognized authority.
    fn of_chain(
        &self,
        chain: &[Vec<u8>],
        rules: &Rules<'_>,
        at: DateTime<Utc>,
    ) -> Result<Arc<PublicKey>, Fault> {
        let leaf = chain.first().ok_or(Fault::ReferenceAbsent)?;
        let digest = sha256(leaf);
        if let Some(known) = self.known.iter().find(|known| known.digest == digest) {
            return known.key_at(rules, at);
        }
        let chain: Vec<CertificateDer<'_>> = chain
            .iter()
            .map(|one| CertificateDer::from(one.as_slice()))
            .collect();
        let peer = rules
            .trust
            .peer(&chain)
            .ok_or(Fault::SignerUntrusted(Distrust::Unreadable))?;
        if !is_recognized(&peer, rules) {
            return Err(Fault::SignerUnknown);
        }
        if let Verdict::Refused(why) = rules.trust.judge(&peer, at) {
            return Err(Fault::SignerUntrusted(why));
        }
        self.key_of_leaf(digest, leaf)
    }

    fn of_digest(
        &self,
        digest: &[u8; 32],
        rules: &Rules<'_>,
        at: DateTime<Utc>,
    ) -> Result<Arc<PublicKey>, Fault> {
        if let Some(known) = self.known.iter().find(|known| known.digest == *digest) {
            return known.key_at(rules, at);
        }
        // The certificate that the portal calls with is at hand, and was judged a moment ago.
        let connection = rules.connection;
        match connection.chain.first() {
            Some(leaf) if connection.fingerprint == *digest && is_recognized(connection, rules) => {
                self.key_of_leaf(*digest, leaf)
            }
            _ => Err(Fault::SignerUnknown),
        }
    }

    /// The certificate of an address that the configuration lists. No address is ever called for a token.
    fn of_address(
        &self,
        address: &str,
        rules: &Rules<'_>,
        at: DateTime<Utc>,
    ) -> Result<Arc<PublicKey>, Fault> {
        let mut listed = self.addresses.iter();
        let (_, position) = listed
            .find(|(listed, _)| listed == address)
            .ok_or(Fault::AddressNotAccepted)?;
        self.known[*position].key_at(rules, at)
    }

    fn key_of_leaf(&self, digest: [u8; 32], leaf: &[u8]) -> Result<Arc<PublicKey>, Fault> {
        if let Some(key) = self.read.read().get(&digest) {
            return Ok(Arc::clone(key));
        }
        let key = Arc::new(PublicKey::of_certificate(leaf)?);
        let mut read = self.read.write();
        if read.len() >= KEPT {
            read.clear();
        }
        read.insert(digest, Arc::clone(&key));
        Ok(key)
    }
}

impl Known {
    /// Its key, if the certificate holds now. That no authority of ours issued it does not matter: it was named by hand.
    fn key_at(&self, rules: &Rules<'_>, at: DateTime<Utc>) -> Result<Arc<PublicKey>, Fault> {
        let untrusted = Fault::SignerUntrusted;
        let peer = rules
            .trust
            .peer(&self.chain)
            .ok_or(untrusted(Distrust::Unreadable))?;
        let verdict = rules.trust.judge(&peer, at);
        let by_hand = |why| {
            matches!(
                why,
                Distrust::UnknownAuthority | Distrust::Purpose | Distrust::Unreadable
            )
        };
        match verdict {
            Verdict::Refused(why) if !by_hand(why) => return Err(untrusted(why)),
            Verdict::Refused(_) | Verdict::Trusted => {}
        }
        let (from, until) = peer.validity().ok_or(untrusted(Distrust::Unreadable))?;
        if at < from {
            return Err(untrusted(Distrust::NotYetValid));
        }
        if until < at {
            return Err(untrusted(Distrust::Expired));
        }
        Ok(Arc::clone(&self.key))
    }
}

/// Whether a certificate is one that may sign for the portal.
fn is_recognized(peer: &PeerCertificate, rules: &Rules<'_>) -> bool {
    let own = &rules.settings.certificates;
    let certificates = match own.is_empty() {
        true => &rules.portal.certificates,
        false => own,
    };
    certificates.iter().any(|one| match one {
        CertificateMatch::Fingerprint(fingerprint) => *fingerprint == peer.fingerprint,
        CertificateMatch::Subject(subject) => *subject == peer.subject,
    })
}

pub(super) fn read_certificates(file: &Path) -> Result<Option<Known>, Mistake> {
    let wrong = |text: String| Mistake::of_file(file, text);
    let text = std::fs::read(file)
        .map_err(|error| wrong(format!("il file non si può leggere: {error}")))?;
    let certificates = X509::stack_from_pem(&text)
        .map_err(|_| wrong("non è un certificato in formato PEM".to_owned()))?;
    let chain: Vec<CertificateDer<'static>> = certificates
        .iter()
        .filter_map(|one| one.to_der().ok())
        .map(CertificateDer::from)
        .collect();
    let Some(leaf) = chain.first() else {
        return Err(wrong("non contiene nessun certificato".to_owned()));
    };
    let key = PublicKey::of_certificate(leaf).map_err(|_| {
        wrong("la chiave del certificato non va bene: serve RSA da 2048 a 8192 bit, P-256, P-384 o P-521".to_owned())
    })?;
    Ok(Some(Known {
        digest: sha256(leaf),
        key: Arc::new(key),
        chain,
    }))
}

pub(super) fn read_keys(file: &PathBuf) -> Result<KeySet, Mistake> {
    let wrong = |text: String| Mistake::of_file(file, text);
    let text = std::fs::read(file)
        .map_err(|error| wrong(format!("il file non si può leggere: {error}")))?;
    let keys = KeySet::read(&text)
        .map_err(|_| wrong("non è un insieme di chiavi JWK (RFC 7517)".to_owned()))?;
    if keys.keys().is_empty() {
        return Err(wrong(
            "nessuna chiave è utilizzabile: servono chiavi pubbliche RSA o EC per la firma"
                .to_owned(),
        ));
    }
    Ok(keys)
}

pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, bytes).as_ref());
    out
}

impl fmt::Debug for Signers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Signers")
            .field("known", &self.known.len())
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}
