//! The evidence of one exchange, put together from what is on record.

use uuid::Uuid;

use crate::evidence::{Exhibit, Proof, Root, Salts, Tree};
use crate::store::database::Database;
use crate::store::dialect::{Bind, Values};
use crate::store::error::StoreError;
use crate::store::month::Month;
use crate::store::read::{Reader, RecordRow, Selection};

use super::{count, not_canonical, number, places, receipts};

/// The root of a place.
const ROOT_OF: &str = "SELECT first, last, document, seal FROM evidence_root \
     WHERE node = ? AND month = ? AND last >= ? ORDER BY last LIMIT 1";

const SALTS: &str =
    "SELECT request, backend_request, backend_answer, reply FROM exchange_salt WHERE scambio = ?";

/// What there is of the evidence of an exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Nothing under this number, or nothing of this portal.
    Nothing,
    /// On record, and not under a sealed root yet.
    Waiting,
    /// On record since before there were receipts.
    WithoutReceipt,
    /// Everything.
    Whole(Box<Exhibit>),
}

struct RootOf {
    first: u64,
    last: u64,
    document: Vec<u8>,
    seal: Option<Vec<u8>>,
}

/// The evidence of an exchange; of this portal's alone, if one is named.
pub(in crate::store) async fn find(
    database: &Database,
    scambio: Uuid,
    portal: Option<&str>,
) -> Result<Found, StoreError> {
    let Some(month) = Month::of_scambio(&scambio) else {
        return Ok(Found::Nothing);
    };
    let Some(part) = database
        .parts(&Selection::among(&[scambio]))?
        .into_iter()
        .next()
    else {
        return Ok(Found::Nothing);
    };
    let mut reader = part.reader().await?;
    let rows = reader
        .page_without_subjects(&Selection::among(&[scambio]))
        .await?;
    let row = rows.first();
    let row = row.filter(|row| portal.is_none_or(|portal| row.text("portal") == portal));
    let found = match row {
        Some(row) => exhibit(database, &mut reader, row, month).await,
        None => Ok(Found::Nothing),
    };
    reader.close().await?;
    found
}

async fn exhibit(
    database: &Database,
    reader: &mut Reader,
    row: &RecordRow,
    month: Month,
) -> Result<Found, StoreError> {
    let Some(place) = row.value("place").as_u64() else {
        return Ok(Found::WithoutReceipt);
    };
    let node = row.text("node");
    let Some(root) = root_of(database, node, month, place).await? else {
        return Ok(Found::Waiting);
    };
    let Some(seal) = root.seal else {
        return Ok(Found::Waiting);
    };
    let size = usize::try_from(root.last - root.first + 1).unwrap_or(usize::MAX);
    let run = places::after(reader, node, month, root.first - 1, size).await?;
    let name = month.to_string();
    let receipt = receipts::receipt(row, &name, place);
    let indice = place - root.first;
    let position = usize::try_from(indice).unwrap_or(usize::MAX);
    let is_unchanged = run.leaves.get(position) == Some(&receipt.leaf());
    let sealed = Root::read(&root.document).map_err(not_canonical)?;
    let path = Tree::of(run.leaves)
        .filter(|tree| is_unchanged && sealed.is_of(tree))
        .and_then(|tree| tree.path(indice))
        .ok_or_else(|| {
            StoreError::Evidence(format!(
                "lo scambio non è più quello che sta sotto la radice del lotto {} del nodo {node}",
                sealed.lotto
            ))
        })?;
    Ok(Found::Whole(Box::new(Exhibit {
        receipt: receipt.bytes(),
        proof: Proof {
            indice,
            foglie: root.last - root.first + 1,
            percorso: path.iter().map(hex::encode).collect(),
        },
        root: root.document,
        seal,
        salts: salts_of(reader, row.scambio).await?,
    })))
}

async fn root_of(
    database: &Database,
    node: &str,
    month: Month,
    place: u64,
) -> Result<Option<RootOf>, StoreError> {
    let mut lasting = database.lasting().reader().await?;
    let month = month.to_string();
    let rows = lasting
        .fetch(
            ROOT_OF,
            &|to| {
                to.text(Some(node));
                to.text(Some(&month));
                to.number(Some(number(place)));
            },
            |row| {
                Ok(RootOf {
                    first: count(row.number(0)?),
                    last: count(row.number(1)?),
                    document: row.bytes(2)?.unwrap_or_default(),
                    seal: row.bytes(3)?,
                })
            },
        )
        .await?;
    let found = rows.into_iter().next();
    lasting.close().await?;
    Ok(found.filter(|root| (1..=place).contains(&root.first) && root.first <= root.last))
}

async fn salts_of(reader: &mut Reader, scambio: Uuid) -> Result<Salts, StoreError> {
    let bind = &|to: &mut dyn Bind| to.bytes(Some(scambio.as_bytes()));
    let rows = reader.fetch(SALTS, bind, salts).await?;
    Ok(rows.into_iter().next().unwrap_or_default())
}

fn salts(row: &dyn Values) -> Result<Salts, StoreError> {
    let salt = |position| -> Result<Option<String>, StoreError> {
        Ok(row.bytes(position)?.map(hex::encode))
    };
    Ok(Salts {
        richiesta: salt(0)?,
        richiesta_ente: salt(1)?,
        risposta_ente: salt(2)?,
        risposta: salt(3)?,
    })
}
