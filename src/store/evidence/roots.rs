//! The roots on record: one row per batch of a node, and each node's newest one.

use aws_lc_rs::digest::{SHA256, digest};

use crate::evidence::root::Other;
use crate::evidence::{Root, Tree};
use crate::store::database::Database;
use crate::store::dialect::{Bind, Values};
use crate::store::error::StoreError;
use crate::store::link::Link;
use crate::store::month::Month;
use crate::store::read::Reader;

use super::{count, not_canonical, number};

const NEWEST: &str = "SELECT node, batch, digest FROM evidence_chain ORDER BY node";

const END: &str = "SELECT max(last) FROM evidence_root WHERE node = ? AND month = ?";

const PUT: &str = "INSERT INTO evidence_root (node, batch, month, first, last, document, made) VALUES (?, ?, ?, ?, ?, ?, ?)";

const CHAIN: &str = "INSERT INTO evidence_chain (node, batch, digest) VALUES (?, ?, ?) \
     ON CONFLICT (node) DO UPDATE SET batch = excluded.batch, digest = excluded.digest";

const NODES: &str = "SELECT DISTINCT node FROM evidence_root ORDER BY node";

const PAGE: &str = "SELECT node, batch, month, first, last, document, seal FROM evidence_root WHERE node = ? AND batch > ? ORDER BY batch LIMIT 500";

/// A root on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RootRow {
    pub node: String,
    pub batch: u64,
    pub month: String,
    pub first: u64,
    pub last: u64,
    /// Its bytes.
    pub document: Vec<u8>,
    /// Its seal, as soon as it has one.
    pub seal: Option<Vec<u8>>,
}

/// The newest root of a node that has its seal.
const NEWEST_SEALED: &str = "SELECT node, batch, month, first, last, document, seal FROM evidence_root WHERE node = ? AND seal IS NOT NULL ORDER BY batch DESC LIMIT 1";

/// A root as it is handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedRoot {
    /// The node that made it.
    pub node: String,
    /// Its batch.
    pub batch: u64,
    /// Its bytes.
    pub document: Vec<u8>,
    /// Its seal, as soon as it has one.
    pub seal: Option<Vec<u8>>,
}

/// The newest root of each node that has its seal.
pub(in crate::store) async fn newest_sealed(
    database: &Database,
) -> Result<Vec<SealedRoot>, StoreError> {
    let mut reader = database.lasting().reader().await?;
    let mut found = Vec::new();
    for node in newest_of_all(&mut reader).await? {
        let bind = &|to: &mut dyn Bind| to.text(Some(&node.nodo));
        let rows = reader.fetch(NEWEST_SEALED, bind, root).await?;
        found.extend(rows.into_iter().map(handed_out));
    }
    reader.close().await?;
    Ok(found)
}

/// The roots of a node after a batch, so many at most, the oldest first.
pub(in crate::store) async fn after(
    database: &Database,
    node: &str,
    batch: u64,
    most: usize,
) -> Result<Vec<SealedRoot>, StoreError> {
    let mut reader = database.lasting().reader().await?;
    let rows = page(&mut reader, node, batch).await?;
    reader.close().await?;
    Ok(rows.into_iter().take(most).map(handed_out).collect())
}

fn handed_out(row: RootRow) -> SealedRoot {
    SealedRoot {
        node: row.node,
        batch: row.batch,
        document: row.document,
        seal: row.seal,
    }
}

/// The last place of a series that a root of it holds; 0 before the first.
pub(super) async fn end(link: &mut Link, node: &str, month: Month) -> Result<u64, StoreError> {
    let month = month.to_string();
    let rows = link
        .fetch(
            END,
            &|to| {
                to.text(Some(node));
                to.text(Some(&month));
            },
            |row| Ok(count(row.number(0)?)),
        )
        .await?;
    Ok(rows.first().copied().unwrap_or(0))
}

/// Makes the root of the node's next batch durable, whose places go on from the first. Of two who make the same batch one fails.
pub(super) async fn put(
    link: &mut Link,
    node: &str,
    month: Month,
    first: u64,
    tree: &Tree,
) -> Result<(), StoreError> {
    link.begin().await?;
    let newest = link.fetch(NEWEST, &|_| {}, newest).await?;
    let before = newest.iter().find(|other| other.nodo == node);
    let now = chrono::Utc::now();
    let root = Root {
        versione: crate::evidence::receipt::VERSION,
        nodo: node.to_owned(),
        mese: month.to_string(),
        lotto: before.map_or(0, |before| before.lotto) + 1,
        primo: first,
        ultimo: first + tree.size() - 1,
        radice: hex::encode(tree.root()),
        istante: now.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
        precedente: before.map(|before| before.sha256.clone()),
        altri: newest
            .iter()
            .filter(|other| other.nodo != node)
            .cloned()
            .collect(),
        programma: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let document = root.bytes().map_err(not_canonical)?;
    let digest = digest(&SHA256, &document);
    link.execute(PUT, &|to| {
        to.text(Some(node));
        to.number(Some(number(root.lotto)));
        to.text(Some(&root.mese));
        to.number(Some(number(root.primo)));
        to.number(Some(number(root.ultimo)));
        to.bytes(Some(&document));
        to.number(Some(now.timestamp_micros()));
    })
    .await?;
    link.execute(CHAIN, &|to| {
        to.text(Some(node));
        to.number(Some(number(root.lotto)));
        to.bytes(Some(digest.as_ref()));
    })
    .await?;
    link.commit().await
}

/// The nodes that have roots.
pub(super) async fn nodes(reader: &mut Reader) -> Result<Vec<String>, StoreError> {
    reader
        .fetch(NODES, &|_| {}, |row| Ok(row.text(0)?.unwrap_or_default()))
        .await
}

/// Roots of a node after a batch, in their order, some at a time.
pub(super) async fn page(
    reader: &mut Reader,
    node: &str,
    after: u64,
) -> Result<Vec<RootRow>, StoreError> {
    reader
        .fetch(
            PAGE,
            &|to| {
                to.text(Some(node));
                to.number(Some(number(after)));
            },
            root,
        )
        .await
}

/// Each node's newest root, as others name it.
pub(super) async fn newest_of_all(reader: &mut Reader) -> Result<Vec<Other>, StoreError> {
    reader.fetch(NEWEST, &|_| {}, newest).await
}

fn newest(row: &dyn Values) -> Result<Other, StoreError> {
    Ok(Other {
        nodo: row.text(0)?.unwrap_or_default(),
        lotto: count(row.number(1)?),
        sha256: row.bytes(2)?.map(hex::encode).unwrap_or_default(),
    })
}

fn root(row: &dyn Values) -> Result<RootRow, StoreError> {
    Ok(RootRow {
        node: row.text(0)?.unwrap_or_default(),
        batch: count(row.number(1)?),
        month: row.text(2)?.unwrap_or_default(),
        first: count(row.number(3)?),
        last: count(row.number(4)?),
        document: row.bytes(5)?.unwrap_or_default(),
        seal: row.bytes(6)?,
    })
}
