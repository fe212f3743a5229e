//! A town hall's gate that demands ModI's tokens, before the simulated REST town hall: it judges and signs with code of its own.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use openssl::bn::BigNum;
use openssl::ecdsa::EcdsaSig;
use openssl::pkey::{PKey, Private};
use openssl::sha::sha256;
use openssl::x509::X509;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::pki::Pki;

/// What the gate's tokens must name, and what its own name.
pub const AUDIENCE: &str = "https://erba.example.it/modi";
/// The gateway as the gate calls it.
pub const CALLER: &str = "pontile.provincia.example.it";

/// What is wrong with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bad {
    Nothing,
    Unsigned,
    WrongDigest,
    OtherKey,
    Expired,
    OtherAudience,
    OtherQuestion,
    Repeated,
    AlgorithmNone,
}

/// The gate.
pub struct Gate {
    pub address: String,
    pub bad: Mutex<Bad>,
    /// What was wrong with the messages that it refused.
    pub refused: Mutex<Vec<String>>,
    /// Who it was told asks, once for each message that it let in.
    pub asked_by: Mutex<Vec<Value>>,
    seen: Mutex<HashSet<String>>,
    caller: X509,
    own: (X509, PKey<Private>),
    other: (X509, PKey<Private>),
    town_hall: String,
}

/// A message as it came.
struct Received {
    start: String,
    fields: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Received {
    fn field(&self, name: &str) -> Result<&str, String> {
        let mut all = self.fields.iter().filter(|(known, _)| known == name);
        match (all.next(), all.next()) {
            (Some((_, value)), None) => Ok(value),
            (None, _) => Err(format!("no {name}")),
            _ => Err(format!("{name} twice")),
        }
    }
}

impl Gate {
    /// Opens the gate before the town hall at that address; keys and certificates are the folder's.
    pub fn open(pki: &Pki, town_hall: &str) -> Arc<Gate> {
        let pair = |name: &str| {
            let read = |ending: &str| pki.read(&format!("{name}.{ending}"));
            (
                X509::from_pem(&read("pem")).expect("a certificate"),
                PKey::private_key_from_pem(&read("key")).expect("a key"),
            )
        };
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("not blocking");
        let gate = Arc::new(Gate {
            address: format!("http://{}", listener.local_addr().expect("an address")),
            bad: Mutex::new(Bad::Nothing),
            refused: Mutex::default(),
            asked_by: Mutex::default(),
            seen: Mutex::default(),
            caller: pair("server").0,
            own: pair("portale-due"),
            other: pair("operatore-uno"),
            town_hall: town_hall.to_owned(),
        });
        let serving = Arc::clone(&gate);
        tokio::spawn(async move {
            let listener = TcpListener::from_std(listener).expect("a listener");
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(Arc::clone(&serving).serve(stream));
            }
        });
        gate
    }

    /// Has the answers that follow be wrong like that.
    pub fn be(&self, bad: Bad) {
        *self.bad.lock().unwrap() = bad;
    }

    async fn serve(self: Arc<Self>, mut stream: TcpStream) {
        let Some(asked) = receive(&mut stream).await else {
            return;
        };
        let (status, body) = match self.judge(&asked) {
            Err(why) => {
                self.refused.lock().unwrap().push(why);
                (401, Vec::new())
            }
            Ok(evidence) => {
                self.asked_by.lock().unwrap().push(evidence);
                self.ask_town_hall(&asked).await
            }
        };
        let mut answer = format!(
            "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n",
            body.len()
        );
        if status != 401 {
            answer.push_str(&self.signature(&asked, &body));
        }
        answer.push_str("\r\n");
        let _ = stream.write_all(answer.as_bytes()).await;
        let _ = stream.write_all(&body).await;
    }

    /// Who asks, by the evidence; or what is wrong.
    fn judge(&self, asked: &Received) -> Result<Value, String> {
        let identity = asked.field("authorization")?;
        let identity = identity.strip_prefix("Bearer ").ok_or("no bearer")?;
        self.open_token(identity)?;
        let evidence = asked.field("agid-jwt-trackingevidence")?;
        let person = self.open_token(evidence)?;
        let claims = self.open_token(asked.field("agid-jwt-signature")?)?;
        let signed = claims["signed_headers"].as_array().ok_or("no headers")?;
        let mut names = HashSet::new();
        for one in signed {
            let (name, value) = one
                .as_object()
                .ok_or("no object")?
                .iter()
                .next()
                .ok_or("empty")?;
            if asked.field(name)? != value.as_str().ok_or("no text")? {
                return Err(format!("{name} changed"));
            }
            names.insert(name.as_str());
        }
        for must in ["digest", "content-type", "agid-jwt-trackingevidence"] {
            if !names.contains(must) {
                return Err(format!("{must} not signed"));
            }
        }
        match asked.field("digest")? == digest(&asked.body) {
            true => Ok(person),
            false => Err("digest of another body".to_owned()),
        }
    }

    fn open_token(&self, text: &str) -> Result<Value, String> {
        let parts: Vec<&str> = text.split('.').collect();
        let [header, claims, signature] = parts[..] else {
            return Err("no three parts".to_owned());
        };
        let (header_text, header) = (header, decoded(header)?);
        if header["alg"] != "ES256" {
            return Err(format!("alg {}", header["alg"]));
        }
        let leaf = BASE64_STANDARD.encode(self.caller.to_der().expect("DER"));
        if header["x5c"][0] != leaf.as_str() {
            return Err("another certificate".to_owned());
        }
        let bytes = BASE64_URL_SAFE_NO_PAD
            .decode(signature)
            .map_err(|_| "base64")?;
        let number = |bytes: &[u8]| BigNum::from_slice(bytes).expect("a number");
        let signature =
            EcdsaSig::from_private_components(number(&bytes[..32]), number(&bytes[32..]))
                .expect("a signature");
        let key = self
            .caller
            .public_key()
            .expect("a key")
            .ec_key()
            .expect("P-256");
        let over = sha256(format!("{header_text}.{claims}").as_bytes());
        if !signature.verify(&over, &key).unwrap_or(false) {
            return Err("signature".to_owned());
        }
        let claims = decoded(claims)?;
        let now = chrono::Utc::now().timestamp();
        let at = |name: &str| claims[name].as_i64().unwrap_or_default();
        if claims["aud"] != AUDIENCE || claims["iss"] != CALLER {
            return Err("aud or iss".to_owned());
        }
        if !(at("iat") <= now && at("nbf") <= now && now < at("exp")) {
            return Err("time".to_owned());
        }
        let id = claims["jti"].as_str().ok_or("no jti")?.to_owned();
        match self.seen.lock().unwrap().insert(id) {
            true => Ok(claims),
            false => Err("jti used before".to_owned()),
        }
    }

    /// What the simulated town hall says, asked with a token of its own.
    async fn ask_town_hall(&self, asked: &Received) -> (u16, Vec<u8>) {
        let client = reqwest::Client::new();
        let tenant = "d4160000-0000-4000-8000-000000013095";
        let form = "grant_type=client_credentials&client_id=gw-erba&client_secret=erba-prova&resource=http://api.civilianext.example";
        let token = client.post(format!("{}/{tenant}/oauth2/token", self.town_hall));
        let token = token
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form);
        let token: Value = token
            .send()
            .await
            .expect("a token")
            .json()
            .await
            .expect("JSON");
        let path = asked.start.split(' ').nth(1).expect("a path");
        let answer = client
            .post(format!("{}{path}", self.town_hall))
            .header(
                "authorization",
                format!(
                    "Bearer {}",
                    token["access_token"].as_str().expect("a token")
                ),
            )
            .header("content-type", "application/json")
            .body(asked.body.clone())
            .send()
            .await
            .expect("an answer");
        let status = answer.status().as_u16();
        (status, answer.bytes().await.expect("a body").to_vec())
    }

    /// The headers that sign an answer, as wrong as they are to be.
    fn signature(&self, asked: &Received, body: &[u8]) -> String {
        let bad = *self.bad.lock().unwrap();
        let now = chrono::Utc::now().timestamp();
        let over = if bad == Bad::WrongDigest {
            b"another"
        } else {
            body
        };
        let digest_text = digest(over);
        let question: &[u8] = if bad == Bad::OtherQuestion {
            b"{}"
        } else {
            &asked.body
        };
        let claims = json!({
            "iss": "comune-di-erba",
            "aud": if bad == Bad::OtherAudience { "somebody" } else { CALLER },
            "iat": now - if bad == Bad::Expired { 600 } else { 0 },
            "exp": now + if bad == Bad::Expired { -300 } else { 60 },
            "jti": if bad == Bad::Repeated { "always-the-same".to_owned() } else { uuid::Uuid::now_v7().to_string() },
            "signed_headers": [{ "digest": digest_text }, { "content-type": "application/json" }],
            "request_digest": digest(question),
        });
        let (certificate, key) = if bad == Bad::OtherKey {
            &self.other
        } else {
            &self.own
        };
        let leaf = BASE64_STANDARD.encode(certificate.to_der().expect("DER"));
        let algorithm = if bad == Bad::AlgorithmNone {
            "none"
        } else {
            "ES256"
        };
        let header = json!({ "alg": algorithm, "typ": "JWT", "x5c": [leaf] });
        let input = format!("{}.{}", encoded(&header), encoded(&claims));
        let signature = EcdsaSig::sign(&sha256(input.as_bytes()), &key.ec_key().expect("P-256"))
            .expect("a signature");
        let mut bytes = signature.r().to_vec_padded(32).expect("32 bytes");
        bytes.extend(signature.s().to_vec_padded(32).expect("32 bytes"));
        let signature = BASE64_URL_SAFE_NO_PAD.encode(bytes);
        match bad {
            Bad::Unsigned => String::new(),
            Bad::AlgorithmNone => {
                format!("digest: {digest_text}\r\nagid-jwt-signature: {input}.\r\n")
            }
            _ => format!("digest: {digest_text}\r\nagid-jwt-signature: {input}.{signature}\r\n"),
        }
    }
}

async fn receive(stream: &mut TcpStream) -> Option<Received> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
            let mut lines = head.split("\r\n");
            let start = lines.next()?.to_owned();
            let fields: Vec<(String, String)> = lines
                .filter_map(|line| line.split_once(':'))
                .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
                .collect();
            let length = fields.iter().find(|(name, _)| name == "content-length")?;
            let length: usize = length.1.parse().ok()?;
            while bytes.len() < end + 4 + length {
                (stream.read_buf(&mut bytes).await.ok()? > 0).then_some(())?;
            }
            let body = bytes[end + 4..].to_vec();
            return Some(Received {
                start,
                fields,
                body,
            });
        }
        (stream.read_buf(&mut bytes).await.ok()? > 0).then_some(())?;
    }
}

fn digest(body: &[u8]) -> String {
    format!("SHA-256={}", BASE64_STANDARD.encode(sha256(body)))
}

fn encoded(value: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(value.to_string())
}

fn decoded(part: &str) -> Result<Value, String> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| "base64")?;
    serde_json::from_slice(&bytes).map_err(|_| "no JSON".to_owned())
}
