//! A MariaDB server of its own.

use std::fs;
use std::path::{Path, PathBuf};

use super::server::{Server, folder, free_port, give, program, run};

/// The administrator.
pub const ADMINISTRATOR: &str = "amministratore";
/// The administrator's password.
pub const PASSWORD: &str = "prova";

/// A running server; stopped when it goes out of scope.
pub struct MariaDb {
    server: Server,
    port: u16,
}

impl MariaDb {
    /// Starts a server with further options (`--ssl-cert=…`); `None` where MariaDB is not installed.
    pub fn start(options: &[&str]) -> Option<MariaDb> {
        let folders =
            ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"].map(PathBuf::from);
        let install = program("mariadb-install-db", &folders)?;
        let mariadbd = program("mariadbd", &folders)?;
        let folder = folder();
        let at = |name: &str| folder.path().join(name).display().to_string();
        let command = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        let data = format!("--datadir={}", at("data"));
        run(
            &command(&[
                &install,
                "--no-defaults",
                &data,
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
            ]),
            folder.path(),
        );
        let begin = folder.path().join("begin.sql");
        let account = format!("'{ADMINISTRATOR}'@'127.0.0.1'");
        let text = format!(
            "CREATE USER IF NOT EXISTS {account} IDENTIFIED BY '{PASSWORD}';\n\
             GRANT ALL ON *.* TO {account} WITH GRANT OPTION;\n"
        );
        fs::write(&begin, text).expect("a file");
        give(&begin);
        let port = free_port();
        let mut words = command(&[
            &mariadbd,
            "--no-defaults",
            &data,
            &format!("--port={port}"),
            "--bind-address=127.0.0.1",
            &format!("--socket={}", at("socket")),
            &format!("--pid-file={}", at("pid")),
            &format!("--init-file={}", begin.display()),
            "--skip-name-resolve",
            "--innodb-buffer-pool-size=16M",
            "--innodb-flush-log-at-trx-commit=0",
            "--innodb-fast-shutdown=2",
            "--max-connections=40",
        ]);
        words.extend(command(options));
        let mut server = Server::new(folder, words, "ready for connections");
        server.start();
        Some(MariaDb { server, port })
    }

    /// Where an account finds a database; without its password.
    pub fn address(&self, account: &str, database: &str) -> String {
        format!("mysql://{account}@127.0.0.1:{}/{database}", self.port)
    }

    /// Where the administrator finds a database; with the password.
    pub fn administration(&self, database: &str) -> String {
        self.address(&format!("{ADMINISTRATOR}:{PASSWORD}"), database)
    }

    /// The server's folder.
    pub fn folder(&self) -> &Path {
        self.server.folder()
    }

    /// Stops the server and breaks its connections.
    pub fn stop(&mut self) {
        self.server.stop(libc::SIGTERM);
    }

    /// Starts it again on the same port.
    pub fn start_again(&mut self) {
        self.server.start();
    }
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        self.stop();
    }
}
