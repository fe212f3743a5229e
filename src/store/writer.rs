//! The writer: takes what waits, makes it durable in one transaction, tells every exchange, and looks again.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::batch::MOST_ROWS;
use super::database::{DatabaseWriter, Totals};
use super::error::StoreError;
use super::month::Month;
use super::quota::QuotaTable;
use super::record::Record;
use super::waiting::{Group, Outcome, Waiting, Waitroom};

/// Between two attempts to write again after a failure.
const PROBE_PAUSE: Duration = Duration::from_millis(250);

/// A record and the group that it came with.
type Member = (usize, Waiting);

/// The same with what became of it.
type Written = (usize, Waiting, Outcome);

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

    /// Writes until it is asked to end and nothing waits any more.
    pub(super) async fn run(mut self) {
        while !self.room.may_end() {
            if self.room.trouble().is_some() {
                self.probe().await;
                continue;
            }
            self.room.due.notified().await;
            loop {
                let (groups, more) = self.room.take(MOST_ROWS);
                self.write_groups(groups).await;
                self.room.written();
                if !more {
                    break;
                }
            }
        }
        if let Err(error) = self.database.close().await {
            tracing::warn!(%error, "the record's database did not close in order");
        }
    }

    /// Writes what the groups hold, then tells each of them at once.
    async fn write_groups(&mut self, groups: Vec<Group>) {
        self.withheld.extend(self.room.take_withheld());
        let mut tellings = Vec::with_capacity(groups.len());
        let mut batch = Vec::new();
        for (index, group) in groups.into_iter().enumerate() {
            tellings.push((group.told, Vec::with_capacity(group.waiting.len())));
            batch.extend(group.waiting.into_iter().map(|waiting| (index, waiting)));
        }
        for (index, waiting, outcome) in self.write(batch).await {
            tellings[index].1.push((waiting, outcome));
        }
        for (told, outcomes) in tellings {
            if let Err(untold) = told.send(outcomes) {
                let durable = untold.iter().filter(|(_, outcome)| outcome.is_ok());
                self.withheld
                    .extend(durable.map(|(waiting, _)| waiting.record.scambio));
            }
        }
    }

    async fn write(&mut self, mut batch: Vec<Member>) -> Vec<Written> {
        let mut written = Vec::with_capacity(batch.len());
        while let Some((_, first)) = batch.first() {
            let month = first.month;
            let deadline = first.since + self.deadline;
            let of_month;
            (of_month, batch) = batch
                .into_iter()
                .partition(|(_, waiting)| waiting.month == month);
            self.write_month(month, of_month, deadline, &mut written)
                .await;
        }
        written
    }

    async fn write_month(
        &mut self,
        month: Month,
        batch: Vec<Member>,
        deadline: Instant,
        written: &mut Vec<Written>,
    ) {
        let outcome = match self.room.trouble() {
            Some(reason) => Err(StoreError::Unhealthy(reason)),
            None => self.commit(month, &batch, deadline).await,
        };
        match outcome {
            Ok(totals) => self.settle(batch, &totals, written),
            Err(StoreError::Database(error)) if is_about_values(&error) && batch.len() > 1 => {
                // One record that the database does not take must not take others with it.
                for member in batch {
                    Box::pin(self.write_month(month, vec![member], deadline, written)).await;
                }
            }
            Err(error) => self.give_up(batch, &error, written),
        }
    }

    async fn commit(
        &mut self,
        month: Month,
        batch: &[Member],
        deadline: Instant,
    ) -> Result<Totals, StoreError> {
        let begun = Instant::now();
        let records: Vec<&Record> = batch.iter().map(|(_, waiting)| &*waiting.record).collect();
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
    fn settle(&mut self, batch: Vec<Member>, totals: &Totals, written: &mut Vec<Written>) {
        for (group, mut waiting) in batch {
            if let Some(hold) = waiting.record.quota.take() {
                hold.count();
            }
            written.push((group, waiting, Ok(())));
        }
        for (key, used) in totals {
            self.quotas.seen(key, *used);
        }
    }

    /// The batch was not written, or nobody knows whether it was: none of its answers is given.
    fn give_up(&mut self, batch: Vec<Member>, error: &StoreError, written: &mut Vec<Written>) {
        let reason: Arc<str> = error.to_string().into();
        let doubtful = match error {
            StoreError::Database(error) if is_about_values(error) => {
                tracing::error!(%error, "the database refuses the values of a record");
                false
            }
            StoreError::Unhealthy(_) => false,
            _ => {
                let exchanges = batch.len();
                tracing::error!(%error, exchanges, "the record cannot be written; exchanges are refused");
                self.room.troubled(&reason);
                true
            }
        };
        for (group, mut waiting) in batch {
            if doubtful {
                self.withheld.push(waiting.record.scambio);
                if let Some(hold) = waiting.record.quota.take() {
                    hold.doubt();
                }
            }
            let outcome = match error {
                StoreError::Deadline => StoreError::Deadline,
                StoreError::Unhealthy(reason) => StoreError::Unhealthy(Arc::clone(reason)),
                _ => StoreError::NotWritten(Arc::clone(&reason)),
            };
            written.push((group, waiting, Err(outcome)));
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
                tracing::info!("the record can be written again");
            }
            Err(error) => self.room.troubled(&error.to_string().into()),
        }
    }
}

/// Whether the database works and only dislikes what it was given (SQLSTATE classes 22 and 23).
fn is_about_values(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(error) = error else {
        return false;
    };
    let kind = !matches!(error.kind(), sqlx::error::ErrorKind::Other);
    kind || error
        .code()
        .is_some_and(|code| code.len() == 5 && (code.starts_with("22") || code.starts_with("23")))
}
