//! Which contexts a connection has already written: each is written once, and its exchanges point to it.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use aws_lc_rs::digest::{Context as Sha256, SHA256};
use foldhash::HashMap;

use super::record::{Context, Record};

/// Contexts remembered at most; beyond, all are forgotten and written again, which changes nothing.
const REMEMBERED: usize = 10_000;

/// What one connection knows to be in its database. It goes with the connection, whose failure undoes what it wrote last.
#[derive(Debug)]
pub(super) struct Contexts {
    node: Arc<str>,
    /// By address: as long as a context is here, no other one can have its place.
    known: HashMap<usize, (Arc<Context>, i64)>,
    written: HashSet<i64>,
}

impl Contexts {
    pub(super) fn new(node: Arc<str>) -> Contexts {
        Contexts {
            node,
            known: HashMap::default(),
            written: HashSet::new(),
        }
    }

    pub(super) fn node(&self) -> &str {
        &self.node
    }

    /// The key of each record's context, and the contexts that must be written with them, in the order of their keys.
    pub(super) fn of<'a>(&mut self, records: &[&'a Record]) -> (Vec<i64>, Vec<(i64, &'a Context)>) {
        if self.known.len() > REMEMBERED {
            self.known.clear();
            self.written.clear();
        }
        let mut missing = BTreeMap::new();
        let mut keys = Vec::with_capacity(records.len());
        for record in records {
            let context = &record.context;
            let address = Arc::as_ptr(context) as usize;
            let known = self.known.get(&address).map(|(_, key)| *key);
            keys.push(known.unwrap_or_else(|| {
                let key = key_of(&self.node, context);
                self.known.insert(address, (Arc::clone(context), key));
                if self.written.insert(key) {
                    missing.insert(key, &**context);
                }
                key
            }));
        }
        (keys, missing.into_iter().collect())
    }
}

/// The first eight bytes of SHA-256 over the content: the same on every node and after every restart.
fn key_of(node: &str, context: &Context) -> i64 {
    let mut digest = Sha256::new(&SHA256);
    let mut part = |bytes: Option<&[u8]>| {
        let length = bytes.map_or(u64::MAX, |bytes| bytes.len() as u64);
        digest.update(&length.to_be_bytes());
        digest.update(bytes.unwrap_or_default());
    };
    part(Some(node.as_bytes()));
    part(Some(&context.generation.to_be_bytes()));
    part(Some(&context.snapshot_digest));
    part(context.portal.as_deref().map(str::as_bytes));
    part(Some(&context.certificate));
    part(context.ente.as_deref().map(str::as_bytes));
    part(
        context
            .operation
            .map(|operation| operation.name().as_bytes()),
    );
    part(context.purpose.as_deref().map(str::as_bytes));
    part(context.purpose_origin.map(str::as_bytes));
    part(context.grant_id.as_deref().map(str::as_bytes));
    part(
        context
            .grant_version
            .map(u32::to_be_bytes)
            .as_ref()
            .map(<[u8; 4]>::as_slice),
    );
    part(context.adapter.as_deref().map(str::as_bytes));
    part(context.adapter_version.as_deref().map(str::as_bytes));
    let mut key = [0; 8];
    key.copy_from_slice(&digest.finish().as_ref()[..8]);
    i64::from_be_bytes(key)
}
