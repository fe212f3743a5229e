//! Whether a signer's key signed the content and the attributes: the mathematics alone, whoever holds the key.

use chrono::{DateTime, Utc};
use openssl::x509::X509;
use openssl_cms::{Signer, der};

use crate::contract::firma::{Integrita, SottoIndicazione};

use super::algorithms::{Digest, Method, Unusable, weakness};
use super::attributes::{Malformed, Signed};
use super::finding::Finding;

const DATA: &str = "1.2.840.113549.1.7.1";
/// 1.2.840.113549.1.9.4 (message-digest), with tag and length.
const MESSAGE_DIGEST: &[u8] = &[
    0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04,
];

/// What somebody claims to have signed.
#[derive(Clone, Copy)]
pub(super) struct Claim<'a> {
    pub(super) signer: &'a Signer,
    /// The content; none where it is kept apart and was not given.
    pub(super) content: Option<&'a [u8]>,
    /// The content's type; none for counter-signatures, which have none.
    pub(super) content_type: Option<&'a str>,
    /// The certificates that the signer names places of.
    pub(super) certificates: &'a [X509],
}

/// What the mathematics say.
pub(super) struct Mathematics {
    pub(super) integrity: Integrita,
    pub(super) findings: Vec<Finding>,
    /// Whose key it is; none where the certificate is missing, or is another one than was signed.
    pub(super) certificate: Option<X509>,
    pub(super) signed: Signed,
    /// Whether the certificate's digest is among what was signed.
    pub(super) names_certificate: bool,
    digest: Option<Digest>,
    method: Option<Method>,
}

impl Mathematics {
    /// Checks content, attributes and signature.
    pub(super) fn of(claim: Claim<'_>) -> Mathematics {
        let digest = Digest::of(&claim.signer.digest.oid);
        let mut found = Mathematics {
            integrity: Integrita::NonVerificabile,
            findings: Vec::new(),
            certificate: None,
            signed: Signed::default(),
            names_certificate: false,
            digest,
            method: None,
        };
        match Signed::of(claim.signer).and_then(|signed| well_formed(claim, signed)) {
            Ok(signed) => found.signed = signed,
            Err(Malformed(reason)) => {
                found.integrity = Integrita::Violata;
                let finding = Finding::failed(SottoIndicazione::FormatFailure, reason);
                found.findings.push(finding);
                return found;
            }
        }
        match found.check(claim) {
            Ok(integrity) => found.integrity = integrity,
            Err((integrity, finding)) => {
                found.integrity = integrity;
                found.findings.push(finding);
            }
        }
        found
    }

    fn check(&mut self, claim: Claim<'_>) -> Result<Integrita, (Integrita, Finding)> {
        let unknown = |finding| (Integrita::NonVerificabile, finding);
        self.names_certificate = !self.signed.certificates.is_empty();
        self.certificate = self.certificate_of(claim).map_err(unknown)?;
        let digest = self.digest.ok_or_else(|| unknown(algorithm(claim)))?;
        let method = Method::of(&claim.signer.signature_algorithm, digest);
        let method = method.map_err(|unusable| match unusable {
            Unusable::Unknown => unknown(algorithm(claim)),
            Unusable::Contradictory => unknown(Finding::undecided(
                SottoIndicazione::CryptoConstraintsFailure,
                "l'algoritmo della firma e quello dell'impronta si contraddicono",
            )),
        })?;
        self.method = Some(method);
        let content = content_holds(claim, &self.signed, digest);
        let is_unsure = matches!(content, Err((Integrita::NonVerificabile, _)));
        // A changed content is told before a changed signature; a changed signature also where the content is missing.
        if !is_unsure || claim.signer.signed.is_empty() {
            content.clone()?;
        }
        if !self.is_signed(claim, method).map_err(unknown)? {
            return Err((
                Integrita::Violata,
                Finding::failed(
                    SottoIndicazione::SigCryptoFailure,
                    "la firma non corrisponde alla chiave del certificato",
                ),
            ));
        }
        content.map(|()| Integrita::Integra)
    }

    /// Of the certificates that the signer names, the one whose digest was signed. Without such a digest, the first.
    fn certificate_of(&self, claim: Claim<'_>) -> Result<Option<X509>, Finding> {
        let named = claim.signer.named.iter();
        let named: Vec<&X509> = named
            .filter_map(|place| claim.certificates.get(*place))
            .collect();
        let missing = |reason: &str| {
            Err(Finding::undecided(
                SottoIndicazione::NoSigningCertificateFound,
                reason,
            ))
        };
        if named.is_empty() {
            return missing("la busta non contiene il certificato del firmatario");
        }
        let digests = &self.signed.certificates;
        let mut meant = named
            .into_iter()
            .filter(|one| digests.iter().all(|digest| digest.is_of(one)));
        match meant.next() {
            Some(certificate) => Ok(Some(certificate.clone())),
            None => missing(
                "il certificato allegato non è quello che il firmatario ha indicato tra gli attributi firmati",
            ),
        }
    }

    /// As the attributes stand, then as DER sorts them: some sign the one, some the other.
    fn is_signed(&self, claim: Claim<'_>, method: Method) -> Result<bool, Finding> {
        let certificate = self.certificate.as_ref();
        let key = certificate.and_then(|one| one.public_key().ok());
        let Some(key) = key else {
            return Err(Finding::undecided(
                SottoIndicazione::CryptoConstraintsFailure,
                "la chiave del certificato non si legge",
            ));
        };
        let signer = claim.signer;
        let verifies = |bytes: &[u8]| method.verifies(&key, &signer.signature, bytes);
        Ok(match signer.signed.is_empty() {
            true => claim.content.is_some_and(verifies),
            false => verifies(&signer.signed_as_written()) || verifies(&signer.signed_as_der()),
        })
    }

    /// What is too weak for a signature that is proven to have existed at that moment.
    pub(super) fn weaknesses(&self, at: DateTime<Utc>) -> Vec<Finding> {
        let weak = |reason: String| {
            Finding::undecided(SottoIndicazione::CryptoConstraintsFailureNoPoe, reason)
        };
        let mut found = Vec::new();
        if let Some(digest) = self.digest.filter(|digest| !digest.is_good_at(at)) {
            let name = digest.name;
            found.push(weak(format!(
                "{name} non è più un algoritmo sicuro, e nulla prova che la firma sia anteriore"
            )));
        }
        let key = self
            .certificate
            .as_ref()
            .and_then(|one| one.public_key().ok());
        if let Some(reason) = key.as_ref().and_then(weakness) {
            found.push(weak(reason.to_owned()));
        }
        found
    }

    pub(super) fn digest_name(&self, signer: &Signer) -> String {
        let known = self.digest.map(|digest| digest.name.to_owned());
        known.unwrap_or_else(|| signer.digest.oid.clone())
    }

    pub(super) fn method_name(&self, signer: &Signer) -> String {
        let known = self.method.map(Method::name);
        known.unwrap_or_else(|| signer.signature_algorithm.oid.clone())
    }
}

/// RFC 5652, 5.3 and 11: which attributes must be there, and what the content's type must say.
fn well_formed(claim: Claim<'_>, signed: Signed) -> Result<Signed, Malformed> {
    let malformed = |text: &str| Err(Malformed(text.to_owned()));
    if claim.signer.signed.is_empty() {
        let is_data = claim.content_type.is_none_or(|one| one == DATA);
        return match (is_data, claim.content.is_some_and(is_attributes)) {
            (true, false) => Ok(signed),
            (true, true) => malformed("il contenuto è l'insieme degli attributi di un'altra firma"),
            (false, _) => malformed("la firma non ha attributi firmati, che il contenuto richiede"),
        };
    }
    if signed.message_digest.is_none() {
        return malformed("tra gli attributi firmati manca l'impronta del contenuto");
    }
    match (claim.content_type, &signed.content_type) {
        (Some(stated), Some(found)) if stated != found => {
            malformed("il tipo del contenuto non è quello firmato")
        }
        (Some(_), None) => malformed("tra gli attributi firmati manca il tipo del contenuto"),
        _ => Ok(signed),
    }
}

/// Whether the content is a set of signed attributes: with the attributes left out, a signature over them would pass for one over such a content.
fn is_attributes(content: &[u8]) -> bool {
    let mut rest = content;
    let set = der::take(&mut rest, der::SET);
    let holds =
        |set: &[u8]| memchr::memmem::find(&set[..set.len().min(4096)], MESSAGE_DIGEST).is_some();
    rest.is_empty() && set.is_some_and(holds)
}

fn content_holds(
    claim: Claim<'_>,
    signed: &Signed,
    digest: Digest,
) -> Result<(), (Integrita, Finding)> {
    let Some(content) = claim.content else {
        let reason = "il contenuto firmato non è nella busta e non è stato consegnato";
        let finding = Finding::undecided(SottoIndicazione::SignedDataNotFound, reason);
        return Err((Integrita::NonVerificabile, finding));
    };
    let Some(stated) = &signed.message_digest else {
        return Ok(());
    };
    match digest.over(content).is_ok_and(|found| found == *stated) {
        true => Ok(()),
        false => Err((
            Integrita::Violata,
            Finding::failed(
                SottoIndicazione::HashFailure,
                "il contenuto non è quello firmato: l'impronta è un'altra",
            ),
        )),
    }
}

fn algorithm(claim: Claim<'_>) -> Finding {
    let signer = claim.signer;
    Finding::undecided(
        SottoIndicazione::CryptoConstraintsFailure,
        format!(
            "algoritmi che qui non si verificano: impronta {}, firma {}",
            signer.digest.oid, signer.signature_algorithm.oid
        ),
    )
}
