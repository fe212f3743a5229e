//! All configuration that can be reloaded, validated whole, immutable, swapped at once; a request takes it once.

mod build;
mod backends;
mod declared;
mod proofs;
mod national;
mod vouchers;
mod digest;
pub mod ends;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use foldhash::HashMap;

use crate::config::card_issuers::CardIssuers;
use crate::config::certificate::CertificateMatch;
use crate::config::ente::Servizio;
use crate::config::grant::Document;
use crate::config::instance::InstanceSettings;
use crate::config::key::TokenKey;
use crate::config::operator::Operator;
use crate::config::portal::Portal;
use crate::config::purpose::Purpose;
use crate::config::seal::RefuseAfter;
use crate::connectors::adapter::Adapter;
use crate::connectors::instance::Tenant;
use crate::connectors::successors::{self, Former};
use crate::contract::luogo::CodiceIstat;
use crate::contract::operation::{Domain, Operation};
use crate::documents::creating::Sealer;
use crate::modi::Signers;
use crate::oidc::Provider;
use crate::pdnd::Authority;
use crate::signing::OwnSigner;
use crate::trust::{PeerCertificate, Trust};

use ends::Dated;

pub use build::{Built, Kept, build, build_with_grants, examine};

/// The configuration that a request runs under.
#[derive(Debug)]
pub struct Snapshot {
    /// How many were made before it since the start; the first is 1.
    pub generation: u64,
    /// SHA-256 of its content in hexadecimal, adapters, certificates and revocation lists included: two nodes with the
    /// same one decide alike.
    pub digest: String,
    /// The portal door's trust.
    pub trust: Arc<Trust>,
    /// The operators' door's trust.
    pub operators_trust: Arc<Trust>,
    /// The login host's trust, if there is one.
    pub login_trust: Option<Arc<Trust>>,
    /// Where the login host learns whose cards are recognized, if there is one.
    pub card_issuers: Option<CardIssuers>,
    /// What ends of all that we show and use towards back ends and portals' own addresses.
    outward_ends: Vec<Dated>,
    /// The grants as they are written.
    pub grants: Vec<Document>,
    portals: Holders<Portal>,
    /// The keys that portals sign with, by the portal's name.
    signers: HashMap<String, Signers>,
    /// What the gateway itself signs with, where it signs.
    pub own_signer: Option<OwnSigner>,
    /// What seals the evidence, where it is sealed.
    pub seal: Option<Seal>,
    /// The keys on tokens.
    pub keys: Vec<TokenKey>,
    /// What the log-in with cards rests on, where there is one.
    pub oidc: Option<Provider>,
    /// Who issues vouchers, where portals show some.
    pub pdnd: Option<Authority>,
    operators: Holders<Operator>,
    purposes: Vec<Purpose>,
    /// Sorted by ISTAT code.
    enti: Vec<Arc<EnteEntry>>,
    instances: BTreeMap<String, Backend>,
}

/// What seals the evidence, and how long exchanges go on without it.
#[derive(Debug, Clone)]
pub struct Seal {
    /// The keys.
    pub keys: Sealer,
    /// See [`RefuseAfter`].
    pub refuse_after: RefuseAfter,
}

/// An ente with the back ends that answer for it.
#[derive(Debug)]
pub struct EnteEntry {
    /// ISTAT code.
    pub codice_istat: CodiceIstat,
    /// Belfiore code.
    pub codice_belfiore: String,
    /// Code in the index of public administrations.
    pub codice_ipa: String,
    /// Name.
    pub denominazione: String,
    /// The operations over several enti that it signed for.
    pub joins: BTreeSet<Operation>,
    bindings: BTreeMap<Domain, Binding>,
}

/// Who answers for an ente in one domain.
#[derive(Debug, Clone)]
pub struct Binding {
    /// The back end.
    pub instance: Arc<InstanceSettings>,
    /// What it speaks.
    pub adapter: Arc<Adapter>,
    /// The ente as that back end knows it.
    pub tenant: Arc<Tenant>,
    /// Who answers from night copies while the back end is closed by its calendar.
    pub while_closed: Option<Backend>,
    /// As it is configured.
    pub servizio: Servizio,
}

/// An instance with the adapter that speaks its language.
#[derive(Debug, Clone)]
pub struct Backend {
    /// The back end.
    pub instance: Arc<InstanceSettings>,
    /// What it speaks.
    pub adapter: Arc<Adapter>,
}

/// Holders of certificates, found by them.
#[derive(Debug)]
struct Holders<T> {
    all: Vec<Arc<T>>,
    by_fingerprint: HashMap<[u8; 32], usize>,
    by_subject: HashMap<String, usize>,
}

impl Snapshot {
    /// Thumbprints of the keys that the gateway signs with: fewer than configured where a token was away.
    pub fn signing_keys(&self) -> Vec<[u8; 32]> {
        let own = self.own_signer.iter().flat_map(OwnSigner::signers);
        own.map(|signer| signer.public_key().thumbprint()).collect()
    }

    /// The portal whose certificate this is; the fingerprint counts before the subject.
    pub fn portal_of(&self, peer: &PeerCertificate) -> Option<&Arc<Portal>> {
        self.portals.of(peer)
    }

    /// The keys that a portal signs with, where its configuration demands tokens.
    pub fn signers_of(&self, portal: &str) -> Option<&Signers> {
        self.signers.get(portal)
    }

    /// The operator whose certificate this is.
    pub fn operator_of(&self, peer: &PeerCertificate) -> Option<&Arc<Operator>> {
        self.operators.of(peer)
    }

    /// Every portal.
    pub fn portals(&self) -> &[Arc<Portal>] {
        &self.portals.all
    }

    /// The grants and convenzioni that do not hold at an instant, as operators are told; absent ones are not among them.
    pub fn grants_not_in_force(&self, at: DateTime<Utc>) -> Vec<String> {
        let grants = self.portals.all.iter().flat_map(|portal| &portal.grants);
        grants.flat_map(|grant| grant.not_in_force(at)).collect()
    }

    /// Every purpose that grants may name.
    pub fn purposes(&self) -> &[Purpose] {
        &self.purposes
    }

    /// The ente with that code.
    pub fn ente(&self, code: &CodiceIstat) -> Option<&Arc<EnteEntry>> {
        let found = self
            .enti
            .binary_search_by(|ente| ente.codice_istat.cmp(code));
        found.ok().map(|index| &self.enti[index])
    }

    /// The municipality that had that code until another followed it; none while an ente is configured under it.
    pub fn former(&self, code: &CodiceIstat) -> Option<&'static Former> {
        if self.ente(code).is_some() {
            return None;
        }
        successors::former(code.as_str())
    }

    /// Every ente, by ISTAT code.
    pub fn enti(&self) -> &[Arc<EnteEntry>] {
        &self.enti
    }

    /// At most `limit` enti after that code, by ISTAT code; from the beginning where there is none.
    pub fn enti_after(&self, code: Option<&CodiceIstat>, limit: usize) -> &[Arc<EnteEntry>] {
        let begin = code.map_or(0, |code| {
            self.enti.partition_point(|ente| ente.codice_istat <= *code)
        });
        let end = self.enti.len().min(begin.saturating_add(limit));
        &self.enti[begin..end]
    }

    /// Every instance with its adapter, by name.
    pub fn backends(&self) -> impl Iterator<Item = &Backend> {
        self.instances.values()
    }
}

impl EnteEntry {
    /// Who answers in that domain; none where the ente does not offer it.
    pub fn binding(&self, domain: Domain) -> Option<&Binding> {
        self.bindings.get(&domain)
    }

    /// Every domain that the ente offers.
    pub fn bindings(&self) -> impl Iterator<Item = (Domain, &Binding)> {
        self.bindings
            .iter()
            .map(|(domain, binding)| (*domain, binding))
    }
}

impl<T> Holders<T> {
    fn new(all: Vec<T>, certificates: impl Fn(&T) -> &[CertificateMatch]) -> Holders<T> {
        let (mut by_fingerprint, mut by_subject) = (HashMap::default(), HashMap::default());
        for (index, holder) in all.iter().enumerate() {
            for certificate in certificates(holder) {
                match certificate {
                    CertificateMatch::Fingerprint(fingerprint) => {
                        by_fingerprint.insert(*fingerprint, index);
                    }
                    CertificateMatch::Subject(subject) => {
                        by_subject.insert(subject.clone(), index);
                    }
                }
            }
        }
        Holders {
            all: all.into_iter().map(Arc::new).collect(),
            by_fingerprint,
            by_subject,
        }
    }

    fn of(&self, peer: &PeerCertificate) -> Option<&Arc<T>> {
        let index = self
            .by_fingerprint
            .get(&peer.fingerprint)
            .or_else(|| self.by_subject.get(&peer.subject))?;
        Some(&self.all[*index])
    }
}
