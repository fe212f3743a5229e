//! The gateway's own database: all SQL of ours is here and nowhere else.
//!
//! [`Store::reserve`] gives an exchange a [`Slot`] before its first stage; [`Slot::commit`] makes its [`record::Record`]
//! durable before its answer leaves. One writer thread commits whatever waits in one transaction, and with SQLite blocks
//! in it; another thread refuses what is not durable at its deadline.

pub mod record;
pub mod quota;
pub mod subject;
pub mod health;
pub mod read;
pub mod reader;
pub mod salts;
pub mod backup;
pub mod error;
pub mod retention;
pub mod richieste;
pub mod replay;
pub mod purges;
pub mod protection;
pub mod representation;
pub mod changed_code;
pub mod grants;
pub mod logbook;
pub mod breach;
pub mod vouchers;
pub mod evidence;
pub mod night;

mod waiting;
mod gathering;
mod queue;
mod writer;
mod batch;
mod contexts;
mod tables;
mod tokens;
mod upkeep;
mod enti;
mod export;

mod database;
mod deed;
mod link;
mod dialect;
mod schema;
mod keys;
mod sealing;
mod month;
mod disk;
mod sqlite;
mod postgres;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use chrono::{DateTime, Utc};
use parking_lot::Mutex;
use tokio::io::AsyncWrite;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::config::record::{RecordSettings, Retention};

pub use backup::Manifest;
pub use error::StoreError;
pub use health::{Degraded, Health};
pub use logbook::Logbook;
pub use month::Month;
pub use purges::Purges;
pub use quota::{QuotaHold, QuotaKey, Quotas};
pub use read::{Person, RecordFilter, RecordRow};
pub use reader::RecordReader;
pub use record::Record;
pub use replay::{Replay, SeenToken};
pub use richieste::{Richiesta, Richieste};
pub use salts::Erasure;
pub use schema::VERSION;
pub use subject::SubjectKeys;
pub use tokens::TokenRow;
pub use waiting::Slot;

use database::Database;
use evidence::making::RootMaker;
use evidence::{Found, SealedRoot, Seals};
use sealing::Ring;
use upkeep::Upkeep;
use waiting::Waitroom;
use writer::Writer;

/// Names the setting of the requests' keys where they are wrong.
const REQUEST_KEY: &str = "[record] request_key";

/// The record of exchanges and the counters that move with it. Cheap to clone; open once per process.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    room: Arc<Waitroom>,
    database: Database,
    quotas: Quotas,
    subject_keys: Arc<SubjectKeys>,
    richieste: Arc<Richieste>,
    replay: Replay,
    purges: Purges,
    seals: Arc<Seals>,
    logbook: Logbook,
    retention: Retention,
    deadline: Duration,
    ended: Mutex<Option<oneshot::Receiver<()>>>,
}

/// What `pontile migrate` did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrated {
    /// The months that the record holds, all of them at [`VERSION`] now.
    pub months: Vec<Month>,
    /// The file of the current month, if there was none.
    pub month_made: Option<Month>,
    /// Whether the key file was made.
    pub key_made: bool,
    /// Whether the file of the requests' keys was made.
    pub request_key_made: bool,
}

impl Store {
    /// Opens the record and starts its writer. Refuses a schema that this program does not work with.
    pub async fn open(
        settings: &RecordSettings,
        retention: Retention,
        node: &str,
    ) -> Result<Store, StoreError> {
        retention::check(retention)?;
        let database = Database::of(settings)?;
        let subject_keys = Arc::new(SubjectKeys::load(&settings.subject_key)?);
        database.check(&subject_keys).await?;
        let richieste = Arc::new(Richieste::new(
            database.clone(),
            settings.request_keys(),
            node,
            retention.requests_days,
        )?);
        let month = Month::of(Utc::now());
        database.refuse_if_vanished(month)?;
        evidence::go_on_behind_roots(&database, node, month).await?;
        let room = Arc::new(Waitroom::new(settings.slots));
        let quotas = Quotas::new(database.clone());
        let replay = Replay::new(database.clone());
        let purges = Purges::new(database.clone());
        let logbook = Logbook::in_database(database.clone());
        let writer = Writer::new(
            Arc::clone(&room),
            database.writer(node.into(), Arc::clone(&subject_keys)),
            quotas.table(),
            settings.deadline.0,
        );
        let upkeep = Upkeep {
            room: Arc::clone(&room),
            database: database.clone(),
            richieste: Arc::clone(&richieste),
            subject_keys: Arc::clone(&subject_keys),
            retention,
            node: node.to_owned(),
            free_disk: settings.free_disk.0,
        };
        upkeep.watch_disk();
        let seals = Arc::new(Seals::new(database.clone(), node));
        let roots = RootMaker::new(
            database.clone(),
            node,
            Arc::clone(&room),
            Arc::clone(&seals),
        );
        Ok(Store {
            inner: Arc::new(Inner {
                ended: Mutex::new(Some(start(
                    writer,
                    upkeep,
                    roots,
                    Arc::clone(&room),
                    settings.deadline.0,
                )?)),
                room,
                database,
                quotas,
                subject_keys,
                richieste,
                replay,
                purges,
                seals,
                logbook,
                retention,
                deadline: settings.deadline.0,
            }),
        })
    }

    /// Makes the database and the key file, or brings an older schema to [`VERSION`]; nodes of the version before go on.
    /// Refuses to put an empty record in the place of one that is gone.
    pub async fn migrate(settings: &RecordSettings) -> Result<Migrated, StoreError> {
        let database = Database::of(settings)?;
        database.refuse_if_lost(&settings.subject_key)?;
        make(&database, settings).await
    }

    /// The same, giving up the current month's exchanges where their file is gone.
    pub async fn begin_anew(settings: &RecordSettings) -> Result<Migrated, StoreError> {
        let database = Database::of(settings)?;
        database.begin_anew(Month::of(Utc::now()))?;
        make(&database, settings).await
    }

    /// Adds a version to the key file of the subjects' digests; running gateways take it up when they reload.
    pub async fn rotate_keys(settings: &RecordSettings) -> Result<i64, StoreError> {
        let keys = SubjectKeys::load(&settings.subject_key)?;
        Database::of(settings)?.only_to_read().check(&keys).await?;
        SubjectKeys::rotate(&settings.subject_key)
    }

    /// Adds a key to the file under which requests are sealed; running gateways take it up when they reload.
    pub fn rotate_request_keys(settings: &RecordSettings) -> Result<u32, StoreError> {
        Ring::rotate(&settings.request_keys(), REQUEST_KEY)
    }

    /// Erases salts beside a gateway that goes on; returns of how many exchanges.
    pub async fn erase_salts_beside(
        settings: &RecordSettings,
        erasure: Erasure,
    ) -> Result<u64, StoreError> {
        let database = Database::of(settings)?;
        let keys = SubjectKeys::load(&settings.subject_key)?;
        database.check(&keys).await?;
        salts::erase(&database, erasure).await
    }

    /// Backs the record up into a new or empty folder, beside a gateway that goes on, and verifies the backup.
    ///
    /// The key file is not in it; it is to be kept apart from the database.
    pub async fn backup(settings: &RecordSettings, to: &Path) -> Result<Manifest, StoreError> {
        backup::backup(settings, to).await
    }

    /// Checks a backup against its manifest.
    pub async fn verify(from: &Path) -> Result<Manifest, StoreError> {
        backup::verify(from).await
    }

    /// Verifies a backup and puts it where no record is yet: into an empty folder, or a database fresh from
    /// [`Store::migrate`]. The key file must have been restored before.
    pub async fn restore(settings: &RecordSettings, from: &Path) -> Result<Manifest, StoreError> {
        backup::restore(settings, from).await
    }

    /// Leave to carry out one exchange. Refuses when its record could not be taken.
    pub fn reserve(&self) -> Result<Slot, StoreError> {
        self.inner.room.reserve()
    }

    /// The daily quotas.
    pub fn quotas(&self) -> &Quotas {
        &self.inner.quotas
    }

    /// The requests that outlive their call.
    pub fn richieste(&self) -> &Richieste {
        &self.inner.richieste
    }

    /// What nodes tell each other to forget.
    pub fn purges(&self) -> &Purges {
        &self.inner.purges
    }

    /// The seals of this node's roots.
    pub fn seals(&self) -> &Seals {
        &self.inner.seals
    }

    /// The tokens that were used.
    pub fn replay(&self) -> &Replay {
        &self.inner.replay
    }

    /// What operators did.
    pub fn logbook(&self) -> &Logbook {
        &self.inner.logbook
    }

    /// The secrets of the persons' digests.
    pub fn subject_keys(&self) -> &SubjectKeys {
        &self.inner.subject_keys
    }

    /// How it goes.
    pub fn health(&self) -> Health {
        self.inner.room.health()
    }

    /// The exchanges that the filter lets through, the newest first.
    pub async fn list(&self, filter: &RecordFilter) -> Result<Vec<RecordRow>, StoreError> {
        read::list(&self.inner.database, filter, &self.inner.subject_keys).await
    }

    /// The ISTAT codes of the enti that were asked in the time of the filter, those that left the configuration included; perhaps of others.
    pub async fn enti_on_record(
        &self,
        filter: &RecordFilter,
    ) -> Result<BTreeSet<String>, StoreError> {
        enti::on_record(&self.inner.database, filter, &self.inner.subject_keys).await
    }

    /// Writes the exchanges asked of one ente that began in `from..to` as JSON lines, the oldest first; returns how many.
    pub async fn export(
        &self,
        ente: &str,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        out: &mut (dyn AsyncWrite + Unpin + Send),
    ) -> Result<u64, StoreError> {
        export::export(&self.inner.database, ente, from, to, out).await
    }

    /// The evidence of an exchange of this portal.
    pub async fn evidence_of(&self, portal: &str, scambio: Uuid) -> Result<Found, StoreError> {
        evidence::find(&self.inner.database, scambio, Some(portal)).await
    }

    /// The newest sealed root of each node.
    pub async fn newest_roots(&self) -> Result<Vec<SealedRoot>, StoreError> {
        evidence::newest_sealed(&self.inner.database).await
    }

    /// The roots of a node after a batch, so many at most, the oldest first.
    pub async fn roots_after(
        &self,
        node: &str,
        batch: u64,
        most: usize,
    ) -> Result<Vec<SealedRoot>, StoreError> {
        evidence::after(&self.inner.database, node, batch, most).await
    }

    /// Erases salts, after which their digests prove nothing any more; returns of how many exchanges.
    pub async fn erase_salts(&self, erasure: Erasure) -> Result<u64, StoreError> {
        salts::erase(&self.inner.database, erasure).await
    }

    /// Drops the months that are past their retention; returns them. The store does so by itself every hour.
    pub async fn prune(&self, now: DateTime<Utc>) -> Result<Vec<Month>, StoreError> {
        retention::prune(&self.inner.database, self.inner.retention, now).await
    }

    /// Refuses new exchanges, lets those in flight commit within the record's deadline, and closes the database.
    pub async fn close(&self) {
        let room = &self.inner.room;
        room.close();
        let empty = async {
            while room.slots_taken() > 0 {
                room.freed.notified().await;
            }
        };
        if tokio::time::timeout(self.inner.deadline, empty)
            .await
            .is_err()
        {
            tracing::warn!(
                slots = room.slots_taken(),
                "la registrazione si chiude con scambi in corso"
            );
        }
        self.inner.richieste.close().await;
        self.inner.replay.close().await;
        self.inner.purges.close().await;
        self.inner.seals.close().await;
        room.stop();
        let ended = self.inner.ended.lock().take();
        if let Some(ended) = ended
            && tokio::time::timeout(self.inner.deadline, ended)
                .await
                .is_err()
        {
            tracing::warn!("la registrazione si chiude benché l'ultima scrittura non finisca");
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.room.stop();
    }
}

async fn make(database: &Database, settings: &RecordSettings) -> Result<Migrated, StoreError> {
    let current = Month::of(Utc::now());
    let (months, made) = database.migrate(current).await?;
    let key_made = SubjectKeys::create(&settings.subject_key)?;
    let request_key_made = Ring::create(&settings.request_keys(), "le richieste aperte")?;
    Ok(Migrated {
        months,
        month_made: made.then_some(current),
        key_made,
        request_key_made,
    })
}

/// Starts the writer, the keeper of its deadline, the upkeep and the maker of the roots, each on a thread of its own: no worker's end takes them
/// along, and a writer that is stuck in the kernel stops neither of the others.
fn start(
    writer: Writer,
    upkeep: Upkeep,
    roots: RootMaker,
    room: Arc<Waitroom>,
    deadline: Duration,
) -> Result<oneshot::Receiver<()>, StoreError> {
    let (writing, keeping, making) = (runtime()?, runtime()?, runtime()?);
    let (end, ended) = oneshot::channel();
    let (upkeep_end, upkeep_ended) = oneshot::channel::<()>();
    let watched = Arc::clone(&room);
    thread("record-deadline", move || watched.keep_deadline(deadline))?;
    let upkeep = thread("record-upkeep", move || {
        keeping.block_on(upkeep.run(upkeep_ended));
    })?;
    let (roots_end, roots_ended) = oneshot::channel::<()>();
    let roots = thread("record-roots", move || {
        making.block_on(roots.run(roots_ended));
    })?;
    thread("record", move || {
        let _abandon = AbandonWhenDropped(room);
        writing.block_on(writer.run());
        drop(upkeep_end);
        drop(roots_end);
        let _ = upkeep.join();
        let _ = roots.join();
        let _ = end.send(());
    })?;
    Ok(ended)
}

fn thread(name: &str, body: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StoreError> {
    let thread = std::thread::Builder::new().name(name.to_owned());
    thread.spawn(body).map_err(not_started)
}

fn runtime() -> Result<tokio::runtime::Runtime, StoreError> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().map_err(not_started)
}

fn not_started(source: std::io::Error) -> StoreError {
    StoreError::File {
        what: "avviare la scrittura della registrazione".to_owned(),
        source,
    }
}

/// However the writer ends, nobody waits for it in vain.
struct AbandonWhenDropped(Arc<Waitroom>);

impl Drop for AbandonWhenDropped {
    fn drop(&mut self) {
        self.0.abandon();
    }
}
