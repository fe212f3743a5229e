//! A portal that signs with the key of its certificate, and the rules that it is judged by.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};
use openssl::x509::X509;
use pontile::config::certificate::CertificateMatch;
use pontile::config::limits::Rate;
use pontile::config::modi::{AcceptedAlgorithm, Modi, Pattern, Reference};
use pontile::config::portal::Portal;
use pontile::config::units::Span;
use pontile::jose::Algorithm;
use pontile::modi::{Message, ModiError, Proven, Rules, Signers, verify};
use pontile::signing::{PemSigner, sign_token};
use pontile::trust::{PeerCertificate, Resumption, Trust};
use serde_json::{Map, Value, json};

use crate::pki;

pub const AUDIENCE: &str = "https://interop.provincia.example.it/rest/anagrafe/v1";
pub const BODY: &[u8] = br#"{"codice_fiscale":"RSSMRA80A01C933H"}"#;

/// The rules of one portal, ready to judge.
pub struct Place {
    pub settings: Modi,
    pub portal: Portal,
    pub at: DateTime<Utc>,
    connection: PeerCertificate,
}

/// A message in the making.
#[derive(Clone)]
pub struct Sent {
    pub body: Vec<u8>,
    pub fields: Vec<(String, Vec<u8>)>,
}

pub fn trust() -> &'static Trust {
    static TRUST: OnceLock<Trust> = OnceLock::new();
    TRUST.get_or_init(|| {
        let resumption = Resumption::new().expect("keys");
        Trust::load(&pki::door(&pki::shared()), &resumption).expect("trust")
    })
}

pub fn file(name: &str) -> PathBuf {
    pki::shared().join(name)
}

/// The DER of the first certificate of a file.
pub fn der(name: &str) -> Vec<u8> {
    let text = std::fs::read(file(name)).expect("a file");
    let certificate = X509::from_pem(&text).expect("a certificate");
    certificate.to_der().expect("DER")
}

pub fn signer(name: &str, algorithm: Option<Algorithm>) -> PemSigner {
    let key = std::fs::read(file(&format!("{name}.key"))).expect("a key");
    PemSigner::of_pem(&key, vec![der(&format!("{name}.pem"))], algorithm).expect("a signer")
}

/// The certificate that the portal `portale-uno` calls with.
pub fn connection() -> PeerCertificate {
    let leaf = der("portale-uno.pem");
    PeerCertificate::of_chain(&[leaf.into()]).expect("a certificate")
}

/// The rules for the portal `portale-uno`, which signs with the certificate that it calls with.
pub fn place(patterns: &[Pattern]) -> Place {
    let connection = connection();
    let one = std::num::NonZeroU32::MIN;
    Place {
        settings: Modi {
            audience: vec![AUDIENCE.to_owned()],
            audience_shared: false,
            patterns: patterns.iter().copied().collect(),
            operations: BTreeMap::new(),
            algorithms: Algorithm::ALL.map(AcceptedAlgorithm).into(),
            references: BTreeSet::from([Reference::X5c, Reference::X5tS256]),
            certificates: Vec::new(),
            signers: Vec::new(),
            keys: None,
            addresses: BTreeMap::new(),
            signed_headers: BTreeSet::new(),
            oldest: Span(Duration::from_mins(5)),
            skew: Span(Duration::from_secs(5)),
            evidence_reused: false,
            answers_signed: false,
        },
        portal: Portal {
            name: "portale-uno".to_owned(),
            certificates: vec![CertificateMatch::Fingerprint(connection.fingerprint)],
            rate: Rate {
                per_second: one,
                burst: one,
            },
            open_requests: 1,
            reply_to: Vec::new(),
            modi: None,
            login: None,
            pdnd: None,
            grants: Vec::new(),
        },
        at: Utc::now(),
        connection,
    }
}

impl Place {
    pub fn judge(&self, sent: &Sent) -> Result<Proven, ModiError> {
        let signers = Signers::load(&self.settings).expect("the files of the settings");
        let rules = Rules {
            portal: &self.portal,
            settings: &self.settings,
            signers: &signers,
            trust: trust(),
            connection: &self.connection,
            demanded: self.settings.demanded(None),
        };
        let message = Message {
            body: &sent.body,
            fields: &sent.fields,
        };
        verify(&message, &rules, self.at)
    }

    /// The claims of a token that is in order.
    pub fn claims(&self) -> Map<String, Value> {
        let now = self.at.timestamp();
        object(json!({
            "iss": "portale-uno", "sub": "portale", "aud": AUDIENCE,
            "iat": now, "nbf": now, "exp": now + 60, "jti": uuid::Uuid::now_v7().to_string(),
        }))
    }

    /// A message with a body and its content type, and no token.
    pub fn bare() -> Sent {
        Sent {
            body: BODY.to_vec(),
            fields: vec![("content-type".to_owned(), b"application/json".to_vec())],
        }
    }

    /// The same with identity and integrity, signed by the portal.
    pub async fn signed(&self) -> Sent {
        let mut sent = Place::bare();
        sent.field("digest", &digest_of(BODY));
        let identity = self.token(self.claims()).await;
        sent.field("authorization", &format!("Bearer {identity}"));
        let mut claims = self.claims();
        claims.insert("signed_headers".to_owned(), sent.headers_to_sign());
        sent.field("agid-jwt-signature", &self.token(claims).await);
        sent
    }

    pub async fn token(&self, claims: Map<String, Value>) -> String {
        token(&signer("portale-uno", None), header("portale-uno"), claims).await
    }
}

impl Sent {
    pub fn field(&mut self, name: &str, value: &str) {
        self.fields
            .push((name.to_owned(), value.as_bytes().to_vec()));
    }

    pub fn replace(&mut self, name: &str, value: &str) {
        self.fields.retain(|(field, _)| field != name);
        self.field(name, value);
    }

    pub fn headers_to_sign(&self) -> Value {
        let named = self.fields.iter().filter(|(name, _)| {
            [
                "digest",
                "content-type",
                "content-encoding",
                "agid-jwt-trackingevidence",
            ]
            .contains(&name.as_str())
        });
        named
            .map(|(name, value)| json!({ name.as_str(): String::from_utf8_lossy(value) }))
            .collect()
    }
}

/// A JOSE header with the certificate.
pub fn header(name: &str) -> Map<String, Value> {
    let leaf = BASE64_STANDARD.encode(der(&format!("{name}.pem")));
    object(json!({ "typ": "JWT", "x5c": [leaf] }))
}

pub async fn token(
    signer: &PemSigner,
    header: Map<String, Value>,
    claims: Map<String, Value>,
) -> String {
    sign_token(signer, header, &claims).await.expect("signed")
}

pub fn digest_of(body: &[u8]) -> String {
    let digest = BASE64_STANDARD.encode(digest(&SHA256, body).as_ref());
    format!("SHA-256={digest}")
}

pub fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().expect("an object")
}
