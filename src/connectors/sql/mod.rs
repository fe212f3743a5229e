//! The SQL connector: statements of an adapter on read-only views in SQLite, PostgreSQL, MySQL and MariaDB.

pub mod statement;
mod tokens;
pub mod database;
mod pool;
mod server;
mod sqlite;
mod postgres;
mod numeric;
mod mysql;
pub mod row;
mod intake;
mod failure;
