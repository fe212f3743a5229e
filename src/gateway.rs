//! The running program: what lives as long as the process, and the current snapshot.

mod contact;
pub mod keys;
mod protected;
mod purges;
pub mod seals;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use arc_swap::ArcSwap;
use chrono::Utc;
use chrono_tz::Europe::Rome;
use tokio::sync::{Notify, Semaphore};

use crate::broker::cache::Cache;
use crate::broker::rate_limit::Limits;
use crate::config::node::Node;
use crate::connectors::files::shelf::Shelf;
use crate::connectors::instance::{BreakerState, Instances};
use crate::signing;
use crate::snapshot::Snapshot;
use crate::store::Store;
use crate::telemetry::metrics::{KeySeen, NightCopySeen};
use crate::telemetry::{Telemetry, metrics};
use crate::trust::wanted::WantedLists;

/// Searches of the record for citizens that run at once.
const REGISTERS_AT_ONCE: usize = 4;

/// Everything that an exchange needs. Pools, breakers, limits, cache and record survive a change of configuration.
pub struct Gateway {
    /// This node.
    pub node: Node,
    /// The record.
    pub store: Store,
    /// The answers kept.
    pub cache: Cache,
    /// The portals' limits.
    pub limits: Limits,
    /// The back ends.
    pub instances: Instances,
    /// What is seen from outside.
    pub telemetry: Telemetry,
    /// Wakes whoever carries open requests on.
    pub requests_due: Notify,
    /// Wakes whoever fetches the keys of vouchers: one named a key that is not known.
    pub voucher_keys: Notify,
    /// Turns at searching the record for citizens: each may look through months of it.
    pub register_turns: Arc<Semaphore>,
    /// Revocation lists that cards named and that nobody has yet.
    pub wanted_lists: WantedLists,
    /// The grants as all nodes on the database hold them.
    pub grants: contact::Contact,
    /// The persons whom enti have marked as protected.
    pub protected: protected::Protected,
    /// The number of the newest purge that this node has heard of; negative before the first look.
    purges_heard: AtomicI64,
    snapshot: ArcSwap<Snapshot>,
    draining: AtomicBool,
}

impl Gateway {
    /// Puts the parts together under a first snapshot.
    pub fn new(
        node: Node,
        store: Store,
        cache: &crate::config::cache::Cache,
        telemetry: Telemetry,
        snapshot: Snapshot,
    ) -> Gateway {
        Gateway {
            limits: Limits::new(node.nodes),
            node,
            store,
            cache: Cache::new(cache),
            instances: Instances::new(),
            telemetry,
            requests_due: Notify::new(),
            voucher_keys: Notify::new(),
            register_turns: Arc::new(Semaphore::new(REGISTERS_AT_ONCE)),
            wanted_lists: WantedLists::default(),
            grants: contact::Contact::default(),
            protected: protected::Protected::default(),
            purges_heard: AtomicI64::new(-1),
            snapshot: ArcSwap::from_pointee(snapshot),
            draining: AtomicBool::new(false),
        }
    }

    /// The same with night copies: instances of nightly files answer from them.
    #[must_use]
    pub fn with_copies(self, shelf: Arc<Shelf>) -> Gateway {
        Gateway {
            instances: Instances::with_copies(shelf),
            ..self
        }
    }

    /// The current configuration.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// Swaps the configuration at once; exchanges under way end under the one that they began with.
    pub fn install(&self, snapshot: Snapshot) {
        signing::keep_open(&snapshot.keys);
        self.snapshot.store(Arc::new(snapshot));
    }

    /// Takes no new exchange from now on.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    /// Whether the gateway is about to stop.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// Measures the open requests for the page of metrics. Where the database cannot tell, what it told last stands.
    pub async fn measure_requests(&self) {
        let now = Utc::now();
        match self.store.richieste().open_by_state().await {
            Ok(open) => {
                let seen = open.iter().map(|open| metrics::OpenRequestsSeen {
                    way: open.way.name(),
                    state: open.state.name(),
                    count: open.count,
                    oldest_seconds: (now - open.oldest).num_seconds().max(0),
                });
                let seen: Vec<_> = seen.collect();
                self.telemetry.metrics.open_requests(&seen);
            }
            Err(error) => tracing::warn!(%error, "le richieste aperte non si possono contare"),
        }
    }

    /// The page of metrics, with what store, cache, back ends and log tell of themselves.
    pub fn metrics_page(&self) -> String {
        let metrics = &self.telemetry.metrics;
        metrics.record(&self.store.health());
        metrics.cache_holds(self.cache.bytes());
        for state in self.instances.states() {
            let breaker = match state.breaker {
                BreakerState::Closed => metrics::BreakerState::Closed,
                BreakerState::HalfOpen => metrics::BreakerState::HalfOpen,
                BreakerState::Open => metrics::BreakerState::Open,
            };
            metrics.instance(&state.name, breaker, state.in_use, state.waiting);
            if let Some(seconds) = state.clock_ahead {
                metrics.instance_clock(&state.name, seconds);
            }
        }
        for (adapter, looked_at, changes) in self.instances.drift().totals() {
            metrics.answers_looked_at(&adapter, looked_at);
            for (change, total) in changes {
                metrics.adapter_drift(&adapter, change.name(), total);
            }
        }
        self.tell_of_keys();
        if let Some(sealing) = self.sealing() {
            metrics.seals(sealing.waiting, sealing.waited);
        }
        self.tell_of_copies();
        metrics.lines_dropped(self.telemetry.log.dropped());
        metrics.render()
    }

    fn tell_of_keys(&self) {
        let keys = self.keys();
        let seen = keys.iter().map(|key| KeySeen {
            key: &key.name,
            is_ready: key.is_ready(),
            rate: key.rate,
            waiting: key.waiting,
        });
        self.telemetry.metrics.keys(&seen.collect::<Vec<_>>());
    }

    fn tell_of_copies(&self) {
        let metrics = &self.telemetry.metrics;
        metrics.night_copies_forgotten();
        let Some(shelf) = self.instances.copies() else {
            return;
        };
        let today = Utc::now().with_timezone(&Rome).date_naive();
        for (place, tally) in shelf.tallies() {
            metrics.night_copy(&NightCopySeen {
                instance: &place.instance,
                ente: &place.ente,
                age_days: tally.date.map(|date| (today - date).num_days()),
                rows: tally.rows,
                rejected: tally.rejected,
                is_missing: tally.is_missing,
            });
        }
    }
}
