//! One connection to one of the three engines, for statements without results.

use std::str::FromStr;

use sqlx::mysql::MySqlConnection;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, raw_sql};

/// A connection, by the scheme of its address.
pub enum Database {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
    Mysql(MySqlConnection),
}

/// Why the database could not be used.
#[derive(Debug)]
pub enum DatabaseError {
    /// The address begins with none of `sqlite:`, `postgres:`, `mysql:`.
    UnknownScheme,
    Driver(sqlx::Error),
}

impl std::fmt::Display for DatabaseError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            DatabaseError::UnknownScheme => {
                f.write_str("the address must begin with sqlite:, postgres: or mysql:")
            }
            DatabaseError::Driver(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for DatabaseError {}

impl From<sqlx::Error> for DatabaseError {
    fn from(error: sqlx::Error) -> Self {
        DatabaseError::Driver(error)
    }
}

impl Database {
    /// Connects; a missing SQLite file is created.
    pub async fn open(url: &str) -> Result<Database, DatabaseError> {
        Ok(match url.split(':').next() {
            Some("sqlite") => Database::Sqlite(
                SqliteConnectOptions::from_str(url)?
                    .create_if_missing(true)
                    .connect()
                    .await?,
            ),
            Some("postgres" | "postgresql") => {
                Database::Postgres(PgConnection::connect(url).await?)
            }
            Some("mysql" | "mariadb") => Database::Mysql(MySqlConnection::connect(url).await?),
            _ => return Err(DatabaseError::UnknownScheme),
        })
    }

    /// Runs one or more statements.
    pub async fn run(&mut self, sql: &str) -> Result<(), DatabaseError> {
        let statement = raw_sql(AssertSqlSafe(sql.to_owned()));
        match self {
            Database::Sqlite(connection) => statement.execute(connection).await.map(|_| ())?,
            Database::Postgres(connection) => statement.execute(connection).await.map(|_| ())?,
            Database::Mysql(connection) => statement.execute(connection).await.map(|_| ())?,
        }
        Ok(())
    }

    /// Makes the reading account where the engine has accounts, and lets it read these views only.
    pub async fn admit_reader(
        &mut self,
        name: &str,
        password: &str,
        views: &[&str],
    ) -> Result<(), DatabaseError> {
        let password = password.replace('\'', "''");
        match self {
            Database::Sqlite(_) => Ok(()),
            Database::Postgres(_) => {
                let create = format!(
                    "DO $$ BEGIN CREATE ROLE {name} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$; \
                     ALTER ROLE {name} PASSWORD '{password}'"
                );
                self.run(&create).await?;
                self.run(&format!("GRANT SELECT ON {} TO {name}", views.join(", ")))
                    .await
            }
            Database::Mysql(_) => {
                self.run(&format!("CREATE USER IF NOT EXISTS '{name}'@'%'"))
                    .await?;
                self.run(&format!(
                    "ALTER USER '{name}'@'%' IDENTIFIED BY '{password}'"
                ))
                .await?;
                for view in views {
                    self.run(&format!("GRANT SELECT ON {view} TO '{name}'@'%'"))
                        .await?;
                }
                Ok(())
            }
        }
    }

    pub async fn close(self) -> Result<(), DatabaseError> {
        match self {
            Database::Sqlite(connection) => connection.close().await?,
            Database::Postgres(connection) => connection.close().await?,
            Database::Mysql(connection) => connection.close().await?,
        }
        Ok(())
    }
}
