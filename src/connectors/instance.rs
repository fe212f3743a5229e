//! A back end as it is installed somewhere: its pools, breaker, places and limits, for the whole process.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::drift::Drift;
use crate::config::instance::InstanceSettings;
use crate::contract::luogo::CodiceIstat;

pub use super::carrier::Instance;
use super::files::shelf::Shelf;

/// An ente as an instance knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// ISTAT code.
    pub codice_istat: CodiceIstat,
    /// Belfiore code.
    pub codice_belfiore: String,
    /// The ente's own values for the adapter's `{{ente.…}}` placeholders.
    pub values: BTreeMap<String, String>,
}

/// Every instance of the process; survives configuration swaps.
#[derive(Debug, Default)]
pub struct Instances {
    known: Mutex<BTreeMap<String, Arc<Instance>>>,
    drift: Arc<Drift>,
    shelf: Option<Arc<Shelf>>,
}

/// How an instance fares, for metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceState {
    /// The instance's name.
    pub name: String,
    /// Whether calls are let through.
    pub breaker: BreakerState,
    /// Calls under way.
    pub in_use: usize,
    /// Calls that wait for a place.
    pub waiting: usize,
    /// Seconds by which the back end's clock is ahead of ours, where that matters and was seen.
    pub clock_ahead: Option<i64>,
}

/// Whether calls are let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// Yes.
    Closed,
    /// No, after repeated failures.
    Open,
    /// One call is let through to see whether the back end is back.
    HalfOpen,
}

impl Instances {
    /// No instance yet, and no night copies.
    pub fn new() -> Instances {
        Instances::default()
    }

    /// No instance yet; those of nightly files answer from these copies.
    pub fn with_copies(shelf: Arc<Shelf>) -> Instances {
        Instances {
            shelf: Some(shelf),
            ..Instances::default()
        }
    }

    /// The night copies.
    pub fn copies(&self) -> Option<&Arc<Shelf>> {
        self.shelf.as_ref()
    }

    /// The instance of these settings, created on first use; changed settings under the same name make a new one.
    pub fn get(&self, settings: &Arc<InstanceSettings>) -> Arc<Instance> {
        let mut known = self.known.lock();
        if let Some(instance) = known.get(&settings.name)
            && instance.settings() == &**settings
        {
            return Arc::clone(instance);
        }
        let (drift, shelf) = (Arc::clone(&self.drift), self.shelf.clone());
        let instance = Arc::new(Instance::new(Arc::clone(settings), drift, shelf));
        known.insert(settings.name.clone(), Arc::clone(&instance));
        instance
    }

    /// Forgets the instances that are no longer configured; calls under way end on them.
    pub fn keep_only(&self, is_configured: impl Fn(&str) -> bool) {
        self.known.lock().retain(|name, _| is_configured(name));
    }

    /// Has every instance take up its secrets and certificates anew at its next call.
    pub fn read_files_again(&self) {
        if let Some(shelf) = &self.shelf {
            shelf.read_keys_again();
        }
        for instance in self.known.lock().values() {
            instance.read_files_again();
        }
    }

    /// What drifted in the answers of all of them.
    pub fn drift(&self) -> &Drift {
        &self.drift
    }

    /// How every instance fares.
    pub fn states(&self) -> Vec<InstanceState> {
        let known = self.known.lock();
        known.values().map(|instance| instance.state()).collect()
    }
}
