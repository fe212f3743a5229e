//! Whether a receipt is in the tree of a root, from their bytes alone.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use super::canonical::{self, NotCanonical};
use super::root::Root;
use super::tree::{Hash, leaf_hash, root_of};

/// The way from a receipt to the root of its batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// The leaf's place in the tree, from 0.
    pub indice: u64,
    /// Leaves of the tree.
    pub foglie: u64,
    /// The hashes beside the way, hexadecimal, the lowest first.
    pub percorso: Vec<String>,
}

/// What does not fit. Whose seal the root carries is another question, which this does not answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Fault {
    /// A document that could be read in two ways.
    #[error("{document}: {error}")]
    Form {
        /// `ricevuta` or `radice`.
        document: &'static str,
        /// Why.
        error: NotCanonical,
    },
    /// A member that receipt and root must have in common, or that is missing.
    #[error("la ricevuta e la radice non concordano su `{0}`")]
    Member(&'static str),
    /// The proof is for another place or size than receipt and root say.
    #[error("la prova è per un altro posto, o per un altro numero di foglie")]
    Place,
    /// A step of the path is no SHA-256.
    #[error("un passo del percorso non è un'impronta SHA-256")]
    Step,
    /// The way does not lead to the root.
    #[error("il percorso non porta alla radice: la ricevuta non è quella sigillata")]
    Root,
}

impl Proof {
    /// Judges the bytes of a receipt against those of a root's document; returns the root that it is in.
    pub fn check(&self, receipt: &[u8], root: &[u8]) -> Result<Root, Fault> {
        let form = |document| move |error| Fault::Form { document, error };
        let read = canonical::read(receipt).map_err(form("ricevuta"))?;
        let root = Root::read(root).map_err(form("radice"))?;
        for (name, expected) in [("nodo", &root.nodo), ("mese", &root.mese)] {
            if read.get(name).and_then(Value::as_str) != Some(expected) {
                return Err(Fault::Member(name));
            }
        }
        if read.get("versione").and_then(Value::as_u64) != Some(u64::from(root.versione)) {
            return Err(Fault::Member("versione"));
        }
        let sequence = read.get("sequenza").and_then(Value::as_u64);
        let sequence = sequence.ok_or(Fault::Member("sequenza"))?;
        if root.primo.checked_add(self.indice) != Some(sequence)
            || root.size() != Some(self.foglie)
            || sequence > root.ultimo
        {
            return Err(Fault::Place);
        }
        let steps = self.percorso.iter().map(|step| {
            let mut hash: Hash = [0; 32];
            hex::decode_to_slice(step, &mut hash).map(|()| hash)
        });
        let path: Vec<Hash> = steps.collect::<Result<_, _>>().map_err(|_| Fault::Step)?;
        let reached = root_of(leaf_hash(receipt), self.indice, self.foglie, &path);
        match root.hash() {
            Some(hash) if reached == Some(hash) => Ok(root),
            _ => Err(Fault::Root),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::receipt::tests::refused;
    use crate::evidence::root::tests::over;
    use crate::evidence::tree::Tree;

    /// Receipts 11 to 15, the proof of the fourth, and their root.
    fn sealed() -> (Vec<u8>, Proof, Root) {
        let receipts: Vec<Vec<u8>> = (11..=15)
            .map(|sequence| refused(sequence).bytes())
            .collect();
        let leaves = receipts.iter().map(|receipt| leaf_hash(receipt)).collect();
        let tree = Tree::of(leaves).expect("leaves");
        let proof = Proof {
            indice: 3,
            foglie: 5,
            percorso: tree
                .path(3)
                .expect("a path")
                .iter()
                .map(hex::encode)
                .collect(),
        };
        (receipts[3].clone(), proof, over(&tree, 4, 11, None))
    }

    fn check(receipt: &[u8], proof: &Proof, root: &Root) -> Result<Root, Fault> {
        proof.check(receipt, &root.bytes().expect("canonical"))
    }

    #[test]
    fn a_receipt_is_in_its_root() {
        let (receipt, proof, root) = sealed();
        assert_eq!(check(&receipt, &proof, &root), Ok(root.clone()));
    }

    #[test]
    fn whatever_is_changed_is_told() {
        let (receipt, proof, root) = sealed();
        let changed = |from: &str, to: &str| {
            let text = std::str::from_utf8(&receipt).expect("UTF-8");
            assert!(text.contains(from), "{from}");
            text.replace(from, to).into_bytes()
        };
        let told = |receipt: &[u8]| check(receipt, &proof, &root).expect_err("refused");
        assert_eq!(
            told(&changed("\"stato\":403", "\"stato\":200")),
            Fault::Root
        );
        assert_eq!(
            told(&changed("\"sequenza\":14", "\"sequenza\":13")),
            Fault::Place
        );
        assert_eq!(
            told(&changed("\"nodo\":\"a\"", "\"nodo\":\"b\"")),
            Fault::Member("nodo")
        );
        assert_eq!(
            told(&changed("\"versione\":1", "\"versione\":1,\"versione\":1")),
            Fault::Form {
                document: "ricevuta",
                error: NotCanonical::Form
            }
        );
        let refused = |change: fn(&mut Proof, &mut Root)| {
            let (mut proof, mut root) = (proof.clone(), root.clone());
            change(&mut proof, &mut root);
            check(&receipt, &proof, &root).expect_err("refused")
        };
        assert_eq!(refused(|proof, _| proof.indice = 2), Fault::Place);
        assert_eq!(refused(|proof, _| proof.foglie = 4), Fault::Place);
        assert_eq!(refused(|_, root| root.ultimo = 13), Fault::Place);
        assert_eq!(
            refused(|_, root| root.radice = "00".repeat(32)),
            Fault::Root
        );
        assert_eq!(
            refused(|proof, _| proof.percorso[0] = "00".repeat(32)),
            Fault::Root
        );
        assert_eq!(refused(|proof, _| drop(proof.percorso.pop())), Fault::Root);
        assert_eq!(refused(|proof, _| proof.percorso[0].push('0')), Fault::Step);
    }
}
