//! The night copies and what became of the files that they are made of: line numbers and reasons, never what stood in a line.

use chrono::NaiveDate;
use serde::Serialize;
use tokio::task::spawn_blocking;

use crate::api::http::Response;
use crate::connectors::files::report::Report;
use crate::connectors::files::state;
use crate::gateway::Gateway;

use super::caller::Caller;

/// Reports that are shown of each copy.
const REPORTS: usize = 3;

#[derive(Debug, Serialize)]
struct Copie {
    items: Vec<Copia>,
}

#[derive(Debug, Serialize)]
struct Copia {
    istanza: String,
    ente: String,
    /// The date of its files; absent: there is no copy.
    #[serde(skip_serializing_if = "Option::is_none")]
    data_riferimento: Option<NaiveDate>,
    righe: u64,
    scartate: u64,
    /// Whether files should be in force by now and are not.
    manca: bool,
    /// The latest first.
    rapporti: Vec<Report>,
}

/// `GET /notturni`.
pub(super) async fn copies(caller: &Caller) -> Result<Response, Response> {
    let gateway = caller.gateway().clone();
    let found = spawn_blocking(move || read(&gateway)).await;
    let items = found.map_err(|fault| caller.failed(&fault))?;
    let items = items.map_err(|error| caller.failed(&error))?;
    Ok(caller.json(200, &Copie { items }))
}

fn read(gateway: &Gateway) -> std::io::Result<Vec<Copia>> {
    let Some(shelf) = gateway.instances.copies() else {
        return Ok(Vec::new());
    };
    let tallies = shelf.tallies().into_iter();
    tallies
        .map(|(place, tally)| {
            Ok(Copia {
                rapporti: state::reports(&shelf.vault().folder_of(&place), REPORTS)?,
                istanza: place.instance,
                ente: place.ente,
                data_riferimento: tally.date,
                righe: tally.rows,
                scartate: tally.rejected,
                manca: tally.is_missing,
            })
        })
        .collect()
}
