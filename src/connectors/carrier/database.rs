//! Questions to a database: the columns are looked at before the first one, and nobody found must be true.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Instance;
use crate::connectors::adapter::{Adapter, AdapterOperation, Query, Step, StepRequest};
use crate::connectors::call::{Call, Transcript};
use crate::connectors::error::{ConnectorError, Kind};
use crate::connectors::exchange::SqlRequest;
use crate::connectors::sql::database::Database;
use crate::connectors::sql::row::SqlRow;

/// A view is built anew in some minutes.
const EMPTY_VIEW: Duration = Duration::from_mins(1);

impl Instance {
    /// Asks the database; where it finds nothing, whether its view is as full as it should be.
    pub(super) async fn ask(
        &self,
        adapter: &Adapter,
        step: &Step,
        request: &SqlRequest<'_>,
        call: &Call<'_>,
        transcript: &mut Transcript,
    ) -> Result<Vec<SqlRow>, ConnectorError> {
        let database = self.database()?;
        let largest = self.settings.bounds.answer_size.0;
        let deadline = call
            .deadline
            .min(Instant::now() + self.settings.bounds.answer_deadline.0);
        let statement = &request.query.statement;
        let seen = format!("{} {} {}", adapter.digest(), call.operation, step.name);
        if !self.probed.lock().contains(&seen) {
            self.check_columns(step, request.query, deadline).await?;
            self.probed.lock().insert(seen);
        }
        let rows = database
            .rows(statement, &request.values, deadline, largest, transcript)
            .await?;
        let (true, Some(floor)) = (rows.is_empty(), &request.floor) else {
            return Ok(rows);
        };
        let count = database
            .count(&floor.query.statement, &floor.values, deadline)
            .await?;
        if count < floor.at_least {
            return Err(ConnectorError::later(
                Kind::Unavailable,
                EMPTY_VIEW,
                format!("step {}: the view has only {count} rows", step.name),
            ));
        }
        // It may have been empty a moment ago and be full now: only this reading counts.
        database
            .rows(statement, &request.values, deadline, largest, transcript)
            .await
    }

    async fn check_columns(
        &self,
        step: &Step,
        query: &Query,
        deadline: Instant,
    ) -> Result<(), ConnectorError> {
        let columns: Vec<String> = step
            .mapping
            .shape
            .columns()
            .map(str::to_lowercase)
            .collect();
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        let database = self.database()?;
        let checked = database
            .probe_columns(&query.statement, &columns, deadline)
            .await;
        checked.map_err(|error| ConnectorError {
            detail: format!("step {}: {}", step.name, error.detail),
            ..error
        })
    }

    fn database(&self) -> Result<Arc<Database>, ConnectorError> {
        let mut database = self.database.lock();
        if let Some(database) = &*database {
            return Ok(Arc::clone(database));
        }
        let fresh = Arc::new(Database::new(&self.settings)?);
        *database = Some(Arc::clone(&fresh));
        Ok(fresh)
    }

    /// Looks whether every view has the columns that are read.
    pub(super) async fn probe_database(&self, adapter: &Adapter) -> Result<(), ConnectorError> {
        let deadline = Instant::now() + self.settings.bounds.answer_deadline.0;
        let steps = adapter
            .operations()
            .iter()
            .flat_map(AdapterOperation::steps);
        for step in steps {
            if let StepRequest::Sql { query, .. } = &step.request {
                self.check_columns(step, query, deadline).await?;
            }
        }
        Ok(())
    }
}
