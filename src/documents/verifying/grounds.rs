//! What signatures are judged on: authorities that somebody configured, services of the trusted list, revocation lists. Nothing is fetched.

use std::cmp::Ordering;

use chrono::{DateTime, Utc};
use openssl::error::ErrorStack;
use openssl::stack::Stack;
use openssl::x509::store::{X509Store, X509StoreBuilder};
use openssl::x509::verify::X509VerifyFlags;
use openssl::x509::{CrlStatus, X509, X509Crl, X509StoreContext};

use crate::contract::firma::{Fiducia, Revoca};
use crate::trust::extensions;
use crate::trust::list::TrustedList;
use crate::trust::list::qualified::{Issues, QualifiedService};
use crate::trust::peer::moment;

/// Issuing distribution point and delta indicator of a revocation list (RFC 5280, 5.2): such a list speaks of a part only.
const PARTIAL: [&[u8]; 2] = [&[0x55, 0x1d, 0x1c], &[0x55, 0x1d, 0x1b]];

/// Longest chain that is followed.
const CHAIN: usize = 8;

/// Authorities, services and lists, shared by all verifications.
pub struct Grounds {
    store: X509Store,
    services: Vec<(Vec<X509>, QualifiedService)>,
    card_issuers: Vec<X509>,
    lists: Vec<X509Crl>,
}

/// A chain from a certificate to whom we recognize.
pub(super) struct Chain {
    /// The certificate first, the authority last.
    pub(super) certificates: Vec<X509>,
    pub(super) trust: Fiducia,
    /// Whether the authority issues citizens' cards.
    pub(super) is_of_cards: bool,
}

/// What revocation lists say of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Revocation {
    Good,
    /// Of the certificate itself or of an authority between.
    Revoked {
        at: DateTime<Utc>,
        is_leaf: bool,
    },
    Unknown,
}

impl Grounds {
    /// Authorities that the caller configured, the trusted list, and revocation lists at hand.
    pub fn new(
        anchors: Vec<X509>,
        list: Option<&TrustedList>,
        lists: Vec<X509Crl>,
    ) -> Result<Grounds, ErrorStack> {
        let parsed = |der: &Vec<u8>| X509::from_der(der).ok();
        let (mut services, mut card_issuers) = (Vec::new(), Vec::new());
        if let Some(list) = list {
            for service in &list.qualified {
                let certificates: Vec<X509> =
                    service.certificates.iter().filter_map(parsed).collect();
                services.push((certificates, service.clone()));
            }
            card_issuers.extend(list.authorities.iter().filter_map(parsed));
        }
        let mut store = X509StoreBuilder::new()?;
        let listed = services.iter().flat_map(|(certificates, _)| certificates);
        for anchor in anchors.iter().chain(listed).chain(&card_issuers) {
            store.add_cert(anchor.clone())?;
        }
        // Validity is ours to judge, at the moment that counts; an authority of the list need not sign itself.
        store.set_flags(X509VerifyFlags::NO_CHECK_TIME | X509VerifyFlags::PARTIAL_CHAIN)?;
        Ok(Grounds {
            store: store.build(),
            services,
            card_issuers,
            lists,
        })
    }

    /// The chain to an authority; `None` where none is recognized.
    pub(super) fn chain(&self, leaf: &X509, others: &[X509]) -> Option<Chain> {
        let found = self.path(leaf, others);
        drop(ErrorStack::get());
        let certificates = found.ok().flatten()?;
        let anchor = certificates.last()?;
        let is_of_cards = self.card_issuers.iter().any(|one| is_same(one, anchor));
        let is_listed = self
            .services
            .iter()
            .any(|(all, _)| all.iter().any(|one| is_same(one, anchor)));
        Some(Chain {
            trust: match is_of_cards || is_listed {
                true => Fiducia::ElencoDiFiducia,
                false => Fiducia::AutoritaConfigurata,
            },
            is_of_cards,
            certificates,
        })
    }

    fn path(&self, leaf: &X509, others: &[X509]) -> Result<Option<Vec<X509>>, ErrorStack> {
        let mut untrusted = Stack::new()?;
        for one in others {
            untrusted.push(one.clone())?;
        }
        let mut context = X509StoreContext::new()?;
        context.init(&self.store, leaf, &untrusted, |context| {
            let is_found = context.verify_cert()?;
            let chain = context.chain().filter(|_| is_found);
            Ok(chain
                .map(|chain| chain.iter().map(ToOwned::to_owned).collect::<Vec<X509>>())
                .filter(|chain| chain.len() <= CHAIN))
        })
    }

    /// Whether a service of the trusted list that issued the chain's first certificate was qualified for it then.
    pub(super) fn was_qualified(&self, chain: &Chain, issues: Issues, at: DateTime<Utc>) -> bool {
        self.services.iter().any(|(certificates, service)| {
            let is_ours = certificates
                .iter()
                .any(|one| chain.certificates.iter().any(|link| is_same(one, link)));
            is_ours
                && service.issues == issues
                && !service.has_exceptions
                && service.was_qualified(at)
        })
    }

    /// What the lists at hand and those of the document say of everybody in the chain but the authority.
    pub(super) fn revocation(
        &self,
        chain: &Chain,
        of_document: &[X509Crl],
        at: DateTime<Utc>,
    ) -> Revocation {
        let mut is_known = true;
        for (place, pair) in chain.certificates.windows(2).enumerate() {
            let lists = of_document.iter().chain(&self.lists);
            match status(&pair[0], &pair[1], lists, at) {
                Revocation::Revoked { at, .. } => {
                    return Revocation::Revoked {
                        at,
                        is_leaf: place == 0,
                    };
                }
                Revocation::Unknown => is_known = false,
                Revocation::Good => {}
            }
        }
        match is_known {
            true => Revocation::Good,
            false => Revocation::Unknown,
        }
    }
}

impl Revocation {
    pub(super) fn word(self) -> Revoca {
        match self {
            Revocation::Good => Revoca::NonRevocato,
            Revocation::Revoked { .. } => Revoca::Revocato,
            Revocation::Unknown => Revoca::NonDisponibile,
        }
    }
}

/// One certificate against the lists of its issuer. A list counts for a moment that its next update does not precede.
fn status<'a>(
    certificate: &X509,
    issuer: &X509,
    lists: impl Iterator<Item = &'a X509Crl>,
    at: DateTime<Utc>,
) -> Revocation {
    let mut found = Revocation::Unknown;
    for list in lists.filter(|list| is_of(list, issuer)) {
        match list.get_by_cert(certificate) {
            CrlStatus::Revoked(entry) => {
                // An entry without a moment that can be read revokes from the beginning.
                let when = moment(entry.revocation_date()).unwrap_or(DateTime::<Utc>::MIN_UTC);
                return Revocation::Revoked {
                    at: when,
                    is_leaf: true,
                };
            }
            CrlStatus::NotRevoked | CrlStatus::RemoveFromCrl(_) => {
                if speaks_of(list, certificate, at) {
                    found = Revocation::Good;
                }
            }
        }
    }
    drop(ErrorStack::get());
    found
}

/// Whether the list's silence about a certificate says something: it is whole, fresh at that moment, and made while the certificate was valid,
/// since those that ended may be left out.
fn speaks_of(list: &X509Crl, certificate: &X509, at: DateTime<Utc>) -> bool {
    let is_whole = list.to_der().is_ok_and(|der| {
        PARTIAL
            .iter()
            .all(|oid| matches!(extensions::of_list(&der, oid), Ok(None)))
    });
    let issued = moment(list.last_update());
    let until = list.next_update().and_then(moment);
    let ends = moment(certificate.not_after());
    let in_time = issued
        .zip(ends)
        .is_some_and(|(issued, ends)| issued <= ends);
    is_whole && in_time && until.is_some_and(|until| at <= until)
}

fn is_of(list: &X509Crl, issuer: &X509) -> bool {
    let names = list.issuer_name().try_cmp(issuer.subject_name());
    let key = issuer.public_key();
    names.is_ok_and(Ordering::is_eq) && key.is_ok_and(|key| list.verify(&key).unwrap_or(false))
}

fn is_same(one: &X509, other: &X509) -> bool {
    let der = |certificate: &X509| certificate.to_der().ok();
    one.serial_number().to_bn().ok() == other.serial_number().to_bn().ok() && der(one) == der(other)
}
