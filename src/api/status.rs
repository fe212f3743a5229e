//! `GET …/status`: whether the gateway would carry out an exchange now (RAC_REST_NAME_011).
//!
//! Nothing is disclosed and no ente is asked, so nothing is recorded; the caller must be a portal, and the door's limit counts.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::broker::error::ExchangeError;
use crate::trust::Verdict;

use super::answer;
use super::http::Response;
use super::intake::Intake;

/// Stato del servizio.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Stato {
    /// Stato HTTP.
    #[schema(minimum = 100, maximum = 599, format = Int32, example = 200)]
    pub status: u16,
    /// Descrizione dello stato.
    #[schema(max_length = 200, example = "Il servizio è attivo")]
    pub title: String,
}

/// Stato del servizio
///
/// Dice se il gateway può eseguire scambi in questo momento; non interroga nessun ente.
#[utoipa::path(
    get,
    path = "/status",
    operation_id = "stato",
    tag = "stato",
    responses((status = 200, description = "Il servizio è attivo.", body = Stato, content_type = "application/problem+json")),
)]
pub(super) fn status(intake: &Intake) -> Response {
    match readiness(intake) {
        Ok(()) => {
            let title = "Il servizio è attivo".to_owned();
            let stato = Stato { status: 200, title };
            let body = serde_json::to_vec(&stato).expect("a number and a text are always JSON");
            answer::of_status(body, intake.scambio, intake.door_limit)
        }
        Err(failure) => intake.refuse(&failure),
    }
}

fn readiness(intake: &Intake) -> Result<(), ExchangeError> {
    let gateway = intake.gateway();
    let snapshot = gateway.snapshot();
    if let Verdict::Refused(why) = snapshot.trust.judge(&intake.connection.peer, intake.at) {
        return Err(ExchangeError::CertificateUntrusted(why));
    }
    snapshot
        .portal_of(&intake.connection.peer)
        .ok_or(ExchangeError::PortalUnknown)?;
    if gateway.is_draining() {
        return Err(ExchangeError::NoCapacity("stopping"));
    }
    match gateway.store.health().degraded {
        Some(_) => Err(ExchangeError::NotRecorded("degraded".to_owned())),
        None => Ok(()),
    }
}
