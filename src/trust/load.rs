//! Makes a door's trust of its files, held against each other, and tells every mistake in them at once.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{DistinguishedName, RootCertStore};

use crate::config::door::Door;
use crate::config::login::Login;
use crate::config::mistake::Mistake;

use super::End;
use super::files::{List, Reading, Root};
use super::judge::{Authority, Judge, ListBound};
use super::peer::distinguished_name;
use super::verdicts::Verdicts;

/// Everything that a door's trust is made of, checked.
pub(super) struct Material {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
    pub(super) judge: Judge,
    pub(super) ends: Vec<End>,
}

/// Reads and checks the files that the door names.
pub(super) fn read(door: &Door, now: DateTime<Utc>) -> Result<Material, Vec<Mistake>> {
    let mut reading = Reading {
        now,
        mistakes: Vec::new(),
        ends: Vec::new(),
    };
    let chain = reading.own_chain(&door.certificate);
    let key = reading.key(&door.key);
    let roots: Vec<Root> = door
        .authorities
        .iter()
        .flat_map(|file| reading.authorities(file))
        .collect();
    let lists: Vec<List> = door
        .revocations
        .iter()
        .flat_map(|file| reading.lists(file))
        .collect();
    if door.authorities.is_empty() {
        reading.mistake(
            &door.certificate,
            "in `authorities` non c'è nessuna autorità: non entrerebbe nessuno",
        );
    }
    reading.must_have_lists(&roots, &lists);
    reading.check_signatures(&roots, &lists);
    let judge = reading.judge(&roots, &lists);
    reading.into_material(chain, key, judge)
}

/// The same for the login host, where the trusted list and fetched revocation lists may stand in for the files that it names, or beside them.
pub(super) fn read_for_cards(login: &Login, now: DateTime<Utc>) -> Result<Material, Vec<Mistake>> {
    let (door, issuers) = (&login.door, &login.issuers);
    let mut reading = Reading {
        now,
        mistakes: Vec::new(),
        ends: Vec::new(),
    };
    let chain = reading.own_chain(&door.certificate);
    let key = reading.key(&door.key);
    let files = door.authorities.iter();
    let mut roots: Vec<Root> = files.flat_map(|file| reading.authorities(file)).collect();
    let files = door.revocations.iter();
    let mut lists: Vec<List> = files.flat_map(|file| reading.lists(file)).collect();
    if issuers.revocation_lists.is_none() {
        reading.must_have_lists(&roots, &lists);
    }
    reading.check_signatures(&roots, &lists);
    let recognized = reading.recognized(issuers);
    for root in recognized.roots {
        if !roots.iter().any(|known| known.der == root.der) {
            roots.push(root);
        }
    }
    let fetched = recognized.lists.into_iter();
    lists.extend(fetched.filter(|list| roots.iter().any(|root| list.is_signed_by(root))));
    let mut judge = judge_of_cards(&roots, &lists);
    judge.listed_until = recognized.listed_until;
    judge.roots = roots.into_iter().map(|root| root.parsed).collect();
    reading.into_material(chain, key, Some(judge))
}

impl Reading {
    fn into_material(
        self,
        chain: Vec<CertificateDer<'static>>,
        key: Option<PrivateKeyDer<'static>>,
        judge: Option<Judge>,
    ) -> Result<Material, Vec<Mistake>> {
        match (key, judge) {
            (Some(key), Some(judge)) if self.mistakes.is_empty() => Ok(Material {
                chain,
                key,
                judge,
                ends: self.ends,
            }),
            _ => Err(self.mistakes),
        }
    }

    /// Every authority must have a list that it signed: a certificate whose revocation is unknown is refused.
    fn must_have_lists(&mut self, roots: &[Root], lists: &[List]) {
        for root in roots {
            if !lists.iter().any(|list| list.is_signed_by(root)) {
                let name = distinguished_name(root.parsed.subject_name());
                self.mistake(
                    &root.file,
                    format!(
                        "{name} non ha una sua lista di revoca: il file va nominato in `revocations`"
                    ),
                );
            }
        }
    }

    fn check_signatures(&mut self, roots: &[Root], lists: &[List]) {
        for list in lists {
            let mut named = roots.iter().filter(|root| list.names(root)).peekable();
            if named.peek().is_some() && !named.any(|root| list.is_signed_by(root)) {
                let name = distinguished_name(list.parsed.issuer_name());
                self.mistake(
                    &list.file,
                    format!("la lista di revoca non è firmata da {name}"),
                );
            }
        }
    }

    fn judge(&mut self, roots: &[Root], lists: &[List]) -> Option<Judge> {
        for list in lists {
            if let Some(root) = roots.first()
                && let Err(error) = verifier(root, [list].into_iter(), true)
            {
                self.mistake(&list.file, error);
            }
        }
        let mut authorities = Vec::new();
        for root in roots {
            // After a change of key an authority has two lists under one name, and webpki takes the first.
            let its = lists
                .iter()
                .filter(|list| !list.names(root) || list.is_signed_by(root));
            match verifier(root, its, true) {
                Ok(verifier) => authorities.push(Authority {
                    from: root.from,
                    until: root.until,
                    has_lists: !lists.is_empty(),
                    verifier,
                }),
                Err(error) if self.mistakes.is_empty() => self.mistake(&root.file, error),
                Err(_) => {}
            }
        }
        if authorities.is_empty() {
            return None;
        }
        Some(Judge {
            authorities,
            hints: hints(roots),
            list_ends: lists.iter().map(|list| list.until).collect(),
            list_bounds: Vec::new(),
            listed_until: None,
            roots: Vec::new(),
            verdicts: Verdicts::default(),
        })
    }
}

/// Of a hundred authorities each gets the lists that it signed and those of nobody here, which may be of authorities below it. When they end is
/// ours to say, since a fetched list may count for a while longer.
fn judge_of_cards(roots: &[Root], lists: &[List]) -> Judge {
    let foreign = |list: &List| !roots.iter().any(|root| list.names(root));
    let (foreign, known): (Vec<&List>, Vec<&List>) = lists.iter().partition(|list| foreign(list));
    let mut authorities = Vec::new();
    let mut hinted = Vec::new();
    for root in roots {
        let own = known.iter().filter(|list| list.is_signed_by(root));
        let its: Vec<&List> = own.chain(&foreign).copied().collect();
        let has_lists = !its.is_empty();
        match verifier(root, its.into_iter(), false) {
            Ok(verifier) => {
                authorities.push(Authority {
                    from: root.from,
                    until: root.until,
                    has_lists,
                    verifier,
                });
                hinted.push(root);
            }
            Err(error) => {
                let name = distinguished_name(root.parsed.subject_name());
                tracing::warn!(
                    authority = name,
                    error,
                    "un'autorità delle carte, o una sua lista di revoca, non è utilizzabile"
                );
            }
        }
    }
    let bounds = lists.iter().filter_map(|list| {
        Some(ListBound {
            issuer: list.parsed.issuer_name().to_der().ok()?,
            until: list.until,
        })
    });
    Judge {
        authorities,
        hints: hints(hinted),
        list_ends: lists.iter().map(|list| list.until).collect(),
        list_bounds: bounds.collect(),
        listed_until: None,
        roots: Vec::new(),
        verdicts: Verdicts::default(),
    }
}

fn hints<'a>(roots: impl IntoIterator<Item = &'a Root>) -> Vec<DistinguishedName> {
    let names = roots.into_iter();
    let names = names.filter_map(|root| root.parsed.subject_name().to_der().ok());
    names.map(DistinguishedName::from).collect()
}

/// webpki's verifier for one authority: whole chain, unknown status refused, ended lists refused unless somebody else looks at their end.
fn verifier<'a>(
    root: &Root,
    lists: impl Iterator<Item = &'a List>,
    ended_lists_refused: bool,
) -> Result<Arc<dyn ClientCertVerifier>, String> {
    let mut store = RootCertStore::empty();
    store
        .add(root.der.clone())
        .map_err(|error| format!("non può fare da autorità: {error}"))?;
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(store), provider)
        .with_crls(lists.map(|list| list.der.clone()));
    let builder = match ended_lists_refused {
        true => builder.enforce_revocation_expiration(),
        false => builder,
    };
    builder.build().map_err(|error| error.to_string())
}
