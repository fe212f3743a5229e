//! A municipality with a database of its own, and the instance that reads it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use pontile::config::instance::{BackendTls, Bounds, InstanceSettings};
use pontile::config::secret::SecretReference;
use pontile::config::units::Span;
use pontile::connectors::call::Transcript;
use pontile::connectors::error::ConnectorError;
use pontile::connectors::sql::database::Database;
use pontile::connectors::sql::row::{SqlRow, SqlValue};
use pontile::connectors::sql::statement::Statement;
use tempfile::TempDir;

use crate::harness::mariadb::MariaDb;
use crate::harness::postgres::Postgres;
use crate::office::Office;

/// The account that reads.
pub const READER: &str = "lettore";
/// Its password.
pub const PASSWORD: &str = "segreta-di-prova";

/// A municipality.
pub struct Town {
    /// Which database it has, for messages.
    pub name: &'static str,
    /// The instance.
    pub settings: InstanceSettings,
    /// Where the office connects.
    pub administration: String,
    folder: TempDir,
    engine: Engine,
    _server: Option<Arc<dyn Send + Sync>>,
}

#[derive(Clone, Copy)]
enum Engine {
    Sqlite,
    Postgres,
    MariaDb,
}

/// Servers are shared by the tests that run at the same time; the last one stops them.
static POSTGRES: Mutex<Weak<Postgres>> = Mutex::new(Weak::new());
static MARIADB: Mutex<Weak<MariaDb>> = Mutex::new(Weak::new());
static TOWNS: AtomicU32 = AtomicU32::new(0);

impl Town {
    /// A town on each database that is installed here.
    pub async fn all() -> Vec<Town> {
        let mut towns = vec![Town::with_file()];
        towns.extend(Town::with_postgres("").await);
        towns.extend(Town::with_mariadb("").await);
        towns
    }

    /// A town with an SQLite file.
    pub fn with_file() -> Town {
        let folder = tempfile::tempdir().expect("a folder");
        let address = format!("sqlite:{}", folder.path().join("comune.db").display());
        Town {
            name: "SQLite",
            settings: settings(&address, folder.path()),
            administration: address,
            folder,
            engine: Engine::Sqlite,
            _server: None,
        }
    }

    /// A town on PostgreSQL; `options` of `CREATE DATABASE`.
    pub async fn with_postgres(options: &str) -> Option<Town> {
        let start = || Postgres::start(&["fsync=off"]);
        let server = shared(&POSTGRES, start)?;
        let name = new_name();
        let mut office = Office::open(&server.administration("postgres")).await;
        office
            .run(&format!(
                "DO $$ BEGIN PERFORM pg_advisory_xact_lock(1); \
                 IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{READER}') THEN \
                 CREATE ROLE {READER} LOGIN PASSWORD '{PASSWORD}'; END IF; END $$"
            ))
            .await;
        office
            .run(&format!("CREATE DATABASE {name} {options}"))
            .await;
        let administration = server.administration(&name);
        let grant = format!("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {READER}");
        Office::open(&administration).await.run(&grant).await;
        let folder = tempfile::tempdir().expect("a folder");
        Some(Town {
            name: "PostgreSQL",
            settings: settings(&server.address(READER, &name), folder.path()),
            administration,
            folder,
            engine: Engine::Postgres,
            _server: Some(server),
        })
    }

    /// A town on MariaDB; `options` of `CREATE DATABASE`.
    pub async fn with_mariadb(options: &str) -> Option<Town> {
        let server = shared(&MARIADB, || MariaDb::start(&[]))?;
        let name = new_name();
        let mut office = Office::open(&server.administration("mysql")).await;
        office
            .run(&format!(
                "CREATE DATABASE {name} {options}; \
                 CREATE USER IF NOT EXISTS {READER}@'%' IDENTIFIED BY '{PASSWORD}'; \
                 GRANT SELECT, EXECUTE ON {name}.* TO {READER}@'%'"
            ))
            .await;
        let folder = tempfile::tempdir().expect("a folder");
        Some(Town {
            name: "MariaDB",
            settings: settings(&server.address(READER, &name), folder.path()),
            administration: server.administration(&name),
            folder,
            engine: Engine::MariaDb,
            _server: Some(server),
        })
    }

    /// The same town with a registry and a view of it.
    pub async fn with_registry(self) -> Town {
        let mut office = self.office().await;
        office.run(REGISTRY).await;
        self
    }

    /// One of three texts, by the town's database.
    pub fn choose<'a>(&self, sqlite: &'a str, postgres: &'a str, mariadb: &'a str) -> &'a str {
        match self.engine {
            Engine::Sqlite => sqlite,
            Engine::Postgres => postgres,
            Engine::MariaDb => mariadb,
        }
    }

    /// A connection of the office.
    pub async fn office(&self) -> Office {
        Office::open(&self.administration).await
    }

    /// A folder of the town's own.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The database as the gateway sees it.
    pub fn database(&self) -> Database {
        Database::new(&self.settings).expect("a sound instance")
    }
}

/// A registry of four rows: two registrations of one person, and somebody without a code.
const REGISTRY: &str = "CREATE TABLE anagrafe (id INTEGER, cf VARCHAR(20), cognome CHAR(20), nato DATE); \
    INSERT INTO anagrafe VALUES (1, 'RSSMRA80A01C933H', 'ROSSI', '1980-01-01'), \
    (2, 'BNCNNA75T71C933X', 'BIANCHI', '1975-12-31'), (3, 'BNCNNA75T71C933X', 'BIANCHI', '1975-12-31'), \
    (4, NULL, 'VERDI', NULL); \
    CREATE VIEW vw_anagrafe AS SELECT id, cf, cognome, nato FROM anagrafe";

/// An instance with short deadlines.
pub fn settings(address: &str, folder: &Path) -> InstanceSettings {
    let password = folder.join("password");
    fs::write(&password, PASSWORD).expect("a password file");
    InstanceSettings {
        calendar: pontile::config::calendar::Calendar::default(),
        deferred: pontile::config::instance::Deferred::default(),
        name: "comune".to_owned(),
        adapter: "viste".to_owned(),
        address: address.to_owned(),
        values: BTreeMap::new(),
        per_portal: BTreeMap::new(),
        secrets: BTreeMap::from([(
            "password".to_owned(),
            SecretReference::File(password).into(),
        )]),
        tls: BackendTls::default(),
        modi: None,
        pdnd: None,
        night: None,
        bounds: Bounds {
            answer_deadline: Span(Duration::from_secs(2)),
            ..Bounds::default()
        },
    }
}

/// A statement that is sound.
pub fn statement(text: &str) -> Statement {
    Statement::parse(Path::new("prova.sql"), text).expect(text)
}

/// Text to bind.
pub fn text(text: &str) -> SqlValue {
    SqlValue::Text(text.to_owned())
}

/// So many milliseconds from now.
pub fn within(milliseconds: u64) -> Instant {
    Instant::now() + Duration::from_millis(milliseconds)
}

/// Asks with time and room enough.
pub async fn ask(
    database: &Database,
    sql: &str,
    values: &[(&str, SqlValue)],
) -> Result<Vec<SqlRow>, ConnectorError> {
    let mut transcript = Transcript::begin();
    database
        .rows(
            &statement(sql),
            values,
            within(5_000),
            1 << 20,
            &mut transcript,
        )
        .await
}

/// The rows as JSON lines.
pub fn lines(rows: &[SqlRow]) -> Vec<String> {
    rows.iter()
        .map(|row| serde_json::to_string(row).expect("JSON"))
        .collect()
}

fn new_name() -> String {
    format!("comune_{}", TOWNS.fetch_add(1, Ordering::Relaxed))
}

fn shared<S>(known: &Mutex<Weak<S>>, start: impl FnOnce() -> Option<S>) -> Option<Arc<S>> {
    // A server that did not start in time is the failure of one test, not of all.
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(server) = known.upgrade() {
        return Some(server);
    }
    let server = Arc::new(start()?);
    *known = Arc::downgrade(&server);
    Some(server)
}
