//! Whom we trust: authorities and revocation lists, and the judgement on a client's certificate, at the handshake and at every request.

pub mod peer;
pub mod judge;
mod load;
mod files;
mod verdicts;
mod handshake;
mod cards;
pub mod list;
pub mod recognized;
pub mod wanted;
pub mod card_kind;
pub mod extensions;
pub mod weak;

use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use openssl::x509::X509;
use parking_lot::RwLock;
use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;

use crate::config::door::Door;
use crate::config::login::Login;
use crate::config::mistake::Mistake;

pub use handshake::Resumption;
pub use judge::Distrust;
pub use peer::PeerCertificate;

use judge::Judge;
use peer::{ChainKey, chain_key};

/// Shared certificate of a connection.
pub type Peer = Arc<PeerCertificate>;

/// Clients' chains kept at most; beyond, all are forgotten and read again.
const PEERS: usize = 10_000;

/// One door's trust as one snapshot holds it: our certificate, the clients' authorities and their revocation lists.
///
/// A new one is made at every reload, so that no verdict outlives the files that it was passed under.
pub struct Trust {
    server_config: Arc<ServerConfig>,
    judge: Arc<Judge>,
    peers: RwLock<HashMap<ChainKey, Peer>>,
    ends: Vec<End>,
}

/// A judgement on a certificate under one snapshot's trust.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Trusted.
    Trusted,
    /// Not trusted, and why.
    Refused(Distrust),
}

/// A file whose content ends at a known moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// The file.
    pub file: PathBuf,
    /// What it holds.
    pub what: Ending,
    /// The earliest end in it.
    pub at: DateTime<Utc>,
}

/// A revocation list that an authority has signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SoundList {
    /// When it was issued.
    pub issued: DateTime<Utc>,
    /// When the next one is due.
    pub next_update: DateTime<Utc>,
}

/// Why a revocation list that was fetched is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ListRefusal {
    /// No revocation list, or one that does not say when it ends.
    #[error("non è una lista di revoca, o non dice quando scade")]
    Unreadable,
    /// Signed by none of the authorities.
    #[error("non è firmata da un'autorità riconosciuta")]
    NotOfAnAuthority,
    /// Past its next update.
    #[error("è scaduta")]
    Ended,
    /// Older than the one that is kept.
    #[error("è più vecchia di quella che c'è già")]
    Older,
}

/// What can end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ending {
    /// A certificate: ours, or one that a client showed us.
    Certificate,
    /// An authority of the other side.
    Authority,
    /// A revocation list: past its next update nobody is admitted.
    RevocationList,
    /// A revocation list that is fetched, and renewed long before most other things end: told only once it was not.
    FetchedList,
    /// The trusted list: past its next update for longer than the grace, no card is admitted by it.
    TrustList,
    /// A secret whose last day somebody wrote down.
    Secret,
    /// A grant.
    Grant,
    /// What province and ente have signed.
    Convenzione,
}

/// When the certificates of a file end that is no door's, such as those towards back ends; what cannot be read has no end.
pub fn ends_of(file: &Path, what: Ending) -> Vec<End> {
    files::ends_of(file, what)
}

impl Ending {
    /// The word in metrics and reports.
    pub fn name(self) -> &'static str {
        match self {
            Ending::Certificate => "certificate",
            Ending::Authority => "authority",
            Ending::RevocationList => "revocation_list",
            Ending::FetchedList => "fetched_revocation_list",
            Ending::TrustList => "trust_list",
            Ending::Secret => "secret",
            Ending::Grant => "grant",
            Ending::Convenzione => "convenzione",
        }
    }
}

impl Trust {
    /// Reads and checks everything that the door names; all mistakes at once.
    pub fn load(door: &Door, resumption: &Resumption) -> Result<Trust, Vec<Mistake>> {
        let material = load::read(door, Utc::now())?;
        let judge = Arc::new(material.judge);
        let server_config = handshake::server_config(
            door,
            material.chain,
            material.key,
            Arc::clone(&judge),
            resumption,
        )
        .map_err(|mistake| vec![mistake])?;
        Ok(Trust::new(server_config, judge, material.ends))
    }

    /// The trust of the login host: the same judgement, a handshake that lets every card through, and authorities and revocation lists also out of
    /// what their issuers publish.
    pub fn load_for_cards(login: &Login) -> Result<Trust, Vec<Mistake>> {
        let door = &login.door;
        let material = load::read_for_cards(login, Utc::now())?;
        let judge = Arc::new(material.judge);
        let hints = judge.hints.clone();
        let server_config = cards::server_config(door, material.chain, material.key, hints)
            .map_err(|mistake| vec![mistake])?;
        Ok(Trust::new(server_config, judge, material.ends))
    }

    fn new(server_config: ServerConfig, judge: Arc<Judge>, ends: Vec<End>) -> Trust {
        Trust {
            server_config: Arc::new(server_config),
            judge,
            peers: RwLock::default(),
            ends,
        }
    }

    /// What new connections shake hands under.
    pub fn server_config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.server_config)
    }

    /// Judges the certificate of an open or resumed connection by the very rules of the handshake.
    pub fn judge(&self, peer: &PeerCertificate, now: DateTime<Utc>) -> Verdict {
        self.judge.judge_peer(peer, now)
    }

    /// The certificate of a finished handshake; `None` if the leaf is missing or cannot be read.
    ///
    /// Connections of one client share it: reading a certificate costs a good part of a handshake.
    pub fn peer(&self, chain: &[CertificateDer<'_>]) -> Option<Peer> {
        let key = chain_key(chain.iter().map(AsRef::as_ref));
        if let Some(peer) = self.peers.read().get(&key) {
            return Some(Arc::clone(peer));
        }
        let peer = Arc::new(PeerCertificate::of_chain(chain)?);
        let mut peers = self.peers.write();
        if peers.len() >= PEERS {
            peers.clear();
        }
        peers.insert(key, Arc::clone(&peer));
        Some(peer)
    }

    /// The clients' certificates that were shown to this door since it trusts what it trusts now.
    pub fn seen(&self) -> Vec<Peer> {
        self.peers.read().values().map(Arc::clone).collect()
    }

    /// Holds a revocation list that was fetched against the authorities: it must be signed by one of them and still count.
    pub fn examine_list(&self, bytes: &[u8], now: DateTime<Utc>) -> Result<SoundList, ListRefusal> {
        let list = recognized::read(bytes).ok_or(ListRefusal::Unreadable)?;
        let is_signed = |root: &X509| {
            let key = root.public_key();
            let names = list.parsed.issuer_name().try_cmp(root.subject_name());
            names.is_ok_and(Ordering::is_eq)
                && key.is_ok_and(|key| list.parsed.verify(&key).unwrap_or(false))
        };
        if !self.judge.roots.iter().any(is_signed) {
            return Err(ListRefusal::NotOfAnAuthority);
        }
        if list.next_update <= now {
            return Err(ListRefusal::Ended);
        }
        Ok(SoundList {
            issued: list.last_update,
            next_update: list.next_update,
        })
    }

    /// When our certificate, the authorities and the revocation lists end.
    pub fn ends(&self) -> &[End] {
        &self.ends
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Trust")
            .field("ends", &self.ends)
            .finish_non_exhaustive()
    }
}
