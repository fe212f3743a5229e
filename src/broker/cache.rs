//! Stage 4: is the answer known. One fetch for many waiting; what is kept lives in memory only and never past its bound.
//!
//! Only answers are kept: not found, refusals and errors never are.

mod flight;

use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use foldhash::fast::RandomState as Quick;
use moka::Expiry;
use tokio::time::timeout_at;
use uuid::Uuid;

use crate::config::cache::Cache as Settings;
use crate::config::instance::InstanceSettings;
use crate::connectors::adapter::Adapter;
use crate::connectors::error::{ConnectorError, Kind};
use crate::contract::luogo::CodiceIstat;
use crate::contract::operation::{FieldSet, Operation};
use crate::contract::question::Parameters;
use crate::gateway::Gateway;

use flight::{Fetching, Flights, Part};

use super::arrival::Arrival;
use super::authorization::Permit;
use super::dispatch::{self, Fetched, Target};
use super::error::ExchangeError;
use super::protection;
use super::record::{Stage, Trail};

/// An answer and how it was come by.
pub struct Found {
    /// What the back end answered.
    pub fetched: Arc<Fetched>,
    /// Whether it was waiting here.
    pub state: CacheState,
    /// How old it is.
    pub age: Duration,
}

/// Where an answer was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheState {
    /// Just fetched.
    Fresca,
    /// In the cache, within its lifetime.
    Cache,
    /// In the cache past its lifetime, given because the back end fails.
    Scaduta,
}

impl CacheState {
    /// The state's name in the record.
    pub fn name(self) -> &'static str {
        match self {
            CacheState::Fresca => "fresca",
            CacheState::Cache => "cache",
            CacheState::Scaduta => "scaduta",
        }
    }
}

/// What makes two answers the same one.
#[derive(Debug, Clone)]
struct Key {
    ente: CodiceIstat,
    operation: Operation,
    instance: Arc<InstanceSettings>,
    adapter: Arc<Adapter>,
    parameters: Parameters,
    fetched: FieldSet,
    /// The portal, if the back end knows it by an account of its own and notes what that one asked.
    account: Option<String>,
    /// The exchange, if the back end is told for whom it is asked: then nobody else may have the answer.
    only_for: Option<Uuid>,
    /// Of the above; computed once, since a fetch looks it up many times.
    hash: u64,
}

impl PartialEq for Key {
    fn eq(&self, other: &Key) -> bool {
        self.hash == other.hash
            && self.parameters == other.parameters
            && self.ente == other.ente
            && self.operation == other.operation
            && self.fetched == other.fetched
            && self.account == other.account
            && self.only_for == other.only_for
            // Nearly always the very same, which need not be looked at.
            && (Arc::ptr_eq(&self.instance, &other.instance)
                || self.instance.name == other.instance.name)
            && (Arc::ptr_eq(&self.adapter, &other.adapter)
                || self.adapter.digest() == other.adapter.digest())
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

struct Entry {
    fetched: Arc<Fetched>,
    fresh_until: Instant,
    gone_at: Instant,
}

type Outcome = Result<Arc<Fetched>, ConnectorError>;

/// The answers kept, and the fetches under way.
pub struct Cache {
    /// Their keys are hashed already, by a hasher that no outsider can foresee.
    entries: moka::sync::Cache<Key, Arc<Entry>, Quick>,
    flights: Flights<Key, Outcome>,
    hasher: RandomState,
    /// Raised by every purge: a fetch begun before one must not bring back what it removed.
    purges: AtomicU64,
    longest: Duration,
    stale: Duration,
}

/// Which answers to forget; an absent criterion matches all.
#[derive(Debug, Clone, Default)]
pub struct Purge {
    /// Those of this ente.
    pub ente: Option<CodiceIstat>,
    /// Those to this operation.
    pub operation: Option<Operation>,
    /// Those asked about or disclosing this person, by upper-case code.
    pub soggetto: Option<String>,
}

struct GoneAt;

impl Expiry<Key, Arc<Entry>> for GoneAt {
    fn expire_after_create(&self, _: &Key, entry: &Arc<Entry>, now: Instant) -> Option<Duration> {
        Some(entry.gone_at.saturating_duration_since(now))
    }

    fn expire_after_update(
        &self,
        _: &Key,
        entry: &Arc<Entry>,
        now: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(entry.gone_at.saturating_duration_since(now))
    }
}

impl Cache {
    /// An empty cache within these bounds.
    pub fn new(settings: &Settings) -> Cache {
        let entries = moka::sync::Cache::builder()
            .max_capacity(settings.size.0)
            .weigher(|_: &Key, entry: &Arc<Entry>| {
                let fetched = &entry.fetched;
                let weight = fetched.answer.document.weight() + fetched.origine.weight();
                u32::try_from(weight + 512).unwrap_or(u32::MAX)
            })
            .expire_after(GoneAt)
            .build_with_hasher(Quick::default());
        Cache {
            entries,
            flights: Flights::default(),
            hasher: RandomState::new(),
            purges: AtomicU64::new(0),
            longest: settings.longest.0,
            stale: settings.stale_on_error.0,
        }
    }

    /// The age up to which an answer is given that its adapter keeps so long: while the back end answers, and while it fails.
    pub fn ages(&self, keep: Option<Duration>) -> (Duration, Duration) {
        match keep {
            Some(keep) => {
                let fresh = keep.min(self.longest);
                (fresh, fresh + self.stale)
            }
            None => (Duration::ZERO, Duration::ZERO),
        }
    }

    fn key(&self, permit: &Permit, target: &Target, scambio: Uuid) -> Key {
        let (ente, operation) = (&target.tenant.codice_istat, permit.operation());
        let parameters = permit.parameters();
        // Instance and adapter are nearly always those of the ente: hashing them would tell nothing apart.
        let hash = self
            .hasher
            .hash_one((parameters, ente, operation, target.fields));
        Key {
            ente: ente.clone(),
            operation,
            instance: Arc::clone(&target.instance),
            adapter: Arc::clone(&target.adapter),
            parameters: parameters.clone(),
            fetched: target.fields,
            account: target
                .instance
                .of_portal(Some(&permit.portal().name))
                .map(|_| permit.portal().name.clone()),
            only_for: target.instance.answers_one_request().then_some(scambio),
            hash,
        }
    }

    /// Forgets what matches; returns how many answers that were.
    pub fn purge(&self, what: &Purge) -> usize {
        self.purges.fetch_add(1, Ordering::SeqCst);
        let matching: Vec<Arc<Key>> = self
            .entries
            .iter()
            .filter(|(key, entry)| what.matches(key, entry))
            .map(|(key, _)| key)
            .collect();
        for key in &matching {
            self.entries.invalidate(key.as_ref());
        }
        matching.len()
    }

    /// Forgets the answers asked about or naming whomever that is said of.
    pub fn forget(&self, is_meant: impl Fn(&str) -> bool) {
        self.purges.fetch_add(1, Ordering::SeqCst);
        let about = |key: &Key, entry: &Entry| {
            key.parameters.soggetto().is_some_and(&is_meant)
                || entry.fetched.answer.document.codes().any(&is_meant)
        };
        let entries = self.entries.iter();
        let about: Vec<_> = entries.filter(|(key, entry)| about(key, entry)).collect();
        for (key, _) in about {
            self.entries.invalidate(key.as_ref());
        }
    }

    /// Bytes held, as the bound counts them.
    pub fn bytes(&self) -> u64 {
        self.entries.weighted_size()
    }

    /// Lets go of what has passed its bound; to be called every few seconds, since nothing else may touch the cache.
    pub fn sweep(&self) {
        self.entries.run_pending_tasks();
    }

    /// Keeps what a fetch brought, unless a purge came since it began.
    fn keep(&self, key: &Arc<Key>, fetched: &Arc<Fetched>, lifetime: Duration, purges: u64) {
        let purged = || self.purges.load(Ordering::SeqCst) != purges;
        if purged() {
            return;
        }
        let (fresh, at_last) = self.ages(Some(lifetime));
        let entry = Entry {
            fetched: Arc::clone(fetched),
            fresh_until: fetched.at + fresh,
            gone_at: fetched.at + at_last,
        };
        self.entries.insert(Key::clone(key), Arc::new(entry));
        // A purge that came just now may have looked before this entry was there.
        if purged() {
            self.entries.invalidate(key.as_ref());
        }
    }
}

impl Purge {
    /// As nodes tell each other, by codes and names: what is not known here is matched by all.
    pub fn told(ente: Option<&str>, operation: Option<&str>) -> Purge {
        Purge {
            ente: ente.and_then(CodiceIstat::parse),
            operation: operation.and_then(Operation::named),
            soggetto: None,
        }
    }

    /// What can be told without naming anybody: ente and operation.
    pub fn to_tell(&self) -> (Option<&str>, Option<&'static str>) {
        let ente = self.ente.as_ref().map(CodiceIstat::as_str);
        (ente, self.operation.map(Operation::name))
    }

    fn matches(&self, key: &Key, entry: &Entry) -> bool {
        let soggetto = self.soggetto.as_deref();
        self.ente.as_ref().is_none_or(|ente| *ente == key.ente)
            && self
                .operation
                .is_none_or(|operation| operation == key.operation)
            && soggetto.is_none_or(|code| {
                key.parameters.soggetto() == Some(code) || entry.fetched.answer.document.names(code)
            })
    }
}

/// Gives the answer that is kept, or fetches it, or waits for one who does; an outage may be bridged by an answer past
/// its lifetime.
pub(super) async fn get_or_fetch(
    gateway: &Gateway,
    permit: &Permit,
    arrival: &Arrival,
    trail: &mut Trail,
) -> Result<Found, ExchangeError> {
    trail.lap(Stage::Limits);
    if protection::is_asked_about(gateway, permit) {
        return protection::fetch(gateway, permit, arrival, trail).await;
    }
    let target = dispatch::target_at(permit, arrival.at)?;
    trail.answered_by(&target.adapter);
    let key = Arc::new(gateway.cache.key(permit, &target, arrival.scambio));
    let kept = if permit.fresh() {
        None
    } else {
        gateway.cache.entries.get(key.as_ref())
    };
    trail.lap(Stage::Cache);
    if let Some(entry) = kept
        .as_ref()
        .filter(|entry| Instant::now() < entry.fresh_until)
    {
        return Ok(found(
            gateway,
            permit,
            &entry.fetched,
            CacheState::Cache,
            trail,
        ));
    }
    let cache = &gateway.cache;
    // A portal that insists on a fresh answer must not get one whose fetch began before it asked, and nobody one whose
    // fetch began before a purge.
    let purges = cache.purges.load(Ordering::SeqCst);
    let deadline = arrival.deadline.into();
    let outcome = match cache.flights.join_or_begin(&key, purges, permit.fresh()) {
        Part::Wait(told) => timeout_at(deadline, told)
            .await
            .map(|told| told.unwrap_or_else(|_| Err(given_up()))),
        // On the heap, so that exchanges that need no fetch need no room for one.
        Part::Fetch(fetching) => {
            let fetch = Box::pin(fetch(gateway, permit, target, &key, arrival, fetching));
            timeout_at(deadline, fetch).await
        }
    };
    trail.lap(Stage::Dispatch);
    match outcome {
        Err(_) => stale(gateway, permit, &key, trail).ok_or(ExchangeError::DeadlinePassed),
        Ok(Ok(fetched)) => Ok(found(gateway, permit, &fetched, CacheState::Fresca, trail)),
        Ok(Err(failure)) if failure.leaves_the_answer_open() => {
            stale(gateway, permit, &key, trail).ok_or(ExchangeError::BackEnd(failure))
        }
        Ok(Err(failure)) => {
            gateway.cache.entries.invalidate(key.as_ref());
            Err(ExchangeError::BackEnd(failure))
        }
    }
}

/// What is told of an answer: without the protected persons whom it names, where the purpose does not show them.
pub(super) fn found(
    gateway: &Gateway,
    permit: &Permit,
    fetched: &Arc<Fetched>,
    state: CacheState,
    trail: &mut Trail,
) -> Found {
    let fetched = protection::without_the_protected(gateway, permit, fetched);
    let age = fetched.at.elapsed();
    trail.found(&fetched, state, age);
    Found {
        fetched,
        state,
        age,
    }
}

/// The answer past its lifetime that may bridge an outage. It is looked up anew: while the fetch went on, its bound may have
/// passed or an operator may have purged it.
fn stale(gateway: &Gateway, permit: &Permit, key: &Key, trail: &mut Trail) -> Option<Found> {
    let kept = if permit.fresh() {
        None
    } else {
        gateway.cache.entries.get(key)
    };
    kept.map(|entry| found(gateway, permit, &entry.fetched, CacheState::Scaduta, trail))
}

/// Fetches, keeps what may be kept, and tells those who wait for the same.
async fn fetch(
    gateway: &Gateway,
    permit: &Permit,
    target: Target,
    key: &Arc<Key>,
    arrival: &Arrival,
    fetching: Fetching<'_, Key, Outcome>,
) -> Outcome {
    let lifetime = target.lifetime;
    let outcome = dispatch::fetch(gateway, permit, target, arrival)
        .await
        .map(Arc::new);
    if let (Ok(fetched), Some(lifetime)) = (&outcome, lifetime)
        && !protection::names_protected(gateway, &fetched.answer.document)
    {
        gateway
            .cache
            .keep(key, fetched, lifetime, fetching.purges());
    }
    fetching.tell(&outcome);
    outcome
}

fn given_up() -> ConnectorError {
    ConnectorError::permanent(Kind::Gateway, "the fetch ended by a fault of ours")
}
