//! Builds a snapshot from the files: everything is read and checked, every mistake told, nothing else touched.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::Utc;
use foldhash::HashMap;

use crate::config::back_end_pdnd::BackEndPdnd;
use crate::config::coherence;
use crate::config::grant::{Document, Grant};
use crate::config::key::SigningKey;
use crate::config::loading;
use crate::config::mistake::Mistake;
use crate::config::portal::Portal;
use crate::config::reading::places::Entries;
use crate::config::reading::source::Source;
use crate::config::secret;
use crate::config::settings::Settings;
use crate::config::written::Written;
use crate::documents::creating::{SealError, Sealer};
use crate::modi::Signers;
use crate::oidc::Provider;
use crate::pdnd::Authority;
use crate::signing::{self, OwnSigner};
use crate::trust::{Resumption, Trust};

use super::backends::{backends_of, bound, load_adapters, unanswered_domains};
use super::ends::{self, Dated};
use super::proofs;
use super::{EnteEntry, Holders, Seal, Snapshot, declared, digest, national, vouchers};

/// What every snapshot of the process shares.
#[derive(Clone)]
pub struct Kept {
    /// Lets portals resume their TLS sessions across reloads.
    pub portal_resumption: Resumption,
    /// The same for operators.
    pub operator_resumption: Resumption,
}

/// A whole configuration, checked.
#[derive(Debug)]
pub struct Built {
    /// What only a restart changes.
    pub settings: Settings,
    /// What can be reloaded.
    pub snapshot: Snapshot,
    /// Certificates, keys, revocation lists and secrets: a change of them calls for a new snapshot by itself.
    pub files: Vec<PathBuf>,
}

impl Kept {
    /// Fresh keys for resumption.
    pub fn new() -> Result<Kept, rustls::Error> {
        Ok(Kept {
            portal_resumption: Resumption::new()?,
            operator_resumption: Resumption::new()?,
        })
    }
}

/// Reads and checks the configuration whose main file is at `path`, with these environment variables over it; all
/// mistakes at once, sorted by place. Whoever builds it is the service, or looks at it with the service's eyes.
pub fn build(
    path: &Path,
    environment: &[(String, String)],
    generation: u64,
    kept: &Kept,
) -> Result<Built, Vec<Mistake>> {
    let written = |path: &Path| loading::read(path, environment);
    build_for(secret::Reader::Service, path, &written, generation, kept)
}

/// The same under grants that another node has read from its files.
pub fn build_with_grants(
    path: &Path,
    environment: &[(String, String)],
    generation: u64,
    kept: &Kept,
    grants: &[Document],
) -> Result<Built, Vec<Mistake>> {
    let written = |path: &Path| loading::read_with_grants(path, environment, grants);
    build_for(secret::Reader::Service, path, &written, generation, kept)
}

/// The same for an operator's shell, which may lack the credentials that systemd gives to the service.
pub fn examine(
    path: &Path,
    environment: &[(String, String)],
    kept: &Kept,
) -> Result<Built, Vec<Mistake>> {
    let written = |path: &Path| loading::read(path, environment);
    build_for(secret::Reader::Operator, path, &written, 1, kept)
}

fn build_for(
    reader: secret::Reader,
    path: &Path,
    written: &dyn Fn(&Path) -> Written,
    generation: u64,
    kept: &Kept,
) -> Result<Built, Vec<Mistake>> {
    // Without it all else would be the defaults' own mistakes.
    Source::read(path).map_err(|mistake| vec![mistake])?;
    build_from(written(path), reader, generation, kept).map_err(|mut mistakes| {
        mistakes.sort();
        mistakes.dedup();
        mistakes
    })
}

#[expect(
    clippy::too_many_lines,
    reason = "every part of a snapshot, in the order in which they need one another"
)]
fn build_from(
    mut written: Written,
    reader: secret::Reader,
    generation: u64,
    kept: &Kept,
) -> Result<Built, Vec<Mistake>> {
    let mut mistakes = std::mem::take(&mut written.mistakes);
    mistakes.extend(coherence::check(&written));
    mistakes.extend(secret::unreadable(&written, reader));
    let mut note = |found: Vec<Mistake>| mistakes.extend(found);
    let adapters = load_adapters(&written).map_err(&mut note).ok();
    let sections = &written.sections;
    let trust = sections.portal_door.as_ref().and_then(|door| {
        Trust::load(door, &kept.portal_resumption)
            .map_err(&mut note)
            .ok()
    });
    let operators_trust = sections.operator_door.as_ref().and_then(|door| {
        Trust::load(door, &kept.operator_resumption)
            .map_err(&mut note)
            .ok()
    });
    let login_trust = sections.login.as_ref().and_then(|login| {
        Trust::load_for_cards(login)
            .map_err(&mut note)
            .ok()
            .map(Arc::new)
    });
    let signers = signers_of(&written).map_err(&mut note).ok();
    let own_signer = own_signer(&written, reader).map_err(&mut note).ok();
    let seal = seal(&written, reader).map_err(&mut note).ok();
    let oidc = provider(&written, own_signer.as_ref())
        .map_err(&mut note)
        .ok();
    let pdnd = authority(&written).map_err(&mut note).ok();
    let backends = adapters.map(|adapters| backends_of(&written, &adapters));
    if let Some(backends) = &backends {
        mistakes.extend(unanswered_domains(&written, backends));
        mistakes.extend(proofs::check(&written, backends));
        mistakes.extend(vouchers::check(&written, backends, reader));
        mistakes.extend(national::check(&written, backends));
        mistakes.extend(declared::check(&written, backends));
    }
    let (
        Some(settings),
        Some(trust),
        Some(operators_trust),
        Some(signers),
        Some(own_signer),
        Some(seal),
        Some(oidc),
        Some(pdnd),
        Some(backends),
        true,
    ) = (
        written.sections.settings(),
        trust,
        operators_trust,
        signers,
        own_signer,
        seal,
        oidc,
        pdnd,
        backends,
        mistakes.is_empty(),
    )
    else {
        return Err(mistakes);
    };
    let digest = digest::of_content(&written, &settings, &backends)?;
    let files = watched_files(&written, &settings);
    let outward_ends = outward_ends(&written);
    let keys = values(written.keys);
    let enti = values(written.enti)
        .into_iter()
        .map(|ente| Arc::new(bound(ente, &backends)));
    let mut enti: Vec<Arc<EnteEntry>> = enti.collect();
    enti.sort_by(|one, other| one.codice_istat.cmp(&other.codice_istat));
    let snapshot = Snapshot {
        generation,
        digest,
        trust: Arc::new(trust),
        operators_trust: Arc::new(operators_trust),
        login_trust,
        card_issuers: settings.login.as_ref().map(|login| login.issuers.clone()),
        outward_ends,
        grants: written.documents,
        portals: Holders::new(with_grants(written.portals, written.grants), |portal| {
            &portal.certificates
        }),
        signers,
        own_signer,
        seal,
        keys,
        oidc,
        pdnd,
        operators: Holders::new(values(written.operators), |operator| &operator.certificates),
        purposes: values(written.purposes),
        enti,
        instances: backends,
    };
    Ok(Built {
        settings,
        snapshot,
        files,
    })
}

/// The keys that portals sign with, read from the files that they name.
fn signers_of(written: &Written) -> Result<HashMap<String, Signers>, Vec<Mistake>> {
    let (mut signers, mut mistakes) = (HashMap::default(), Vec::new());
    for entry in &written.portals.read {
        if let Some(settings) = &entry.value.modi {
            match Signers::load(settings) {
                Ok(read) => {
                    signers.insert(entry.value.name.clone(), read);
                }
                Err(found) => mistakes.extend(found),
            }
        }
    }
    match mistakes.is_empty() {
        true => Ok(signers),
        false => Err(mistakes),
    }
}

/// When what the configuration shows outward ends: certificates, deeds and secrets with their dates.
fn outward_ends(written: &Written) -> Vec<Dated> {
    let instances = written.instances.read.iter();
    let portals = written.portals.read.iter();
    instances
        .flat_map(|entry| ends::of_instance(&entry.value))
        .chain(portals.flat_map(|entry| ends::of_portal(&entry.value)))
        .collect()
}

/// What the gateway signs with.
fn own_signer(
    written: &Written,
    reader: secret::Reader,
) -> Result<Option<OwnSigner>, Vec<Mistake>> {
    match &written.sections.signer {
        Some(settings) if is_opened(&settings.key, reader) => OwnSigner::load(settings)
            .map(Some)
            .map_err(|error| vec![written.places.mistake("signer.key", error.to_string())]),
        _ => Ok(None),
    }
}

/// What seals the evidence.
fn seal(written: &Written, reader: secret::Reader) -> Result<Option<Seal>, Vec<Mistake>> {
    let settings = match &written.sections.seal {
        Some(settings) if is_opened(&settings.key, reader) => settings,
        _ => return Ok(None),
    };
    let signers = signing::signers_of(&settings.key, settings.certificate.as_deref(), None);
    let keys = signers.map_err(SealError::from);
    let keys = keys.and_then(|signers| Sealer::new(signers, Utc::now()));
    match keys {
        Ok(keys) => Ok(Some(Seal {
            keys,
            refuse_after: settings.refuse_after,
        })),
        Err(error) => Err(vec![written.places.mistake("seal.key", error.to_string())]),
    }
}

/// Whether a key is opened: in an operator's shell it is left out where it is on a token, or the shell lacks the service's credentials; and a
/// name that no key has is told with the other contradictions.
fn is_opened(key: &SigningKey, reader: secret::Reader) -> bool {
    key.is_whole() && (reader != secret::Reader::Operator || is_at_hand(key))
}

/// Whether an operator's shell may sign with it: that is not reason enough to give a token its PIN.
pub(super) fn is_at_hand(key: &SigningKey) -> bool {
    key.pem()
        .is_some_and(|reference| !reference.is_out_of_reach())
}

/// What the log-in with cards rests on; without the signer's key, in an operator's shell, it is left out.
fn provider(
    written: &Written,
    own: Option<&Option<OwnSigner>>,
) -> Result<Option<Provider>, Vec<Mistake>> {
    let login = written.sections.login.as_ref();
    let settings = login.and_then(|login| login.oidc.as_ref());
    let (Some(settings), Some(Some(own))) = (settings, own) else {
        return Ok(None);
    };
    Provider::load(settings, own)
        .map(Some)
        .map_err(|text| vec![written.places.mistake("login.oidc.retired_keys", text)])
}

/// Who issues vouchers.
fn authority(written: &Written) -> Result<Option<Authority>, Vec<Mistake>> {
    let settings = written.sections.pdnd.as_ref();
    let loaded = settings.map(Authority::load).transpose();
    loaded.map_err(|text| vec![written.places.mistake("pdnd.keys", text)])
}

/// The portals, each with its grants; those in the order of their identities, whatever their files are called.
fn with_grants(portals: Entries<Portal>, grants: Entries<Grant>) -> Vec<Portal> {
    let mut grants = values(grants);
    grants.sort_by(|one, other| one.id.cmp(&other.id));
    let grants: Vec<Arc<Grant>> = grants.into_iter().map(Arc::new).collect();
    let mut portals = values(portals);
    for portal in &mut portals {
        let own = grants.iter().filter(|grant| grant.portal == portal.name);
        portal.grants = own.cloned().collect();
    }
    portals
}

fn values<T>(entries: Entries<T>) -> Vec<T> {
    entries.read.into_iter().map(|entry| entry.value).collect()
}

/// The files whose change calls for a new snapshot.
fn watched_files(written: &Written, settings: &Settings) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let login = settings.login.iter().map(|login| &login.door);
    for door in [&settings.portal_door, &settings.operator_door]
        .into_iter()
        .chain(login)
    {
        files.extend([door.certificate.clone(), door.key.clone()]);
        files.extend(door.authorities.iter().chain(&door.revocations).cloned());
    }
    if let Some(login) = &settings.login {
        files.extend(login.issuers.files().cloned());
    }
    for entry in &written.instances.read {
        let tls = &entry.value.tls;
        files.extend(
            [&tls.authorities, &tls.certificate, &tls.key]
                .into_iter()
                .flatten()
                .cloned(),
        );
        let tokens = entry.value.modi.iter();
        files.extend(tokens.flat_map(|modi| modi.files().cloned()));
        files.extend(entry.value.pdnd.iter().flat_map(BackEndPdnd::files));
        let secrets = entry.value.secrets.values();
        files.extend(secrets.filter_map(|secret| secret.reference.file()));
    }
    if let Some(signer) = &written.sections.signer {
        files.extend(signer.certificate.clone());
        files.extend(signer.key.files());
    }
    if let Some(seal) = &written.sections.seal {
        files.extend(seal.certificate.clone());
        files.extend(seal.key.files());
    }
    files.extend(written.sections.pdnd.iter().map(|pdnd| pdnd.keys.clone()));
    let tokens = written.portals.read.iter();
    let tokens = tokens.filter_map(|entry| entry.value.modi.as_ref());
    files.extend(tokens.flat_map(|modi| modi.files().cloned()));
    files.sort();
    files.dedup();
    files
}
