//! Reads a door's certificate, key, authorities and revocation lists, and tells every mistake in them at once.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use openssl::x509::{X509, X509Crl};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{DistinguishedName, RootCertStore};

use crate::config::door::Door;
use crate::config::mistake::Mistake;

use super::judge::{Authority, Judge};
use super::peer::{distinguished_name, moment};
use super::verdicts::Verdicts;
use super::{End, Ending};

/// Everything that a door's trust is made of, checked.
pub(super) struct Material {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
    pub(super) judge: Judge,
    pub(super) ends: Vec<End>,
}

/// Mistakes and ends gathered on the way.
struct Reading {
    now: DateTime<Utc>,
    mistakes: Vec<Mistake>,
    ends: Vec<End>,
}

struct List {
    file: PathBuf,
    der: CertificateRevocationListDer<'static>,
    parsed: X509Crl,
}

struct Root {
    file: PathBuf,
    der: CertificateDer<'static>,
    parsed: X509,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
}

impl List {
    fn names(&self, root: &Root) -> bool {
        self.parsed
            .issuer_name()
            .try_cmp(root.parsed.subject_name())
            .is_ok_and(Ordering::is_eq)
    }

    fn is_signed_by(&self, root: &Root) -> bool {
        let key = root.parsed.public_key();
        self.names(root) && key.is_ok_and(|key| self.parsed.verify(&key).unwrap_or(false))
    }
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
    fn mistake(&mut self, file: &Path, text: impl Into<String>) {
        self.mistakes.push(Mistake::of_file(file, text));
    }

    fn bytes(&mut self, file: &Path) -> Option<Vec<u8>> {
        std::fs::read(file)
            .map_err(|error| self.mistake(file, format!("il file non si può leggere: {error}")))
            .ok()
    }

    fn certificates(&mut self, file: &Path) -> Vec<(CertificateDer<'static>, X509)> {
        let Some(bytes) = self.bytes(file) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for item in CertificateDer::pem_slice_iter(&bytes) {
            match item.map_err(|error| error.to_string()).and_then(|der| {
                X509::from_der(&der)
                    .map(|parsed| (der, parsed))
                    .map_err(|error| error.to_string())
            }) {
                Ok(certificate) => found.push(certificate),
                Err(error) => self.mistake(
                    file,
                    format!("contiene un certificato illeggibile: {error}"),
                ),
            }
        }
        if found.is_empty() {
            self.mistake(file, "non contiene certificati in formato PEM");
        }
        found
    }

    /// The validity of a certificate, which must hold now.
    fn validity(
        &mut self,
        file: &Path,
        certificate: &X509,
        what: Ending,
    ) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let (Some(from), Some(until)) = (
            moment(certificate.not_before()),
            moment(certificate.not_after()),
        ) else {
            self.mistake(file, "ha una validità illeggibile");
            return None;
        };
        let name = distinguished_name(certificate.subject_name());
        if until < self.now {
            self.mistake(file, format!("{name} è scaduto il {until}: va rinnovato"));
        } else if self.now < from {
            self.mistake(
                file,
                format!("{name} vale solo dal {from}: l'orologio di questa macchina è giusto?"),
            );
        }
        self.ends.push(End {
            file: file.to_owned(),
            what,
            at: until,
        });
        Some((from, until))
    }

    fn own_chain(&mut self, file: &Path) -> Vec<CertificateDer<'static>> {
        let certificates = self.certificates(file);
        for (_, parsed) in &certificates {
            self.validity(file, parsed, Ending::Certificate);
        }
        certificates.into_iter().map(|(der, _)| der).collect()
    }

    fn key(&mut self, file: &Path) -> Option<PrivateKeyDer<'static>> {
        let bytes = self.bytes(file)?;
        PrivateKeyDer::from_pem_slice(&bytes)
            .map_err(|_| {
                self.mistake(
                    file,
                    "non contiene una chiave privata in formato PEM e senza password",
                );
            })
            .ok()
    }

    fn authorities(&mut self, file: &Path) -> Vec<Root> {
        let certificates = self.certificates(file);
        let mut roots = Vec::new();
        for (der, parsed) in certificates {
            if let Some((from, until)) = self.validity(file, &parsed, Ending::Authority) {
                roots.push(Root {
                    file: file.to_owned(),
                    der,
                    parsed,
                    from,
                    until,
                });
            }
        }
        roots
    }

    fn lists(&mut self, file: &Path) -> Vec<List> {
        let Some(bytes) = self.bytes(file) else {
            return Vec::new();
        };
        let ders: Vec<CertificateRevocationListDer<'static>> = if bytes.first() == Some(&0x30) {
            vec![bytes.into()]
        } else {
            CertificateRevocationListDer::pem_slice_iter(&bytes)
                .filter_map(Result::ok)
                .collect()
        };
        if ders.is_empty() {
            self.mistake(file, "non contiene liste di revoca in formato PEM o DER");
        }
        ders.into_iter()
            .filter_map(|der| self.list(file, der))
            .collect()
    }

    fn list(&mut self, file: &Path, der: CertificateRevocationListDer<'static>) -> Option<List> {
        let Ok(parsed) = X509Crl::from_der(&der) else {
            self.mistake(file, "contiene una lista di revoca illeggibile");
            return None;
        };
        let issuer = distinguished_name(parsed.issuer_name());
        match parsed.next_update().and_then(moment) {
            None => self.mistake(
                file,
                format!("la lista di revoca di {issuer} non dice quando scade"),
            ),
            Some(end) => {
                if end < self.now {
                    self.mistake(
                        file,
                        format!("la lista di revoca di {issuer} è scaduta il {end}: senza la nuova non entra nessuno"),
                    );
                }
                self.ends.push(End {
                    file: file.to_owned(),
                    what: Ending::RevocationList,
                    at: end,
                });
            }
        }
        Some(List {
            file: file.to_owned(),
            der,
            parsed,
        })
    }

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
