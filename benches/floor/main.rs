//! The least that a gateway with a durable record can cost: mutual TLS, HTTP and the product's record before each answer, on one worker.
//!
//! `floor ADDRESS CERTIFICATES BACK_END FOLDER`; how it is measured and what came of it stands in docs/performance.md.

mod back_end;
mod http;
#[path = "../sample/mod.rs"]
mod sample;

use std::cell::RefCell;
use std::collections::HashMap;
use std::error::Error;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use pontile::store::Store;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::LocalSet;
use tokio_rustls::TlsAcceptor;

use back_end::BackEnd;
use http::Message;
use sample::Names;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Failure = Box<dyn Error>;

/// Questions to this path are answered from memory once they have been asked.
const CACHED: &str = "/cache";

/// What the connections of the one worker share.
struct Worker {
    store: Store,
    names: Names,
    back_end: BackEnd,
    answers: RefCell<HashMap<Bytes, Bytes>>,
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, certificates, back_end, folder] = &arguments[..] else {
        return Err("usage: floor ADDRESS CERTIFICATES BACK_END FOLDER".into());
    };
    let tls = TlsAcceptor::from(Arc::new(configuration(Path::new(certificates))?));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    LocalSet::new().block_on(&runtime, async {
        let store = sample::open(Path::new(folder)).await;
        let worker = Rc::new(Worker {
            names: Names::new(&store),
            store,
            back_end: BackEnd::new(back_end),
            answers: RefCell::default(),
        });
        let listener = TcpListener::bind(address).await?;
        loop {
            let (socket, _) = listener.accept().await?;
            let (worker, tls) = (Rc::clone(&worker), tls.clone());
            tokio::task::spawn_local(async move {
                // A load client that hangs up ends its connection, and that is all.
                let _ = worker.serve(socket, tls).await;
            });
        }
    })
}

/// Mutual TLS as at the portals' door, without revocations: handshakes are measured elsewhere.
fn configuration(certificates: &Path) -> Result<ServerConfig, Failure> {
    let mut roots = RootCertStore::empty();
    for root in CertificateDer::pem_file_iter(certificates.join("root.pem"))? {
        roots.add(root?)?;
    }
    let chain: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(certificates.join("server.pem"))?.collect();
    let key = PrivateKeyDer::from_pem_file(certificates.join("server.key"))?;
    let verifier = WebPkiClientVerifier::builder(Arc::new(roots)).build()?;
    Ok(ServerConfig::builder()
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain?, key)?)
}

impl Worker {
    async fn serve(&self, socket: TcpStream, tls: TlsAcceptor) -> Result<(), Failure> {
        socket.set_nodelay(true)?;
        let mut portal = tls.accept(socket).await?;
        let mut received = BytesMut::with_capacity(8 << 10);
        loop {
            let Some(request) = http::take_request(&mut received)? else {
                received.reserve(4 << 10);
                if portal.read_buf(&mut received).await? == 0 {
                    return Ok(());
                }
                continue;
            };
            let answer = self.answer(request).await?;
            portal.write_all(&answer).await?;
            portal.flush().await?;
        }
    }

    /// The bytes of the answer, once its record is durable.
    async fn answer(&self, request: Message) -> Result<Bytes, Failure> {
        if request.body.is_empty() {
            return Ok(http::answer("404 Not Found", b"{}"));
        }
        let slot = self.store.reserve()?;
        let known = self.answers.borrow().get(&request.body).cloned();
        let answer = match known {
            Some(answer) => answer,
            None => self.fetch(&request).await?,
        };
        let record = self.names.record(&self.store).await;
        slot.commit(record).await?;
        Ok(answer)
    }

    async fn fetch(&self, request: &Message) -> Result<Bytes, Failure> {
        let body = self.back_end.ask(&request.path, &request.body).await?;
        let answer = http::answer("200 OK", &body);
        if request.path == CACHED {
            let mut answers = self.answers.borrow_mut();
            answers.insert(request.body.clone(), answer.clone());
        }
        Ok(answer)
    }
}
