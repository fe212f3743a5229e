//! The login host: its own listener and name, at which citizens show their cards and are told what was seen.
//!
//! TLS lets every card through (`trust/cards.rs`); it is judged here, so that whoever is refused reads why.

mod authorize;
mod card;
mod dialect;
mod forwarded;
mod page;
mod serving;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

use crate::api::gate::Gate;
use crate::config::login::Login;
use crate::gateway::Gateway;

pub use crate::trust::card_kind::CardKind;
pub use card::{Card, Refusal, judge};
pub use dialect::Holder;

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 256;

/// The login host while it is open.
pub struct OpenHost {
    /// Where it listens; the real port where the configuration says 0.
    pub address: SocketAddr,
    closing: watch::Sender<bool>,
    server: JoinHandle<()>,
}

/// What every connection shares.
struct Host {
    gateway: Arc<Gateway>,
    login: Login,
    gate: Arc<Gate>,
}

impl OpenHost {
    /// Takes no new connection, answers what is in flight within the grace, and closes.
    pub async fn close(self) {
        self.closing.send_replace(true);
        if let Err(fault) = self.server.await {
            tracing::error!(%fault, "l'host delle carte non si è chiuso in ordine");
        }
    }
}

/// Opens the login host.
pub fn serve(gateway: Arc<Gateway>, login: Login) -> io::Result<OpenHost> {
    let address = login.door.address;
    let socket = match address.is_ipv4() {
        true => TcpSocket::new_v4(),
        false => TcpSocket::new_v6(),
    }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    let listener = socket.listen(BACKLOG)?;
    let address = listener.local_addr()?;
    let (closing, told) = watch::channel(false);
    let host = Arc::new(Host {
        gate: Arc::new(Gate::new(&login.door)),
        gateway,
        login,
    });
    Ok(OpenHost {
        address,
        closing,
        server: tokio::spawn(accept(host, listener, told)),
    })
}

/// Takes connections in until it is told to stop; those under way have the grace to end.
async fn accept(host: Arc<Host>, listener: TcpListener, mut closing: watch::Receiver<bool>) {
    let grace = host.login.door.shutdown_grace.0;
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            _ = closing.changed() => break,
            Some(_) = open.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((socket, _)) => {
                    open.spawn(serving::serve(Arc::clone(&host), socket, closing.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "l'host delle carte non riceve connessioni");
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                }
            },
        }
    }
    drop(listener);
    let ended = async { while open.join_next().await.is_some() {} };
    if timeout(grace, ended).await.is_err() {
        tracing::warn!("connessioni dell'host delle carte chiuse prima della fine");
    }
}
