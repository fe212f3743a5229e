//! The whole record of a time, the oldest exchange first: page by page, and as JSON lines for the ente itself.

use chrono::{DateTime, Utc};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::database::{Database, Part};
use super::error::StoreError;
use super::month::least_scambio;
use super::read::{MOST_ROWS, Reader, RecordRow, Selection};

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
    let mut exported = 0;
    let mut pages = Pages::of(database, Some(ente), from, to)?;
    while let Some(rows) = pages.next().await? {
        let mut lines = Vec::new();
        for row in &rows {
            serde_json::to_writer(&mut lines, row).map_err(|error| failed(error.into()))?;
            lines.push(b'\n');
        }
        out.write_all(&lines).await.map_err(failed)?;
        exported += rows.len() as u64;
    }
    out.flush().await.map_err(failed)?;
    Ok(exported)
}

/// Every exchange of a time, page by page, the oldest first.
pub(super) struct Pages {
    parts: std::vec::IntoIter<Part>,
    reader: Option<Reader>,
    selection: Selection,
}

impl Pages {
    /// The exchanges that began in `from..to`, of one ente or of all.
    pub(super) fn of(
        database: &Database,
        ente: Option<&str>,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<Pages, StoreError> {
        let selection = Selection {
            from: least_scambio(from),
            to: least_scambio(to),
            equal: ente
                .map(|ente| ("ente", ente.to_owned()))
                .into_iter()
                .collect(),
            digests: Vec::new(),
            among: Vec::new(),
            oldest_first: true,
            limit: MOST_ROWS,
        };
        Ok(Pages {
            parts: database.parts(&selection)?.into_iter(),
            reader: None,
            selection,
        })
    }

    /// The next page, which may be empty; none after the last.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<RecordRow>>, StoreError> {
        let mut reader = match self.reader.take() {
            Some(reader) => reader,
            None => match self.parts.next() {
                Some(part) => part.reader().await?,
                None => return Ok(None),
            },
        };
        let rows = reader.page(&self.selection).await?;
        if let Some(last) = rows.last() {
            self.selection.from = (last.scambio.as_u128() + 1).to_be_bytes();
        }
        if rows.len() < MOST_ROWS as usize {
            reader.close().await?;
        } else {
            self.reader = Some(reader);
        }
        Ok(Some(rows))
    }
}
