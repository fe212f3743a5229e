//! Requests that outlive their call: durable before anyone is told of them, sealed, each owned by its portal, deleted in time.

mod row;

use std::sync::{Arc, LazyLock};

use arc_swap::ArcSwap;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::config::secret::SecretReference;
use crate::contract::luogo::CodiceIstat;
use crate::contract::richiesta::Stato;

use super::database::Database;
use super::dialect::Bind;
use super::error::StoreError;
use super::sealing::Ring;

use super::link::{Link, Parameters};
use row::{COLUMNS, Part, Sealed};

pub use row::{OpenRequests, Richiesta, Way};

/// How long a node keeps a request to itself once it took it; a node that died gives it back by then.
const HOLD: TimeDelta = TimeDelta::seconds(120);

/// What an officer answers, and what an officer decides.
const MANUAL: (Way, Stato) = (Way::Manual, Stato::Inoltrata);
const UNSETTLED: (Way, Stato) = (Way::Write, Stato::EsitoIgnoto);

/// Days for which a request that came to its end may be kept at most.
pub const MOST_REQUEST_DAYS: u32 = 30;

/// The requests that outlive their call.
pub struct Richieste {
    database: Database,
    ring: ArcSwap<Ring>,
    keys: SecretReference,
    node: String,
    kept: TimeDelta,
    /// Few statements, each short: one connection carries them, one after the other.
    link: Mutex<Option<Link>>,
}

impl Richieste {
    pub(super) fn new(
        database: Database,
        keys: SecretReference,
        node: &str,
        kept_days: u32,
    ) -> Result<Richieste, StoreError> {
        Ok(Richieste {
            database,
            ring: ArcSwap::from_pointee(Ring::read(&keys, super::REQUEST_KEY)?),
            keys,
            node: node.to_owned(),
            kept: TimeDelta::days(kept_days.into()),
            link: Mutex::new(None),
        })
    }

    /// Seals bytes that leave this process for a while, for one use; every node that has the keys opens them, nobody else.
    pub fn seal_for(&self, purpose: &str, bytes: &[u8]) -> Vec<u8> {
        self.ring.load().seal(purpose.as_bytes(), bytes)
    }

    /// Opens what was sealed for that use.
    pub fn open_sealed(&self, purpose: &str, sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
        self.ring.load().open(purpose.as_bytes(), sealed)
    }

    /// How long a request is kept after its end, for its portal to pick up.
    pub fn kept(&self) -> TimeDelta {
        self.kept
    }

    /// Makes a new request durable, where its portal has fewer than `most` open. `false`: nothing was made, since it has so
    /// many, or since one with the same idempotency digest is there already.
    pub async fn open(&self, new: &Richiesta, most: u32) -> Result<bool, StoreError> {
        self.open_for(None, new, most).await
    }

    /// The same for a request that this node keeps to itself until it is saved or a while has passed: a write before anything
    /// of it is sent.
    pub async fn open_held(&self, new: &Richiesta, most: u32) -> Result<bool, StoreError> {
        self.open_for(Some(&self.node), new, most).await
    }

    async fn open_for(
        &self,
        holder: Option<&str>,
        new: &Richiesta,
        most: u32,
    ) -> Result<bool, StoreError> {
        let sealed = self.sealed(new);
        let held_until = holder.map(|_| (Utc::now() + HOLD).timestamp_micros());
        let parameters = |to: &mut dyn Bind| {
            new.bind(&sealed, to);
            to.text(holder);
            to.number(held_until);
            to.text(Some(&new.portal));
            to.number(Some(most.into()));
        };
        let done = self
            .with_link(async |link| link.execute_alone(&new.portal, &INSERT, &parameters).await)
            .await?;
        Ok(done == 1)
    }

    /// Makes durable that a write leaves for the back end now; `false`: it changed since it was read, and nothing may leave.
    pub async fn leaves(&self, write: &mut Richiesta) -> Result<bool, StoreError> {
        let now = Utc::now();
        let done = self
            .execute(LEAVES, &|to| {
                to.text(Some(Stato::Inoltrata.name()));
                to.number(Some(now.timestamp_micros()));
                to.bytes(Some(write.id.as_bytes()));
                to.number(Some(write.version));
            })
            .await?;
        if done == 1 {
            write.version += 1;
            (write.state, write.changed) = (Stato::Inoltrata, now);
        }
        Ok(done == 1)
    }

    /// Forgets a write of which nothing was done, so that its key is free again; `false`: it changed since it was read.
    pub async fn release(&self, write: &Richiesta) -> Result<bool, StoreError> {
        let done = self
            .execute(RELEASE, &|to| {
                to.bytes(Some(write.id.as_bytes()));
                to.number(Some(write.version));
            })
            .await?;
        Ok(done == 1)
    }

    /// The request of that number, if it is that portal's.
    pub async fn of_portal(&self, id: Uuid, portal: &str) -> Result<Option<Richiesta>, StoreError> {
        let found = self
            .fetch(&OF_PORTAL, &|to| {
                to.bytes(Some(id.as_bytes()));
                to.text(Some(portal));
            })
            .await?;
        Ok(found.into_iter().next())
    }

    /// The write that was opened under that idempotency digest.
    pub async fn of_key(&self, idempotency: &[u8; 32]) -> Result<Option<Richiesta>, StoreError> {
        let found = self
            .fetch(&OF_KEY, &|to| to.bytes(Some(idempotency)))
            .await?;
        Ok(found.into_iter().next())
    }

    /// What waits for an officer of the ente, the oldest first, at most so many: requests to be answered by hand, and writes of
    /// unknown outcome.
    pub async fn waiting_at(
        &self,
        ente: &CodiceIstat,
        most: u32,
    ) -> Result<Vec<Richiesta>, StoreError> {
        self.fetch(&WAITING_AT, &|to| {
            to.text(Some(ente.as_str()));
            for (way, state) in [MANUAL, UNSETTLED] {
                to.text(Some(way.name()));
                to.text(Some(state.name()));
            }
            to.number(Some(most.into()));
        })
        .await
    }

    /// The request of that number that waits to be answered by hand.
    pub async fn waiting(&self, id: Uuid) -> Result<Option<Richiesta>, StoreError> {
        self.that_waits(id, MANUAL).await
    }

    /// The write of that number whose outcome is unknown.
    pub async fn unsettled(&self, id: Uuid) -> Result<Option<Richiesta>, StoreError> {
        self.that_waits(id, UNSETTLED).await
    }

    async fn that_waits(
        &self,
        id: Uuid,
        (way, state): (Way, Stato),
    ) -> Result<Option<Richiesta>, StoreError> {
        let found = self
            .fetch(&WAITING, &|to| {
                to.bytes(Some(id.as_bytes()));
                to.text(Some(way.name()));
                to.text(Some(state.name()));
            })
            .await?;
        Ok(found.into_iter().next())
    }

    /// Keeps everybody else off a request until it is saved or a while has passed; `false`: it changed since it was read, or
    /// another holds it.
    pub async fn hold_if_free(&self, one: &mut Richiesta) -> Result<bool, StoreError> {
        let now = Utc::now();
        let done = self
            .execute(HOLD_IF_FREE, &|to| {
                to.text(Some(&self.node));
                to.number(Some((now + HOLD).timestamp_micros()));
                to.bytes(Some(one.id.as_bytes()));
                to.number(Some(one.version));
                to.number(Some(now.timestamp_micros()));
            })
            .await?;
        if done == 1 {
            one.version += 1;
        }
        Ok(done == 1)
    }

    /// The requests that are due, for this node alone until it saves them or a while has passed.
    pub async fn take_due(
        &self,
        now: DateTime<Utc>,
        most: u32,
    ) -> Result<Vec<Richiesta>, StoreError> {
        self.take(&DUE, now, most).await
    }

    /// The requests whose delivery is due, held the same way.
    pub async fn take_push_due(
        &self,
        now: DateTime<Utc>,
        most: u32,
    ) -> Result<Vec<Richiesta>, StoreError> {
        self.take(&PUSH_DUE, now, most).await
    }

    async fn take(
        &self,
        which: &'static str,
        now: DateTime<Utc>,
        most: u32,
    ) -> Result<Vec<Richiesta>, StoreError> {
        let found = self
            .fetch(which, &|to| {
                to.number(Some(now.timestamp_micros()));
                to.number(Some(now.timestamp_micros()));
                to.number(Some(most.into()));
            })
            .await?;
        let mut taken = Vec::with_capacity(found.len());
        for mut richiesta in found {
            if self.hold(&mut richiesta, now).await? {
                taken.push(richiesta);
            }
        }
        Ok(taken)
    }

    /// Keeps other nodes off a request; `false`: another was quicker.
    async fn hold(&self, one: &mut Richiesta, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let changed = self
            .execute(HOLD_ONE, &|to| {
                to.text(Some(&self.node));
                to.number(Some((now + HOLD).timestamp_micros()));
                to.bytes(Some(one.id.as_bytes()));
                to.number(Some(one.version));
            })
            .await?;
        one.version += 1;
        Ok(changed == 1)
    }

    /// Gives back what this node held when it ended; to be called once, before it takes anything.
    pub async fn take_up_again(&self) -> Result<(), StoreError> {
        let own = |to: &mut dyn Bind| to.text(Some(&self.node));
        self.execute(GIVE_BACK, &own).await.map(drop)
    }

    /// Makes a changed request durable and gives it back; `false`: it changed since it was read, and stays as it is.
    pub async fn save(&self, changed: &mut Richiesta) -> Result<bool, StoreError> {
        let sealed = self.sealed(changed);
        let now = Utc::now();
        let done = self
            .execute(SAVE, &|to| {
                to.text(Some(changed.state.name()));
                for instant in [now, changed.gives_up, changed.gone] {
                    to.number(Some(instant.timestamp_micros()));
                }
                to.number(changed.due.map(|due| due.timestamp_micros()));
                to.number(Some(changed.turns.into()));
                to.bytes(sealed.progress.as_deref());
                to.bytes(sealed.outcome.as_deref());
                to.number(changed.push_due.map(|due| due.timestamp_micros()));
                to.number(Some(changed.push_turns.into()));
                to.bytes(Some(changed.id.as_bytes()));
                to.number(Some(changed.version));
            })
            .await?;
        if done == 1 {
            changed.version += 1;
            changed.changed = now;
        }
        Ok(done == 1)
    }

    /// The requests that are open, by way and state.
    pub async fn open_by_state(&self) -> Result<Vec<OpenRequests>, StoreError> {
        self.with_link(async |link| {
            link.fetch(&OPEN_BY_STATE, &|_| {}, OpenRequests::read)
                .await
        })
        .await
    }

    /// Takes up keys that the file has now and had not at the start. One that was there may not be missing: what it sealed would
    /// not open.
    pub fn reload_keys(&self) -> Result<(), StoreError> {
        let found = Ring::read(&self.keys, super::REQUEST_KEY)?;
        if !found.has_all_of(&self.ring.load()) {
            return Err(StoreError::Settings(format!(
                "{}: {}: una chiave manca: se ne possono solo aggiungere",
                super::REQUEST_KEY,
                self.keys
            )));
        }
        self.ring.store(Arc::new(found));
        Ok(())
    }

    /// Deletes those past their time; returns how many. The store does so by itself.
    pub async fn prune(&self, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let past = |to: &mut dyn Bind| to.number(Some(now.timestamp_micros()));
        self.execute(PRUNE, &past).await
    }

    /// Lets go of the connection; what is asked afterwards opens another.
    pub(super) async fn close(&self) {
        if let Some(link) = self.link.lock().await.take()
            && let Err(error) = link.close().await
        {
            tracing::warn!(%error, "la base dati delle richieste non si è chiusa in ordine");
        }
    }

    fn sealed(&self, one: &Richiesta) -> Sealed {
        let ring = self.ring.load();
        let seal = |part, bytes: &[u8]| ring.seal(&one.place(part), bytes);
        let some = |part, bytes: &Option<Vec<u8>>| bytes.as_deref().map(|bytes| seal(part, bytes));
        Sealed {
            question: seal(Part::Question, &one.question),
            progress: some(Part::Progress, &one.progress),
            outcome: some(Part::Outcome, &one.outcome),
        }
    }

    fn unsealed(&self, mut one: Richiesta) -> Result<Richiesta, StoreError> {
        let ring = self.ring.load();
        one.question = ring.open(&one.place(Part::Question), &one.question)?;
        for part in [Part::Progress, Part::Outcome] {
            let place = one.place(part);
            let sealed = match part {
                Part::Progress => &mut one.progress,
                _ => &mut one.outcome,
            };
            if let Some(bytes) = sealed {
                *bytes = ring.open(&place, bytes)?;
            }
        }
        Ok(one)
    }

    async fn execute(
        &self,
        sql: &'static str,
        parameters: Parameters<'_>,
    ) -> Result<u64, StoreError> {
        self.with_link(async |link| link.execute(sql, parameters).await)
            .await
    }

    async fn fetch(
        &self,
        sql: &'static str,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Richiesta>, StoreError> {
        let rows = self
            .with_link(async |link| link.fetch(sql, parameters, Richiesta::read).await)
            .await?;
        rows.into_iter().map(|row| self.unsealed(row)).collect()
    }

    /// Does something over the connection; one that failed is not used again.
    async fn with_link<T>(
        &self,
        work: impl AsyncFnOnce(&mut Link) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut held = self.link.lock().await;
        let mut link = Link::standing(&mut held, &self.database).await?;
        let done = work(&mut link).await;
        if done.as_ref().err().is_none_or(StoreError::is_about_values) {
            *held = Some(link);
        }
        done
    }
}

const SAVE: &str = "UPDATE richiesta SET state = ?, changed = ?, gives_up = ?, gone = ?, due = ?, turns = ?, progress = ?, \
     outcome = ?, push_due = ?, push_turns = ?, holder = NULL, held_until = NULL, version = version + 1 \
     WHERE id = ? AND version = ?";

const LEAVES: &str = "UPDATE richiesta SET state = ?, changed = ?, version = version + 1 WHERE id = ? AND version = ?";

const RELEASE: &str = "DELETE FROM richiesta WHERE id = ? AND version = ?";

const HOLD_ONE: &str = "UPDATE richiesta SET holder = ?, held_until = ?, version = version + 1 WHERE id = ? AND version = ?";

const HOLD_IF_FREE: &str = "UPDATE richiesta SET holder = ?, held_until = ?, version = version + 1 \
     WHERE id = ? AND version = ? AND (held_until IS NULL OR held_until <= ?)";

const GIVE_BACK: &str = "UPDATE richiesta SET holder = NULL, held_until = NULL WHERE holder = ?";

const PRUNE: &str = "DELETE FROM richiesta WHERE gone <= ?";

/// What is open, as the index of open requests says it: with parameters it would not be used.
const OPEN: &str = "state IN ('accolta', 'inoltrata', 'esito_ignoto')";

static OPEN_BY_STATE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT way, state, count(*), min(opened) FROM richiesta WHERE {OPEN} GROUP BY way, state ORDER BY way, state"
    )
});

static INSERT: LazyLock<String> = LazyLock::new(|| {
    let places = vec!["?"; COLUMNS.split(',').count() + 2].join(", ");
    format!(
        "INSERT INTO richiesta ({COLUMNS}, holder, held_until) SELECT {places} \
         WHERE (SELECT count(*) FROM richiesta WHERE portal = ? AND {OPEN}) < ? ON CONFLICT DO NOTHING"
    )
});

static OF_PORTAL: LazyLock<String> = LazyLock::new(|| select("id = ? AND portal = ?"));

static OF_KEY: LazyLock<String> = LazyLock::new(|| select("idempotency = ?"));

static WAITING_AT: LazyLock<String> = LazyLock::new(|| {
    select(
        "ente = ? AND ((way = ? AND state = ?) OR (way = ? AND state = ?)) ORDER BY opened LIMIT ?",
    )
});

static WAITING: LazyLock<String> = LazyLock::new(|| select("id = ? AND way = ? AND state = ?"));

static DUE: LazyLock<String> = LazyLock::new(|| {
    select("due <= ? AND (held_until IS NULL OR held_until <= ?) ORDER BY due LIMIT ?")
});

static PUSH_DUE: LazyLock<String> = LazyLock::new(|| {
    select("push_due <= ? AND (held_until IS NULL OR held_until <= ?) ORDER BY push_due LIMIT ?")
});

fn select(which: &str) -> String {
    format!("SELECT {COLUMNS} FROM richiesta WHERE {which}")
}
