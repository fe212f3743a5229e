//! The logbook of what operators did, as a security officer reads it.

use serde::{Deserialize, Serialize};

use crate::api::http::{Request, Response};
use crate::broker::error::Malformed;
use crate::store::logbook::{MOST_NOTED, Noted};

use super::caller::Caller;

/// Rows of a page when the request does not say.
const USUAL_PAGE: u32 = 100;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// Older than the row of this number.
    cursor: Option<i64>,
    limit: Option<u32>,
}

#[derive(Serialize)]
struct Page {
    items: Vec<Noted>,
    /// To be given as `cursor` for the next page; absent in the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<i64>,
}

/// `GET /giornale`: the newest first; who is limited to some enti sees what was done about those, and by whom is limited to them.
pub(super) async fn list(caller: &Caller, request: &Request) -> Result<Response, Response> {
    let asked: Result<Asked, _> = serde_urlencoded::from_str(request.head.query());
    let asked = asked.map_err(|_| {
        caller.malformed(Malformed::Field {
            field: "parametri".to_owned(),
            reason: "sono ammessi cursor e limit".to_owned(),
        })
    })?;
    let limit = asked.limit.unwrap_or(USUAL_PAGE).clamp(1, MOST_NOTED);
    let logbook = caller.gateway().store.logbook();
    let mut items = logbook
        .newest(asked.cursor, limit)
        .await
        .map_err(|failure| caller.failed(&failure))?;
    let full = items.len() as u64 == u64::from(limit);
    let cursor = items.last().filter(|_| full).map(|noted| noted.number);
    items.retain(|noted| {
        let mut enti = noted.ente.as_deref().unwrap_or_default().split(' ');
        enti.any(|ente| caller.covers(Some(ente)))
    });
    Ok(caller.json(200, &Page { items, cursor }))
}
