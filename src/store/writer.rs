//! The writer: takes what waits, makes it durable in one transaction, tells every exchange, and looks again.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::database::{DatabaseWriter, Totals};
use super::error::StoreError;
use super::gathering::{Group, Waiting};
use super::month::Month;
use super::queue::Task;
use super::quota::QuotaTable;
use super::record::Record;
use super::waiting::Waitroom;

/// Between two attempts to write again after a failure.
const PROBE_PAUSE: Duration = Duration::from_millis(250);

/// Records in a batch from which on more are on their way.
const MANY: usize = 8;

/// How long the writer then leaves them to gather: a commit costs much the same for few and for many, and while it sleeps
/// nobody has to wake it. Where few exchanges are under way nobody waits.
const GATHERING: Duration = Duration::from_micros(300);

pub(super) struct Writer {
    room: Arc<Waitroom>,
    database: DatabaseWriter,
    quotas: Arc<QuotaTable>,
    deadline: Duration,
    /// Exchanges that are or may be in the database although their answers were not given.
    withheld: Vec<Uuid>,
}

impl Writer {
    pub(super) fn new(
        room: Arc<Waitroom>,
        database: DatabaseWriter,
        quotas: Arc<QuotaTable>,
        deadline: Duration,
    ) -> Writer {
        Writer {
            room,
            database,
            quotas,
            deadline,
            withheld: Vec::new(),
        }
    }

    /// Writes until it is asked to end and nothing waits any more. Blocks its thread, which it must have for itself.
    pub(super) async fn run(mut self) {
        loop {
            match self.room.next_task() {
                Task::Write(groups) => {
                    let records: usize = groups.iter().map(Vec::len).sum();
                    self.write_groups(groups).await;
                    if records >= MANY {
                        #[expect(
                            clippy::disallowed_methods,
                            reason = "the thread is the writer's own"
                        )]
                        std::thread::sleep(GATHERING);
                    }
                }
                Task::Probe => self.probe().await,
                Task::End => break,
            }
        }
        if let Err(error) = self.database.close().await {
            tracing::warn!(%error, "la base dati della registrazione non si è chiusa in ordine");
        }
    }

    /// Writes what the groups hold, then tells each of them at once.
    async fn write_groups(&mut self, mut groups: Vec<Vec<Waiting>>) {
        self.withheld.extend(self.room.take_withheld());
        let mut undecided: Vec<&mut Waiting> = groups.iter_mut().flatten().collect();
        while let Some(first) = undecided.first() {
            let (month, deadline) = (first.month, first.since + self.deadline);
            let other = undecided.iter().any(|waiting| waiting.month != month);
            let mut of_month = std::mem::take(&mut undecided);
            if other {
                (of_month, undecided) = of_month
                    .into_iter()
                    .partition(|waiting| waiting.month == month);
            }
            self.write_month(month, &mut of_month, deadline).await;
        }
        match self.room.hand_back() {
            Some(tellings) => {
                for (telling, waiting) in tellings.into_iter().zip(groups) {
                    if let Err(untold) = telling.tell(waiting) {
                        self.withheld.extend(Group::durable(&untold.waiting));
                    }
                }
            }
            None => self
                .withheld
                .extend(groups.iter().flat_map(|waiting| Group::durable(waiting))),
        }
    }

    async fn write_month(&mut self, month: Month, batch: &mut [&mut Waiting], deadline: Instant) {
        let outcome = match self.room.trouble() {
            Some(reason) => Err(StoreError::Unhealthy(reason)),
            None => self.commit(month, batch, deadline).await,
        };
        match outcome {
            Ok(totals) => self.settle(batch, &totals),
            Err(error) if error.is_about_values() && batch.len() > 1 => {
                // One record that the database does not take must not take others with it.
                for one in batch {
                    let alone = std::slice::from_mut(one);
                    Box::pin(self.write_month(month, alone, deadline)).await;
                }
            }
            Err(error) => self.give_up(batch, &error),
        }
    }

    async fn commit(
        &mut self,
        month: Month,
        batch: &[&mut Waiting],
        deadline: Instant,
    ) -> Result<Totals, StoreError> {
        let begun = Instant::now();
        let mut records: Vec<&Record> = batch.iter().map(|waiting| &*waiting.record).collect();
        // In the order of the tables, so that each row follows the one before.
        records.sort_unstable_by_key(|record| record.scambio);
        let of_month = |scambio: &Uuid| Month::of_scambio(scambio) == Some(month);
        let withheld: Vec<Uuid> = self.withheld.iter().copied().filter(of_month).collect();
        let write = self.database.write(month, &records, &withheld);
        let totals = tokio::time::timeout_at(deadline.into(), write)
            .await
            .unwrap_or(Err(StoreError::Deadline))?;
        self.withheld.retain(|scambio| !of_month(scambio));
        let figures = &self.room.figures;
        let micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        figures.last_commit_micros.store(micros, Ordering::Relaxed);
        figures.commits.fetch_add(1, Ordering::Relaxed);
        let records = batch.len() as u64;
        figures.records.fetch_add(records, Ordering::Relaxed);
        Ok(totals)
    }

    /// Everything in the batch is durable.
    fn settle(&mut self, batch: &mut [&mut Waiting], totals: &Totals) {
        let holds = batch.iter_mut();
        let holds = holds.filter_map(|waiting| waiting.record.quota.take());
        self.quotas.count(holds, totals);
        for waiting in batch {
            waiting.outcome = Some(Ok(()));
        }
    }

    /// The batch was not written, or nobody knows whether it was: none of its answers is given.
    fn give_up(&mut self, batch: &mut [&mut Waiting], error: &StoreError) {
        let reason: Arc<str> = error.to_string().into();
        let doubtful = match error {
            StoreError::Unhealthy(_) => false,
            error if error.is_about_values() => {
                tracing::error!(%error, "la base dati rifiuta i valori di uno scambio");
                false
            }
            _ => {
                let exchanges = batch.len();
                tracing::error!(%error, exchanges, "la registrazione non si può scrivere: gli scambi sono rifiutati");
                self.room.troubled(&reason);
                true
            }
        };
        for waiting in batch {
            if doubtful {
                self.withheld.push(waiting.record.scambio);
                if let Some(hold) = waiting.record.quota.take() {
                    hold.doubt();
                }
            }
            waiting.outcome = Some(Err(match error {
                StoreError::Deadline => StoreError::Deadline,
                StoreError::Unhealthy(reason) => StoreError::Unhealthy(Arc::clone(reason)),
                _ => StoreError::NotWritten(Arc::clone(&reason)),
            }));
        }
    }

    /// Waits a little, then tries to write again.
    async fn probe(&mut self) {
        tokio::time::sleep(PROBE_PAUSE).await;
        let month = Month::of(chrono::Utc::now());
        let probe = self.database.probe(month, &self.withheld);
        match tokio::time::timeout(self.deadline, probe)
            .await
            .unwrap_or(Err(StoreError::Deadline))
        {
            Ok(()) => {
                self.withheld.clear();
                self.room.recovered();
                tracing::info!("la registrazione si può scrivere di nuovo");
            }
            Err(error) => self.room.troubled(&error.to_string().into()),
        }
    }
}
