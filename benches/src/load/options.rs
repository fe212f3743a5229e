//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Parser, ValueEnum};
use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::client::Resumption;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Puts load on a server.
#[derive(Debug, Parser)]
pub struct Options {
    /// Where the server listens.
    #[arg(long)]
    pub address: SocketAddr,
    /// What to do.
    #[arg(long, value_enum, default_value = "closed")]
    pub mode: Mode,
    /// Connections.
    #[arg(long, default_value_t = 32)]
    pub connections: usize,
    /// Requests per second (open loop).
    #[arg(long, default_value_t = 1000.0)]
    pub rate: f64,
    /// When the first slice begins, in Unix seconds; load is put on from the start.
    #[arg(long, default_value_t = 0.0)]
    pub start_at: f64,
    /// Slices to measure.
    #[arg(long, default_value_t = 1)]
    pub slices: usize,
    /// Seconds per slice.
    #[arg(long, default_value_t = 1.0)]
    pub slice: f64,
    /// Method.
    #[arg(long, default_value = "GET")]
    pub method: String,
    /// Path and query.
    #[arg(long, default_value = "/")]
    pub path: String,
    /// File with a path on each line; they are asked in turn, instead of the one.
    #[arg(long)]
    pub paths: Option<PathBuf>,
    /// Further header lines, `Name: value`.
    #[arg(long)]
    pub header: Vec<String>,
    /// File with a JSON body on each line; they are sent in turn.
    #[arg(long)]
    pub bodies: Option<PathBuf>,
    /// Line of that file to begin with.
    #[arg(long, default_value_t = 0)]
    pub first_body: usize,
    /// Authorities of the server's certificate, PEM.
    #[arg(long)]
    pub authorities: PathBuf,
    /// Our certificate, PEM.
    #[arg(long)]
    pub certificate: PathBuf,
    /// Our key, PEM.
    #[arg(long)]
    pub key: PathBuf,
    /// Resume sessions (handshakes).
    #[arg(long)]
    pub resume: bool,
    /// Processes whose processor time is the server's; their children count, too.
    #[arg(long)]
    pub server: Vec<u32>,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// On every connection the next request follows the answer at once.
    Closed,
    /// Requests at a fixed rate; latency counts from when each was due.
    Open,
    /// Connect, one request, close.
    Handshakes,
    /// One request on each connection, then hold them until standard input ends.
    Idle,
}

impl Options {
    /// TLS 1.3, one key exchange, our certificate: the same work for every server.
    pub fn tls(&self) -> Result<Arc<ClientConfig>, Box<dyn std::error::Error>> {
        let mut roots = RootCertStore::empty();
        for authority in CertificateDer::pem_file_iter(&self.authorities)? {
            roots.add(authority?)?;
        }
        let chain = CertificateDer::pem_file_iter(&self.certificate)?.collect::<Result<_, _>>()?;
        let mut provider = aws_lc_rs::default_provider();
        provider.kx_groups = vec![aws_lc_rs::kx_group::X25519];
        provider.cipher_suites = vec![aws_lc_rs::cipher_suite::TLS13_AES_256_GCM_SHA384];
        let mut tls = ClientConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, PrivateKeyDer::from_pem_file(&self.key)?)?;
        tls.resumption = if self.resume {
            Resumption::in_memory_sessions(1024)
        } else {
            Resumption::disabled()
        };
        Ok(Arc::new(tls))
    }
}
