//! What the issuers of cards and their supervisor publish, as it lies on disk: authorities out of the trusted list, revocation lists that were
//! fetched. Nothing here keeps the gateway from starting: what is lacking or out of date refuses cards, and says so.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use openssl::x509::{X509, X509Crl};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer};

use crate::config::card_issuers::{CardIssuers, RevocationLists, TrustList};
use crate::config::units::Span;

use super::files::{List, Reading, Root};
use super::list::{self, TrustedList};
use super::peer::moment;
use super::{End, Ending};

/// The file name's end of a fetched list, and of the address that it came from.
pub const LIST: &str = "crl";
/// The address of the list of the same name.
pub const ADDRESS: &str = "address";

/// A moment at which everything has ended already.
const LONG_AGO: DateTime<Utc> = DateTime::<Utc>::MIN_UTC;

/// What was found on disk.
#[derive(Default)]
pub(super) struct Recognized {
    /// The authorities of the trusted list that are valid now.
    pub(super) roots: Vec<Root>,
    /// Until when the trusted list counts; none without one. A list that is configured and lacking has ended long ago.
    pub(super) listed_until: Option<DateTime<Utc>>,
    /// The fetched lists that still count.
    pub(super) lists: Vec<List>,
}

impl Reading {
    /// Reads what there is. A trusted list that is there and does not hold is a mistake like that of any file.
    pub(super) fn recognized(&mut self, issuers: &CardIssuers) -> Recognized {
        let mut recognized = Recognized::default();
        if let Some(settings) = &issuers.trust_list {
            recognized.listed_until = Some(LONG_AGO);
            if let Some(list) = self.trusted_list(settings) {
                let until = list.next_update + span(settings.grace);
                recognized.listed_until = Some(until);
                recognized.roots = self.roots_of(&settings.file, list.authorities, until);
            }
        }
        if let Some(settings) = &issuers.revocation_lists {
            recognized.lists = self.fetched_lists(settings);
        }
        recognized
    }

    fn trusted_list(&mut self, settings: &TrustList) -> Option<TrustedList> {
        if settings.address.is_some() && !settings.file.exists() {
            // The first fetch makes the file.
            return None;
        }
        let signers = list::signers(&settings.signers)
            .map_err(|error| self.mistake(&settings.file, error.to_string()))
            .ok()?;
        let bytes = self.bytes(&settings.file)?;
        let list = TrustedList::read(&bytes, &signers)
            .map_err(|error| self.mistake(&settings.file, error.to_string()))
            .ok()?;
        self.ends.push(End {
            file: settings.file.clone(),
            what: Ending::TrustList,
            at: list.next_update,
        });
        Some(list)
    }

    /// Those that cannot be read or are over are passed by: the list names every authority of twenty years. None counts for longer than the list.
    fn roots_of(
        &self,
        file: &Path,
        authorities: Vec<Vec<u8>>,
        listed_until: DateTime<Utc>,
    ) -> Vec<Root> {
        let root = |der: Vec<u8>| {
            let parsed = X509::from_der(&der).ok()?;
            let from = moment(parsed.not_before())?;
            let until = moment(parsed.not_after())?;
            (from <= self.now && self.now <= until).then(|| Root {
                file: file.to_owned(),
                der: CertificateDer::from(der),
                parsed,
                from,
                until: until.min(listed_until),
            })
        };
        let authorities = authorities.into_iter();
        authorities.filter_map(root).collect()
    }

    fn fetched_lists(&mut self, settings: &RevocationLists) -> Vec<List> {
        let grace = span(settings.grace);
        let mut lists = Vec::new();
        for file in files_of(&settings.folder, LIST) {
            let Some(list) = fs::read(&file).ok().and_then(|bytes| read(&bytes)) else {
                tracing::warn!(file = %file.display(), "una lista di revoca scaricata non si legge: è come se non ci fosse");
                continue;
            };
            self.ends.push(End {
                file: file.clone(),
                what: Ending::FetchedList,
                at: list.next_update,
            });
            let until = list.next_update + grace;
            if self.now <= until {
                lists.push(List {
                    file,
                    der: list.der,
                    parsed: list.parsed,
                    until,
                });
            }
        }
        lists
    }
}

/// A revocation list on its own.
pub(super) struct Fetched {
    pub(super) der: CertificateRevocationListDer<'static>,
    pub(super) parsed: X509Crl,
    pub(super) last_update: DateTime<Utc>,
    pub(super) next_update: DateTime<Utc>,
}

/// Reads a list, DER or PEM; none that does not say when it ends.
pub(super) fn read(bytes: &[u8]) -> Option<Fetched> {
    let der = match bytes.first() {
        Some(0x30) => CertificateRevocationListDer::from(bytes.to_vec()),
        _ => CertificateRevocationListDer::from_pem_slice(bytes).ok()?,
    };
    let parsed = X509Crl::from_der(&der).ok()?;
    let last_update = moment(parsed.last_update())?;
    let next_update = parsed.next_update().and_then(moment)?;
    Some(Fetched {
        der,
        parsed,
        last_update,
        next_update,
    })
}

/// The files of a folder with that end, by name; none where there is no folder.
pub fn files_of(folder: &Path, end: &str) -> Vec<PathBuf> {
    let entries = folder.read_dir().into_iter().flatten().flatten();
    let files = entries.map(|entry| entry.path());
    let mut files: Vec<PathBuf> = files
        .filter(|file| file.extension().is_some_and(|found| found == end))
        .collect();
    files.sort();
    files
}

fn span(span: Span) -> TimeDelta {
    TimeDelta::from_std(span.0).unwrap_or(TimeDelta::zero())
}
