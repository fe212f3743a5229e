//! The contexts of exchanges: made once for all that have the same in common under one snapshot, on each thread.

use std::cell::RefCell;
use std::sync::{Arc, Weak};

use foldhash::HashMap;

use crate::contract::operation::Operation;
use crate::snapshot::Snapshot;
use crate::store::record::Context;

/// Contexts kept at most; beyond, all are made again.
const KEPT: usize = 1_000;

/// What exchanges under one snapshot have in common. Portal, ente and adapter are told apart by their addresses, which
/// stay as long as anything runs under the snapshot.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Common {
    pub portal: Option<usize>,
    pub certificate: [u8; 32],
    pub ente: Option<usize>,
    pub operation: Option<Operation>,
    /// Its position among the portal's.
    pub grant: Option<usize>,
    /// Its position among the configuration's.
    pub purpose: Option<usize>,
    pub adapter: Option<usize>,
}

struct Kept {
    snapshot: Weak<Snapshot>,
    contexts: HashMap<Common, Arc<Context>>,
}

thread_local! {
    static KEPT_HERE: RefCell<Kept> = RefCell::new(Kept {
        snapshot: Weak::new(),
        contexts: HashMap::default(),
    });
}

/// The context of all exchanges that have this in common.
pub(super) fn shared(
    snapshot: &Arc<Snapshot>,
    common: Common,
    make: impl FnOnce() -> Context,
) -> Arc<Context> {
    KEPT_HERE.with_borrow_mut(|kept| {
        let same = std::ptr::eq(kept.snapshot.as_ptr(), Arc::as_ptr(snapshot));
        if !same || kept.contexts.len() >= KEPT {
            kept.snapshot = Arc::downgrade(snapshot);
            kept.contexts.clear();
        }
        let context = kept.contexts.entry(common);
        Arc::clone(context.or_insert_with(|| Arc::new(make())))
    })
}
