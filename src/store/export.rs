//! The record of one ente as JSON lines, for the ente itself: the oldest exchange first, one line each.

use chrono::{DateTime, Utc};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::database::Database;
use super::error::StoreError;
use super::month::least_scambio;
use super::read::{MOST_ROWS, Selection};

/// Writes the exchanges asked of the ente that began in `from..to`; returns how many.
pub(super) async fn export(
    database: &Database,
    ente: &str,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    out: &mut (dyn AsyncWrite + Unpin + Send),
) -> Result<u64, StoreError> {
    let failed = |source| StoreError::File {
        what: "scrivere l'esportazione".to_owned(),
        source,
    };
    let mut selection = Selection {
        from: least_scambio(from),
        to: least_scambio(to),
        equal: vec![("ente", ente.to_owned())],
        digests: Vec::new(),
        oldest_first: true,
        limit: MOST_ROWS,
    };
    let mut exported = 0;
    for part in database.parts(&selection)? {
        let mut reader = part.reader().await?;
        loop {
            let rows = reader.page(&selection).await?;
            let mut lines = Vec::new();
            for row in &rows {
                serde_json::to_writer(&mut lines, row).map_err(|error| failed(error.into()))?;
                lines.push(b'\n');
            }
            out.write_all(&lines).await.map_err(failed)?;
            exported += rows.len() as u64;
            if let Some(last) = rows.last() {
                selection.from = (last.scambio.as_u128() + 1).to_be_bytes();
            }
            if rows.len() < MOST_ROWS as usize {
                break;
            }
        }
        reader.close().await?;
    }
    out.flush().await.map_err(failed)?;
    Ok(exported)
}
