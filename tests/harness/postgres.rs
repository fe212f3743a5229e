//! A PostgreSQL server of its own.

use std::fs;
use std::path::{Path, PathBuf};

use super::server::{Server, folder, free_port, give, program, run};

/// The administrator, and every account's password unless a test says otherwise.
pub const ADMINISTRATOR: &str = "amministratore";
/// The administrator's password.
pub const PASSWORD: &str = "prova";

/// A running server; stopped when it goes out of scope.
pub struct Postgres {
    server: Server,
    port: u16,
}

impl Postgres {
    /// Starts a server with further settings (`fsync=off`); `None` where PostgreSQL is not installed.
    pub fn start(settings: &[&str]) -> Option<Postgres> {
        Postgres::start_under(&[], settings)
    }

    /// The same with variables added to the server's environment.
    pub fn start_under(environment: &[(String, String)], settings: &[&str]) -> Option<Postgres> {
        let folders = programs();
        let initdb = program("initdb", &folders)?;
        let postgres = program("postgres", &folders)?;
        let folder = folder();
        let data = folder.path().join("data").display().to_string();
        let password = folder.path().join("password");
        fs::write(&password, PASSWORD).expect("a password file");
        give(&password);
        let command = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        run(
            &command(&[
                &initdb,
                "--no-sync",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                &format!("--username={ADMINISTRATOR}"),
                &format!("--pwfile={}", password.display()),
                "-D",
                &data,
            ]),
            folder.path(),
        );
        let port = free_port();
        let fixed = [
            format!("port={port}"),
            "listen_addresses=127.0.0.1".to_owned(),
            format!("unix_socket_directories={}", folder.path().display()),
            "max_connections=40".to_owned(),
        ];
        let mut words = vec!["/usr/bin/env".to_owned()];
        words.extend(
            environment
                .iter()
                .map(|(name, value)| format!("{name}={value}")),
        );
        words.extend(command(&[&postgres, "-D", &data]));
        for setting in fixed
            .into_iter()
            .chain(settings.iter().map(ToString::to_string))
        {
            words.extend(["-c".to_owned(), setting]);
        }
        let mut server = Server::new(
            folder,
            words,
            "database system is ready to accept connections",
        );
        server.start();
        Some(Postgres { server, port })
    }

    /// Where an account finds a database; without its password.
    pub fn address(&self, account: &str, database: &str) -> String {
        format!("postgres://{account}@127.0.0.1:{}/{database}", self.port)
    }

    /// Where the administrator finds a database; with the password.
    pub fn administration(&self, database: &str) -> String {
        self.address(&format!("{ADMINISTRATOR}:{PASSWORD}"), database)
    }

    /// The server's folder; `data` below it is the cluster.
    pub fn folder(&self) -> &Path {
        self.server.folder()
    }

    /// Stops the server and breaks its connections.
    pub fn stop(&mut self) {
        self.server.stop(libc::SIGINT);
    }

    /// Ends the server as a loss of power would, but for what the kernel holds.
    pub fn kill(&mut self) {
        self.server.stop(libc::SIGQUIT);
    }

    /// Starts it again on the same port.
    pub fn start_again(&mut self) {
        self.server.start();
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Debian keeps the programs of each version apart; the newest first.
fn programs() -> Vec<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|version| {
            let version = version.ok()?;
            let number = version.file_name().to_str()?.parse().ok()?;
            Some((number, version.path().join("bin")))
        })
        .collect();
    versions.sort();
    versions.into_iter().rev().map(|(_, path)| path).collect()
}
