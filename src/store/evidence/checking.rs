//! Walks the whole chain of every node, and holds what is still on record against it.

use std::collections::{BTreeMap, BTreeSet};

use crate::evidence::{Chain, Root, Tree};
use crate::store::database::Database;
use crate::store::error::StoreError;
use crate::store::month::Month;
use crate::store::read::Reader;

use super::places::{self, Run};
use super::roots::{self, RootRow};
use super::{not_canonical, receipts};

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// What was held against each other.
    pub checked: Checked,
    /// Whatever does not fit, in the order of nodes and batches.
    pub faults: Vec<Fault>,
}

/// How much was checked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Checked {
    /// Roots, each against the one before.
    pub roots: u64,
    /// Roots that have their seal. Whose it is has to be verified apart.
    pub sealed: u64,
    /// Exchanges whose receipts were computed anew and lead to their roots.
    pub exchanges: u64,
    /// Exchanges under roots of months that are no longer on record: the roots alone stand for them.
    pub dropped: u64,
    /// Exchanges that no root holds yet.
    pub waiting: u64,
}

/// Something that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The node.
    pub node: String,
    /// The batch; absent where it is about what follows the last one.
    pub batch: Option<u64>,
    /// What, for operators.
    pub what: String,
}

/// The months on record, each with the end of its series by node; a month without a series is of an earlier program.
type OnRecord = BTreeMap<(String, Month), u64>;

struct Walk<'d> {
    database: &'d Database,
    verdict: Verdict,
    /// The reader of the month at hand.
    open: Option<(Month, Reader)>,
}

/// Checks everything. Reads only; a gateway may go on beside it.
pub(in crate::store) async fn check(database: &Database) -> Result<Verdict, StoreError> {
    let mut lasting = database.lasting().reader().await?;
    let newest = roots::newest_of_all(&mut lasting).await?;
    let on_record = on_record(database).await?;
    let mut walk = Walk {
        database,
        verdict: Verdict::default(),
        open: None,
    };
    let mut nodes: BTreeSet<String> = roots::nodes(&mut lasting).await?.into_iter().collect();
    nodes.extend(newest.iter().map(|other| other.nodo.clone()));
    let mut ends = OnRecord::new();
    for node in &nodes {
        let last = newest.iter().find(|other| other.nodo == *node);
        let last = last.map_or(0, |other| other.lotto);
        walk.node(&mut lasting, node, last, &on_record, &mut ends)
            .await?;
    }
    for ((node, month), last) in &on_record {
        let end = ends.get(&(node.clone(), *month)).copied().unwrap_or(0);
        // Roots that were made since the series was read are ahead of it only where their places are there.
        walk.verdict.checked.waiting += last.saturating_sub(end);
    }
    if let Some((_, reader)) = walk.open {
        reader.close().await?;
    }
    lasting.close().await?;
    Ok(walk.verdict)
}

async fn on_record(database: &Database) -> Result<OnRecord, StoreError> {
    let mut on_record = OnRecord::new();
    for part in database.parts_since(None)? {
        let mut reader = part.reader().await?;
        for series in places::series(&mut reader).await? {
            on_record.insert((series.node, series.month), series.last);
        }
        reader.close().await?;
    }
    Ok(on_record)
}

impl Walk<'_> {
    /// The chain of a node up to its newest batch when the check began.
    async fn node(
        &mut self,
        lasting: &mut Reader,
        node: &str,
        last: u64,
        on_record: &OnRecord,
        ends: &mut OnRecord,
    ) -> Result<(), StoreError> {
        let mut chain: Option<Chain> = None;
        let mut batch = 0;
        while batch < last {
            let page = roots::page(lasting, node, batch).await?;
            if page.is_empty() {
                self.fault(node, Some(last), "la catena finisce prima".to_owned());
                break;
            }
            for row in page {
                batch = row.batch;
                let Some(root) = self.read(&row) else {
                    continue;
                };
                let chain = chain.get_or_insert_with(|| Chain::from(&root));
                if let Some(gap) = chain.take(&root).map_err(not_canonical)? {
                    self.fault(node, Some(batch), gap.to_string());
                }
                self.verdict.checked.roots += 1;
                self.verdict.checked.sealed += u64::from(row.seal.is_some());
                self.receipts(&root, on_record).await?;
                if let Some(month) = Month::parse(&root.mese) {
                    ends.insert((node.to_owned(), month), root.ultimo);
                }
            }
        }
        Ok(())
    }

    /// The document of a row, if it says what the row says.
    fn read(&mut self, row: &RootRow) -> Option<Root> {
        let Ok(root) = Root::read(&row.document) else {
            let what = "il documento della radice non si legge";
            self.fault(&row.node, Some(row.batch), what.to_owned());
            return None;
        };
        let said = (&root.nodo, root.lotto, &root.mese, root.primo, root.ultimo);
        if said != (&row.node, row.batch, &row.month, row.first, row.last) {
            let what = "il documento della radice è di un altro lotto";
            self.fault(&row.node, Some(row.batch), what.to_owned());
        }
        Some(root)
    }

    /// Computes the batch's receipts anew, where they are still on record.
    async fn receipts(&mut self, root: &Root, on_record: &OnRecord) -> Result<(), StoreError> {
        let (node, size) = (root.nodo.as_str(), root.size().unwrap_or_default());
        let month = Month::parse(&root.mese)
            .filter(|month| on_record.keys().any(|(_, recorded)| recorded == month));
        let Some(month) = month else {
            self.verdict.checked.dropped += size;
            return Ok(());
        };
        match self.tree(root, month).await {
            Ok(tree) if tree.as_ref().is_some_and(|tree| root.is_of(tree)) => {
                self.verdict.checked.exchanges += size;
            }
            Ok(_) => {
                let what = format!(
                    "gli scambi ai posti da {} a {} di {month} non sono quelli della radice",
                    root.primo, root.ultimo
                );
                self.fault(node, Some(root.lotto), what);
            }
            Err(StoreError::Evidence(what)) => self.fault(node, Some(root.lotto), what),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    async fn tree(&mut self, root: &Root, month: Month) -> Result<Option<Tree>, StoreError> {
        let Some(before) = root.primo.checked_sub(1) else {
            return Ok(None);
        };
        let enough = usize::try_from(root.size().unwrap_or_default()).unwrap_or(usize::MAX);
        let reader = self.reader(month).await?;
        let run: Run = places::after(reader, &root.nodo, month, before, enough).await?;
        if run.scambi.len() != enough {
            return Ok(None);
        }
        let leaves = receipts::leaves(reader, &root.nodo, month, &run).await?;
        Ok(Tree::of(leaves))
    }

    async fn reader(&mut self, month: Month) -> Result<&mut Reader, StoreError> {
        let open = match self.open.take() {
            Some(open) if open.0 == month => open,
            other => {
                if let Some((_, reader)) = other {
                    reader.close().await?;
                }
                (month, self.database.part_of(month).reader().await?)
            }
        };
        Ok(&mut self.open.insert(open).1)
    }

    fn fault(&mut self, node: &str, batch: Option<u64>, what: String) {
        self.verdict.faults.push(Fault {
            node: node.to_owned(),
            batch,
            what,
        });
    }
}
