//! Questions to a night copy: whether there is one, how old it is, and its rows.

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
        transcript.sent(request.table.as_bytes());
        let any_of: Vec<(String, String)> = request
            .any_of
            .iter()
            .map(|(column, value)| ((*column).to_owned(), value.clone()))
            .collect();
        for (_, value) in &any_of {
            transcript.sent(value.as_bytes());
        }
        let table = request.table.to_owned();
        let searching = tokio::task::spawn_blocking(move || search(&shelf, &place, &table, &any_of));
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

fn search(
    shelf: &Shelf,
    place: &Place,
    table: &str,
    any_of: &[(String, String)],
) -> Result<Found, ConnectorError> {
    let copy = match shelf.copy(place) {
        Ok(Some(copy)) => copy,
        Ok(None) => {
            let text = "no night copy yet";
            return Err(ConnectorError::later(Kind::Unavailable, NEXT_LOOK, text));
        }
        Err(reason) => {
            let text = format!("the night copy does not open: {reason}");
            return Err(ConnectorError::later(Kind::Unavailable, NEXT_LOOK, text));
        }
    };
    let rows = rows(&copy, table, any_of)?;
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

fn rows(
    copy: &NightCopy,
    table: &str,
    any_of: &[(String, String)],
) -> Result<Vec<SqlRow>, ConnectorError> {
    let broken = |text: String| ConnectorError::later(Kind::Unavailable, NEXT_LOOK, text);
    let about = copy.about().tables.iter().find(|known| known.name == table);
    // A copy of files of another layout than today's adapter reads.
    let about = about.ok_or_else(|| broken(format!("the night copy has no table {table}")))?;
    let names: Arc<[String]> = about.columns.iter().map(|name| name.to_lowercase()).collect();
    let mut found = std::collections::BTreeMap::new();
    for (column, value) in any_of.iter().filter(|(_, value)| !value.is_empty()) {
        let rows = copy.find(table, column, value, MOST_ROWS + 1);
        found.extend(rows.map_err(|error| broken(error.to_string()))?);
    }
    let rows = found.into_values();
    Ok(rows
        .map(|columns| SqlRow::new(Arc::clone(&names), columns))
        .collect())
}
