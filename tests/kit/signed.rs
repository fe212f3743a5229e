//! A back end that demands ModI's tokens, asked by hand: the tokens are the service's own, whatever key and reference it is configured
//! with. The back end judges them with OpenSSL and nothing of ours.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use openssl::bn::{BigNum, BigNumContext};
use openssl::ecdsa::EcdsaSig;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Public};
use openssl::sha::sha256;
use openssl::sign::Verifier;
use openssl::x509::X509;
use serde_json::{Value, json};

use crate::office::Office;

const AUDIENCE: &str = "https://comune.example.it/modi";
const ISSUER: &str = "pontile.provincia.example.it";
const CODE: &str = "BNCNNA75T71B639E";

/// How the tokens must name the signer's key.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Named {
    /// The certificate itself.
    X5c,
    /// Its SHA-256.
    X5t,
    /// What the back end calls the key.
    Agreed,
    /// The key's thumbprint (RFC 7638).
    Thumbprint,
}

impl Named {
    fn settings(self) -> &'static str {
        match self {
            Named::X5c => "reference = \"x5c\"",
            Named::X5t => "reference = \"x5t#S256\"",
            Named::Agreed => "reference = \"kid\"\nkey_id = \"chiave-della-provincia\"",
            Named::Thumbprint => "reference = \"kid\"",
        }
    }
}

/// A back end with what it holds tokens against.
struct Judge {
    certificate: X509,
    algorithm: &'static str,
    named: Named,
    /// Of each question, who asked it or what was wrong.
    judged: Mutex<Vec<Result<String, String>>>,
}

fn url(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

impl Judge {
    fn key(&self) -> PKey<Public> {
        self.certificate.public_key().unwrap()
    }

    fn thumbprint(&self) -> String {
        let key = self.key();
        let members = if let Ok(rsa) = key.rsa() {
            let (e, n) = (url(&rsa.e().to_vec()), url(&rsa.n().to_vec()));
            format!("{{\"e\":\"{e}\",\"kty\":\"RSA\",\"n\":\"{n}\"}}")
        } else {
            let key = key.ec_key().unwrap();
            let (mut x, mut y) = (BigNum::new().unwrap(), BigNum::new().unwrap());
            let mut context = BigNumContext::new().unwrap();
            let point = key.public_key();
            point
                .affine_coordinates(key.group(), &mut x, &mut y, &mut context)
                .unwrap();
            let number = |number: &BigNum| url(&number.to_vec_padded(32).unwrap());
            format!(
                "{{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"{}\",\"y\":\"{}\"}}",
                number(&x),
                number(&y)
            )
        };
        url(&sha256(members.as_bytes()))
    }

    /// The claims of a token that stands.
    fn open(&self, text: &str) -> Result<Value, String> {
        let parts: Vec<&str> = text.split('.').collect();
        let [header, claims, signature] = parts[..] else {
            return Err("no token".to_owned());
        };
        let read = |text: &str| -> Value {
            serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
        };
        let told = read(header);
        let der = self.certificate.to_der().unwrap();
        let (name, expected) = match self.named {
            Named::X5c => ("x5c", json!(BASE64_STANDARD.encode(&der))),
            Named::X5t => ("x5t#S256", json!(url(&sha256(&der)))),
            Named::Agreed => ("kid", json!("chiave-della-provincia")),
            Named::Thumbprint => ("kid", json!(self.thumbprint())),
        };
        let found = if name == "x5c" {
            &told[name][0]
        } else {
            &told[name]
        };
        if *found != expected || told["alg"] != self.algorithm {
            return Err(format!("header {told}"));
        }
        let others = ["x5c", "x5t#S256", "kid"]
            .into_iter()
            .filter(|other| *other != name);
        if others.into_iter().any(|other| told.get(other).is_some()) {
            return Err(format!("more than {name}: {told}"));
        }
        let signed = format!("{header}.{claims}");
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
        let stands = if self.algorithm == "RS256" {
            let key = self.key();
            let mut verifier = Verifier::new(MessageDigest::sha256(), &key).unwrap();
            verifier
                .verify_oneshot(&signature, signed.as_bytes())
                .unwrap()
        } else {
            let number = |bytes: &[u8]| BigNum::from_slice(bytes).unwrap();
            let (r, s) = (number(&signature[..32]), number(&signature[32..]));
            let signature = EcdsaSig::from_private_components(r, s).unwrap();
            let key = self.key().ec_key().unwrap();
            signature.verify(&sha256(signed.as_bytes()), &key).unwrap()
        };
        let claims = read(claims);
        let now = chrono::Utc::now().timestamp();
        let at = |name: &str| claims[name].as_i64().unwrap_or_default();
        let in_time = at("iat") <= now && now < at("exp");
        match stands && in_time && claims["aud"] == AUDIENCE && claims["iss"] == ISSUER {
            true => Ok(claims),
            false => Err(format!("stands: {stands}, claims {claims}")),
        }
    }

    /// Who asks, by the tokens of a message.
    fn judge(&self, headers: &[(String, String)], body: &[u8]) -> Result<String, String> {
        let field = |name: &str| {
            let found = headers.iter().find(|(known, _)| known == name);
            found
                .map(|(_, value)| value.as_str())
                .ok_or(format!("no {name}"))
        };
        let bearer = field("authorization")?
            .strip_prefix("Bearer ")
            .ok_or("no bearer")?;
        self.open(bearer)?;
        let evidence = self.open(field("agid-jwt-trackingevidence")?)?;
        let signature = self.open(field("agid-jwt-signature")?)?;
        let digest = format!("SHA-256={}", BASE64_STANDARD.encode(sha256(body)));
        let signed = signature["signed_headers"]
            .as_array()
            .ok_or("nothing signed")?;
        if field("digest")? != digest || !signed.contains(&json!({ "digest": digest })) {
            return Err("another digest".to_owned());
        }
        Ok(format!(
            "{} {}",
            evidence["userID"], evidence["userLocation"]
        ))
    }

    fn serve(self: &Arc<Self>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let judge = Arc::clone(self);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let judge = Arc::clone(&judge);
                std::thread::spawn(move || judge.answer(&stream));
            }
        });
        address
    }

    fn answer(&self, stream: &TcpStream) {
        let mut reader = BufReader::new(stream);
        let (mut headers, mut length) = (Vec::new(), 0);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if line.trim().is_empty() {
                break;
            }
            if let Some((name, value)) = line.trim().split_once(": ") {
                let name = name.to_lowercase();
                if name == "content-length" {
                    length = value.parse().unwrap();
                }
                headers.push((name, value.to_owned()));
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        // A probe's HEAD asks nothing.
        if length == 0 {
            let _ = (&*stream)
                .write_all(b"HTTP/1.1 405 X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            return;
        }
        let judged = self.judge(&headers, &body);
        let (status, body) = match &judged {
            Ok(_) => {
                let person = json!({"cf": CODE, "cognome": "BIANCHI", "nome": "ANNA", "nato_il": "31/12/1975"});
                (200, json!({"esito": "OK", "persone": [person]}).to_string())
            }
            Err(_) => (401, String::new()),
        };
        self.judged.lock().unwrap().push(judged);
        let answer = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let _ = (&*stream).write_all(answer.as_bytes());
    }
}

/// A key with its certificate, made by the command.
fn make_key(folder: &Path, kind: &[&str]) -> X509 {
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-nodes",
            "-days",
            "30",
            "-subj",
            "/CN=provincia/O=Prova/C=IT",
            "-newkey",
        ])
        .args(kind)
        .arg("-keyout")
        .arg(folder.join("firma.key"))
        .arg("-out")
        .arg(folder.join("firma.pem"))
        .output()
        .unwrap();
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    X509::from_pem(&fs::read(folder.join("firma.pem")).unwrap()).unwrap()
}

fn open(named: Named, algorithm: &'static str) -> (Office, Arc<Judge>) {
    let office = Office::new(&[]);
    office.done(&["new", "banco", "--dialect", "rest"], "");
    let kind: &[&str] = match algorithm {
        "RS256" => &["rsa:2048"],
        _ => &["ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
    };
    let judge = Arc::new(Judge {
        certificate: make_key(&office.path(""), kind),
        algorithm,
        named,
        judged: Mutex::default(),
    });
    fs::write(office.path("chiave"), "k-vera").unwrap();
    office.configure(&format!(
        "[node]\ndevelopment = true\n[signer]\nissuer = \"{ISSUER}\"\nkey = {{ file = \"firma.key\" }}\ncertificate = \"firma.pem\"\n\
         [[instance]]\nname = \"x\"\nadapter = \"banco\"\naddress = \"{}\"\nsecrets = {{ chiave = {{ file = \"chiave\" }} }}\n\
         [instance.modi]\naudience = \"{AUDIENCE}\"\npatterns = [\"ID_AUTH_REST_02\", \"INTEGRITY_REST_01\", \"AUDIT_REST_01\"]\n{}\n\
         [[ente]]\ncodice_istat = \"013041\"\ncodice_belfiore = \"B639\"\ncodice_ipa = \"c_b639\"\ndenominazione = \"Cantù\"\n\
         [ente.servizi.anagrafe]\ninstance = \"x\"\n",
        judge.serve(),
        named.settings(),
    ));
    (office, judge)
}

const WHO: [&str; 4] = [
    "--user-id",
    "operatore-0042",
    "--user-location",
    "sportello-01",
];

#[test]
fn whatever_key_and_reference_the_service_has_its_tokens_stand_before_openssl() {
    for algorithm in ["ES256", "RS256"] {
        for named in [Named::X5c, Named::X5t, Named::Agreed, Named::Thumbprint] {
            let (office, judge) = open(named, algorithm);
            let probe: Vec<&str> = ["probe", "--instance", "x"]
                .into_iter()
                .chain(WHO)
                .collect();
            let output = office.pontile(&probe, CODE);
            let judged = judge.judged.lock().unwrap().clone();
            let told = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(
                output.status.success(),
                "{algorithm} {named:?}: {judged:?} {told}"
            );
            assert_eq!(
                judged,
                [Ok("\"operatore-0042\" \"sportello-01\"".to_owned())],
                "{algorithm} {named:?}"
            );
            assert!(told.contains("trovato, 1 voci"), "{told}");
        }
    }
}

#[test]
fn what_is_recorded_under_tokens_shows_none_and_whoever_asks_says_who_they_are() {
    let (office, judge) = open(Named::Thumbprint, "ES256");
    let nobody = office.refused(
        &["record", "--instance", "x", "--case", "dal-vivo"],
        CODE,
        2,
    );
    assert!(nobody.contains("--user-id"), "{nobody}");
    assert!(judge.judged.lock().unwrap().is_empty(), "nothing was sent");
    let record = ["record", "--instance", "x", "--case", "dal-vivo"].into_iter();
    office.done(&record.chain(WHO).collect::<Vec<_>>(), CODE);
    let folder = office.path("adapters/banco/examples/anagrafe.ricerche-persona/dal-vivo");
    crate::captured::nothing_of(
        &[
            "eyJ",
            "agid-jwt",
            "operatore-0042",
            "k-vera",
            CODE,
            "BIANCHI",
        ],
        &[folder],
    );
    office.done(&["test", "banco"], "");
}
