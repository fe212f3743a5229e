//! The vouchers of the PDND that a back end demands: asked for once for all who wait, kept, renewed before they end.

mod asking;
mod cell;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::breaker::Breaker;
use super::error::{ConnectorError, Kind};
use super::http::HttpClient;
use crate::config::back_end_pdnd::{BackEndPdnd, PdndUse};
use crate::config::instance::{Bounds, InstanceSettings};
use crate::pdnd::{Client, Holder};

pub(in crate::connectors) use asking::sensitive;
pub use cell::Voucher;
use cell::VoucherCell;

/// What an instance knows of its vouchers.
pub struct Vouchers {
    /// The instance's name.
    instance: String,
    settings: BackEndPdnd,
    bounds: Bounds,
    server: Mutex<Option<Arc<HttpClient>>>,
    /// Who issues vouchers fails apart from the back end.
    breaker: Arc<Breaker>,
    clients: Mutex<BTreeMap<String, Arc<Client>>>,
    holder: Mutex<Option<Arc<Holder>>>,
    cells: Mutex<HashMap<(String, String), Arc<VoucherCell>>>,
}

impl Vouchers {
    /// No voucher yet; `None` where the back end demands none.
    pub fn of(settings: &InstanceSettings) -> Option<Arc<Vouchers>> {
        let bounds = &settings.bounds;
        Some(Arc::new(Vouchers {
            instance: settings.name.clone(),
            settings: settings.pdnd.clone()?,
            bounds: bounds.clone(),
            server: Mutex::default(),
            breaker: Arc::new(Breaker::new(
                bounds.breaker_failures,
                bounds.breaker_pause.0,
            )),
            clients: Mutex::default(),
            holder: Mutex::default(),
            cells: Mutex::default(),
        }))
    }

    /// The voucher of a use that serves for many calls.
    pub async fn kept(
        self: &Arc<Self>,
        of: &PdndUse,
        deadline: Instant,
    ) -> Result<Voucher, ConnectorError> {
        let cell = self.cell(of);
        let (vouchers, of) = (Arc::clone(self), of.clone());
        let asking = async move || vouchers.ask(&of, None).await;
        cell.get(&self.instance, deadline, asking).await
    }

    /// A voucher for the evidence with that SHA-256: it serves for one call, so it is not kept.
    pub async fn bound(
        &self,
        of: &PdndUse,
        evidence: [u8; 32],
        deadline: Instant,
    ) -> Result<Voucher, ConnectorError> {
        let asked = tokio::time::timeout_at(deadline.into(), self.ask(of, Some(evidence))).await;
        let granted = asked.map_err(|_| cell::too_late())??;
        Ok(Voucher::for_one_call(granted))
    }

    /// The back end does not accept the voucher; tells whether a fresh one may help.
    pub fn refused(&self, of: &PdndUse, voucher: &Voucher) -> bool {
        self.cell(of).refused(voucher)
    }

    /// Whether whoever issues vouchers gives one to every client: for the first of its uses, and it is not kept.
    pub async fn probe(&self) -> Result<(), ConnectorError> {
        for name in self.settings.clients.keys() {
            let mut uses = self.settings.uses.iter();
            if let Some(first) = uses.find(|one| one.client == *name) {
                self.ask(first, None).await?;
            }
        }
        Ok(())
    }

    /// The client of a use, its key read at first.
    pub fn client(&self, of: &PdndUse) -> Result<Arc<Client>, ConnectorError> {
        let mut clients = self.clients.lock();
        if let Some(client) = clients.get(&of.client) {
            return Ok(Arc::clone(client));
        }
        let settings = self.settings.clients.get(&of.client);
        let settings = settings.ok_or_else(|| fault("a use of no client"))?;
        let client = Client::load(settings)
            .map_err(|error| fault(&format!("the key of client {}: {error}", of.client)))?;
        let client = Arc::new(client);
        clients.insert(of.client.clone(), Arc::clone(&client));
        Ok(client)
    }

    /// The key that vouchers are bound to, where they are.
    pub fn holder(&self) -> Result<Option<Arc<Holder>>, ConnectorError> {
        if !self.settings.dpop {
            return Ok(None);
        }
        let mut holder = self.holder.lock();
        if let Some(holder) = &*holder {
            return Ok(Some(Arc::clone(holder)));
        }
        let fresh = Holder::generate().map_err(|_| fault("no key for proofs"))?;
        let fresh = Arc::new(fresh);
        *holder = Some(Arc::clone(&fresh));
        Ok(Some(fresh))
    }

    /// Keys and authorities are read anew at the next request; the vouchers that were given go on.
    pub fn read_files_again(&self) {
        self.clients.lock().clear();
        *self.server.lock() = None;
        for cell in self.cells.lock().values() {
            cell.try_again();
        }
    }

    fn cell(&self, of: &PdndUse) -> Arc<VoucherCell> {
        let name = (of.client.clone(), of.purpose_id.clone());
        let mut cells = self.cells.lock();
        Arc::clone(cells.entry(name).or_default())
    }

    fn server(&self) -> Result<Arc<HttpClient>, ConnectorError> {
        let mut server = self.server.lock();
        if let Some(server) = &*server {
            return Ok(Arc::clone(server));
        }
        let address = &self.settings.token_address;
        let fresh = HttpClient::to(&self.instance, address, &self.settings.tls(), &self.bounds)?;
        let fresh = Arc::new(fresh);
        *server = Some(Arc::clone(&fresh));
        Ok(fresh)
    }
}

impl std::fmt::Debug for Vouchers {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Vouchers({})", self.instance)
    }
}

/// A failure of our own before anybody was called.
fn fault(text: &str) -> ConnectorError {
    ConnectorError::permanent(Kind::Gateway, text).before_anything_was_done()
}

/// What a voucher was given with.
pub(super) struct Granted {
    /// The token itself.
    pub secret: secrecy::SecretString,
    /// Whether its holder must prove to have the key.
    pub is_bound: bool,
    /// How long it holds, from `asked` on.
    pub lifetime: Duration,
    /// When it was asked for.
    pub asked: Instant,
}
