//! Who asks: an operator, by a certificate that is trusted at this moment.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, CACHE_CONTROL, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use actix_web::web::Payload;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::api::answer::{instead, unread};
use crate::api::body;
use crate::api::intake::{self, Intake};
use crate::broker::error::{ExchangeError, Malformed};
use crate::gateway::Gateway;
use crate::trust::Verdict;

/// An operator with a request; made only here.
pub(super) struct Caller {
    /// The operator's name.
    pub(super) name: String,
    intake: Intake,
}

impl FromRequest for Caller {
    type Error = actix_web::Error;
    type Future = Ready<Result<Caller, actix_web::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut actix_web::dev::Payload) -> Self::Future {
        let intake = Intake::from_request(request, payload).into_inner();
        ready(intake.and_then(|intake| Caller::establish(request, intake)))
    }
}

impl Caller {
    /// Finds out whose certificate it is, or refuses.
    fn establish(request: &HttpRequest, intake: Intake) -> Result<Caller, actix_web::Error> {
        let snapshot = intake.gateway().snapshot();
        let peer = &intake.connection.peer;
        if let Verdict::Refused(why) = snapshot.operators_trust.judge(peer, intake.at) {
            return Err(instead(
                intake.refuse(&ExchangeError::CertificateUntrusted(why)),
            ));
        }
        let Some(operator) = snapshot.operator_of(peer) else {
            return Err(instead(intake.refuse(&ExchangeError::PortalUnknown)));
        };
        tracing::info!(
            operator = operator.name,
            method = request.method().as_str(),
            resource = request.match_pattern().unwrap_or_default(),
            "richiesta di un operatore"
        );
        Ok(Caller {
            name: operator.name.clone(),
            intake,
        })
    }

    /// The gateway.
    pub(super) fn gateway(&self) -> &Arc<Gateway> {
        self.intake.gateway()
    }

    /// Reads the body, strictly.
    pub(super) async fn body<T: DeserializeOwned>(
        &self,
        request: &HttpRequest,
        payload: Payload,
    ) -> Result<T, actix_web::Error> {
        let received = intake::body(&self.intake, request, payload).await;
        if received == Err(Malformed::NotHttp) {
            return Err(instead(unread()));
        }
        let parsed = received.and_then(|bytes| body::read(&bytes));
        parsed.map_err(|fault| self.malformed(fault))
    }

    /// The answer to a request out of form.
    pub(super) fn malformed(&self, fault: Malformed) -> actix_web::Error {
        instead(self.intake.refuse(&ExchangeError::Malformed(fault)))
    }

    /// The answer about an ente that is not configured.
    pub(super) fn ente_unknown(&self) -> actix_web::Error {
        instead(self.intake.refuse(&ExchangeError::EnteUnknown))
    }

    /// The answer where we failed; the cause stands in the log.
    pub(super) fn failed(&self, cause: &dyn std::fmt::Display) -> actix_web::Error {
        tracing::error!(operator = self.name, %cause, "richiesta di un operatore non riuscita");
        instead(
            self.intake
                .refuse(&ExchangeError::Internal(cause.to_string())),
        )
    }
}

/// An answer as JSON.
pub(super) fn json(status: StatusCode, value: &impl Serialize) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .json(value)
}

/// No resource at this path.
pub(super) async fn no_such_resource(caller: Caller) -> Result<HttpResponse, actix_web::Error> {
    Err(caller.malformed(Malformed::NoSuchResource))
}

/// The resource knows another method.
pub(super) async fn not_allowed(caller: Caller, allowed: &'static str) -> HttpResponse {
    let fault = ExchangeError::Malformed(Malformed::MethodNotAllowed { allowed });
    let mut response = caller.intake.refuse(&fault);
    response
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static(allowed));
    response
}
