//! Questions to a night copy: whether there is one, how old it is, and its rows.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDate;

use super::Instance;
use crate::connectors::call::{Call, Transcript};
use crate::connectors::conversation::{AsOf, Conversation};
use crate::connectors::error::{ConnectorError, Kind};
use crate::connectors::exchange::FilesRequest;
use crate::connectors::files::shelf::Shelf;
use crate::connectors::sql::row::SqlRow;
use crate::store::night::{NightCopy, Place};

/// No question about one subject has more rows than this.
const MOST_ROWS: usize = 10_000;
/// New files do not come sooner.
const NEXT_LOOK: Duration = Duration::from_mins(15);

/// What a search brought.
struct Found {
    rows: Vec<SqlRow>,
    date: NaiveDate,
    made: chrono::DateTime<chrono::Utc>,
}

impl Instance {
    /// Searches the copy of the call's ente. Without a copy, or with one that is too old, nobody is ever "not found".
    pub(super) async fn look_up(
        &self,
        request: &FilesRequest<'_>,
        call: &Call<'_>,
        conversation: &mut Conversation<'_>,
        transcript: &mut Transcript,
    ) -> Result<Vec<SqlRow>, ConnectorError> {
        let shelf = self.shelf.clone().ok_or_else(|| {
            ConnectorError::permanent(Kind::Gateway, "night copies are not kept here")
        })?;
        let place = Place {
            instance: self.settings().name.clone(),
            ente: call.tenant.codice_istat.to_string(),
        };
        let search = Search::of(request);
        transcript.sent(search.table.as_bytes());
        for (_, value) in search.any_of.iter().chain(&search.only) {
            transcript.sent(value.as_bytes());
        }
        let searching = tokio::task::spawn_blocking(move || search.carry_out(&shelf, &place));
        let found = searching.await.map_err(|_| {
            ConnectorError::permanent(Kind::Gateway, "the search in the copy broke off")
        })??;
        let as_of = self.age(&found, conversation.today())?;
        conversation.rests_on(as_of);
        for row in &found.rows {
            transcript.received(&serde_json::to_vec(row).unwrap_or_default());
        }
        Ok(found.rows)
    }

    fn age(&self, found: &Found, today: NaiveDate) -> Result<AsOf, ConnectorError> {
        let night = self.settings().night.clone().unwrap_or_default();
        let days = (today - found.date).num_days().max(0);
        let age = Duration::from_secs(days.unsigned_abs() * 86_400);
        if age > night.oldest.0 {
            return Err(ConnectorError::later(
                Kind::Unavailable,
                NEXT_LOOK,
                format!("the night copy is {days} days old"),
            ));
        }
        Ok(AsOf {
            date: found.date,
            received: found.made,
            is_overdue: age > night.fresh.0,
        })
    }
}

/// A search that owns what it needs.
struct Search {
    table: String,
    any_of: Vec<(String, String)>,
    only: Vec<(String, String)>,
    with: Vec<(String, String)>,
}

impl Search {
    fn of(request: &FilesRequest<'_>) -> Search {
        let owned = |conditions: &[(&str, String)]| {
            let conditions = conditions.iter();
            conditions
                .map(|(column, value)| ((*column).to_owned(), value.clone()))
                .collect()
        };
        Search {
            table: request.table.to_owned(),
            any_of: owned(&request.any_of),
            only: owned(&request.only),
            with: request.with.to_vec(),
        }
    }

    fn carry_out(&self, shelf: &Shelf, place: &Place) -> Result<Found, ConnectorError> {
        let copy = match shelf.copy(place) {
            Ok(Some(copy)) => copy,
            Ok(None) => return Err(broken("no night copy yet".to_owned())),
            Err(reason) => return Err(broken(format!("the night copy does not open: {reason}"))),
        };
        let rows = self.rows(&copy)?;
        if rows.len() > MOST_ROWS {
            let text = format!("more than {MOST_ROWS} rows in the night copy");
            return Err(ConnectorError::permanent(Kind::Oversized, text));
        }
        Ok(Found {
            rows,
            date: copy.about().date,
            made: copy.about().made,
        })
    }

    fn rows(&self, copy: &NightCopy) -> Result<Vec<SqlRow>, ConnectorError> {
        let columns = columns_of(copy, &self.table)?;
        let mut found = BTreeMap::new();
        for (column, value) in self.any_of.iter().filter(|(_, value)| !value.is_empty()) {
            found.extend(find(copy, &self.table, column, value)?);
        }
        let mut rows: Vec<Vec<Option<String>>> = found.into_values().collect();
        for (column, value) in &self.only {
            let place = place_of(columns, column)?;
            rows.retain(|row| row[place].as_deref().unwrap_or_default().trim() == value);
        }
        let mut names = columns.to_vec();
        for (table, column) in &self.with {
            join(copy, (table, column), &mut names, &mut rows)?;
        }
        let names: Arc<[String]> = names.iter().map(|name| name.to_lowercase()).collect();
        let rows = rows.into_iter();
        Ok(rows
            .map(|row| SqlRow::new(Arc::clone(&names), row))
            .collect())
    }
}

/// Adds the columns of the other table's row that has the same value; without one they are empty.
fn join(
    copy: &NightCopy,
    (table, column): (&str, &str),
    names: &mut Vec<String>,
    rows: &mut [Vec<Option<String>>],
) -> Result<(), ConnectorError> {
    let others = columns_of(copy, table)?;
    let place = place_of(names, column)?;
    let added: Vec<usize> = (0..others.len())
        .filter(|index| !names.contains(&others[*index]))
        .collect();
    for row in rows {
        let found = match &row[place] {
            Some(value) => find(copy, table, column, value)?.into_iter().next(),
            None => None,
        };
        let found = found.map(|(_, other)| other).unwrap_or_default();
        row.extend(
            added
                .iter()
                .map(|index| found.get(*index).cloned().flatten()),
        );
    }
    names.extend(added.iter().map(|index| others[*index].clone()));
    Ok(())
}

#[expect(clippy::type_complexity, reason = "rows as the copy gives them")]
fn find(
    copy: &NightCopy,
    table: &str,
    column: &str,
    value: &str,
) -> Result<Vec<(i64, Vec<Option<String>>)>, ConnectorError> {
    let rows = copy.find(table, column, value, MOST_ROWS + 1);
    rows.map_err(|error| broken(error.to_string()))
}

/// A copy may be of files of another layout than today's adapter reads.
fn columns_of<'c>(copy: &'c NightCopy, table: &str) -> Result<&'c [String], ConnectorError> {
    let mut tables = copy.about().tables.iter();
    let found = tables.find(|known| known.name == table);
    found
        .map(|table| table.columns.as_slice())
        .ok_or_else(|| broken(format!("the night copy has no table {table}")))
}

fn place_of(columns: &[String], column: &str) -> Result<usize, ConnectorError> {
    let place = columns.iter().position(|known| known == column);
    place.ok_or_else(|| broken(format!("the night copy has no column {column}")))
}

fn broken(text: String) -> ConnectorError {
    ConnectorError::later(Kind::Unavailable, NEXT_LOOK, text)
}
