//! The record, read by operators: by its columns in the query, by person only in a body.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::api::http::{Request, Response};
use crate::broker::error::Malformed;
use crate::contract::codice_fiscale::CodiceFiscale;
use crate::contract::luogo::CodiceIstat;
use crate::store::{Person, RecordFilter, RecordRow};

use super::caller::Caller;

/// Rows of a page when the request does not say.
const USUAL_PAGE: u32 = 100;

/// Rows of a page at most.
const LARGEST_PAGE: u32 = 1_000;

/// What `GET /record` may filter by.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Columns {
    scambio: Option<Uuid>,
    portal: Option<String>,
    ente: Option<String>,
    outcome: Option<String>,
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
    /// The cursor of the page before.
    cursor: Option<Uuid>,
    limit: Option<u32>,
}

/// What `POST /record/ricerche` asks: the exchanges in which a person was asked about or disclosed at one ente.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfPerson {
    ente: CodiceIstat,
    codice_fiscale: CodiceFiscale,
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
    cursor: Option<Uuid>,
    limit: Option<u32>,
}

#[derive(Serialize)]
struct Page {
    items: Vec<RecordRow>,
    /// To be given as `cursor` for the next page; absent in the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<Uuid>,
}

/// `GET /record`: the newest first.
pub(super) async fn list(caller: &Caller, request: &Request) -> Result<Response, Response> {
    let columns: Result<Columns, _> = serde_urlencoded::from_str(request.head.query());
    let columns = columns.map_err(|_| {
        let names =
            "sono ammessi scambio, portal, ente, outcome, from, to (RFC 3339), cursor e limit";
        caller.malformed(Malformed::Field {
            field: "parametri".to_owned(),
            reason: names.to_owned(),
        })
    })?;
    let Columns {
        scambio,
        portal,
        ente,
        outcome,
        from,
        to,
        cursor,
        limit,
    } = columns;
    let filter = RecordFilter {
        scambio,
        portal,
        ente,
        outcome,
        from,
        to,
        before: cursor,
        ..of_size(limit)
    };
    answer(caller, &filter).await
}

/// `POST /record/ricerche`: by person, whose code must stand in no address and no log.
pub(super) async fn search(caller: &Caller, request: &Request) -> Result<Response, Response> {
    let asked: OfPerson = caller.body(request)?;
    let person = Person {
        ente: asked.ente.as_str().to_owned(),
        code: asked.codice_fiscale.as_str().to_owned(),
    };
    let filter = RecordFilter {
        person: Some(person),
        from: asked.from,
        to: asked.to,
        before: asked.cursor,
        ..of_size(asked.limit)
    };
    answer(caller, &filter).await
}

fn of_size(limit: Option<u32>) -> RecordFilter {
    RecordFilter {
        limit: limit.unwrap_or(USUAL_PAGE).clamp(1, LARGEST_PAGE),
        ..RecordFilter::default()
    }
}

async fn answer(caller: &Caller, filter: &RecordFilter) -> Result<Response, Response> {
    let listed = caller.gateway().store.list(filter).await;
    let items = listed.map_err(|failure| caller.failed(&failure))?;
    let full = items.len() as u64 == u64::from(filter.limit);
    let cursor = items.last().filter(|_| full).map(|row| row.scambio);
    Ok(caller.json(200, &Page { items, cursor }))
}
