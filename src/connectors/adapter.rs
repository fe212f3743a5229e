//! An `adapters/` folder, read, checked and bound to its connector.

use std::path::Path;
use std::time::Duration;

use crate::config::mistake::Mistake;
use crate::contract::operation::{FieldSet, Operation};
use crate::contract::posizione::Tributo;
use crate::contract::provenienza::Fonte;

/// How one vendor product answers our operations: data only, checked when it is loaded.
#[derive(Debug)]
pub struct Adapter {
    name: String,
    version: String,
    digest: String,
    operations: Vec<AdapterOperation>,
}

/// How a product answers one operation.
#[derive(Debug)]
pub struct AdapterOperation {
    operation: Operation,
    fields: FieldSet,
    keep: Option<Duration>,
    repeatable: bool,
    fonte: Fonte,
    usual_delay: Option<Duration>,
    tributi: Vec<Tributo>,
}

impl Adapter {
    /// Reads and checks the folder of an adapter; every mistake in any of its files is reported.
    pub fn load(folder: &Path) -> Result<Adapter, Vec<Mistake>> {
        Err(vec![Mistake::of_file(
            folder,
            "gli adattatori non si possono ancora leggere",
        )])
    }

    /// The adapter's name: that of its folder.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The adapter's version, as `provenienza` tells it.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// SHA-256 over all files of the folder, in hexadecimal: part of every cache key.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// How the product answers that operation; `None`: not at all.
    pub fn operation(&self, operation: Operation) -> Option<&AdapterOperation> {
        self.operations
            .iter()
            .find(|offered| offered.operation == operation)
    }
}

impl AdapterOperation {
    /// The fields that this product can give.
    pub fn fields(&self) -> FieldSet {
        self.fields
    }

    /// How long an answer may be kept; `None`: never.
    pub fn keep(&self) -> Option<Duration> {
        self.keep
    }

    /// Whether a call may be tried again.
    pub fn repeatable(&self) -> bool {
        self.repeatable
    }

    /// What kind of source answers.
    pub fn fonte(&self) -> Fonte {
        self.fonte
    }

    /// How long an answer usually takes, for the capability document.
    pub fn usual_delay(&self) -> Option<Duration> {
        self.usual_delay
    }

    /// The taxes that the operation covers; empty where taxes do not matter.
    pub fn tributi(&self) -> &[Tributo] {
        &self.tributi
    }
}
