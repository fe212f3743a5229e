//! The office that owns a database: makes tables, changes views, holds locks.

use sqlx::mysql::MySqlConnection;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, raw_sql};

/// A connection of the office.
pub enum Office {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
    MariaDb(MySqlConnection),
}

impl Office {
    /// Connects; a missing SQLite file is created.
    pub async fn open(address: &str) -> Office {
        let scheme = address.split(':').next().expect("a scheme");
        match scheme {
            "sqlite" => {
                let options = SqliteConnectOptions::new()
                    .filename(address.trim_start_matches("sqlite:"))
                    .create_if_missing(true);
                Office::Sqlite(options.connect().await.expect("a file"))
            }
            "postgres" => Office::Postgres(PgConnection::connect(address).await.expect("a server")),
            _ => Office::MariaDb(MySqlConnection::connect(address).await.expect("a server")),
        }
    }

    /// Runs one or more statements.
    pub async fn run(&mut self, sql: &str) {
        let statement = raw_sql(AssertSqlSafe(sql.to_owned()));
        let done = match self {
            Office::Sqlite(connection) => statement.execute(connection).await.map(drop),
            Office::Postgres(connection) => statement.execute(connection).await.map(drop),
            Office::MariaDb(connection) => statement.execute(connection).await.map(drop),
        };
        done.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// One whole number.
    pub async fn number(&mut self, sql: &str) -> i64 {
        let text = AssertSqlSafe(sql.to_owned());
        let number = match self {
            Office::Sqlite(connection) => sqlx::query_scalar(text).fetch_one(connection).await,
            Office::Postgres(connection) => sqlx::query_scalar(text).fetch_one(connection).await,
            Office::MariaDb(connection) => sqlx::query_scalar(text).fetch_one(connection).await,
        };
        number.unwrap_or_else(|error| panic!("{sql}: {error}"))
    }
}
