//! Merkle trees and their inclusion proofs as RFC 9162 (2.1) defines them, over SHA-256.

use aws_lc_rs::digest::{Context, SHA256};

/// SHA-256.
pub type Hash = [u8; 32];

/// Steps of an inclusion proof at most: more leaves than any tree can have.
pub const MOST_STEPS: usize = 64;

const LEAF: u8 = 0;
const NODE: u8 = 1;

/// The hash of a leaf with this content: 0x00 before it keeps a leaf from passing as a node.
pub fn leaf_hash(content: &[u8]) -> Hash {
    hash(LEAF, &[content])
}

fn node_hash(left: &Hash, right: &Hash) -> Hash {
    hash(NODE, &[left, right])
}

fn hash(prefix: u8, parts: &[&[u8]]) -> Hash {
    let mut context = Context::new(&SHA256);
    context.update(&[prefix]);
    for part in parts {
        context.update(part);
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// A tree, from the hashes of its leaves in their order: all levels, the leaves first, the root last.
///
/// The last node of a level with an odd number of nodes stands in the next level as it is. That is the tree of RFC 9162, whose
/// left half is the greatest power of two below the number of leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    levels: Vec<Vec<Hash>>,
}

impl Tree {
    /// `None` without leaves: there is nothing to prove.
    pub fn of(leaves: Vec<Hash>) -> Option<Tree> {
        if leaves.is_empty() {
            return None;
        }
        let mut levels = vec![leaves];
        while let Some(level) = levels.last().filter(|level| level.len() > 1) {
            let above = level.chunks(2).map(|pair| match pair {
                [left, right] => node_hash(left, right),
                alone => alone[0],
            });
            let above = above.collect();
            levels.push(above);
        }
        Some(Tree { levels })
    }

    /// The hash at its top.
    pub fn root(&self) -> Hash {
        self.levels[self.levels.len() - 1][0]
    }

    /// How many leaves it has.
    pub fn size(&self) -> u64 {
        self.levels[0].len() as u64
    }

    /// The hashes beside the way from a leaf (from 0) to the root, the lowest first; `None` where there is no such leaf.
    pub fn path(&self, leaf: u64) -> Option<Vec<Hash>> {
        let mut index = usize::try_from(leaf).ok()?;
        self.levels[0].get(index)?;
        let mut path = Vec::with_capacity(self.levels.len());
        for level in &self.levels {
            path.extend(level.get(index ^ 1));
            index /= 2;
        }
        Some(path)
    }
}

/// The root that a leaf at this place (from 0) has with this path in a tree of that size (RFC 9162, 2.1.3.2); `None` where the path
/// has too many or too few steps for such a place.
pub fn root_of(leaf: Hash, index: u64, size: u64, path: &[Hash]) -> Option<Hash> {
    if index >= size || path.len() > MOST_STEPS {
        return None;
    }
    let (mut place, mut last, mut hash) = (index, size - 1, leaf);
    for step in path {
        if last == 0 {
            return None;
        }
        if place & 1 == 1 || place == last {
            hash = node_hash(step, &hash);
            // Levels in which the node stood alone at the end had no step.
            while place & 1 == 0 && place != 0 {
                place >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, step);
        }
        place >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(hash)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The leaves of the known answers of Certificate Transparency.
    const LEAVES: [&str; 8] = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ];

    /// The roots over the first one, two … eight of them.
    const ROOTS: [&str; 8] = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    fn known(count: usize) -> Tree {
        let leaves = LEAVES[..count].iter();
        let leaves = leaves.map(|leaf| leaf_hash(&hex::decode(leaf).expect("hexadecimal")));
        Tree::of(leaves.collect()).expect("leaves")
    }

    /// The definition of the norm (2.1.1), word by word.
    fn by_definition(leaves: &[Hash]) -> Hash {
        if let [alone] = leaves {
            return *alone;
        }
        let half = leaves.len().next_power_of_two() / 2;
        node_hash(
            &by_definition(&leaves[..half]),
            &by_definition(&leaves[half..]),
        )
    }

    fn some_leaves(count: usize) -> Vec<Hash> {
        (0..count)
            .map(|number| leaf_hash(&number.to_be_bytes()))
            .collect()
    }

    #[test]
    fn known_leaves_have_the_known_roots_and_paths() {
        for (count, root) in (1..).zip(ROOTS) {
            assert_eq!(hex::encode(known(count).root()), root, "{count} leaves");
        }
        assert_eq!(Tree::of(Vec::new()), None);
        let path = known(8).path(0).expect("a path");
        let expected = [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ];
        let path: Vec<String> = path.iter().map(hex::encode).collect();
        assert_eq!(path, expected);
        assert_eq!(known(8).path(8), None);
    }

    #[test]
    fn every_leaf_of_every_small_tree_is_proved_at_its_place_and_at_no_other() {
        for size in 1..=40_u64 {
            let leaves = some_leaves(usize::try_from(size).expect("small"));
            let tree = Tree::of(leaves.clone()).expect("leaves");
            assert_eq!(tree.root(), by_definition(&leaves), "{size}");
            for (index, leaf) in (0..).zip(&leaves) {
                let path = tree.path(index).expect("a path");
                for claimed in 0..size {
                    let root = root_of(*leaf, claimed, size, &path);
                    assert_eq!(
                        root == Some(tree.root()),
                        claimed == index,
                        "{index} of {size}"
                    );
                }
                assert_eq!(root_of(*leaf, index, index, &path), None);
            }
        }
    }

    proptest! {
        #[test]
        fn a_changed_leaf_path_or_length_proves_nothing(
            size in 2_usize..600, at in any::<proptest::sample::Index>(), bit in 0_usize..256, step in any::<proptest::sample::Index>()
        ) {
            let leaves = some_leaves(size);
            let index = at.index(size);
            let (place, count) = (index as u64, size as u64);
            let tree = Tree::of(leaves.clone()).expect("leaves");
            let path = tree.path(place).expect("a path");
            let root = Some(tree.root());
            prop_assert_eq!(root_of(leaves[index], place, count, &path), root);
            let mut leaf = leaves[index];
            leaf[bit / 8] ^= 1 << (bit % 8);
            prop_assert_ne!(root_of(leaf, place, count, &path), root);
            let mut changed = path.clone();
            changed[step.index(path.len())][bit / 8] ^= 1 << (bit % 8);
            prop_assert_ne!(root_of(leaves[index], place, count, &changed), root);
            prop_assert_ne!(root_of(leaves[index], place, count, &path[1..]), root);
            changed.clone_from(&path);
            changed.push(leaf);
            prop_assert_eq!(root_of(leaves[index], place, count, &changed), None);
        }
    }
}
