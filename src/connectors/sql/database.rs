//! A database of views, read-only: rows by a statement, columns of a view, counts for the sanity floor.

use std::time::Instant;

use tokio::time::timeout_at;

use crate::config::instance::InstanceSettings;
use crate::connectors::call::Transcript;
use crate::connectors::error::{ConnectorError, Kind};

use super::intake::Intake;
use super::pool::Pool;
use super::row::{SqlRow, SqlValue};
use super::server::Server;
use super::statement::Statement;

/// What a count may weigh.
const COUNT_BYTES: u64 = 1 << 10;

/// One database, with at most two connections to it.
///
/// Sessions are read-only and their time limits hold in the database too. They run in Italian time on PostgreSQL and in
/// UTC elsewhere: a statement that needs the present day has it bound.
#[derive(Debug)]
pub struct Database {
    pool: Pool,
}

impl Database {
    /// The database at an instance's address; nothing is connected yet.
    pub fn new(settings: &InstanceSettings) -> Result<Database, ConnectorError> {
        let server = Server::new(settings)?;
        let pool = Pool::new(server, settings.bounds.connect_deadline.0);
        Ok(Database { pool })
    }

    /// Reads rows. Every placeholder of the statement needs its value; further values are left aside. Beyond `max_bytes`
    /// (of the rows as JSON lines) the answer is [`Kind::Oversized`]. The transcript takes in what goes and comes.
    pub async fn rows(
        &self,
        statement: &Statement,
        values: &[(&str, SqlValue)],
        deadline: Instant,
        max_bytes: u64,
        transcript: &mut Transcript,
    ) -> Result<Vec<SqlRow>, ConnectorError> {
        let values = in_order(statement, values)?;
        transcript.sent(statement.numbered.as_bytes());
        transcript.sent(&serde_json::to_vec(&values).map_err(|error| {
            ConnectorError::permanent(Kind::Gateway, format!("values: {error}"))
        })?);
        let mut intake = Intake::new(max_bytes, Some(transcript));
        self.read("read", statement, &values, deadline, &mut intake)
            .await?;
        Ok(intake.finish())
    }

    /// Counts: the statement answers one row with one whole number, as `SELECT count(*) AS quanti FROM …` does. An empty
    /// view is an outage, not a municipality where nobody lives.
    pub async fn count(
        &self,
        statement: &Statement,
        values: &[(&str, SqlValue)],
        deadline: Instant,
    ) -> Result<u64, ConnectorError> {
        let values = in_order(statement, values)?;
        let mut intake = Intake::new(COUNT_BYTES, None);
        self.read("count", statement, &values, deadline, &mut intake)
            .await?;
        let rows = intake.finish();
        let [row] = rows.as_slice() else {
            return Err(no_count());
        };
        let mut columns = row.columns();
        match (columns.next(), columns.next()) {
            (Some((_, Some(number))), None) => number.parse().map_err(|_| no_count()),
            _ => Err(no_count()),
        }
    }

    /// Whether the statement can be prepared and answers with these columns (lower-case names); reads no row. A view
    /// whose definition changed is refused here, and the missing columns named.
    pub async fn probe_columns(
        &self,
        statement: &Statement,
        expected: &[&str],
        deadline: Instant,
    ) -> Result<(), ConnectorError> {
        let mut loan = self.pool.lend(deadline).await?;
        let worked = timeout_at(deadline.into(), loan.connection.columns(statement)).await;
        let columns = loan.end("probe", worked)?;
        let missing: Vec<&str> = expected
            .iter()
            .filter(|name| !columns.iter().any(|column| column == *name))
            .copied()
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(ConnectorError::permanent(
            Kind::Unintelligible,
            format!("probe: missing columns: {}", missing.join(", ")),
        ))
    }

    async fn read(
        &self,
        step: &str,
        statement: &Statement,
        values: &[&SqlValue],
        deadline: Instant,
        intake: &mut Intake<'_>,
    ) -> Result<(), ConnectorError> {
        let mut loan = self.pool.lend(deadline).await?;
        let reading = loan.connection.read(statement, values, intake);
        let worked = timeout_at(deadline.into(), reading).await;
        loan.end(step, worked)
    }
}

/// The values in the order of the statement's placeholders.
fn in_order<'v>(
    statement: &Statement,
    values: &'v [(&str, SqlValue)],
) -> Result<Vec<&'v SqlValue>, ConnectorError> {
    let of = |name: &str| values.iter().find(|(known, _)| *known == name);
    statement
        .placeholders()
        .iter()
        .map(|placeholder| match of(&placeholder.name) {
            Some((_, value)) => Ok(value),
            None => Err(ConnectorError::permanent(
                Kind::Gateway,
                format!("no value for :{}", placeholder.name),
            )),
        })
        .collect()
}

fn no_count() -> ConnectorError {
    ConnectorError::permanent(
        Kind::Unintelligible,
        "count: the answer is not one whole number",
    )
}
