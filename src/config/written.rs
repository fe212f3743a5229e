//! The configuration as far as it could be read, with what was wrong; the checks run over it whatever is missing.

use super::cache::Cache;
use super::door::Door;
use super::ente::Ente;
use super::files::Files;
use super::grant::{Document, Grant};
use super::instance::InstanceSettings;
use super::key::TokenKey;
use super::login::Login;
use super::mistake::Mistake;
use super::night::Night;
use super::node::Node;
use super::operator::Operator;
use super::pdnd::Pdnd;
use super::portal::Portal;
use super::purpose::Purpose;
use super::reading::places::{Entries, Places};
use super::record::{RecordSettings, Retention};
use super::seal::SealSettings;
use super::settings::Settings;
use super::signer::SignerSettings;
use super::telemetry::{Log, Traces};

/// The configuration as far as it could be read.
#[derive(Debug)]
pub struct Written {
    /// The sections.
    pub sections: Sections,
    /// Where the sections' values stand: `portal_door.address`.
    pub places: Places,
    /// The portals.
    pub portals: Entries<Portal>,
    /// The grants, each a file.
    pub grants: Entries<Grant>,
    /// The same as they are written.
    pub documents: Vec<Document>,
    /// The purposes.
    pub purposes: Entries<Purpose>,
    /// The operators.
    pub operators: Entries<Operator>,
    /// The enti.
    pub enti: Entries<Ente>,
    /// The keys on tokens.
    pub keys: Entries<TokenKey>,
    /// The instances.
    pub instances: Entries<InstanceSettings>,
    /// What was wrong so far.
    pub mistakes: Vec<Mistake>,
}

/// The sections; one with a mistake is absent.
#[derive(Debug)]
pub struct Sections {
    /// `[files]`
    pub files: Option<Files>,
    /// `[node]`
    pub node: Option<Node>,
    /// `[portal_door]`
    pub portal_door: Option<Door>,
    /// `[operator_door]`
    pub operator_door: Option<Door>,
    /// `[login]`; also absent where nobody wrote it.
    pub login: Option<Login>,
    /// `[cache]`
    pub cache: Option<Cache>,
    /// `[record]`
    pub record: Option<RecordSettings>,
    /// `[night]`
    pub night: Option<Night>,
    /// `[retention]`
    pub retention: Option<Retention>,
    /// `[log]`
    pub log: Option<Log>,
    /// `[traces]`
    pub traces: Option<Traces>,
    /// `[signer]`, where the gateway signs; reloaded with the rest.
    pub signer: Option<SignerSettings>,
    /// `[seal]`, where the evidence is sealed; reloaded with the rest.
    pub seal: Option<SealSettings>,
    /// `[pdnd]`, where portals show vouchers; reloaded with the rest.
    pub pdnd: Option<Pdnd>,
}

impl Written {
    /// Puts the keys on tokens where their names stand.
    pub(super) fn find_keys(&mut self) {
        let known: Vec<TokenKey> = self.keys.read.iter().map(|key| key.value.clone()).collect();
        if let Some(signer) = &mut self.sections.signer {
            signer.key.find(&known);
        }
        if let Some(seal) = &mut self.sections.seal {
            seal.key.find(&known);
        }
        for instance in &mut self.instances.read {
            let clients = instance.value.pdnd.iter_mut();
            for client in clients.flat_map(|pdnd| pdnd.clients.values_mut()) {
                client.key.reference.find(&known);
            }
        }
    }
}

impl Sections {
    /// The settings, if every section could be read.
    pub fn settings(&self) -> Option<Settings> {
        Some(Settings {
            node: self.node.clone()?,
            portal_door: self.portal_door.clone()?,
            operator_door: self.operator_door.clone()?,
            login: self.login.clone(),
            cache: self.cache.clone()?,
            record: self.record.clone()?,
            night: self.night.clone()?,
            retention: self.retention?,
            log: self.log.clone()?,
            traces: self.traces.clone()?,
        })
    }
}
