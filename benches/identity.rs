//! What judging tokens costs over the bare verification of their signatures: `cargo bench --bench identity --profile dist`.
//!
//! Both are run in turn, slice by slice, on one thread; what counts is the ratio of the processor time within each slice.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a measurement that cannot go on must say so"
)]

#[path = "../tests/modi/maker.rs"]
#[allow(dead_code, reason = "the tests of the patterns use more of it")]
mod maker;
#[path = "../tests/pki/mod.rs"]
mod pki;

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use chrono::Utc;
use openssl::ec::{EcGroup, EcKey};
use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::rsa::Rsa;
use pontile::config::modi::{Pattern, Reference};
use pontile::config::pdnd::Pdnd;
use pontile::config::units::Span;
use pontile::jose::{Algorithm, PublicKey, decode, encode};
use pontile::modi::{Message, Rules, Signers, verify};
use pontile::pdnd::{Authority, Voucher};
use pontile::signing::{PemSigner, Signer};
use serde_json::{Value, json};

use maker::{Place, Sent, object, place, signer, token, trust};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SLICES: usize = 25;
const TIMES: u32 = 400;

/// What may be lost over the bare verifications.
const GOAL: f64 = 1.3;

/// A compact token taken apart for its bare verification.
struct Signed {
    input: Vec<u8>,
    signature: Vec<u8>,
    algorithm: Algorithm,
}

impl Signed {
    fn of(text: &str, algorithm: Algorithm) -> Signed {
        let (input, signature) = text.rsplit_once('.').unwrap();
        Signed {
            input: input.as_bytes().to_vec(),
            signature: decode(signature).unwrap(),
            algorithm,
        }
    }

    fn verify(&self, key: &PublicKey) {
        key.verify(self.algorithm, &self.input, &self.signature)
            .unwrap();
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    // `cargo test --all-targets` builds and starts benches too, without this argument.
    if !std::env::args().any(|argument| argument == "--bench") {
        println!("measures only when called as `cargo bench --bench identity`");
        return;
    }
    println!(
        "what                                        judged us  bare us  ratio median (range)"
    );
    for reference in [Reference::Kid, Reference::X5tS256, Reference::X5c] {
        modi(reference).await;
    }
    for algorithm in [Algorithm::Es256, Algorithm::Rs256] {
        vouchers(algorithm).await;
    }
}

/// INTEGRITY and AUDIT, both ES256: two signatures.
async fn modi(reference: Reference) {
    let folder = tempfile::tempdir().unwrap();
    let signer = signer("portale-uno", Some(Algorithm::Es256));
    let kid = encode(signer.public_key().thumbprint());
    let keys = folder.path().join("keys.json");
    let set = json!({ "keys": [signer.public_key().to_jwk(Algorithm::Es256)] });
    std::fs::write(&keys, set.to_string()).unwrap();
    let mut place = place(&[Pattern::IntegrityRest02, Pattern::AuditRest02]);
    if reference != Reference::Kid {
        place = self::place(&[Pattern::IntegrityRest01, Pattern::AuditRest01]);
    }
    place.settings.references = [reference].into();
    place.settings.keys = Some(keys);
    let header = match reference {
        Reference::Kid => json!({ "typ": "JWT", "kid": kid }),
        Reference::X5c => Value::Object(maker::header("portale-uno")),
        _ => {
            let leaf = maker::der("portale-uno.pem");
            let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &leaf);
            json!({ "typ": "JWT", "x5t#S256": encode(digest) })
        }
    };
    let sent = message(&place, &signer, &header).await;
    let signers = Signers::load(&place.settings).unwrap();
    let signed: Vec<Signed> = ["agid-jwt-signature", "agid-jwt-trackingevidence"]
        .iter()
        .map(|name| {
            let (_, value) = sent.fields.iter().find(|(field, _)| field == name).unwrap();
            Signed::of(std::str::from_utf8(value).unwrap(), Algorithm::Es256)
        })
        .collect();
    let connection = maker::connection();
    let judged = || {
        let rules = Rules {
            portal: &place.portal,
            settings: &place.settings,
            signers: &signers,
            trust: trust(),
            connection: &connection,
            demanded: place.settings.demanded(None),
        };
        let message = Message {
            body: &sent.body,
            fields: &sent.fields,
        };
        black_box(verify(&message, &rules, place.at).unwrap());
    };
    let bare = || {
        for one in &signed {
            one.verify(signer.public_key());
        }
    };
    let name = format!("ModI, INTEGRITY and AUDIT, ES256, by {}", reference.name());
    compare(&name, &judged, &bare);
}

async fn message(place: &Place, signer: &PemSigner, header: &Value) -> Sent {
    let mut sent = Place::bare();
    sent.field("digest", &maker::digest_of(&sent.body));
    let mut evidence = place.claims();
    evidence.extend(object(json!({
        "userID": "operatore-0042", "userLocation": "sportello-01", "LoA": "substantial", "dnonce": "1234567890123",
        "purposeId": "5b8f2f0e-8d7c-4a55-9f0c-0f4b4f2a9a11",
    })));
    let evidence = token(signer, object(header.clone()), evidence).await;
    sent.field("agid-jwt-trackingevidence", &evidence);
    let mut claims = place.claims();
    claims.insert("signed_headers".to_owned(), sent.headers_to_sign());
    let integrity = token(signer, object(header.clone()), claims).await;
    sent.field("agid-jwt-signature", &integrity);
    sent
}

/// A voucher of the platform's size: one signature.
async fn vouchers(algorithm: Algorithm) {
    let pem = if algorithm == Algorithm::Rs256 {
        PKey::from_rsa(Rsa::generate(2048).unwrap())
    } else {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        PKey::from_ec_key(EcKey::generate(&group).unwrap())
    };
    let pem = pem.unwrap().private_key_to_pem_pkcs8().unwrap();
    let signer = PemSigner::of_pem(&pem, Vec::new(), Some(algorithm)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let authority = authority(folder.path(), &signer);
    let now = Utc::now();
    let id = || uuid::Uuid::now_v7().to_string();
    let claims = object(json!({
        "iss": "auth.prova.example", "aud": "https://interop.provincia.example.it/rest/anagrafe/v1", "sub": id(), "client_id": id(),
        "jti": id(), "iat": now.timestamp(), "nbf": now.timestamp(), "exp": now.timestamp() + 600, "purposeId": id(),
        "producerId": id(), "consumerId": id(), "eserviceId": id(), "descriptorId": id(),
        "digest": { "alg": "SHA256", "value": "ab".repeat(32) },
    }));
    let kid = encode(signer.public_key().thumbprint());
    let header = object(json!({ "use": "sig", "typ": "at+jwt", "kid": kid }));
    let text = token(&signer, header, claims).await;
    let signed = Signed::of(&text, algorithm);
    let judged = || {
        black_box(Voucher::read(&text, &authority, now).unwrap());
    };
    let bare = || signed.verify(signer.public_key());
    compare(&format!("voucher, {}", algorithm.name()), &judged, &bare);
}

fn authority(folder: &Path, signer: &PemSigner) -> Authority {
    let keys = folder.join("keys.json");
    let set = json!({ "keys": [signer.public_key().to_jwk(signer.algorithm())] });
    std::fs::write(&keys, set.to_string()).unwrap();
    Authority::load(&Pdnd {
        issuer: "auth.prova.example".to_owned(),
        keys,
        keys_address: None,
        keys_authorities: None,
        keys_every: Span(Duration::from_hours(1)),
        portals_door: "https://interop.provincia.example.it".to_owned(),
    })
    .unwrap()
}

fn compare(name: &str, judged: &dyn Fn(), bare: &dyn Fn()) {
    let slice = |work: &dyn Fn()| {
        let before = cpu();
        (0..TIMES).for_each(|_| work());
        cpu().saturating_sub(before).as_secs_f64() * 1e6 / f64::from(TIMES)
    };
    slice(judged);
    slice(bare);
    // Whoever begins changes from slice to slice.
    let mut slices: Vec<(f64, f64)> = (0..SLICES)
        .map(|number| {
            if number % 2 == 0 {
                let first = slice(judged);
                (first, slice(bare))
            } else {
                let first = slice(bare);
                (slice(judged), first)
            }
        })
        .collect();
    slices.sort_by(|one, other| (one.0 / one.1).total_cmp(&(other.0 / other.1)));
    let ratio = |number: usize| slices[number].0 / slices[number].1;
    let (judged, bare) = slices[SLICES / 2];
    let median = ratio(SLICES / 2);
    let met = if median <= GOAL { "met" } else { "NOT MET" };
    println!(
        "{name:<44}{judged:>8.1} {bare:>8.1}  {median:.2} ({:.2}-{:.2})  goal {GOAL}: {met}",
        ratio(0),
        ratio(SLICES - 1)
    );
}

/// Processor time of this thread so far.
fn cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanoseconds = text.split(' ').next().unwrap().parse().unwrap();
    Duration::from_nanos(nanoseconds)
}
