//! TLS towards databases: the server's certificate is judged, ours is shown.

use std::fs;
use std::path::{Path, PathBuf};

use pontile::config::instance::{BackendTls, InstanceSettings};
use pontile::connectors::error::Kind;
use pontile::connectors::sql::database::Database;

use crate::harness::mariadb::MariaDb;
use crate::harness::postgres::{ADMINISTRATOR, PASSWORD, Postgres};
use crate::harness::server::{folder, give};
use crate::pki;
use crate::town::{ask, lines, settings};

/// The servers' own copies of certificate, key and authority.
fn server_files() -> tempfile::TempDir {
    let folder = folder();
    let pki = pki::shared();
    for name in ["backend.pem", "backend.key", "backend-ca.pem"] {
        let copy = folder.path().join(name);
        fs::copy(pki.join(name), &copy).expect("the PKI is there");
        give(&copy);
    }
    folder
}

fn with_tls(address: &str, folder: &Path, tls: BackendTls) -> InstanceSettings {
    let mut settings = settings(address, folder);
    fs::write(folder.join("password"), PASSWORD).expect("a file");
    settings.tls = tls;
    settings
}

fn authorities(name: &str) -> BackendTls {
    BackendTls {
        authorities: Some(pki::shared().join(name)),
        ..BackendTls::default()
    }
}

fn with_client_certificate() -> BackendTls {
    let path = |name: &str| -> Option<PathBuf> { Some(pki::shared().join(name)) };
    BackendTls {
        authorities: path("backend-ca.pem"),
        certificate: path("backend-client.pem"),
        key: path("backend-client.key"),
    }
}

#[tokio::test]
async fn postgresql_is_reached_through_verified_tls_only() {
    let files = server_files();
    let at = |name: &str| files.path().join(name).display().to_string();
    let rules = files.path().join("hba");
    fs::write(
        &rules,
        "hostssl all all 127.0.0.1/32 scram-sha-256 clientcert=verify-ca\n",
    )
    .expect("a file");
    give(&rules);
    let Some(server) = Postgres::start(&[
        "fsync=off",
        "ssl=on",
        &format!("ssl_cert_file={}", at("backend.pem")),
        &format!("ssl_key_file={}", at("backend.key")),
        &format!("ssl_ca_file={}", at("backend-ca.pem")),
        &format!("hba_file={}", rules.display()),
    ]) else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let address = server.address(ADMINISTRATOR, "postgres");
    let sql = "SELECT CASE WHEN ssl THEN 'cifrato' ELSE 'in chiaro' END AS come FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let cases = [
        (with_client_certificate(), Ok(r#"{"come":"cifrato"}"#)),
        (authorities("backend-ca.pem"), Err(Kind::CredentialsRefused)),
        (authorities("root.pem"), Err(Kind::Unreachable)),
        (BackendTls::default(), Err(Kind::CredentialsRefused)),
    ];
    for (tls, expected) in cases {
        let settings = with_tls(&address, folder.path(), tls);
        judge(&settings, sql, expected).await;
    }
}

#[tokio::test]
async fn mariadb_is_reached_through_verified_tls_only() {
    let files = server_files();
    let at = |name: &str| files.path().join(name).display().to_string();
    let Some(server) = MariaDb::start(&[
        &format!("--ssl-cert={}", at("backend.pem")),
        &format!("--ssl-key={}", at("backend.key")),
        &format!("--ssl-ca={}", at("backend-ca.pem")),
        "--require-secure-transport=ON",
    ]) else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let address = server.address(ADMINISTRATOR, "mysql");
    let sql = "SELECT 'cifrato' AS come FROM information_schema.session_status \
               WHERE variable_name = 'Ssl_cipher' AND variable_value <> ''";
    let cases = [
        (with_client_certificate(), Ok(r#"{"come":"cifrato"}"#)),
        (authorities("backend-ca.pem"), Ok(r#"{"come":"cifrato"}"#)),
        (authorities("root.pem"), Err(Kind::Unreachable)),
    ];
    for (tls, expected) in cases {
        let settings = with_tls(&address, folder.path(), tls);
        judge(&settings, sql, expected).await;
    }
}

async fn judge(settings: &InstanceSettings, sql: &str, expected: Result<&str, Kind>) {
    let database = Database::new(settings).expect("a sound instance");
    let answered = ask(&database, sql, &[]).await;
    let answered = answered.map(|rows| lines(&rows).concat());
    match (&answered, expected) {
        (Ok(line), Ok(expected)) => assert_eq!(line, expected),
        (Err(error), Err(kind)) => assert_eq!(error.kind, kind, "{error}"),
        _ => panic!("{:?} gave {answered:?}", settings.tls),
    }
}
