//! The document about a batch that is sealed: the root of its tree, and what binds it to the batches before.

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gap {
    /// Of another node.
    Node,
    /// Not the next batch.
    Batch,
    /// It names another document as the one before.
    Predecessor,
    /// Places of the series lie between, or are in both; or a month began elsewhere than at 1.
    Sequence,
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

    /// Whether it is the next of the same node after `before`, with nothing between.
    pub fn follows(&self, before: &Root) -> Result<Option<Gap>, NotCanonical> {
        let first = match self.mese == before.mese {
            true => before.ultimo.checked_add(1),
            false if self.mese > before.mese => Some(1),
            false => None,
        };
        Ok(if self.nodo != before.nodo {
            Some(Gap::Node)
        } else if Some(self.lotto) != before.lotto.checked_add(1) {
            Some(Gap::Batch)
        } else if self.precedente.as_ref() != Some(&before.digest()?) {
            Some(Gap::Predecessor)
        } else if first != Some(self.primo) || self.size().is_none() {
            Some(Gap::Sequence)
        } else {
            None
        })
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

    #[test]
    fn a_root_follows_only_the_one_that_it_names_and_leaves_no_place_out() {
        let first = over(&tree(3), 1, 1, None);
        let second = over(&tree(2), 2, 4, Some(&first));
        let judged = |root: &Root| root.follows(&first).expect("canonical");
        assert_eq!(judged(&second), None);
        let mut other = second.clone();
        other.nodo = "b".to_owned();
        assert_eq!(judged(&other), Some(Gap::Node));
        let third = over(&tree(1), 3, 6, Some(&second));
        assert_eq!(judged(&third), Some(Gap::Batch));
        let mut rewritten = first.clone();
        rewritten.radice = "00".repeat(32);
        let gap = second.follows(&rewritten).expect("canonical");
        assert_eq!(gap, Some(Gap::Predecessor));
        assert_eq!(
            judged(&over(&tree(2), 2, 5, Some(&first))),
            Some(Gap::Sequence)
        );
        assert_eq!(
            judged(&over(&tree(2), 2, 3, Some(&first))),
            Some(Gap::Sequence)
        );
    }

    #[test]
    fn a_month_begins_its_series_anew_and_none_comes_back() {
        let first = over(&tree(3), 1, 1, None);
        let mut next = over(&tree(2), 2, 1, Some(&first));
        next.mese = "2026-12".to_owned();
        assert_eq!(next.follows(&first), Ok(None));
        next.mese = "2026-10".to_owned();
        assert_eq!(next.follows(&first), Ok(Some(Gap::Sequence)));
        next.mese = "2026-12".to_owned();
        next.primo = 2;
        assert_eq!(next.follows(&first), Ok(Some(Gap::Sequence)));
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
