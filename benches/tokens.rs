//! What signing through the pool costs over the module's own bare loop: `cargo bench --bench tokens`.
//!
//! SoftHSM in the place of a token; each figure is of a process of its own, in turn, slice by slice; what counts is the ratio of signatures
//! a second within each slice. What leaves the pool is verified first, which the bare loop does not do: it is told with and without.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a measurement that cannot go on must say so"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, ObjectClass};
use cryptoki::session::UserType;
use cryptoki::types::AuthPin;
use pontile::config::secret::SecretReference;
use pontile::jose::{Algorithm, PublicKey};
use pontile::signing::{KeyName, NewKey, Signer, TokenKey, TokenName, TokenSigner, create};

const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
const PIN: &str = "123456";
const STAGE: &str = "PONTILE_BENCH_STAGE";
const FOLDER: &str = "PONTILE_BENCH_FOLDER";
const SLICES: usize = 7;
const MEASURED_FOR: Duration = Duration::from_secs(1);

/// What is compared, each by its stage, and the ratio to be reached.
const ROWS: [(&str, &str, &str, f64); 7] = [
    (
        "RSA-2048, pool over bare loop, 1 session",
        "pool rsa 1",
        "bare rsa 1",
        0.85,
    ),
    (
        "the same, the bare loop verifies too",
        "pool rsa 1",
        "bare-verified rsa 1",
        0.85,
    ),
    (
        "RSA-2048, pool over bare loop, 4 sessions",
        "pool rsa 4",
        "bare rsa 4",
        0.85,
    ),
    (
        "RSA-2048, pool, 4 sessions over 1",
        "pool rsa 4",
        "pool rsa 1",
        1.7,
    ),
    (
        "P-256, pool over bare loop, 1 session",
        "pool ec 1",
        "bare ec 1",
        0.85,
    ),
    (
        "the same, the bare loop verifies too",
        "pool ec 1",
        "bare-verified ec 1",
        0.85,
    ),
    (
        "P-256, pool over bare loop, 4 sessions",
        "pool ec 4",
        "bare ec 4",
        0.85,
    ),
];

fn main() {
    let Ok(stage) = std::env::var(STAGE) else {
        return compare();
    };
    let folder = PathBuf::from(std::env::var_os(FOLDER).unwrap());
    let words: Vec<&str> = stage.split(' ').collect();
    match words[..] {
        ["make"] => make(&folder),
        [way, key, sessions] => {
            let sessions = sessions.parse().unwrap();
            let rate = match way {
                "bare" => bare(&folder, key, sessions, false),
                "bare-verified" => bare(&folder, key, sessions, true),
                _ => pooled(&folder, key, sessions),
            };
            println!("rate {rate}");
        }
        _ => panic!("no stage {stage}"),
    }
}

fn compare() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("tokens");
    std::fs::create_dir(&tokens).unwrap();
    let settings = format!("directories.tokendir = {}\n", tokens.display());
    std::fs::write(folder.path().join("softhsm2.conf"), settings).unwrap();
    std::fs::write(folder.path().join("pin"), PIN).unwrap();
    let initialised = Command::new("softhsm2-util")
        .args(["--init-token", "--free", "--label", "prova"])
        .args(["--pin", PIN, "--so-pin", "12345678"])
        .env("SOFTHSM2_CONF", folder.path().join("softhsm2.conf"))
        .output()
        .unwrap();
    assert!(initialised.status.success(), "{initialised:?}");
    run(folder.path(), "make");
    for (what, one, other, goal) in ROWS {
        let mut slices: Vec<(f64, f64, f64)> = (0..SLICES)
            .map(|_| {
                let (one, other) = (rate(folder.path(), one), rate(folder.path(), other));
                (one / other, one, other)
            })
            .collect();
        slices.sort_by(|one, other| one.0.total_cmp(&other.0));
        let (median, one, other) = slices[SLICES / 2];
        let met = if median >= goal { "met" } else { "not met" };
        println!(
            "{what}: {median:.2} ({:.2} to {:.2}); {one:.0} and {other:.0} a second; goal {goal}: {met}",
            slices[0].0,
            slices[SLICES - 1].0
        );
    }
}

fn run(folder: &Path, stage: &str) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .env("SOFTHSM2_CONF", folder.join("softhsm2.conf"))
        .env(STAGE, stage)
        .env(FOLDER, folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn rate(folder: &Path, stage: &str) -> f64 {
    let told = run(folder, stage);
    let rate = told.lines().find_map(|line| line.strip_prefix("rate "));
    rate.unwrap().parse().unwrap()
}

fn key(folder: &Path, label: &str, sessions: usize) -> TokenKey {
    TokenKey {
        name: label.to_owned(),
        module: MODULE.into(),
        token: TokenName::Label("prova".to_owned()),
        key: KeyName::Label(label.to_owned()),
        pin: SecretReference::File(folder.join("pin")),
        certificate: None,
        sessions,
        queue: 64,
        deadline: Duration::from_secs(5),
    }
}

fn make(folder: &Path) {
    for (label, kind) in [("rsa", NewKey::Rsa(2048)), ("ec", NewKey::P256)] {
        let public = create(&key(folder, label, 1), kind).unwrap();
        std::fs::write(folder.join(label), public).unwrap();
    }
}

/// Twice as many ask as there are sessions, each as fast as it can: with fewer it is the waking of threads that is measured.
fn pooled(folder: &Path, label: &str, sessions: usize) -> f64 {
    let signer = TokenSigner::open(&key(folder, label, sessions), Vec::new(), None).unwrap();
    let signer = Arc::new(signer);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let begun = Instant::now();
        let tasks: Vec<_> = (0..2 * sessions)
            .map(|_| {
                let signer = Arc::clone(&signer);
                tokio::spawn(async move {
                    let mut made = 0_u32;
                    while begun.elapsed() < MEASURED_FOR {
                        signer.sign(&made.to_be_bytes()).await.unwrap();
                        made += 1;
                    }
                    made
                })
            })
            .collect();
        let mut made = 0;
        for task in tasks {
            made += task.await.unwrap();
        }
        f64::from(made) / begun.elapsed().as_secs_f64()
    })
}

/// The module alone, one thread a session.
fn bare(folder: &Path, label: &str, sessions: usize, verified: bool) -> f64 {
    let pkcs11 = Pkcs11::new(MODULE).unwrap();
    let arguments = CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK);
    pkcs11.initialize(arguments).unwrap();
    let slot = pkcs11.get_slots_with_initialized_token().unwrap()[0];
    let keeper = pkcs11.open_ro_session(slot).unwrap();
    let pin = AuthPin::from(PIN.to_owned());
    keeper.login(UserType::User, Some(&pin)).unwrap();
    let named = [
        Attribute::Class(ObjectClass::PRIVATE_KEY),
        Attribute::Label(label.into()),
    ];
    let handle = keeper.find_objects(&named).unwrap()[0];
    let public = PublicKey::of_pem(&std::fs::read(folder.join(label)).unwrap()).unwrap();
    // The same work on the token: a digest of 32 bytes, for RSA with what names the hash before it.
    let (prefix, algorithm) = match label {
        "rsa" => (&OF_SHA256[..], Algorithm::Rs256),
        _ => (&[][..], Algorithm::Es256),
    };
    let made = AtomicU32::new(0);
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..sessions {
            let session = pkcs11.open_ro_session(slot).unwrap();
            let (public, made) = (&public, &made);
            scope.spawn(move || {
                let mechanism = match algorithm {
                    Algorithm::Rs256 => Mechanism::RsaPkcs,
                    _ => Mechanism::Ecdsa,
                };
                while begun.elapsed() < MEASURED_FOR {
                    let bytes = made.fetch_add(1, Ordering::Relaxed).to_be_bytes();
                    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes);
                    let signed = [prefix, digest.as_ref()].concat();
                    let signature = session.sign(&mechanism, handle, &signed).unwrap();
                    if verified {
                        public.verify(algorithm, &bytes, &signature).unwrap();
                    }
                }
            });
        }
    });
    f64::from(made.load(Ordering::Relaxed)) / begun.elapsed().as_secs_f64()
}

/// DER of `DigestInfo` up to the digest (RFC 8017, 9.2, note 1).
const OF_SHA256: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
    0x00, 0x04, 0x20,
];
