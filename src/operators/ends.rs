//! The calendar of what ends, portals' certificates included, as far as they were shown at the door.

use chrono::Utc;
use serde_json::json;

use crate::api::http::Response;

use super::caller::Caller;

/// `GET /scadenze`: the soonest first.
pub(super) fn list(caller: &Caller) -> Response {
    let now = Utc::now();
    let ends = caller.gateway().snapshot().ends();
    let items: Vec<_> = ends
        .iter()
        .map(|dated| {
            json!({
                "titolare": dated.holder,
                "tipo": dated.what.name(),
                "nome": dated.name,
                "fine": dated.at,
                "giorni": dated.days_left(now),
            })
        })
        .collect();
    caller.json(200, &json!({ "items": items }))
}
