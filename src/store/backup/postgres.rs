//! Backup of the PostgreSQL tables: each is copied as the server writes it (`COPY`), all as of one moment.

use std::collections::BTreeMap;
use std::path::Path;

use futures_util::TryStreamExt;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::io::AsyncWriteExt;

use crate::store::dialect::Values;
use crate::store::error::StoreError;
use crate::store::month::Month;
use crate::store::postgres::Server;
use crate::store::tables::BACKED_UP;

use super::manifest::{Manifest, Part};

pub(super) const KIND: &str = "postgres";

/// A backup of before schema 12 does not tell the logbook's end.
const LOGBOOK_END: &str = "INSERT INTO logbook_end (id, number, digest) \
     SELECT 1, number, digest FROM (SELECT number, digest FROM operator_logbook \
     UNION ALL SELECT 0, decode(repeat('00', 32), 'hex')) AS row ORDER BY number DESC LIMIT 1 ON CONFLICT (id) DO NOTHING";

pub(super) async fn backup(server: &Server, to: &Path) -> Result<Vec<Part>, StoreError> {
    let mut connection = server.connect().await?;
    let mut moment = connection
        .begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        .await?;
    let mut parts = Vec::new();
    for table in BACKED_UP {
        let file = format!("{table}.copy");
        let columns = columns(&mut moment, table).await?;
        copy_out(&mut moment, table, &columns, &to.join(&file)).await?;
        let rows = BTreeMap::from([(table.to_owned(), count(&mut moment, table).await?)]);
        parts.push(Part::of(to, file, columns, rows).await?);
    }
    moment.rollback().await?;
    connection.close().await?;
    Ok(parts)
}

async fn copy_out(
    connection: &mut PgConnection,
    table: &str,
    columns: &[String],
    path: &Path,
) -> Result<(), StoreError> {
    let statement = format!(
        "COPY (SELECT {} FROM {table}) TO STDOUT",
        columns.join(", ")
    );
    let mut file = tokio::fs::File::create_new(path)
        .await
        .map_err(StoreError::file("creare", path))?;
    let mut chunks = connection.copy_out_raw(&statement).await?;
    while let Some(chunk) = chunks.try_next().await? {
        file.write_all(&chunk)
            .await
            .map_err(StoreError::file("scrivere", path))?;
    }
    file.flush()
        .await
        .map_err(StoreError::file("scrivere", path))
}

/// Restores all tables in one transaction: whole, or not at all.
pub(super) async fn restore(
    server: &Server,
    from: &Path,
    manifest: &Manifest,
) -> Result<(), StoreError> {
    let mut connection = server.connect().await?;
    for table in ["exchange", "quota"] {
        if count(&mut connection, table).await? > 0 {
            return Err(StoreError::Backup(
                "la base dati contiene già una registrazione".to_owned(),
            ));
        }
    }
    for month in months(from).await? {
        server.keep_up(month).await?;
    }
    let mut restoration = connection.begin().await?;
    // A new database has its own already.
    for emptied in ["DELETE FROM subject_key", "DELETE FROM logbook_end"] {
        sqlx::query(emptied).execute(&mut *restoration).await?;
    }
    for part in &manifest.parts {
        let table = part
            .file
            .strip_suffix(".copy")
            .filter(|table| BACKED_UP.contains(table));
        let table = table.ok_or_else(|| {
            StoreError::Backup(format!(
                "{} non è una tabella di una registrazione",
                part.file
            ))
        })?;
        let known = columns(&mut restoration, table).await?;
        if part.columns.iter().any(|column| !known.contains(column)) {
            return Err(StoreError::Backup(format!(
                "{} ha colonne che a {table} mancano",
                part.file
            )));
        }
        let path = from.join(&part.file);
        let file = tokio::fs::File::open(&path)
            .await
            .map_err(StoreError::file("leggere", &path))?;
        let statement = format!("COPY {table} ({}) FROM STDIN", part.columns.join(", "));
        let mut copy = restoration.copy_in_raw(&statement).await?;
        copy.read_from(file).await?;
        let restored = copy.finish().await?;
        if part.rows.get(table) != Some(&restored) {
            return Err(StoreError::Backup(format!(
                "{} contiene {restored} righe, non quante dice il manifesto",
                part.file
            )));
        }
    }
    sqlx::query(LOGBOOK_END).execute(&mut *restoration).await?;
    restoration.commit().await?;
    Ok(connection.close().await?)
}

/// The months of the exchanges in a backup: their numbers stand first in each line.
async fn months(from: &Path) -> Result<Vec<Month>, StoreError> {
    use tokio::io::AsyncBufReadExt;
    let path = from.join("exchange.copy");
    let file = tokio::fs::File::open(&path)
        .await
        .map_err(StoreError::file("leggere", &path))?;
    let mut lines = tokio::io::BufReader::new(file).lines();
    let mut months = Vec::new();
    while let Some(line) = lines
        .next_line()
        .await
        .map_err(StoreError::file("leggere", &path))?
    {
        let number = line.strip_prefix("\\\\x").and_then(|rest| rest.get(..32));
        let scambio = number.and_then(|number| uuid::Uuid::parse_str(number).ok());
        months.extend(scambio.as_ref().and_then(Month::of_scambio));
        months.sort_unstable();
        months.dedup();
    }
    Ok(months)
}

async fn columns(connection: &mut PgConnection, table: &str) -> Result<Vec<String>, StoreError> {
    let rows = sqlx::query(
        "SELECT column_name::text FROM information_schema.columns \
         WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position",
    )
    .bind(table)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| Ok(row.text(0)?.unwrap_or_default()))
        .collect()
}

async fn count(connection: &mut PgConnection, table: &str) -> Result<u64, StoreError> {
    let sql = AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
    let row = sqlx::query(sql).fetch_one(connection).await?;
    Ok(row
        .number(0)?
        .and_then(|count| u64::try_from(count).ok())
        .unwrap_or(0))
}
