//! Who issues cards and who supervises them: an authority made by OpenSSL, a trusted list signed by xmlsec1, and a server that publishes both.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};
use openssl::ssl::{SslAcceptor, SslFiletype, SslMethod};

/// What `RECOGNISED` and its contrary are in a list.
pub const RECOGNISED: &str = "recognisedatnationallevel";
pub const DEPRECATED: &str = "deprecatedatnationallevel";

/// Runs a program that must succeed.
pub fn run(folder: &Path, program: &str, arguments: &[&str]) {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {words}");
}

/// An authority with its key and register in a folder.
pub struct Authority {
    pub folder: PathBuf,
    pub name: &'static str,
}

impl Authority {
    pub fn new(folder: &Path, name: &'static str) -> Authority {
        let authority = Authority {
            folder: folder.to_owned(),
            name,
        };
        let file = |end: &str| format!("{name}.{end}");
        let config = format!(
            "[ca]\ndefault_ca=this\n[this]\ndatabase={name}.txt\ncrlnumber={name}.number\ncertificate={name}.pem\n\
             private_key={name}.key\ndefault_md=sha256\nunique_subject=no\n"
        );
        fs::write(folder.join(file("cnf")), config).expect("a configuration");
        fs::write(folder.join(file("txt")), "").expect("a register");
        fs::write(folder.join(file("number")), "01\n").expect("a number");
        run(
            folder,
            "openssl",
            &[
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-sha256",
                "-days",
                "30",
                "-keyout",
                &file("key"),
                "-out",
                &file("pem"),
                "-subj",
                &format!("/C=IT/O=Emittente/CN={name}"),
                "-addext",
                "keyUsage=critical,keyCertSign,cRLSign",
            ],
        );
        authority
    }

    /// A CNS of this authority; it may say where its revocation list is.
    pub fn issue(&self, card: &str, list_at: Option<&str>) {
        let point = list_at.map_or(String::new(), |at| {
            format!("crlDistributionPoints=URI:ldap://ldap.example/cn=x,URI:{at}\n")
        });
        let extensions = format!(
            "basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth\n\
             certificatePolicies=1.3.76.16.2.1\nauthorityKeyIdentifier=keyid:always\n{point}"
        );
        fs::write(self.folder.join(format!("{card}.ext")), extensions).expect("extensions");
        let subject = "/C=IT/CN=RSSMRA80A01C933H\\/7430010024925855.lsKV\\/lNtBAmc8x5lzSb+cxx2UzE=";
        let (key, request) = (format!("{card}.key"), format!("{card}.csr"));
        run(
            &self.folder,
            "openssl",
            &[
                "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", &key, "-out", &request,
                "-subj", subject,
            ],
        );
        let serial = format!("0x{}", hex::encode(uuid::Uuid::now_v7().as_bytes()));
        run(
            &self.folder,
            "openssl",
            &[
                "x509",
                "-req",
                "-in",
                &request,
                "-CA",
                &format!("{}.pem", self.name),
                "-CAkey",
                &format!("{}.key", self.name),
                "-set_serial",
                &serial,
                "-days",
                "20",
                "-sha256",
                "-extfile",
                &format!("{card}.ext"),
                "-out",
                &format!("{card}.pem"),
            ],
        );
    }

    pub fn revoke(&self, card: &str) {
        let config = format!("{}.cnf", self.name);
        let file = format!("{card}.pem");
        run(
            &self.folder,
            "openssl",
            &["ca", "-config", &config, "-revoke", &file],
        );
    }

    /// A new revocation list, good for so many seconds, as it is published (DER).
    pub fn revocations(&self, seconds: u32) -> Vec<u8> {
        let config = format!("{}.cnf", self.name);
        let seconds = seconds.to_string();
        run(
            &self.folder,
            "openssl",
            &[
                "ca",
                "-config",
                &config,
                "-gencrl",
                "-crlsec",
                &seconds,
                "-out",
                "new.crl.pem",
            ],
        );
        let pem = fs::read(self.folder.join("new.crl.pem")).expect("a list");
        let list = openssl::x509::X509Crl::from_pem(&pem).expect("a list");
        list.to_der().expect("DER")
    }

    fn der(&self) -> Vec<u8> {
        let pem = fs::read(self.folder.join(format!("{}.pem", self.name))).expect("a certificate");
        let certificate = openssl::x509::X509::from_pem(&pem).expect("a certificate");
        certificate.to_der().expect("DER")
    }
}

/// A trusted list before it is signed.
pub struct Draft<'a> {
    pub sequence: u64,
    pub issued: DateTime<Utc>,
    pub next_update: DateTime<Utc>,
    /// Each authority with its status of today.
    pub services: Vec<(&'a Authority, &'static str)>,
}

impl Draft<'_> {
    /// The list with the form of a signature in it, as xmlsec1 fills it in.
    pub fn written(&self) -> String {
        let moment = |at: DateTime<Utc>| at.format("%Y-%m-%dT%H:%M:%SZ").to_string();
        let services: String = self.services.iter().map(service).collect();
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <TrustServiceStatusList xmlns=\"http://uri.etsi.org/02231/v2#\" xmlns:unused=\"urn:x\" TSLTag=\"http://uri.etsi.org/19612/TSLTag\">\n\
             <SchemeInformation><TSLVersionIdentifier>5</TSLVersionIdentifier><TSLSequenceNumber>{}</TSLSequenceNumber>\n\
             <!-- a comment that nobody signs -->\n\
             <ListIssueDateTime>{}</ListIssueDateTime><NextUpdate><dateTime>{}</dateTime></NextUpdate></SchemeInformation>\n\
             <TrustServiceProviderList><TrustServiceProvider><TSPInformation/><TSPServices>\n{services}\
             </TSPServices></TrustServiceProvider></TrustServiceProviderList>\n{SIGNATURE}</TrustServiceStatusList>\n",
            self.sequence,
            moment(self.issued),
            moment(self.next_update),
        )
    }

    /// The list, signed with that key.
    pub fn signed(&self, folder: &Path, signer: &str) -> Vec<u8> {
        sign(&self.written(), folder, signer)
    }
}

/// Signs a document by xmlsec1.
pub fn sign(document: &str, folder: &Path, signer: &str) -> Vec<u8> {
    fs::write(folder.join("draft.xml"), document).expect("a draft");
    let key = format!("{signer}.key,{signer}.pem");
    run(
        folder,
        "xmlsec1",
        &[
            "--sign",
            "--privkey-pem",
            &key,
            "--id-attr:Id",
            "http://uri.etsi.org/01903/v1.3.2#:SignedProperties",
            "--output",
            "signed.xml",
            "draft.xml",
        ],
    );
    fs::read(folder.join("signed.xml")).expect("a signed list")
}

fn service((authority, status): &(&Authority, &'static str)) -> String {
    let other = match *status {
        RECOGNISED => DEPRECATED,
        _ => RECOGNISED,
    };
    let of = |name: &str, kind: &str, status: &str| {
        format!(
            "<{name}><ServiceTypeIdentifier>http://uri.etsi.org/TrstSvc/Svctype/{kind}</ServiceTypeIdentifier>\
             <ServiceDigitalIdentity><DigitalId><X509Certificate>{}</X509Certificate></DigitalId></ServiceDigitalIdentity>\
             <ServiceStatus>http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/{status}</ServiceStatus>",
            BASE64_STANDARD.encode(authority.der())
        )
    };
    // The history says the contrary, and must not be listened to.
    format!(
        "<TSPService>{}</ServiceInformation><ServiceHistory>{}</ServiceHistoryInstance></ServiceHistory></TSPService>\n",
        of("ServiceInformation", "IdV", status),
        of("ServiceHistoryInstance", "IdV", other)
    )
}

/// As the Italian list is signed: the document, and XAdES's properties.
const SIGNATURE: &str = "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" Id=\"firma\"><ds:SignedInfo>\
<ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>\
<ds:SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"/>\
<ds:Reference URI=\"\"><ds:Transforms><ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/>\
<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/></ds:Transforms>\
<ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/><ds:DigestValue/></ds:Reference>\
<ds:Reference Type=\"http://uri.etsi.org/01903#SignedProperties\" URI=\"#proprieta\"><ds:Transforms>\
<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/></ds:Transforms>\
<ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/><ds:DigestValue/></ds:Reference></ds:SignedInfo>\
<ds:SignatureValue/><ds:KeyInfo><ds:X509Data/></ds:KeyInfo><ds:Object>\
<xades:QualifyingProperties xmlns:xades=\"http://uri.etsi.org/01903/v1.3.2#\" Target=\"#firma\">\
<xades:SignedProperties Id=\"proprieta\"><xades:SignedSignatureProperties>\
<xades:SigningTime>2026-01-01T00:00:00Z</xades:SigningTime></xades:SignedSignatureProperties></xades:SignedProperties>\
</xades:QualifyingProperties></ds:Object></ds:Signature>";

/// What is published, by path; what is not there is 404.
#[derive(Clone, Default)]
pub struct Shelf(Arc<Mutex<Published>>);

#[derive(Default)]
struct Published {
    by_path: HashMap<String, Vec<u8>>,
    asked: BTreeSet<String>,
}

impl Shelf {
    pub fn put(&self, path: &str, bytes: impl Into<Vec<u8>>) {
        let mut shelf = self.0.lock().expect("not poisoned");
        shelf.by_path.insert(path.to_owned(), bytes.into());
    }

    pub fn get(&self, path: &str) -> Vec<u8> {
        self.0.lock().expect("not poisoned").by_path[path].clone()
    }

    /// The paths that were asked for.
    pub fn asked(&self) -> Vec<String> {
        let shelf = self.0.lock().expect("not poisoned");
        shelf.asked.iter().cloned().collect()
    }

    pub fn remove(&self, path: &str) {
        self.0.lock().expect("not poisoned").by_path.remove(path);
    }

    /// Answers over HTTP, or over TLS with the development server's certificate.
    pub fn serve(&self, tls_of: Option<&Path>) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let acceptor = tls_of.map(|pki| {
            let mut acceptor =
                SslAcceptor::mozilla_intermediate(SslMethod::tls_server()).expect("TLS");
            let chain = acceptor.set_certificate_chain_file(pki.join("server.pem"));
            chain.expect("a certificate");
            let key = acceptor.set_private_key_file(pki.join("server.key"), SslFiletype::PEM);
            key.expect("a key");
            acceptor.build()
        });
        let shelf = self.clone();
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                match &acceptor {
                    None => shelf.answer(socket),
                    Some(acceptor) => {
                        if let Ok(stream) = acceptor.accept(socket) {
                            shelf.answer(stream);
                        }
                    }
                }
            }
        });
        address
    }

    fn answer(&self, mut stream: impl Read + Write) {
        let mut head = Vec::new();
        let mut one = [0];
        while !head.ends_with(b"\r\n\r\n") && stream.read(&mut one).is_ok_and(|count| count == 1) {
            head.push(one[0]);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let path = head.split(' ').nth(1).unwrap_or_default();
        let found = {
            let mut shelf = self.0.lock().expect("not poisoned");
            shelf.asked.insert(path.to_owned());
            shelf.by_path.get(path).cloned()
        };
        let (status, body) = match found {
            Some(body) => ("200 OK", body),
            None => ("404 Not Found", Vec::new()),
        };
        let length = body.len();
        let head =
            format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
        // The gateway may have hung up.
        let _ = stream.write_all(head.as_bytes());
        let _ = stream.write_all(&body);
        let _ = stream.flush();
    }
}
