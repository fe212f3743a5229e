//! The evidence of exchanges, as rules over bytes: what a receipt says, how receipts form a tree, what a root says of it, and
//! whether all of that fits together. Nothing here reads a database, a file or the network.

pub mod receipt;
pub mod tree;
pub mod root;
pub mod proof;
pub mod manifest;
pub mod container;

mod canonical;

pub use canonical::{NotCanonical, canonical};
pub use container::{Exhibit, NoExhibit, Salts};
pub use manifest::manifest;
pub use proof::{Fault, Proof};
pub use receipt::{BodyDigest, Receipt, TokenEvidence};
pub use root::{Chain, Gap, Root};
pub use tree::{Hash, Tree, leaf_hash};
