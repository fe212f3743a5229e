//! Makes a door's trust of its files, held against each other, and tells every mistake in them at once.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{DistinguishedName, RootCertStore};

use crate::config::door::Door;
use crate::config::mistake::Mistake;

use super::End;
use super::files::{List, Reading, Root};
use super::judge::{Authority, Judge};
use super::peer::{distinguished_name, moment};
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
    reading.check_lists(&roots, &lists);
    let judge = reading.judge(&roots, &lists);
    match (key, judge) {
        (Some(key), Some(judge)) if reading.mistakes.is_empty() => Ok(Material {
            chain,
            key,
            judge,
            ends: reading.ends,
        }),
        _ => Err(reading.mistakes),
    }
}

impl Reading {
    /// Every authority must have a list that it signed: a certificate whose revocation is unknown is refused.
    fn check_lists(&mut self, roots: &[Root], lists: &[List]) {
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
                && let Err(error) = verifier(root, [list].into_iter())
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
            match verifier(root, its) {
                Ok(verifier) => authorities.push(Authority {
                    from: root.from,
                    until: root.until,
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
            hints: roots
                .iter()
                .filter_map(|root| root.parsed.subject_name().to_der().ok())
                .map(DistinguishedName::from)
                .collect(),
            list_ends: lists
                .iter()
                .filter_map(|list| list.parsed.next_update().and_then(moment))
                .collect(),
            verdicts: Verdicts::default(),
        })
    }
}

/// webpki's verifier for one authority: whole chain, unknown status refused, ended lists refused.
fn verifier<'a>(
    root: &Root,
    lists: impl Iterator<Item = &'a List>,
) -> Result<Arc<dyn ClientCertVerifier>, String> {
    let mut store = RootCertStore::empty();
    store
        .add(root.der.clone())
        .map_err(|error| format!("non può fare da autorità: {error}"))?;
    let provider = Arc::new(aws_lc_rs::default_provider());
    WebPkiClientVerifier::builder_with_provider(Arc::new(store), provider)
        .with_crls(lists.map(|list| list.der.clone()))
        .enforce_revocation_expiration()
        .build()
        .map_err(|error| error.to_string())
}
