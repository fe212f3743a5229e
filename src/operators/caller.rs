//! Who asks: an operator, by a certificate that is trusted at this moment.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::api::body;
use crate::api::http::{Request, Response};
use crate::api::intake::Intake;
use crate::broker::error::{ExchangeError, Malformed};
use crate::config::operator::Operator;
use crate::contract::luogo::CodiceIstat;
use crate::gateway::Gateway;
use crate::trust::Verdict;

/// An operator with a request; made only here.
pub(super) struct Caller {
    /// The operator's name.
    pub(super) name: String,
    operator: Arc<Operator>,
    intake: Intake,
}

impl Caller {
    /// Finds out whose certificate it is, or refuses; `resource` is what is asked for, as far as it is known.
    pub(super) fn establish(
        intake: Intake,
        request: &Request,
        resource: &str,
    ) -> Result<Caller, Response> {
        let snapshot = intake.gateway().snapshot();
        let peer = &intake.connection.peer;
        if let Verdict::Refused(why) = snapshot.operators_trust.judge(peer, intake.at) {
            return Err(intake.refuse(&ExchangeError::CertificateUntrusted(why)));
        }
        let Some(operator) = snapshot.operator_of(peer) else {
            return Err(intake.refuse(&ExchangeError::PortalUnknown));
        };
        tracing::info!(
            operator = operator.name,
            method = request.head.method(),
            resource,
            "richiesta di un operatore"
        );
        Ok(Caller {
            name: operator.name.clone(),
            operator: Arc::clone(operator),
            intake,
        })
    }

    /// The enti whose officer it is; none for an operator of the service centre.
    pub(super) fn enti(&self) -> &BTreeSet<CodiceIstat> {
        &self.operator.enti
    }

    /// SHA-256 of the certificate.
    pub(super) fn certificate(&self) -> [u8; 32] {
        self.intake.connection.peer.fingerprint
    }

    /// The answer to what was refused.
    pub(super) fn refuse(&self, failure: &ExchangeError) -> Response {
        tracing::info!(operator = self.name, %failure, "richiesta di un operatore rifiutata");
        self.intake.refuse(failure)
    }

    /// The gateway.
    pub(super) fn gateway(&self) -> &Arc<Gateway> {
        self.intake.gateway()
    }

    /// Reads the body, strictly.
    pub(super) fn body<T: DeserializeOwned>(&self, request: &Request) -> Result<T, Response> {
        let received = request.body.as_ref().map_err(Clone::clone);
        let parsed = received.and_then(|bytes| body::read(bytes));
        parsed.map_err(|fault| self.malformed(fault))
    }

    /// The answer to a request out of form.
    pub(super) fn malformed(&self, fault: Malformed) -> Response {
        self.intake.refuse(&ExchangeError::Malformed(fault))
    }

    /// The answer where the resource knows another method.
    pub(super) fn not_allowed(&self, allowed: &'static str) -> Response {
        self.malformed(Malformed::MethodNotAllowed { allowed })
            .header("allow", allowed)
    }

    /// The answer about an ente that is not configured.
    pub(super) fn ente_unknown(&self) -> Response {
        self.intake.refuse(&ExchangeError::EnteUnknown)
    }

    /// The answer where we failed; the cause stands in the log.
    pub(super) fn failed(&self, cause: &dyn std::fmt::Display) -> Response {
        tracing::error!(operator = self.name, %cause, "richiesta di un operatore non riuscita");
        self.intake
            .refuse(&ExchangeError::Internal(cause.to_string()))
    }

    /// An answer as JSON.
    pub(super) fn json(&self, status: u16, value: &impl Serialize) -> Response {
        match serde_json::to_vec(value) {
            Ok(body) => Response::new(status)
                .header("cache-control", "no-store")
                .header("x-content-type-options", "nosniff")
                .header("content-type", "application/json")
                .body(body),
            Err(fault) => self.failed(&fault),
        }
    }
}
