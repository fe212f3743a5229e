//! Who asks: an operator, by a certificate that is trusted at this moment.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc::Receiver;

use crate::api::body;
use crate::api::http::{Request, Response};
use crate::api::intake::Intake;
use crate::api::problem::describe;
use crate::broker::error::{ExchangeError, Malformed};
use crate::config::operator::Operator;
use crate::contract::luogo::CodiceIstat;
use crate::gateway::Gateway;
use crate::store::logbook::{ADMITTED, Deed};
use crate::trust::Verdict;

use super::access::Resource;
use super::reason::Reason;

/// What a log-on is called in the logbook.
const LOG_ON: &str = "accesso";

/// An operator with a request; made only here.
pub(super) struct Caller {
    operator: Arc<Operator>,
    /// What is asked for, with its method.
    action: String,
    intake: Intake,
}

impl Caller {
    /// Finds out whose certificate it is, or refuses.
    pub(super) fn establish(
        intake: Intake,
        request: &Request,
        resource: Option<&Resource>,
    ) -> Result<Caller, Response> {
        let snapshot = intake.gateway().snapshot();
        let peer = &intake.connection.peer;
        if let Verdict::Refused(why) = snapshot.operators_trust.judge(peer, intake.at) {
            return Err(intake.refuse(&ExchangeError::CertificateUntrusted(why)));
        }
        let Some(operator) = snapshot.operator_of(peer) else {
            return Err(intake.refuse(&ExchangeError::PortalUnknown));
        };
        let method = request.head.method();
        let resource = resource.map_or("", |resource| resource.path);
        tracing::info!(
            operator = operator.name,
            method,
            resource,
            "richiesta di un operatore"
        );
        Ok(Caller {
            operator: Arc::clone(operator),
            action: format!("{method} {resource}"),
            intake,
        })
    }

    /// Who it is.
    pub(super) fn operator(&self) -> &Operator {
        &self.operator
    }

    /// The enti that the operator is limited to; none: all.
    pub(super) fn enti(&self) -> &BTreeSet<CodiceIstat> {
        &self.operator.enti
    }

    /// Whether what belongs to that ente, or to none, is for this operator.
    pub(super) fn covers(&self, ente: Option<&str>) -> bool {
        let enti = self.enti();
        enti.is_empty() || ente.is_some_and(|code| enti.iter().any(|one| one.as_str() == code))
    }

    /// Notes the log-on, once a connection. Where nothing else is noted the answer does not wait for a logbook that cannot be written.
    pub(super) async fn log_on(&self, anyway: bool) -> Result<(), Response> {
        let connection = &self.intake.connection;
        if connection.logged_on.get() {
            return Ok(());
        }
        match self.write(LOG_ON, None, None, ADMITTED).await {
            Ok(()) => connection.logged_on.set(true),
            Err(_) if anyway => {}
            Err(refused) => return Err(refused),
        }
        Ok(())
    }

    /// Notes what is about to be done: about which ente, and why. What is about none is noted for those that the operator is limited to.
    pub(super) async fn note(
        &self,
        ente: Option<&str>,
        reason: Option<&Reason>,
    ) -> Result<(), Response> {
        self.write(&self.action, ente, reason.map(Reason::as_str), ADMITTED)
            .await
    }

    /// The answer to what the operator may not do; it is noted first, with the ente that was asked about.
    pub(super) async fn refuse_and_note(
        &self,
        failure: &ExchangeError,
        ente: Option<&str>,
    ) -> Response {
        match self.note_refusal(failure, ente, None).await {
            Ok(()) => self.refuse(failure),
            Err(refused) => refused,
        }
    }

    /// Notes what is refused: for the ente that was asked about, and for those that the operator is limited to.
    pub(super) async fn note_refusal(
        &self,
        failure: &ExchangeError,
        ente: Option<&str>,
        reason: Option<&Reason>,
    ) -> Result<(), Response> {
        let slug = describe(failure, &self.intake.scambio).slug;
        self.write(&self.action, ente, reason.map(Reason::as_str), slug)
            .await
    }

    async fn write(
        &self,
        action: &str,
        ente: Option<&str>,
        reason: Option<&str>,
        outcome: &str,
    ) -> Result<(), Response> {
        let gateway = self.gateway();
        let mut enti: BTreeSet<&str> = ente.into_iter().collect();
        if ente.is_none() || outcome != ADMITTED {
            enti.extend(self.enti().iter().map(CodiceIstat::as_str));
        }
        let enti = enti.into_iter().collect::<Vec<_>>().join(" ");
        let deed = Deed {
            operator: &self.operator.name,
            certificate: Some(self.certificate()),
            action,
            ente: Some(enti.as_str()).filter(|enti| !enti.is_empty()),
            reason,
            outcome,
        };
        match gateway.store.logbook().note(&gateway.node.name, deed).await {
            Ok(noted) => {
                noted.tell();
                Ok(())
            }
            Err(error) => Err(self.refuse(&ExchangeError::NotRecorded(error.to_string()))),
        }
    }

    /// SHA-256 of the certificate.
    pub(super) fn certificate(&self) -> [u8; 32] {
        self.intake.connection.peer.fingerprint
    }

    /// The answer to what was refused.
    pub(super) fn refuse(&self, failure: &ExchangeError) -> Response {
        tracing::info!(operator = self.operator.name, %failure, "richiesta di un operatore rifiutata");
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
        tracing::error!(operator = self.operator.name, %cause, "richiesta di un operatore non riuscita");
        self.intake
            .refuse(&ExchangeError::Internal(cause.to_string()))
    }

    /// An answer as JSON lines that are still to come.
    pub(super) fn lines(lines: Receiver<Bytes>) -> Response {
        Response::new(200)
            .header("cache-control", "no-store")
            .header("x-content-type-options", "nosniff")
            .header("content-type", "application/x-ndjson")
            .lines(lines)
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
