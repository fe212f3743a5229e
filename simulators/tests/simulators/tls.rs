//! TLS on the dialects' ports, with and without client certificates.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use openssl::asn1::Asn1Time;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
use openssl::x509::{X509, X509Builder, X509NameBuilder};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use simulators::serve::Tls;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::client::{Outcome, Town, exchange, town_with};
use crate::d1;

struct Identity {
    certificate: X509,
    key: PKey<Private>,
}

/// A certificate for 127.0.0.1 signed by `issuer`, or an authority's own.
fn identity(name: &str, issuer: Option<&Identity>) -> Identity {
    let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let mut subject = X509NameBuilder::new().unwrap();
    subject.append_entry_by_nid(Nid::COMMONNAME, name).unwrap();
    let subject = subject.build();
    let mut builder = X509Builder::new().unwrap();
    builder.set_version(2).unwrap();
    builder.set_subject_name(&subject).unwrap();
    builder
        .set_issuer_name(issuer.map_or(&subject, |issuer| issuer.certificate.subject_name()))
        .unwrap();
    builder
        .set_not_before(&Asn1Time::days_from_now(0).unwrap())
        .unwrap();
    builder
        .set_not_after(&Asn1Time::days_from_now(1).unwrap())
        .unwrap();
    builder.set_pubkey(&key).unwrap();
    if issuer.is_none() {
        builder
            .append_extension(BasicConstraints::new().critical().ca().build().unwrap())
            .unwrap();
    } else {
        let names = SubjectAlternativeName::new()
            .ip("127.0.0.1")
            .build(&builder.x509v3_context(None, None));
        builder.append_extension(names.unwrap()).unwrap();
    }
    builder
        .sign(
            issuer.map_or(&key, |issuer| &issuer.key),
            MessageDigest::sha256(),
        )
        .unwrap();
    Identity {
        certificate: builder.build(),
        key,
    }
}

async fn secure_town(folder: &Path, ca: &Identity, client_ca: bool) -> Town {
    let server = identity("server", Some(ca));
    let file = |name: &str, pem: Vec<u8>| {
        let path = folder.join(name);
        std::fs::write(&path, pem).unwrap();
        path
    };
    let ca_file = file("ca.pem", ca.certificate.to_pem().unwrap());
    let cert = file("server.pem", server.certificate.to_pem().unwrap());
    let key = file("server.key", server.key.private_key_to_pem_pkcs8().unwrap());
    let tls = Tls {
        cert,
        key,
        client_ca: client_ca.then_some(ca_file),
    };
    town_with(Duration::from_mins(1), Some(tls)).await
}

async fn ask(town: &Town, ca: &Identity, client: Option<&Identity>) -> io::Result<Outcome> {
    let der = |identity: &Identity| CertificateDer::from(identity.certificate.to_der().unwrap());
    let mut roots = RootCertStore::empty();
    roots.add(der(ca)).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = builder.with_root_certificates(roots);
    let config = match client {
        Some(client) => {
            let key = PrivateKeyDer::try_from(client.key.private_key_to_pkcs8().unwrap()).unwrap();
            builder
                .with_client_auth_cert(vec![der(client)], key)
                .unwrap()
        }
        None => builder.with_no_client_auth(),
    };
    let stream = TcpStream::connect(town.address("d1")).await?;
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await?;
    Ok(exchange(stream, d1::ENDPOINT, "", "").await)
}

#[actix_web::test]
async fn a_dialect_speaks_tls_and_can_still_hang_up() {
    let folder = tempfile::tempdir().unwrap();
    let ca = identity("test authority", None);
    let town = secure_town(folder.path(), &ca, false).await;
    assert!(town.running.addresses["d1"].starts_with("https://"));
    assert!(town.running.addresses["control"].starts_with("http://"));
    assert_eq!(ask(&town, &ca, None).await.unwrap().answer().status, 500);
    town.fault(r#"{"dialect":"d1","fault":"drop"}"#).await;
    assert_eq!(ask(&town, &ca, None).await.unwrap(), Outcome::Closed);
}

#[actix_web::test]
async fn with_a_client_authority_only_its_clients_are_served() {
    let folder = tempfile::tempdir().unwrap();
    let ca = identity("test authority", None);
    let town = secure_town(folder.path(), &ca, true).await;
    let client = identity("gateway", Some(&ca));
    assert_eq!(
        ask(&town, &ca, Some(&client))
            .await
            .unwrap()
            .answer()
            .status,
        500
    );
    let stranger = identity("stranger", Some(&identity("other authority", None)));
    for unwelcome in [None, Some(&stranger)] {
        // With TLS 1.3 the refusal comes after the client's handshake.
        let refused = ask(&town, &ca, unwelcome).await;
        assert!(refused.is_err() || refused.unwrap() == Outcome::Closed);
    }
}
