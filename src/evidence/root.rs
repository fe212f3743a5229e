//! The document about a batch that is sealed: the root of its tree, and what binds it to the batches before.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::canonical::{self, NotCanonical, canonical};
use super::tree::{Hash, Tree};

/// What one batch of a node was. In canonical JSON, whose bytes are what is sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Root {
    /// Of this format: [`super::receipt::VERSION`].
    pub versione: u32,
    /// The node and month whose series the batch is of.
    pub nodo: String,
    /// See `nodo`.
    pub mese: String,
    /// The batch, from 1 without a gap over all months of the node.
    pub lotto: u64,
    /// Its first place in the series.
    pub primo: u64,
    /// Its last.
    pub ultimo: u64,
    /// The tree's root, hexadecimal.
    pub radice: String,
    /// When it was made: RFC 3339, UTC. A claim; what proves the time is a stamp.
    pub istante: String,
    /// SHA-256 of the document of the batch before, hexadecimal; null in a node's first.
    pub precedente: Option<String>,
    /// The newest roots of other nodes that this one knew.
    pub altri: Vec<Other>,
    /// The program's version.
    pub programma: String,
}

/// Another node's root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Other {
    /// The node.
    pub nodo: String,
    /// Its batch.
    pub lotto: u64,
    /// SHA-256 of that root's document, hexadecimal.
    pub sha256: String,
}

/// Why a root does not follow the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Gap {
    /// Of another node.
    #[error("la radice è di un altro nodo")]
    Node,
    /// Not the next batch.
    #[error("tra questa radice e la precedente mancano lotti")]
    Batch,
    /// It names another document as the one before.
    #[error("la radice precedente non è quella che questa nomina")]
    Predecessor,
    /// Places of the series lie between, or are in both; or a month began elsewhere than at 1.
    #[error("i posti non continuano quelli delle radici precedenti")]
    Sequence,
}

/// The roots of one node, one after the other. Batches of two months may take turns around midnight, each going on in its own series.
#[derive(Debug, Clone)]
pub struct Chain {
    /// Whether it begins with the node's first batch.
    whole: bool,
    /// The month of its first root.
    first_month: Option<String>,
    /// Node and batch of the last root.
    before: Option<(String, u64)>,
    /// The digest of its document.
    digest: Option<String>,
    /// The last place of each month.
    ends: BTreeMap<String, u64>,
}

impl Root {
    /// Its bytes: what is sealed, and digested by its successor.
    pub fn bytes(&self) -> Result<Vec<u8>, NotCanonical> {
        canonical(self).map(String::into_bytes)
    }

    /// SHA-256 of its bytes, hexadecimal.
    pub fn digest(&self) -> Result<String, NotCanonical> {
        Ok(hex::encode(digest(&SHA256, &self.bytes()?)))
    }

    /// Reads a document: exactly these members, in canonical form.
    pub fn read(bytes: &[u8]) -> Result<Root, NotCanonical> {
        serde_json::from_value(canonical::read(bytes)?).map_err(|_| NotCanonical::Form)
    }

    /// How many leaves it stands for; `None` where its places contradict each other.
    pub fn size(&self) -> Option<u64> {
        let before = self.primo.checked_sub(1)?;
        self.ultimo.checked_sub(before).filter(|size| *size > 0)
    }

    /// The root hash, where it is one.
    pub fn hash(&self) -> Option<Hash> {
        let mut hash = [0; 32];
        hex::decode_to_slice(&self.radice, &mut hash).ok()?;
        Some(hash)
    }

    /// Whether it stands for exactly that tree.
    pub fn is_of(&self, tree: &Tree) -> bool {
        self.size() == Some(tree.size()) && self.hash() == Some(tree.root())
    }
}

impl Chain {
    /// Takes the node's next root; tells what is wrong with it, and goes on from it all the same. Where the chain begins later than with
    /// the first batch, what came before is not judged.
    pub fn take(&mut self, root: &Root) -> Result<Option<Gap>, NotCanonical> {
        let gap = self.judge(root);
        self.digest = Some(root.digest()?);
        self.before = Some((root.nodo.clone(), root.lotto));
        self.ends.insert(root.mese.clone(), root.ultimo);
        Ok(gap)
    }

    fn judge(&self, root: &Root) -> Option<Gap> {
        let end = self.ends.get(&root.mese);
        // A month that is older than what the chain begins with has its beginning elsewhere.
        let known = self.whole || self.first_month.as_ref() < Some(&root.mese);
        let first = match end {
            Some(end) => end.checked_add(1),
            None if known => Some(1),
            None => Some(root.primo),
        };
        if first != Some(root.primo) || root.size().is_none() {
            return Some(Gap::Sequence);
        }
        let Some((node, batch)) = &self.before else {
            return (root.lotto == 1 && root.precedente.is_some()).then_some(Gap::Predecessor);
        };
        if root.nodo != *node {
            Some(Gap::Node)
        } else if Some(root.lotto) != batch.checked_add(1) {
            Some(Gap::Batch)
        } else {
            (root.precedente != self.digest).then_some(Gap::Predecessor)
        }
    }

    /// A chain that begins with this root, which retention may have made the oldest.
    pub fn from(root: &Root) -> Chain {
        Chain {
            whole: root.lotto == 1,
            first_month: Some(root.mese.clone()),
            before: None,
            digest: None,
            ends: BTreeMap::new(),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub fn over(tree: &Tree, lotto: u64, primo: u64, before: Option<&Root>) -> Root {
        Root {
            versione: 1,
            nodo: "a".to_owned(),
            mese: "2026-11".to_owned(),
            lotto,
            primo,
            ultimo: primo + tree.size() - 1,
            radice: hex::encode(tree.root()),
            istante: "2026-11-24T00:00:01Z".to_owned(),
            precedente: before.map(|before| before.digest().expect("canonical")),
            altri: Vec::new(),
            programma: "0.1.0".to_owned(),
        }
    }

    fn tree(leaves: u8) -> Tree {
        Tree::of((0..leaves).map(|leaf| [leaf; 32]).collect()).expect("leaves")
    }

    /// What a chain says of the last of these roots.
    fn judged(roots: &[&Root]) -> Option<Gap> {
        let mut chain = Chain::from(roots[0]);
        let gaps = roots
            .iter()
            .map(|root| chain.take(root).expect("canonical"));
        gaps.last().expect("a root")
    }

    #[test]
    fn a_root_follows_only_the_one_that_it_names_and_leaves_no_place_out() {
        let first = over(&tree(3), 1, 1, None);
        let second = over(&tree(2), 2, 4, Some(&first));
        let judged = |root: &Root| judged(&[&first, root]);
        assert_eq!(judged(&second), None);
        let mut other = second.clone();
        other.nodo = "b".to_owned();
        assert_eq!(judged(&other), Some(Gap::Node));
        let third = over(&tree(1), 3, 4, Some(&first));
        assert_eq!(judged(&third), Some(Gap::Batch));
        let mut rewritten = first.clone();
        rewritten.radice = "00".repeat(32);
        assert_eq!(
            judged(&over(&tree(2), 2, 4, Some(&rewritten))),
            Some(Gap::Predecessor)
        );
        for wrong in [5, 3] {
            let gap = judged(&over(&tree(2), 2, wrong, Some(&first)));
            assert_eq!(gap, Some(Gap::Sequence));
        }
    }

    #[test]
    fn a_month_begins_its_series_anew_and_may_take_turns_with_the_one_before() {
        let first = over(&tree(3), 1, 1, None);
        let mut next = over(&tree(2), 2, 1, Some(&first));
        next.mese = "2026-12".to_owned();
        assert_eq!(judged(&[&first, &next]), None);
        let late = over(&tree(2), 3, 4, Some(&next));
        assert_eq!(judged(&[&first, &next, &late]), None);
        let wrong = over(&tree(2), 3, 5, Some(&next));
        assert_eq!(judged(&[&first, &next, &wrong]), Some(Gap::Sequence));
        next.primo = 2;
        assert_eq!(judged(&[&first, &next]), Some(Gap::Sequence));
    }

    #[test]
    fn a_chain_that_lost_its_beginning_to_retention_is_judged_from_there() {
        let before = over(&tree(3), 6, 40, None);
        let first = over(&tree(3), 7, 43, Some(&before));
        let next = over(&tree(2), 8, 46, Some(&first));
        assert_eq!(judged(&[&first]), None);
        assert_eq!(judged(&[&first, &next]), None);
        let beginning = over(&tree(3), 1, 1, Some(&before));
        assert_eq!(judged(&[&beginning]), Some(Gap::Predecessor));
    }

    #[test]
    fn a_document_is_read_only_in_its_own_form() {
        let root = over(&tree(3), 1, 1, None);
        let bytes = root.bytes().expect("canonical");
        assert_eq!(Root::read(&bytes), Ok(root.clone()));
        assert!(root.is_of(&tree(3)) && !root.is_of(&tree(2)));
        let text = String::from_utf8(bytes).expect("UTF-8");
        for changed in [
            text.replace("\"lotto\":1", "\"lotto\": 1"),
            text.replace("\"lotto\":1", "\"lotto\":1,\"lotto\":1"),
            text.replace("\"versione\"", "\"versione2\""),
        ] {
            assert_ne!(changed, text);
            assert_eq!(Root::read(changed.as_bytes()), Err(NotCanonical::Form));
        }
    }
}
