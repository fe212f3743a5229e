//! Which database stands at an address, and one connection to it.

use std::time::Duration;

use secrecy::SecretString;

use crate::config::instance::InstanceSettings;
use crate::config::secret::SecretReference;
use crate::connectors::error::{ConnectorError, Kind};

use super::failure::Failure;
use super::intake::Intake;
use super::mysql::{self, MySqlServer};
use super::postgres::{self, PostgresServer};
use super::row::SqlValue;
use super::sqlite::{self, SqliteFile, SqliteSession};
use super::statement::Statement;

/// A database and how it is reached.
#[derive(Debug)]
pub struct Server {
    engine: Engine,
    password: Option<SecretReference>,
}

#[derive(Debug)]
enum Engine {
    Sqlite(SqliteFile),
    Postgres(PostgresServer),
    MySql(MySqlServer),
}

/// One connection.
#[derive(Debug)]
pub enum Connection {
    /// A thread with an open file.
    Sqlite(SqliteSession),
    /// A socket.
    Postgres(sqlx::PgConnection),
    /// A socket to MySQL or MariaDB.
    MySql(sqlx::MySqlConnection),
}

/// Limits that a session sets in the database, so that what we no longer wait for ends there too.
#[derive(Debug, Clone, Copy)]
pub struct SessionLimits {
    /// A statement may take this long: less than we wait, so that the database's own word comes first.
    pub statement: Duration,
    /// It may wait this long for a lock.
    pub lock: Duration,
    /// A session that rests this long may be ended.
    pub rest: Duration,
}

/// How the way to a server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// As the address says.
    AsWritten,
    /// TLS; the server's certificate is checked against the authorities and its name.
    Verified,
    /// None: the server is on this machine.
    Local,
}

impl Server {
    /// The server at an instance's address.
    pub fn new(settings: &InstanceSettings) -> Result<Server, ConnectorError> {
        let answer = settings.bounds.answer_deadline.0;
        let limits = SessionLimits {
            statement: answer * 9 / 10,
            lock: answer / 2,
            rest: Duration::from_mins(5),
        };
        let engine = match settings.address.split_once(':') {
            Some(("sqlite", path)) => Engine::Sqlite(SqliteFile::new(path, limits)),
            Some(("postgres" | "postgresql", _)) => {
                Engine::Postgres(PostgresServer::new(settings, limits)?)
            }
            Some(("mysql", _)) => Engine::MySql(MySqlServer::new(settings, limits)?),
            _ => return Err(unusable("it is not of a database")),
        };
        Ok(Server {
            engine,
            password: settings
                .secrets
                .get("password")
                .map(|secret| secret.reference.clone()),
        })
    }

    /// Connects and settles the session. The password is read now, so that a new one holds without a restart.
    pub async fn connect(&self) -> Result<Connection, ConnectorError> {
        let password = self.password()?;
        let connected = match &self.engine {
            Engine::Sqlite(file) => file.connect().await.map(Connection::Sqlite),
            Engine::Postgres(server) => server.connect(&password).await.map(Connection::Postgres),
            Engine::MySql(server) => server.connect(&password).await.map(Connection::MySql),
        };
        connected.map_err(|error| Failure::Driver(error).into_error("connect"))
    }

    fn password(&self) -> Result<SecretString, ConnectorError> {
        match &self.password {
            // Said explicitly: drivers would look for one in the gateway's own environment.
            None => Ok(SecretString::default()),
            Some(reference) => reference
                .read()
                .map_err(|error| ConnectorError::permanent(Kind::Gateway, error.to_string())),
        }
    }
}

impl Connection {
    /// Whether what was connected to is still what stands at the address, as far as that can be seen from here.
    pub fn is_current(&self) -> bool {
        match self {
            Connection::Sqlite(session) => session.is_current(),
            Connection::Postgres(_) | Connection::MySql(_) => true,
        }
    }

    /// Whether the connection still stands.
    pub async fn ping(&mut self) -> Result<(), sqlx::Error> {
        use sqlx::Connection as _;
        match self {
            Connection::Sqlite(_) => Ok(()),
            Connection::Postgres(connection) => connection.ping().await,
            Connection::MySql(connection) => connection.ping().await,
        }
    }

    /// Reads the rows of a statement; one value for every placeholder.
    pub async fn read(
        &mut self,
        statement: &Statement,
        values: &[&SqlValue],
        intake: &mut Intake<'_>,
    ) -> Result<(), Failure> {
        match self {
            Connection::Sqlite(session) => session.read(statement, values, intake).await,
            Connection::Postgres(connection) => {
                postgres::read(connection, statement, values, intake).await
            }
            Connection::MySql(connection) => {
                mysql::read(connection, statement, values, intake).await
            }
        }
    }

    /// The names of a statement's columns, in lower case; no row is read.
    pub async fn columns(&mut self, statement: &Statement) -> Result<Vec<String>, Failure> {
        match self {
            Connection::Sqlite(session) => sqlite::columns(session, statement).await,
            Connection::Postgres(connection) => postgres::columns(connection, statement).await,
            Connection::MySql(connection) => mysql::columns(connection, statement).await,
        }
    }
}

/// Checks what only network databases have: an account, parameters that do not undo what a session settles, TLS.
pub fn protection(settings: &InstanceSettings, host: &str) -> Result<Protection, ConnectorError> {
    let (base, query) = settings
        .address
        .split_once('?')
        .unwrap_or((&settings.address, ""));
    if !base.contains('@') {
        return Err(unusable("it names no account (user@host)"));
    }
    let mut written = false;
    for key in query.split('&').filter(|part| !part.is_empty()) {
        match key.split('=').next().unwrap_or_default() {
            "sslmode" | "ssl-mode" => written = true,
            "host" | "socket" => {}
            _ => return Err(unusable("its only parameters are sslmode, host and socket")),
        }
    }
    let tls = &settings.tls;
    let configured = tls.authorities.is_some() || tls.certificate.is_some();
    if tls.certificate.is_some() != tls.key.is_some() {
        return Err(unusable("certificate and key belong together"));
    }
    match (written, configured) {
        (true, true) => Err(unusable(
            "it says sslmode where [instance.tls] already settles TLS",
        )),
        (true, false) => Ok(Protection::AsWritten),
        (false, false) if is_local(host) => Ok(Protection::Local),
        (false, _) => Ok(Protection::Verified),
    }
}

fn is_local(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    let loopback = host
        .parse::<std::net::IpAddr>()
        .is_ok_and(|ip| ip.is_loopback());
    loopback || host == "localhost" || host.starts_with('/')
}

/// An address that cannot be used; the address itself is not repeated.
pub fn unusable(why: &str) -> ConnectorError {
    ConnectorError::permanent(Kind::Gateway, format!("the instance's address: {why}"))
}
