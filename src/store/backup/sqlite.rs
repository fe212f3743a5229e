//! Backup of the monthly files: each is copied whole and in order (`VACUUM INTO`), beside the writer.

use std::collections::BTreeMap;
use std::path::Path;

use sqlx::{AssertSqlSafe, Connection, SqliteConnection};

use crate::store::dialect::Values;
use crate::store::disk::sync_folder_of;
use crate::store::error::StoreError;
use crate::store::month::Month;
use crate::store::sqlite::{Segments, make_folder, open_to_read, requests};
use crate::store::tables::BACKED_UP;

use super::manifest::{Manifest, Part};

pub(super) const KIND: &str = "sqlite";

pub(super) async fn backup(segments: &Segments, to: &Path) -> Result<Vec<Part>, StoreError> {
    let mut parts = Vec::new();
    // Before the months: no root may stand for exchanges that are not in their copies.
    let copy = to.join(requests::NAME);
    let mut connection = open_to_read(&segments.requests()).await?;
    copy_to(&mut connection, &copy).await?;
    connection.close().await?;
    parts.push(part(to, requests::NAME.to_owned()).await?);
    for month in segments.months()? {
        let file = name_of(month);
        let copy = to.join(&file);
        let mut connection = segments.open_to_read(month).await?;
        copy_to(&mut connection, &copy).await?;
        connection.close().await?;
        parts.push(part(to, file).await?);
    }
    Ok(parts)
}

async fn copy_to(connection: &mut SqliteConnection, copy: &Path) -> Result<(), StoreError> {
    sqlx::query("VACUUM INTO ?")
        .bind(copy.display().to_string())
        .execute(connection)
        .await?;
    Ok(())
}

async fn part(to: &Path, file: String) -> Result<Part, StoreError> {
    let rows = rows_of(&to.join(&file), &BACKED_UP).await?;
    Part::of(to, file, Vec::new(), rows).await
}

/// Whether the file is a sound database with the rows that the manifest says.
pub(super) async fn verify(folder: &Path, part: &Part) -> Result<(), StoreError> {
    let path = folder.join(&part.file);
    let mut connection = open_to_read(&path).await?;
    let verdict = sqlx::query("PRAGMA integrity_check(1)")
        .fetch_one(&mut connection)
        .await?
        .text(0)?;
    connection.close().await?;
    let sound = verdict.as_deref() == Some("ok");
    let tables: Vec<&str> = part.rows.keys().map(String::as_str).collect();
    if let Some(strange) = tables.iter().find(|table| !BACKED_UP.contains(table)) {
        return Err(StoreError::Backup(format!(
            "{strange} non è una tabella di una registrazione"
        )));
    }
    if sound && rows_of(&path, &tables).await? == part.rows {
        return Ok(());
    }
    Err(StoreError::Backup(format!(
        "{} non è una copia integra: {}",
        path.display(),
        verdict.unwrap_or_default()
    )))
}

pub(super) async fn restore(
    segments: &Segments,
    from: &Path,
    manifest: &Manifest,
) -> Result<(), StoreError> {
    make_folder(segments.folder())?;
    if !segments.months()?.is_empty() {
        return Err(StoreError::Backup(format!(
            "{} contiene già una registrazione",
            segments.folder().display()
        )));
    }
    for part in &manifest.parts {
        let named = part.file.strip_prefix("record-");
        let month = named.and_then(|name| Month::parse(name.strip_suffix(".sqlite")?));
        let file = match month {
            Some(month) => segments.file(month),
            None if part.file == requests::NAME => segments.requests(),
            None => {
                return Err(StoreError::Backup(format!(
                    "{} non è un mese di una registrazione",
                    part.file
                )));
            }
        };
        let beside = file.with_extension("new");
        tokio::fs::copy(from.join(&part.file), &beside)
            .await
            .map_err(StoreError::file("scrivere", &beside))?;
        let handle = tokio::fs::File::open(&beside).await;
        let handle = handle.map_err(StoreError::file("aprire", &beside))?;
        handle
            .sync_all()
            .await
            .map_err(StoreError::file("sincronizzare", &beside))?;
        tokio::fs::rename(&beside, &file)
            .await
            .map_err(StoreError::file("rinominare in", &file))?;
        sync_folder_of(&file)?;
    }
    Ok(())
}

async fn rows_of(file: &Path, tables: &[&str]) -> Result<BTreeMap<String, u64>, StoreError> {
    let mut connection = open_to_read(file).await?;
    let mut rows = BTreeMap::new();
    for table in tables {
        rows.insert((*table).to_owned(), count(&mut connection, table).await?);
    }
    connection.close().await?;
    Ok(rows)
}

async fn count(connection: &mut SqliteConnection, table: &str) -> Result<u64, StoreError> {
    let sql = AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
    let row = sqlx::query(sql).fetch_one(connection).await?;
    Ok(row
        .number(0)?
        .and_then(|count| u64::try_from(count).ok())
        .unwrap_or(0))
}

fn name_of(month: Month) -> String {
    format!("record-{month}.sqlite")
}
