//! Reads the files of a door's trust one by one: certificates, key, authorities and revocation lists, each parsed and still valid.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use openssl::x509::{X509, X509Crl};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};

use crate::config::mistake::Mistake;

use super::peer::{distinguished_name, moment};
use super::{End, Ending};

/// What is gathered on the way: mistakes, and the ends of what was read.
pub(super) struct Reading {
    pub(super) now: DateTime<Utc>,
    pub(super) mistakes: Vec<Mistake>,
    pub(super) ends: Vec<End>,
}

/// A revocation list and where it stands.
pub(super) struct List {
    pub(super) file: PathBuf,
    pub(super) der: CertificateRevocationListDer<'static>,
    pub(super) parsed: X509Crl,
    /// Past this moment it no longer counts.
    pub(super) until: DateTime<Utc>,
}

/// An authority, its validity, and where it stands.
pub(super) struct Root {
    pub(super) file: PathBuf,
    pub(super) der: CertificateDer<'static>,
    pub(super) parsed: X509,
    pub(super) from: DateTime<Utc>,
    pub(super) until: DateTime<Utc>,
}

/// When the certificates of a file end that no door uses; what cannot be read has no end.
pub(super) fn ends_of(file: &Path, what: Ending) -> Vec<End> {
    let mut reading = Reading {
        now: Utc::now(),
        mistakes: Vec::new(),
        ends: Vec::new(),
    };
    for (_, certificate) in reading.certificates(file) {
        reading.validity(file, &certificate, what);
    }
    reading.ends
}

impl List {
    pub(super) fn names(&self, root: &Root) -> bool {
        self.parsed
            .issuer_name()
            .try_cmp(root.parsed.subject_name())
            .is_ok_and(Ordering::is_eq)
    }

    pub(super) fn is_signed_by(&self, root: &Root) -> bool {
        let key = root.parsed.public_key();
        self.names(root) && key.is_ok_and(|key| self.parsed.verify(&key).unwrap_or(false))
    }
}

impl Reading {
    pub(super) fn mistake(&mut self, file: &Path, text: impl Into<String>) {
        self.mistakes.push(Mistake::of_file(file, text));
    }

    pub(super) fn bytes(&mut self, file: &Path) -> Option<Vec<u8>> {
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

    pub(super) fn own_chain(&mut self, file: &Path) -> Vec<CertificateDer<'static>> {
        let certificates = self.certificates(file);
        for (_, parsed) in &certificates {
            self.validity(file, parsed, Ending::Certificate);
        }
        certificates.into_iter().map(|(der, _)| der).collect()
    }

    pub(super) fn key(&mut self, file: &Path) -> Option<PrivateKeyDer<'static>> {
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

    pub(super) fn authorities(&mut self, file: &Path) -> Vec<Root> {
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

    pub(super) fn lists(&mut self, file: &Path) -> Vec<List> {
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
        let end = parsed.next_update().and_then(moment);
        match end {
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
            until: end?,
        })
    }
}
