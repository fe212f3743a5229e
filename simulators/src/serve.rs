//! Starts the control port and every dialect's port, with or without TLS, and stops them in good order.

use std::collections::BTreeMap;
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use actix_web::dev::{Server, ServerHandle};
use actix_web::web::Data;
use actix_web::{App, HttpServer};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

use crate::control;
use crate::delivery::remember_line;
use crate::dialects::{LISTENING, Routes};
use crate::world::World;

/// Where to listen.
pub struct Options {
    pub bind: String,
    pub control_port: u16,
    /// Port of a dialect by its name; 0 or absent = any free one.
    pub ports: BTreeMap<String, u16>,
    pub tls: Option<Tls>,
}

/// Files for TLS on the dialects' ports.
pub struct Tls {
    pub cert: PathBuf,
    pub key: PathBuf,
    /// Clients without a certificate of this authority are refused.
    pub client_ca: Option<PathBuf>,
}

/// Simulators that are up.
pub struct Running {
    /// `control` and every dialect, as `http://127.0.0.1:40001`.
    pub addresses: BTreeMap<&'static str, String>,
    servers: Vec<ServerHandle>,
}

impl Running {
    /// Lets the calls under way end (three seconds at most) and closes the ports.
    pub async fn stop(self) {
        for server in self.servers {
            server.stop(true).await;
        }
    }
}

/// Opens all ports; calls are answered when it returns.
#[expect(
    clippy::unused_async,
    reason = "servers are opened inside a runtime alone"
)]
pub async fn start(world: World, options: &Options) -> io::Result<Running> {
    let world = Data::new(world);
    let tls = options.tls.as_ref().map(server_config).transpose()?;
    let mut running = Running {
        addresses: BTreeMap::new(),
        servers: Vec::new(),
    };
    let mut open = |name, port, routes: Routes, tls: Option<&ServerConfig>| -> io::Result<()> {
        let listener = TcpListener::bind((options.bind.as_str(), port))?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        running
            .addresses
            .insert(name, format!("{scheme}://{}", listener.local_addr()?));
        let server = server(listener, world.clone(), routes, tls.cloned())?;
        running.servers.push(server.handle());
        tokio::spawn(server);
        Ok(())
    };
    open(
        "control",
        options.control_port,
        Arc::new(control::routes),
        None,
    )?;
    for dialect in LISTENING {
        let port = options.ports.get(dialect.name).copied().unwrap_or_default();
        let routes = (dialect.open)(&world.settings);
        open(dialect.name, port, routes, tls.as_ref())?;
    }
    Ok(running)
}

fn server(
    listener: TcpListener,
    world: Data<World>,
    routes: Routes,
    tls: Option<ServerConfig>,
) -> io::Result<Server> {
    let app = move || {
        App::new()
            .app_data(world.clone())
            .configure(|config| routes(config))
    };
    let server = HttpServer::new(app)
        .workers(1)
        .shutdown_timeout(3)
        .disable_signals()
        .on_connect(remember_line);
    let server = match tls {
        Some(tls) => server.listen_rustls_0_23(listener, tls)?,
        None => server.listen(listener)?,
    };
    Ok(server.run())
}

fn server_config(tls: &Tls) -> io::Result<ServerConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?;
    let builder = match &tls.client_ca {
        Some(file) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates(file)? {
                roots.add(certificate).map_err(io::Error::other)?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().map_err(io::Error::other)?)
        }
        None => builder.with_no_client_auth(),
    };
    let key = PrivateKeyDer::from_pem_file(&tls.key).map_err(io::Error::other)?;
    builder
        .with_single_cert(certificates(&tls.cert)?, key)
        .map_err(io::Error::other)
}

fn certificates(file: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let read = CertificateDer::pem_file_iter(file).map_err(io::Error::other)?;
    read.collect::<Result<_, _>>().map_err(io::Error::other)
}
