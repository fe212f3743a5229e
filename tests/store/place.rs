//! The places where the record can be: a folder of SQLite files, a PostgreSQL server. Most tests run in both.

use std::path::Path;

use pontile::config::record::{RecordSettings, Retention};
use pontile::config::secret::SecretReference;
use pontile::config::units::{Size, Span};
use pontile::store::{Month, Store};
use sqlx::Connection;
use tempfile::TempDir;

use crate::harness::postgres::{ADMINISTRATOR, PASSWORD, Postgres};

pub const RETENTION: Retention = Retention {
    exchanges_months: 24,
    logs_months: 6,
    operators_months: 24,
    requests_days: 7,
};

/// A database of a test's own.
pub struct Place {
    pub settings: RecordSettings,
    pub folder: TempDir,
    pub postgres: Option<Postgres>,
}

impl Place {
    /// A folder.
    pub fn sqlite() -> Place {
        let folder = tempfile::tempdir().expect("a folder");
        let database = format!("sqlite:{}", folder.path().join("record").display());
        Place {
            settings: settings(folder.path(), database),
            folder,
            postgres: None,
        }
    }

    /// A server; `None` where PostgreSQL is not installed and need not be.
    pub fn postgres() -> Option<Place> {
        Some(Place::of(Postgres::start(&[])?))
    }

    pub fn of(postgres: Postgres) -> Place {
        let folder = tempfile::tempdir().expect("a folder");
        let password = folder.path().join("password");
        std::fs::write(&password, PASSWORD).expect("a password file");
        let mut settings = settings(folder.path(), postgres.address(ADMINISTRATOR, "postgres"));
        settings.password = Some(SecretReference::File(password));
        Place {
            settings,
            folder,
            postgres: Some(postgres),
        }
    }

    /// Both, as far as they are installed.
    pub fn all() -> Vec<Place> {
        std::iter::once(Place::sqlite())
            .chain(Place::postgres())
            .collect()
    }

    pub fn is_sqlite(&self) -> bool {
        self.postgres.is_none()
    }

    /// Migrates and opens.
    pub async fn open(&self) -> Store {
        Store::migrate(&self.settings).await.expect("migrated");
        self.open_again("prova-1").await
    }

    /// Opens what was migrated before.
    pub async fn open_again(&self, node: &str) -> Store {
        let store = Store::open(&self.settings, RETENTION, node).await;
        store.expect("opened")
    }

    /// Carries out a statement where the requests are.
    pub async fn change_requests(&self, statement: &'static str) {
        if let Some(postgres) = &self.postgres {
            let address = postgres.administration("postgres");
            let mut connection = sqlx::PgConnection::connect(&address)
                .await
                .expect("connected");
            sqlx::query(statement)
                .execute(&mut connection)
                .await
                .expect("changed");
        } else {
            let file = self.folder.path().join("record/richieste.sqlite");
            let address = format!("sqlite:{}", file.display());
            let mut connection = sqlx::SqliteConnection::connect(&address)
                .await
                .expect("connected");
            sqlx::query(statement)
                .execute(&mut connection)
                .await
                .expect("changed");
            connection.close().await.expect("closed");
        }
    }

    /// The bytes that a statement selects where the requests are.
    pub async fn requests_bytes(&self, statement: &'static str) -> Vec<Vec<u8>> {
        if let Some(postgres) = &self.postgres {
            let address = postgres.administration("postgres");
            let mut connection = sqlx::PgConnection::connect(&address)
                .await
                .expect("connected");
            let selected = sqlx::query_scalar(statement).fetch_all(&mut connection);
            selected.await.expect("selected")
        } else {
            let file = self.folder.path().join("record/richieste.sqlite");
            let address = format!("sqlite:{}", file.display());
            let mut connection = sqlx::SqliteConnection::connect(&address)
                .await
                .expect("connected");
            let selected = sqlx::query_scalar(statement).fetch_all(&mut connection);
            selected.await.expect("selected")
        }
    }

    /// The SQLite file of a month.
    pub fn file(&self, month: Month) -> std::path::PathBuf {
        self.folder
            .path()
            .join(format!("record/record-{month}.sqlite"))
    }
}

fn settings(folder: &Path, database: String) -> RecordSettings {
    RecordSettings {
        database,
        password: None,
        slots: 1_000,
        deadline: Span::parse("5s").expect("a duration"),
        free_disk: Size(0),
        subject_key: folder.join("subject.key"),
        request_key: None,
    }
}
