//! Places in the series of a node and month, and the leaves of the exchanges that have them: given by the writer in the transaction of the
//! records, read by who makes trees of them.

use uuid::Uuid;

use crate::evidence::Hash;
use crate::store::batch::Batch;
use crate::store::dialect::{Bind, Values};
use crate::store::error::StoreError;
use crate::store::month::Month;
use crate::store::read::Reader;

use super::{count, receipts};

/// Moves a series by so many places; tells the last one. Who moves it holds it until the commit.
pub(in crate::store) const SERIES: &str = "INSERT INTO evidence_series (node, month, last) VALUES (?, ?, ?) \
     ON CONFLICT (node, month) DO UPDATE SET last = evidence_series.last + excluded.last RETURNING last";

/// Notes which exchanges have the places from the first one on, and their leaves.
pub(in crate::store) const PLACE: &str =
    "INSERT INTO exchange_place (node, month, first, scambi, leaves) VALUES (?, ?, ?, ?, ?)";

/// What was written after a place, in its order.
const AFTER: &str = "SELECT first, scambi, leaves FROM exchange_place WHERE node = ? AND month = ? AND first > ? ORDER BY first LIMIT 64";

/// The last places of series.
const LAST: &str = "SELECT node, month, last FROM evidence_series ORDER BY node, month";

/// Bytes of an exchange's number.
const NUMBER: usize = 16;

/// Binds the parameters of [`SERIES`].
pub(in crate::store) fn bind_series(to: &mut impl Bind, batch: &Batch<'_>) {
    to.text(Some(batch.node));
    to.text(Some(&batch.month));
    to.number(i64::try_from(batch.records.len()).ok());
}

/// The batch's first place, from its last one.
pub(in crate::store) fn first_of(last: i64, batch: &Batch<'_>) -> i64 {
    let records = i64::try_from(batch.records.len()).unwrap_or(i64::MAX);
    last.saturating_sub(records).saturating_add(1)
}

/// Binds the parameters of [`PLACE`].
pub(in crate::store) fn bind_place(to: &mut impl Bind, batch: &Batch<'_>, first: i64) {
    let mut scambi = Vec::with_capacity(batch.records.len() * NUMBER);
    let mut leaves = Vec::with_capacity(batch.records.len() * size_of::<Hash>());
    for (record, place) in batch.records.iter().zip(count(Some(first))..) {
        scambi.extend_from_slice(record.scambio.as_bytes());
        let receipt = receipts::of_record(record, batch.node, &batch.month, place);
        leaves.extend_from_slice(&receipt.leaf());
    }
    to.text(Some(batch.node));
    to.text(Some(&batch.month));
    to.number(Some(first));
    to.bytes(Some(&scambi));
    to.bytes(Some(&leaves));
}

/// A series of places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Series {
    /// The node, and the month, which the last place is of.
    pub node: String,
    /// See `node`.
    pub month: Month,
    /// The last place that was given.
    pub last: u64,
}

/// The exchanges that one or more transactions wrote, in their places, nothing between.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Run {
    /// The first one's place.
    pub first: u64,
    /// Their numbers.
    pub scambi: Vec<Uuid>,
    /// The leaves that they had when they were recorded.
    pub leaves: Vec<Hash>,
}

/// The series of a month's part, or of the whole database.
pub(super) async fn series(reader: &mut Reader) -> Result<Vec<Series>, StoreError> {
    let rows = reader.fetch(LAST, &|_| {}, series_row).await?;
    Ok(rows.into_iter().flatten().collect())
}

/// What follows a place, whole transactions, so many exchanges at least if there are as many. Fails where a place was left out.
pub(super) async fn after(
    reader: &mut Reader,
    node: &str,
    month: Month,
    place: u64,
    enough: usize,
) -> Result<Run, StoreError> {
    let name = month.to_string();
    let mut run = Run {
        first: place + 1,
        scambi: Vec::new(),
        leaves: Vec::new(),
    };
    while run.scambi.len() < enough {
        let next = run.first + run.scambi.len() as u64;
        let bound = i64::try_from(next - 1).unwrap_or(i64::MAX);
        let rows = reader
            .fetch(
                AFTER,
                &|to| {
                    to.text(Some(node));
                    to.text(Some(&name));
                    to.number(Some(bound));
                },
                place_row,
            )
            .await?;
        if rows.is_empty() {
            break;
        }
        for (first, scambi, leaves) in rows {
            if first != run.first + run.scambi.len() as u64 {
                return Err(StoreError::Evidence(format!(
                    "alla serie del nodo {node} per {month} manca il posto {}",
                    run.first + run.scambi.len() as u64
                )));
            }
            run.scambi.extend(scambi);
            run.leaves.extend(leaves);
            if run.scambi.len() >= enough {
                break;
            }
        }
    }
    Ok(run)
}

fn series_row(row: &dyn Values) -> Result<Option<Series>, StoreError> {
    let month = row.text(1)?.as_deref().and_then(Month::parse);
    Ok(month.map(|month| Series {
        node: row.text(0).ok().flatten().unwrap_or_default(),
        month,
        last: count(row.number(2).ok().flatten()),
    }))
}

/// The first place of a transaction, the exchanges that it wrote, and their leaves.
type PlaceRow = (u64, Vec<Uuid>, Vec<Hash>);

fn place_row(row: &dyn Values) -> Result<PlaceRow, StoreError> {
    let scambi = row.bytes(1)?.unwrap_or_default();
    let scambi = scambi.chunks(NUMBER).map(Uuid::from_slice);
    let scambi = scambi.collect::<Result<Vec<_>, _>>();
    let scambi = scambi.map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
    let leaves = row.bytes(2)?.unwrap_or_default();
    let (leaves, rest) = leaves.as_chunks();
    if !rest.is_empty() || leaves.len() != scambi.len() {
        let what = "una transazione non ha una foglia per ogni scambio";
        return Err(StoreError::Evidence(what.to_owned()));
    }
    Ok((count(row.number(0)?), scambi, leaves.to_vec()))
}
