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
use super::waiting::{Waiting, Waitroom};

/// Between two attempts to write again after a failure.
const PROBE_PAUSE: Duration = Duration::from_millis(250);

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
                let (batch, more) = self.room.take(MOST_ROWS);
                self.write(batch).await;
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

    async fn write(&mut self, mut batch: Vec<Waiting>) {
        while let Some(first) = batch.first() {
            let month = first.month;
            let deadline = first.since + self.deadline;
            let (of_month, others) = batch
                .into_iter()
                .partition(|waiting| waiting.month == month);
            batch = others;
            self.write_month(month, of_month, deadline).await;
        }
    }

    async fn write_month(&mut self, month: Month, batch: Vec<Waiting>, deadline: Instant) {
        if let Some(reason) = self.room.trouble() {
            refuse(batch, || StoreError::Unhealthy(Arc::clone(&reason)));
            return;
        }
        match self.commit(month, &batch, deadline).await {
            Ok(totals) => self.acknowledge(batch, &totals),
            Err(StoreError::Database(error)) if is_about_values(&error) => {
                self.write_one_by_one(month, batch, deadline, &error).await;
            }
            Err(error) => self.give_up(batch, &error),
        }
    }

    /// One record that the database does not take must not take others with it.
    async fn write_one_by_one(
        &mut self,
        month: Month,
        batch: Vec<Waiting>,
        deadline: Instant,
        error: &sqlx::Error,
    ) {
        if batch.len() == 1 {
            tracing::error!(%error, "the database refuses the values of a record");
            let reason: Arc<str> = error.to_string().into();
            refuse(batch, || StoreError::NotWritten(Arc::clone(&reason)));
            return;
        }
        for waiting in batch {
            Box::pin(self.write_month(month, vec![waiting], deadline)).await;
        }
    }

    async fn commit(
        &mut self,
        month: Month,
        batch: &[Waiting],
        deadline: Instant,
    ) -> Result<Totals, StoreError> {
        let begun = Instant::now();
        let records: Vec<&Record> = batch.iter().map(|waiting| &waiting.record).collect();
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
        figures
            .records
            .fetch_add(batch.len() as u64, Ordering::Relaxed);
        Ok(totals)
    }

    /// Everything in the batch is durable.
    fn acknowledge(&mut self, batch: Vec<Waiting>, totals: &Totals) {
        for mut waiting in batch {
            if let Some(hold) = waiting.record.quota.take() {
                hold.count();
            }
            if waiting.durable.send(Ok(())).is_err() {
                self.withheld.push(waiting.record.scambio);
            }
        }
        for (key, used) in totals {
            self.quotas.seen(key, *used);
        }
    }

    /// Nobody knows whether the batch is in the database: none of its answers is given, and nothing more is taken.
    fn give_up(&mut self, mut batch: Vec<Waiting>, error: &StoreError) {
        let reason: Arc<str> = error.to_string().into();
        tracing::error!(%error, exchanges = batch.len(), "the record cannot be written; exchanges are refused");
        for waiting in &mut batch {
            self.withheld.push(waiting.record.scambio);
            if let Some(hold) = waiting.record.quota.take() {
                hold.doubt();
            }
        }
        self.room.troubled(&reason);
        let late = matches!(error, StoreError::Deadline);
        refuse(batch, || {
            if late {
                StoreError::Deadline
            } else {
                StoreError::NotWritten(Arc::clone(&reason))
            }
        });
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

fn refuse(batch: Vec<Waiting>, error: impl Fn() -> StoreError) {
    for waiting in batch {
        let _ = waiting.durable.send(Err(error()));
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
