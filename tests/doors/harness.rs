//! A gateway with both doors open and no back end, and a client that shows every byte.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use pontile::api::server::{self, OpenDoor};
use pontile::gateway::Gateway;
use pontile::operators;
use pontile::reload::Reloader;
use pontile::snapshot::{self, Kept};
use pontile::store::Store;
use pontile::telemetry::Telemetry;
use pontile::telemetry::log::{Log, LogSettings};
use pontile::telemetry::metrics::Metrics;
use rustls::client::WantsClientCert;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::pki;

/// A gateway whose doors are open.
pub struct Doors {
    /// The certificates, this test's own.
    pub pki: PathBuf,
    pub gateway: Arc<Gateway>,
    pub reloader: Arc<Reloader>,
    pub portals: OpenDoor,
    pub operators: OpenDoor,
    folder: tempfile::TempDir,
}

impl Doors {
    /// Doors with the usual bounds.
    pub async fn open() -> Doors {
        Doors::with("").await
    }

    /// Doors whose portals' side has these lines in its section.
    pub async fn with(bounds: &str) -> Doors {
        Doors::prepared(|_| bounds.to_owned()).await
    }

    /// The same where those lines rest on files that are made beside the certificates first.
    pub async fn prepared(bounds: impl FnOnce(&Path) -> String) -> Doors {
        let folder = tempfile::tempdir().expect("a folder");
        let pki = folder.path().join("pki");
        copy(&pki::shared(), &pki);
        let bounds = bounds(&pki);
        write_configuration(folder.path(), &pki, &bounds);
        let config = folder.path().join("pontile.toml");
        let kept = Kept::new().expect("randomness");
        let built = snapshot::build(&config, &[], 1, &kept)
            .unwrap_or_else(|mistakes| panic!("{mistakes:#?}"));
        let settings = built.settings;
        Store::migrate(&settings.record).await.expect("a record");
        let store = Store::open(&settings.record, settings.retention, "prova")
            .await
            .expect("an open record");
        let log = Log::open(&LogSettings {
            file: Some(folder.path().join("log")),
            keep_months: 1,
        })
        .expect("a log");
        let telemetry = Telemetry {
            metrics: Metrics::new(),
            log: Arc::new(log),
            traces: None,
        };
        let gateway = Gateway::new(
            settings.node.clone(),
            store,
            &settings.cache,
            telemetry,
            built.snapshot,
        );
        let gateway = Arc::new(gateway);
        let reloader = Arc::new(Reloader::new(
            Arc::clone(&gateway),
            config,
            kept,
            settings.clone(),
            built.files,
        ));
        let portals = server::serve(Arc::clone(&gateway), settings.portal_door, 0)
            .expect("the portals' door");
        let operators = operators::serve(
            Arc::clone(&gateway),
            Arc::clone(&reloader),
            settings.operator_door,
        )
        .expect("the operators' door");
        Doors {
            pki,
            gateway,
            reloader,
            portals,
            operators,
            folder,
        }
    }

    /// A client with the named certificate.
    pub fn client(&self, name: &str) -> Client {
        Client::new(&self.pki, name, rustls::DEFAULT_VERSIONS)
    }

    /// A connection to the portals' door.
    pub async fn portal(&self, name: &str) -> Line {
        self.client(name)
            .connect(self.portals.address)
            .await
            .expect("a connection")
    }

    /// A connection to the operators' door.
    pub async fn operator(&self, name: &str) -> Line {
        self.client(name)
            .connect(self.operators.address)
            .await
            .expect("a connection")
    }

    /// Revokes a certificate and brings the list into force.
    pub fn revoke(&self, name: &str) {
        pki::revoke(name, &self.pki);
        self.reloader
            .reload()
            .unwrap_or_else(|mistakes| panic!("{mistakes:#?}"));
    }

    /// The main configuration file.
    pub fn config(&self) -> PathBuf {
        self.folder.path().join("pontile.toml")
    }

    /// Whether a metric reaches a value soon: a client may hear of a refusal before it is counted.
    pub async fn metric_reaches(&self, parts: &[&str], value: f64) -> bool {
        for _ in 0..100 {
            if self.metric(parts) >= value {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        false
    }

    /// The value of a metric: the sum over the lines that contain every one of the parts.
    pub fn metric(&self, parts: &[&str]) -> f64 {
        self.gateway
            .metrics_page()
            .lines()
            .filter(|line| !line.starts_with('#') && parts.iter().all(|part| line.contains(part)))
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum()
    }
}

fn copy(from: &Path, to: &Path) {
    let copied = std::process::Command::new("cp")
        .arg("-r")
        .arg(from)
        .arg(to)
        .status()
        .expect("cp starts");
    assert!(copied.success(), "the PKI could not be copied");
}

fn write_configuration(folder: &Path, pki: &Path, bounds: &str) {
    let file = |name: &str| pki.join(name).display().to_string();
    let door = format!(
        "address = \"127.0.0.1:0\"\ncertificate = \"{}\"\nkey = \"{}\"\nauthorities = [\"{}\"]\nrevocations = [\"{}\"]\nworkers = 1\nshutdown_grace = \"5s\"\n",
        file("server.pem"),
        file("server.key"),
        file("root.pem"),
        file("root.crl.pem"),
    );
    let text = format!(
        r#"
[portal_door]
{door}
{bounds}

[operator_door]
{door}

[record]
database = "sqlite:record"
subject_key = "persone.key"
free_disk = "1MiB"

[[operator]]
name = "operatore-uno"
roles = ["operatore", "sicurezza"]
certificates = [{{ subject = "CN=operatore-uno,O=Provincia di Como (sviluppo),C=IT" }}]

[[portal]]
name = "portale-uno"
certificates = [{{ subject = "CN=portale-uno,O=Provincia di Como (sviluppo),C=IT" }}]
rate = {{ per_second = 1000, burst = 1000 }}

[[ente]]
codice_istat = "013075"
codice_belfiore = "C933"
codice_ipa = "c_c933"
denominazione = "Como"

[[ente]]
codice_istat = "013041"
codice_belfiore = "B639"
codice_ipa = "c_b639"
denominazione = "Cantù"
"#
    );
    fs::write(folder.join("pontile.toml"), text).expect("the configuration");
    let grant = "id = \"catalogo\"\nversion = 1\nportal = \"portale-uno\"\nenti = \"all\"\n\
                 operations = [\"catalogo.enti\", \"catalogo.ente\", \"catalogo.servizi\"]\n";
    fs::create_dir(folder.join("concessioni")).expect("a folder for the grant");
    fs::write(folder.join("concessioni/catalogo.toml"), grant).expect("the grant");
}

fn certificates(pki: &Path, file: &str) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_file_iter(pki.join(file))
        .expect(file)
        .map(|item| item.expect(file))
        .collect()
}

fn trusting(
    pki: &Path,
    versions: &[&'static SupportedProtocolVersion],
) -> ConfigBuilder<ClientConfig, WantsClientCert> {
    let mut roots = RootCertStore::empty();
    for root in certificates(pki, "root.pem") {
        roots.add(root).expect("a root");
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .expect("versions")
        .with_root_certificates(roots)
}

/// A client that remembers its sessions.
#[derive(Clone)]
pub struct Client {
    config: Arc<ClientConfig>,
}

impl Client {
    /// A client with the named certificate and these TLS versions.
    pub fn new(pki: &Path, name: &str, versions: &[&'static SupportedProtocolVersion]) -> Client {
        let key = PrivateKeyDer::from_pem_file(pki.join(format!("{name}.key"))).expect("a key");
        let chain = certificates(pki, &format!("{name}.pem"));
        let config = trusting(pki, versions).with_client_auth_cert(chain, key);
        Client {
            config: Arc::new(config.expect("an identity")),
        }
    }

    /// A client that shows no certificate.
    pub fn anonymous(pki: &Path, versions: &[&'static SupportedProtocolVersion]) -> Client {
        Client {
            config: Arc::new(trusting(pki, versions).with_no_client_auth()),
        }
    }

    /// Shakes hands. Under TLS 1.3 a refusal of the certificate shows only at the first answer.
    pub async fn connect(&self, address: SocketAddr) -> io::Result<Line> {
        let socket = TcpStream::connect(address).await?;
        let name = ServerName::try_from("localhost").expect("a name");
        let stream = TlsConnector::from(Arc::clone(&self.config))
            .connect(name, socket)
            .await?;
        Ok(Line {
            stream,
            read: Vec::new(),
        })
    }
}

/// A TLS connection.
pub struct Line {
    pub stream: TlsStream<TcpStream>,
    read: Vec<u8>,
}

/// An answer as it came.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    /// A header's value, empty where absent.
    pub fn header(&self, name: &str) -> &str {
        let of = |line: &'_ str| {
            line.split_once(':')
                .is_some_and(|(header, _)| header.eq_ignore_ascii_case(name))
        };
        self.head
            .lines()
            .find(|line| of(line))
            .and_then(|line| line.split_once(':'))
            .map_or("", |(_, value)| value.trim())
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The last segment of a problem's type.
    pub fn slug(&self) -> String {
        self.json()["type"]
            .as_str()
            .and_then(|kind| kind.rsplit('/').next())
            .unwrap_or_default()
            .to_owned()
    }
}

/// A body of chunks and the bytes that it takes, once it is there whole.
fn unchunked(bytes: &[u8]) -> Option<(String, usize)> {
    let mut body = Vec::new();
    let mut at = 0;
    loop {
        let line = find(&bytes[at..], b"\r\n")?;
        let length = std::str::from_utf8(&bytes[at..at + line]).expect("a length");
        let length = usize::from_str_radix(length, 16).expect("a length");
        let begins = at + line + 2;
        body.extend_from_slice(bytes.get(begins..begins + length)?);
        at = begins + length + 2;
        if length == 0 {
            return Some((String::from_utf8_lossy(&body).into_owned(), at));
        }
    }
}

impl Line {
    /// Sends bytes as they are.
    pub async fn write(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref()).await?;
        self.stream.flush().await
    }

    /// Reads one answer; an error if the connection ends before it does.
    pub async fn answer(&mut self) -> io::Result<Answer> {
        loop {
            if let Some(end) = find(&self.read, b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&self.read[..end]).into_owned();
                let mut answer = Answer {
                    status: 0,
                    head,
                    body: String::new(),
                };
                answer.status = answer
                    .head
                    .split(' ')
                    .nth(1)
                    .and_then(|status| status.parse().ok())
                    .unwrap_or(0);
                let length: usize = answer.header("content-length").parse().unwrap_or(0);
                if answer.header("transfer-encoding") == "chunked" {
                    if let Some((body, used)) = unchunked(&self.read[end + 4..]) {
                        answer.body = body;
                        self.read.drain(..end + 4 + used);
                        return Ok(answer);
                    }
                } else if self.read.len() >= end + 4 + length {
                    answer.body =
                        String::from_utf8_lossy(&self.read[end + 4..end + 4 + length]).into_owned();
                    self.read.drain(..end + 4 + length);
                    return Ok(answer);
                }
            }
            let mut chunk = [0; 4096];
            let within =
                tokio::time::timeout(Duration::from_secs(20), self.stream.read(&mut chunk)).await;
            match within.map_err(|_| io::Error::other("no answer within 20 seconds"))?? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => self.read.extend_from_slice(&chunk[..count]),
            }
        }
    }

    /// A GET.
    pub async fn get(&mut self, path: &str) -> io::Result<Answer> {
        self.request("GET", path, "", "").await
    }

    /// A request with these header lines (each ended by CR LF) and body.
    pub async fn request(
        &mut self,
        method: &str,
        path: &str,
        headers: &str,
        body: &str,
    ) -> io::Result<Answer> {
        let length = if body.is_empty() {
            String::new()
        } else {
            format!("Content-Length: {}\r\n", body.len())
        };
        self.write(format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}{length}\r\n{body}"
        ))
        .await?;
        self.answer().await
    }

    /// Whether the other side says goodbye in TLS's own words, after all that it said was read.
    pub async fn ends_in_order(&mut self, limit: Duration) -> bool {
        let mut rest = Vec::new();
        tokio::time::timeout(limit, self.stream.read_to_end(&mut rest))
            .await
            .is_ok_and(|end| end.is_ok())
            && rest.is_empty()
    }

    /// How long it takes until the other side closes.
    pub async fn closed_within(&mut self, limit: Duration) -> bool {
        let mut rest = Vec::new();
        tokio::time::timeout(limit, self.stream.read_to_end(&mut rest))
            .await
            .is_ok()
    }
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}
