//! TLS towards back ends: their own authority, our client certificate, and refusal of anybody else.

use std::path::PathBuf;
use std::process::Command;

use pontile::config::instance::BackendTls;
use pontile::connectors::error::Kind;
use serde_json::Value;

use crate::asking::Town;
use crate::pki;
use crate::process::{Process, program};

const CANTU: &str = "BNCNNA75T71B639E";

fn file(name: &str) -> PathBuf {
    pki::shared().join(name)
}

/// Simulators that speak TLS and want a certificate; gives the address of Cantù by a name in the server's certificate.
fn simulators() -> (Process, String) {
    let pki = pki::shared();
    let mut command = Command::new(program("simulators"));
    command.arg("serve");
    for (option, name) in [
        ("--tls-cert", "backend.pem"),
        ("--tls-key", "backend.key"),
        ("--client-ca", "backend-ca.pem"),
    ] {
        command.arg(option).arg(pki.join(name));
    }
    let (process, line) = Process::start("simulators", &mut command, |line| line.starts_with('{'));
    let addresses: Value = serde_json::from_str(&line).unwrap();
    let address = addresses["d1"].as_str().unwrap().to_owned();
    assert!(address.starts_with("https://"), "{address}");
    (process, address)
}

fn town(address: &str, tls: BackendTls) -> Town {
    Town::cantu(address.to_owned()).with(|settings| settings.tls = tls)
}

#[tokio::test]
async fn a_back_end_with_its_own_authority_and_our_certificate_answers() {
    let (_simulators, address) = simulators();
    let tls = BackendTls {
        authorities: Some(file("backend-ca.pem")),
        certificate: Some(file("backend-client.pem")),
        key: Some(file("backend-client.key")),
    };
    let town = town(&address, tls);
    town.persona(CANTU).await.expect("mutual TLS");
    town.persona(CANTU)
        .await
        .expect("the same connection again");
}

#[tokio::test]
async fn an_unknown_authority_and_a_missing_certificate_are_outages_not_answers() {
    let (_simulators, address) = simulators();
    let foreign = BackendTls {
        authorities: Some(file("root.pem")),
        certificate: Some(file("backend-client.pem")),
        key: Some(file("backend-client.key")),
    };
    let nameless = BackendTls {
        authorities: Some(file("backend-ca.pem")),
        ..BackendTls::default()
    };
    let public = BackendTls::default();
    for tls in [foreign, nameless, public] {
        let error = town(&address, tls)
            .persona(CANTU)
            .await
            .expect_err("not trusted");
        assert_eq!(error.kind, Kind::Unreachable, "{error}");
    }
}

#[tokio::test]
async fn a_missing_file_of_ours_is_our_fault() {
    let tls = BackendTls {
        authorities: Some(file("niente.pem")),
        ..BackendTls::default()
    };
    let error = town("https://127.0.0.1:9", tls)
        .persona(CANTU)
        .await
        .expect_err("no file");
    assert_eq!(error.kind, Kind::Gateway, "{error}");
}

#[tokio::test]
async fn renewed_files_are_taken_up_without_a_restart_and_broken_ones_change_nothing() {
    let (_simulators, address) = simulators();
    let folder = tempfile::tempdir().unwrap();
    let authorities = folder.path().join("authorities.pem");
    std::fs::copy(file("root.pem"), &authorities).unwrap();
    let tls = BackendTls {
        authorities: Some(authorities.clone()),
        certificate: Some(file("backend-client.pem")),
        key: Some(file("backend-client.key")),
    };
    let town = town(&address, tls);
    let error = town.persona(CANTU).await.expect_err("another authority");
    assert_eq!(error.kind, Kind::Unreachable, "{error}");
    std::fs::copy(file("backend-ca.pem"), &authorities).unwrap();
    town.instances.read_files_again();
    town.persona(CANTU).await.expect("the right authority");
    std::fs::write(&authorities, "no certificate").unwrap();
    town.instances.read_files_again();
    town.persona(CANTU).await.expect("the former authority");
}
