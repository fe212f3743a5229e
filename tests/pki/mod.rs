//! The development PKI as tests use it: one shared copy to read, own copies to revoke in.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::path::{Path, PathBuf};
use std::process::Command;

use pontile::config::door::Door;
use pontile::config::units::{Size, Span};

/// Makes the PKI in a folder, unless it is there.
pub fn make(folder: &Path) {
    script(&[], folder);
}

/// The PKI shared by every test of a build; nobody changes it.
pub fn shared() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pki");
    make(&folder);
    folder
}

/// Adds a client's certificate to the root's revocation list.
pub fn revoke(name: &str, folder: &Path) {
    script(&["--revoke", name], folder);
}

/// Replaces the root's revocation list by one that ends tomorrow.
pub fn publish_revocations_for_a_day(folder: &Path) {
    let output = Command::new("openssl")
        .args([
            "ca",
            "-config",
            "registro/root.cnf",
            "-gencrl",
            "-crldays",
            "1",
            "-out",
            "root.crl.pem",
        ])
        .current_dir(folder)
        .output()
        .expect("openssl starts");
    assert!(
        output.status.success(),
        "openssl: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn script(arguments: &[&str], folder: &Path) {
    let output = Command::new("bash")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/certs/make.sh"))
        .args(arguments)
        .arg(folder)
        .output()
        .expect("bash starts");
    assert!(
        output.status.success(),
        "certs/make.sh: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A door on a free port of the loopback with that PKI and wide bounds.
pub fn door(pki: &Path) -> Door {
    let seconds = |seconds| Span(std::time::Duration::from_secs(seconds));
    Door {
        address: "127.0.0.1:0".parse().expect("an address"),
        certificate: pki.join("server.pem"),
        key: pki.join("server.key"),
        authorities: vec![pki.join("root.pem")],
        revocations: vec![pki.join("root.crl.pem")],
        connections: 1_000,
        connections_per_address: 1_000,
        requests_per_address: 100_000,
        requests_per_connection: 100_000,
        handshake_timeout: seconds(5),
        slow_client_timeout: seconds(5),
        idle_timeout: seconds(30),
        request_deadline: seconds(10),
        body_size: Size(64 << 10),
        shutdown_grace: seconds(5),
        workers: 1,
    }
}
