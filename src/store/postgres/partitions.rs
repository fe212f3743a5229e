//! Partitions by month: made ahead, dropped when too old, neither in the way of the nodes that write.

use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::Server;
use crate::store::dialect::Values;
use crate::store::error::StoreError;
use crate::store::month::{Month, least_scambio};

/// The tables that are cut by month.
const TABLES: [&str; 3] = ["exchange", "exchange_salt", "exchange_subject"];

/// The one who makes or drops partitions, among all nodes: an arbitrary number for an advisory lock.
const LOCK: &str = "SELECT pg_advisory_lock(7305817204114212941)";

/// How long a change of partitions waits for a lock before it lets the others pass and tries again later.
const PATIENCE: &str = "SET lock_timeout = '2s'";

impl Server {
    /// Makes the partitions of last month, this one and the next two, as far as they are missing.
    pub(in crate::store) async fn keep_up(&self, current: Month) -> Result<(), StoreError> {
        let mut connection = self.connect().await?;
        sqlx::query(LOCK).execute(&mut connection).await?;
        sqlx::query(PATIENCE).execute(&mut connection).await?;
        let existing = months(&mut connection).await?;
        for month in (-1..=2).map(|months| current.plus(months)) {
            if !existing.contains(&month) {
                create(&mut connection, month).await?;
            }
        }
        Ok(connection.close().await?)
    }

    /// The months that have partitions, the oldest first.
    pub(in crate::store) async fn months(&self) -> Result<Vec<Month>, StoreError> {
        let mut connection = self.connect().await?;
        let months = months(&mut connection).await?;
        connection.close().await?;
        Ok(months)
    }

    /// Drops the partitions of the months before that one; returns them.
    pub(in crate::store) async fn drop_before(
        &self,
        first: Month,
    ) -> Result<Vec<Month>, StoreError> {
        let mut connection = self.connect().await?;
        sqlx::query(LOCK).execute(&mut connection).await?;
        finish_detaching(&mut connection).await?;
        sqlx::query(PATIENCE).execute(&mut connection).await?;
        let mut dropped = months(&mut connection).await?;
        dropped.retain(|month| *month < first);
        for month in &dropped {
            for table in TABLES {
                let partition = partition(table, *month);
                if is_attached(&mut connection, &partition).await? {
                    run(
                        &mut connection,
                        format!("ALTER TABLE {table} DETACH PARTITION {partition} CONCURRENTLY"),
                    )
                    .await?;
                }
                run(&mut connection, format!("DROP TABLE IF EXISTS {partition}")).await?;
            }
        }
        if !dropped.is_empty() {
            sqlx::query("DELETE FROM exchange_token WHERE scambio < $1")
                .bind(&least_scambio(first.begins())[..])
                .execute(&mut connection)
                .await?;
            for series in [
                "DELETE FROM exchange_place WHERE month < $1",
                "DELETE FROM evidence_series WHERE month < $1",
            ] {
                sqlx::query(series)
                    .bind(first.to_string())
                    .execute(&mut connection)
                    .await?;
            }
        }
        connection.close().await?;
        Ok(dropped)
    }
}

/// Makes a month's partitions apart and attaches them, which unlike CREATE … PARTITION OF stops no writer.
async fn create(connection: &mut PgConnection, month: Month) -> Result<(), StoreError> {
    let from = hex::encode(least_scambio(month.begins()));
    let to = hex::encode(least_scambio(month.ends()));
    for table in TABLES {
        let partition = partition(table, month);
        if is_attached(connection, &partition).await? {
            continue;
        }
        let mut transaction = connection.begin().await?;
        run(
            &mut transaction,
            format!("CREATE TABLE IF NOT EXISTS {partition} (LIKE {table} INCLUDING ALL)"),
        )
        .await?;
        let bounds = format!("FOR VALUES FROM ('\\x{from}') TO ('\\x{to}')");
        run(
            &mut transaction,
            format!("ALTER TABLE {table} ATTACH PARTITION {partition} {bounds}"),
        )
        .await?;
        transaction.commit().await?;
    }
    Ok(())
}

/// The months of which every table or some have a partition, the oldest first; detached ones count until they are dropped.
async fn months(connection: &mut PgConnection) -> Result<Vec<Month>, StoreError> {
    let rows = sqlx::query(
        "SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace \
         AND relname LIKE 'exchange%'",
    )
    .fetch_all(connection)
    .await?;
    let mut months = Vec::new();
    for row in rows {
        months.extend(row.text(0)?.as_deref().and_then(month_of_partition));
    }
    months.sort_unstable();
    months.dedup();
    Ok(months)
}

async fn is_attached(connection: &mut PgConnection, partition: &str) -> Result<bool, StoreError> {
    let row = sqlx::query("SELECT count(*) FROM pg_inherits WHERE inhrelid = to_regclass($1)")
        .bind(partition)
        .fetch_one(connection)
        .await?;
    Ok(row.number(0)?.unwrap_or_default() > 0)
}

/// A detachment that was interrupted must be finished before anything else can be done to its table.
async fn finish_detaching(connection: &mut PgConnection) -> Result<(), StoreError> {
    let rows = sqlx::query(
        "SELECT inhparent::regclass::text, inhrelid::regclass::text FROM pg_inherits WHERE inhdetachpending",
    )
    .fetch_all(&mut *connection)
    .await?;
    for row in rows {
        let (table, partition) = (
            row.text(0)?.unwrap_or_default(),
            row.text(1)?.unwrap_or_default(),
        );
        run(
            connection,
            format!("ALTER TABLE {table} DETACH PARTITION {partition} FINALIZE"),
        )
        .await?;
    }
    Ok(())
}

async fn run(connection: &mut PgConnection, sql: String) -> Result<(), StoreError> {
    sqlx::query(AssertSqlSafe(sql))
        .persistent(false)
        .execute(connection)
        .await?;
    Ok(())
}

fn partition(table: &str, month: Month) -> String {
    format!("{table}_{}", month.to_string().replace('-', "_"))
}

fn month_of_partition(name: &str) -> Option<Month> {
    let month = TABLES
        .iter()
        .rev()
        .find_map(|table| name.strip_prefix(table)?.strip_prefix('_'))?;
    Month::parse(&month.replace('_', "-"))
}
