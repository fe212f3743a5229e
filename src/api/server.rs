//! Opens a door: binds its socket, starts its workers, and ends what is in flight when it closes.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_server::{Server, ServerHandle};
use actix_service::fn_service;
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinHandle;

use crate::config::door::Door;
use crate::gateway::Gateway;

use super::connection::{DoorName, Entrance};
use super::routes::PortalRoutes;
use super::serving::{self, Routes};

/// Connections that may wait to be accepted; the system's own bound (`somaxconn`) counts too.
const BACKLOG: u32 = 4_096;

/// How often the addresses that asked long ago are forgotten.
const SWEEP: Duration = Duration::from_secs(30);

/// A door that is open.
pub struct OpenDoor {
    /// Where it listens; the real port where the configuration says 0.
    pub address: SocketAddr,
    handle: ServerHandle,
    server: JoinHandle<io::Result<()>>,
    sweeper: JoinHandle<()>,
}

impl OpenDoor {
    /// Takes no new connection, answers what is in flight within the grace, and closes.
    pub async fn close(self) -> io::Result<()> {
        self.handle.stop(true).await;
        self.sweeper.abort();
        self.server
            .await
            .unwrap_or_else(|fault| Err(io::Error::other(fault)))
    }
}

/// Opens the portals' door.
pub fn serve(gateway: Arc<Gateway>, door: Door, trace_percent: u32) -> io::Result<OpenDoor> {
    let entrance = Entrance::new(gateway, DoorName::Portals, door, trace_percent);
    open(entrance, PortalRoutes)
}

/// Opens a door with its routes.
pub fn open(entrance: Entrance, routes: impl Routes) -> io::Result<OpenDoor> {
    let listener = listen(entrance.door.address)?;
    let address = listener.local_addr()?;
    let name = entrance.name;
    let entrance = Arc::new(entrance);
    let workers = match entrance.door.workers {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        workers => workers,
    };
    let builder = Server::build()
        .workers(workers)
        // One worker may hold them all: the gate counts them, over all workers, and refuses at once.
        .max_concurrent_connections(entrance.door.connections.saturating_mul(2))
        .shutdown_timeout(entrance.door.shutdown_grace.0.as_secs().max(1))
        .disable_signals();
    let closing = builder.graceful_shutdown_signal();
    let shared = Arc::clone(&entrance);
    let server = builder
        .listen(name.label(), listener, move || {
            let (entrance, routes) = (Arc::clone(&shared), routes.clone());
            let closing = closing.clone();
            fn_service(move |socket: TcpStream| {
                let (entrance, routes) = (Arc::clone(&entrance), routes.clone());
                let closing = closing.clone();
                async move {
                    let closed = async move { closing.notified().await };
                    serving::serve(entrance, socket, routes, closed).await;
                    Ok::<_, ()>(())
                }
            })
        })?
        .run();
    let handle = server.handle();
    let sweeper = tokio::spawn(async move {
        let mut rounds = tokio::time::interval(SWEEP);
        loop {
            rounds.tick().await;
            entrance.gate.sweep();
        }
    });
    Ok(OpenDoor {
        address,
        handle,
        server: tokio::spawn(server),
        sweeper,
    })
}

fn listen(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()
    } else {
        TcpSocket::new_v6()
    }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}
