//! Stage 5: which instance and adapter answer; tries again only where the failure says that it may help.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::config::back_end_pdnd::Asking;
use crate::config::instance::InstanceSettings;
use crate::config::modi::Pattern;
use crate::connectors::adapter::{Adapter, AdapterOperation};
use crate::connectors::call::{Answer, Call, Transcript, Turn};
use crate::connectors::closures::closed_until;
use crate::connectors::error::{ConnectorError, Kind, Retry};
use crate::connectors::instance::Tenant;
use crate::contract::operation::FieldSet;
use crate::contract::provenienza::{Adattatore, Origine, Provenienza};
use crate::digest::SaltedDigest;
use crate::gateway::Gateway;
use crate::jose::JoseError;
use crate::modi::{Fault, ModiError, TokenKind};
use crate::snapshot::Binding;

use super::arrival::Arrival;
use super::authorization::Permit;
use super::error::ExchangeError;

/// The longest that a back end may ask us to wait and still be asked again in the same exchange; beyond it the portal is
/// told when to come back, instead of holding its place.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// Who answers an exchange.
pub struct Target {
    /// The back end.
    pub instance: Arc<InstanceSettings>,
    /// What it speaks.
    pub adapter: Arc<Adapter>,
    /// The ente as that back end knows it.
    pub tenant: Arc<Tenant>,
    /// The fields to fetch: those permitted that the product has.
    pub fields: FieldSet,
    /// How long the answer may be kept.
    pub lifetime: Option<Duration>,
}

/// An answer with the evidence of its call.
#[derive(Debug)]
pub struct Fetched {
    /// The answer.
    pub answer: Answer,
    /// When it was in.
    pub at: Instant,
    /// The exchange that called the back end.
    pub scambio: Uuid,
    /// Where it comes from, as every reply with it says.
    pub origine: Origine,
    /// The adapter that translated it.
    pub adapter: Arc<Adapter>,
    /// What went to the back end.
    pub backend_request: Option<SaltedDigest>,
    /// What came from it.
    pub backend_answer: Option<SaltedDigest>,
}

/// Finds who answers; refuses what the ente does not offer.
pub(super) fn target(permit: &Permit) -> Result<Target, ExchangeError> {
    let binding = binding(permit)?;
    answered_by(permit, binding, &binding.instance, &binding.adapter)
}

/// The same, but never out of a night copy.
pub(super) fn target_by_day(permit: &Permit) -> Result<Target, ExchangeError> {
    let target = target(permit)?;
    match target.instance.night {
        Some(_) => Err(ExchangeError::NotOffered(permit.operation())),
        None => Ok(target),
    }
}

/// The same at that moment: while the back end is closed by its calendar, the instance of night copies, where the ente
/// allows it.
pub(super) fn target_at(permit: &Permit, at: DateTime<Utc>) -> Result<Target, ExchangeError> {
    let binding = binding(permit)?;
    match &binding.while_closed {
        Some(night)
            if night.adapter.operation(permit.operation()).is_some()
                && closed_until(&binding.instance.calendar, at).is_some() =>
        {
            answered_by(permit, binding, &night.instance, &night.adapter)
        }
        _ => answered_by(permit, binding, &binding.instance, &binding.adapter),
    }
}

fn binding(permit: &Permit) -> Result<&Binding, ExchangeError> {
    permit
        .ente()
        .and_then(|ente| ente.binding(permit.operation().domain()))
        .ok_or(ExchangeError::NotOffered(permit.operation()))
}

fn answered_by(
    permit: &Permit,
    binding: &Binding,
    instance: &Arc<InstanceSettings>,
    adapter: &Arc<Adapter>,
) -> Result<Target, ExchangeError> {
    let not_offered = || ExchangeError::NotOffered(permit.operation());
    let operation = adapter
        .operation(permit.operation())
        .ok_or_else(not_offered)?;
    let fields = permit.fields().intersection(operation.fields());
    if fields.is_empty() {
        return Err(not_offered());
    }
    let pdnd = instance.pdnd.as_ref();
    if pdnd.is_some_and(|pdnd| pdnd.use_of(asking(permit, binding)).is_none()) {
        return Err(not_offered());
    }
    if instance.names_the_asker() {
        check_evidence(permit)?;
    }
    // What the back end was told was asked for one person is not kept for the next.
    let lifetime = operation.keep().filter(|_| !instance.answers_one_request());
    Ok(Target {
        instance: Arc::clone(instance),
        adapter: Arc::clone(adapter),
        tenant: Arc::clone(&binding.tenant),
        fields,
        lifetime,
    })
}

/// Refuses what the back end would: without evidence nobody can be told to it, and the national registry wants the level of assurance, too.
fn check_evidence(permit: &Permit) -> Result<(), ExchangeError> {
    let fault = match permit.proofs().evidence {
        None => Fault::Absent(Pattern::AuditRest01),
        Some(evidence)
            if permit.operation().is_national() && evidence.level_of_assurance().is_none() =>
        {
            Fault::Jose(JoseError::Missing("LoA"))
        }
        Some(_) => return Ok(()),
    };
    let error = ModiError::new(TokenKind::Audit, fault);
    Err(ExchangeError::Token(error))
}

/// Who asks, as the uses of the PDND are chosen by.
fn asking<'a>(permit: &'a Permit, binding: &'a Binding) -> Asking<'a> {
    Asking {
        portal: Some(&permit.portal().name),
        ente: &binding.tenant.codice_istat,
        operation: permit.operation(),
        purpose: permit.proofs().purpose,
    }
}

/// Calls the back end, again where that may help, within the deadline.
#[expect(
    clippy::too_many_lines,
    reason = "the order of one fetch, told in one place"
)]
pub(super) async fn fetch(
    gateway: &Gateway,
    permit: &Permit,
    target: Target,
    arrival: &Arrival,
) -> Result<Fetched, ConnectorError> {
    leave_alone_if_closed(&target.instance, arrival.at)?;
    let instance = gateway.instances.get(&target.instance);
    let traceparent = arrival.trace.header();
    let call = Call {
        operation: permit.operation(),
        tenant: &target.tenant,
        parameters: permit.parameters(),
        fields: target.fields,
        deadline: arrival.deadline,
        portal: Some(&permit.portal().name),
        turn: Turn::Whole,
        traceparent: Some(&traceparent),
        proofs: permit.proofs(),
    };
    let repeatable = target
        .adapter
        .operation(call.operation)
        .is_some_and(AdapterOperation::repeatable);
    let tries = if repeatable {
        target.instance.bounds.tries.max(1)
    } else {
        1
    };
    let mut transcript = Transcript::begin();
    let mut attempt = 1;
    let answer = loop {
        match instance.call(&target.adapter, &call, &mut transcript).await {
            Ok(answer) => break answer,
            Err(failure) => {
                let pause = pause_before_retry(&failure, attempt)
                    .filter(|pause| attempt < tries && Instant::now() + *pause < arrival.deadline);
                let level_note = if pause.is_some() {
                    "si ritenta"
                } else {
                    "si rinuncia"
                };
                tracing::warn!(
                    scambio = %arrival.scambio, instance = %target.instance.name, operation = %call.operation,
                    ente = %target.tenant.codice_istat, attempt, kind = %failure.kind,
                    code = failure.code.as_deref(), detail = %failure.detail, "il gestionale non ha risposto bene: {level_note}"
                );
                let Some(pause) = pause else {
                    return Err(failure);
                };
                tokio::time::sleep(pause).await;
                attempt += 1;
            }
        }
    };
    let (backend_request, backend_answer) = transcript.finish();
    let origine = Origine::of(&Provenienza {
        ente: target.tenant.codice_istat.to_string(),
        adattatore: Adattatore {
            nome: target.adapter.name().to_owned(),
            versione: target.adapter.version().to_owned(),
        },
        fonte: answer.fonte,
        da_cache: false,
        scaduta: false,
        data_riferimento: answer.data_riferimento,
        rilevato_il: answer.rilevato_il,
    });
    Ok(Fetched {
        answer,
        origine,
        at: Instant::now(),
        scambio: arrival.scambio,
        adapter: target.adapter,
        backend_request,
        backend_answer,
    })
}

/// A back end that is closed by its calendar is not called.
pub(super) fn leave_alone_if_closed(
    instance: &InstanceSettings,
    at: DateTime<Utc>,
) -> Result<(), ConnectorError> {
    let Some(until) = closed_until(&instance.calendar, at) else {
        return Ok(());
    };
    let wait = (until - at).to_std().unwrap_or_default();
    Err(ConnectorError::later(
        Kind::Closed,
        wait,
        "closed by its calendar",
    ))
}

/// How long to wait before the next try, with jitter so that many callers do not come back together; `None`: do not.
fn pause_before_retry(failure: &ConnectorError, attempt: u32) -> Option<Duration> {
    // Nobody was called, or refused us for good: a breaker that makes callers wait for its end would be no breaker.
    if matches!(
        failure.kind,
        Kind::BreakerOpen
            | Kind::Busy
            | Kind::CredentialsRefused
            | Kind::VoucherRefused
            | Kind::ClockSkew
    ) {
        return None;
    }
    let jitter = Duration::from_millis(rand::random_range(20..100)) * attempt;
    match failure.retry {
        Retry::Now => Some(jitter),
        Retry::After(wait) if wait <= LONGEST_WAIT => Some(wait + jitter),
        Retry::Never | Retry::After(_) => None,
    }
}
