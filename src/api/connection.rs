//! From an accepted socket to a TLS connection: its place, its handshake under the current trust, its certificate.

use std::cell::Cell;
use std::io;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;

use governor::DefaultDirectRateLimiter;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use uuid::Uuid;

use crate::broker::reply::LimitStatus;
use crate::config::door::Door;
use crate::gateway::Gateway;
use crate::snapshot::Snapshot;
use crate::trust::{Distrust, Peer, Trust};

use super::gate::{ConnectionLimit, Gate, Place};
use super::http::{Line, Unread};

/// Rejected handshakes logged per second; all of them are counted.
const LOGGED_PER_SECOND: governor::Quota =
    governor::Quota::per_second(std::num::NonZeroU32::new(5).expect("not zero"));

/// Which door a connection came in by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DoorName {
    /// The portals' door.
    Portals,
    /// The operators' door.
    Operators,
}

/// A door as its connections meet it; shared by its workers.
pub struct Entrance {
    pub(super) gateway: Arc<Gateway>,
    pub(super) name: DoorName,
    pub(super) door: Door,
    pub(super) gate: Arc<Gate>,
    /// Share of the traces begun here that are exported.
    pub(super) trace_percent: u32,
    logged: DefaultDirectRateLimiter,
}

/// A connection, for as long as it is open.
pub struct Connection {
    /// The client's certificate, as the handshake showed it.
    pub peer: Peer,
    /// Where it comes from.
    pub address: IpAddr,
    /// Whether the logbook knows that somebody came in by it (the operators' door).
    pub logged_on: Cell<bool>,
    pub(super) limit: ConnectionLimit,
    pub(super) entrance: Arc<Entrance>,
    _place: Place,
}

impl DoorName {
    /// The label in metrics and logs, as the configuration names the section.
    pub fn label(self) -> &'static str {
        match self {
            DoorName::Portals => "portal_door",
            DoorName::Operators => "operator_door",
        }
    }

    /// The door's trust in a snapshot.
    pub fn trust(self, snapshot: &Snapshot) -> &Arc<Trust> {
        match self {
            DoorName::Portals => &snapshot.trust,
            DoorName::Operators => &snapshot.operators_trust,
        }
    }
}

impl Entrance {
    /// A door over the gateway; `trace_percent` of the traces begun here are exported.
    pub fn new(gateway: Arc<Gateway>, name: DoorName, door: Door, trace_percent: u32) -> Entrance {
        Entrance {
            gate: Arc::new(Gate::new(&door)),
            gateway,
            name,
            door,
            trace_percent,
            logged: DefaultDirectRateLimiter::direct(LOGGED_PER_SECOND),
        }
    }

    /// Takes a socket in, or counts why not. The trust is that of this moment: a reload needs no new listener.
    pub(super) async fn admit(
        self: Arc<Entrance>,
        socket: TcpStream,
    ) -> io::Result<(Line, Rc<Connection>)> {
        let address = socket.peer_addr()?.ip();
        let Some(place) = self.gate.enter(address) else {
            return Err(self.reject(address, "no_place"));
        };
        // The first answer on a new connection would otherwise wait for the client's delayed acknowledgement.
        socket.set_nodelay(true)?;
        let trust = Arc::clone(self.name.trust(&self.gateway.snapshot()));
        let handshake = TlsAcceptor::from(trust.server_config()).accept(socket);
        let stream = match tokio::time::timeout(self.door.handshake_timeout.0, handshake).await {
            Err(_) => return Err(self.reject(address, "timeout")),
            Ok(Err(error)) => return Err(self.reject(address, reason(&error))),
            Ok(Ok(stream)) => stream,
        };
        let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
        let Some(peer) = trust.peer(chain) else {
            return Err(self.reject(address, Distrust::Unreadable.name()));
        };
        let metrics = &self.gateway.telemetry.metrics;
        metrics.handshake_accepted(self.name.label());
        metrics.connection_opened(self.name.label());
        let door = &self.door;
        let line = Line::new(stream, door.slow_client_timeout.0, door.idle_timeout.0);
        let connection = Connection {
            peer,
            address,
            logged_on: Cell::new(false),
            limit: self.gate.connection_limit(),
            entrance: self,
            _place: place,
        };
        Ok((line, Rc::new(connection)))
    }

    fn reject(&self, address: IpAddr, reason: &'static str) -> io::Error {
        let door = self.name.label();
        self.gateway
            .telemetry
            .metrics
            .handshake_rejected(door, reason);
        if self.logged.check().is_ok() {
            tracing::warn!(door, %address, reason, "connessione rifiutata");
        }
        io::Error::new(io::ErrorKind::ConnectionRefused, reason)
    }
}

impl Connection {
    /// Counts a request that was refused before any handler saw it; it uses up the limits as others do.
    pub(super) fn unread(&self, why: Unread, scambio: Uuid) -> LimitStatus {
        let entrance = &self.entrance;
        let (door, reason) = (entrance.name.label(), why.label());
        let metrics = &entrance.gateway.telemetry.metrics;
        metrics.request_unread(door, reason);
        if entrance.logged.check().is_ok() {
            let address = self.address;
            tracing::warn!(door, %address, %scambio, reason, "richiesta non leggibile");
        }
        entrance
            .gate
            .admit(&self.limit, self.address, false)
            .unwrap_or_else(|too_many| too_many.status)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let entrance = &self.entrance;
        entrance
            .gateway
            .telemetry
            .metrics
            .connection_closed(entrance.name.label());
    }
}

/// Why a handshake failed, from a fixed list.
fn reason(error: &io::Error) -> &'static str {
    let tls = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match tls {
        Some(rustls::Error::AlertReceived(_)) => "refused_by_client",
        Some(error) => Distrust::of(error).map_or("protocol", Distrust::name),
        None => "hung_up",
    }
}
