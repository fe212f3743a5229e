//! Stage 2: may they. Deny by default; decided anew at every request, answers from the cache included.

use std::sync::Arc;

use crate::config::limits::Rate;
use crate::config::portal::{Enti, Grant, Portal};
use crate::connectors::places::Place;
use crate::connectors::successors::Former;
use crate::contract::catalogo::ComuneSuccessore;
use crate::contract::luogo::CodiceIstat;
use crate::contract::operation::{FieldSet, Operation};
use crate::contract::question::{Parameters, Question};
use crate::snapshot::{EnteEntry, Snapshot};

use super::arrival::Arrival;
use super::error::ExchangeError;
use super::identity::Caller;
use super::record::{Stage, Trail};

/// Proof that a portal may carry out an operation at an ente, for a purpose, seeing these fields and no others.
///
/// Its fields are private and only this file makes one: a call to a back end without authorization does not compile.
pub struct Permit {
    snapshot: Arc<Snapshot>,
    portal: Arc<Portal>,
    grant: usize,
    operation: Operation,
    ente: Option<Arc<EnteEntry>>,
    parameters: Parameters,
    fields: FieldSet,
    fresh: bool,
}

impl Permit {
    /// The configuration that it was granted under.
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    /// The portal's name.
    pub fn portal(&self) -> &Portal {
        &self.portal
    }

    /// The grant that allows it.
    pub fn grant(&self) -> &Grant {
        &self.portal.grant[self.grant]
    }

    /// What may be done.
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// At which ente; none only for the list of enti.
    pub fn ente(&self) -> Option<&Arc<EnteEntry>> {
        self.ente.as_ref()
    }

    /// With which parameters.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The fields that may leave.
    pub fn fields(&self) -> FieldSet {
        self.fields
    }

    /// Whether the portal asked for, and may have, an answer that does not come from the cache.
    pub fn fresh(&self) -> bool {
        self.fresh
    }

    /// The enti that the grant covers.
    pub fn enti(&self) -> &Enti {
        &self.grant().enti
    }

    /// The rate that the grant sets for the operation.
    pub fn rate(&self) -> Option<Rate> {
        self.grant().rate
    }
}

/// Finds the grant that covers portal, operation, ente, purpose and fields together.
pub(super) fn grant(
    caller: &Caller,
    arrival: &Arrival,
    trail: &mut Trail,
) -> Result<Permit, ExchangeError> {
    let question = arrival
        .question
        .as_ref()
        .map_err(|fault| ExchangeError::Malformed(fault.clone()))?;
    trail.asked(question);
    if question.operation.is_personal() && arrival.purpose.is_none() {
        return Err(ExchangeError::PurposeMissing);
    }
    let snapshot = trail.snapshot();
    // Which municipality followed which is public: no grant is needed to be told, and one for the former code would be
    // of no use.
    if let Some(code) = &question.ente
        && let Some(former) = snapshot.former(code)
    {
        return Err(ExchangeError::EnteEnded(followed_by(former, &snapshot)));
    }
    let portal = caller.portal();
    let (position, fields) = portal
        .grant
        .iter()
        .enumerate()
        .find_map(|(position, grant)| {
            covers(grant, question, arrival.purpose.as_deref()).map(|fields| (position, fields))
        })
        .ok_or(ExchangeError::NotGranted)?;
    let chosen = &portal.grant[position];
    trail.granted(chosen, arrival.purpose.as_deref());
    let fresh = arrival.fresh && question.operation.is_personal();
    if fresh && !chosen.fresh {
        return Err(ExchangeError::FreshNotGranted);
    }
    let ente = match &question.ente {
        Some(code) => Some(Arc::clone(
            snapshot.ente(code).ok_or(ExchangeError::EnteUnknown)?,
        )),
        None => None,
    };
    trail.lap(Stage::Admission);
    Ok(Permit {
        portal: Arc::clone(portal),
        grant: position,
        operation: question.operation,
        ente,
        parameters: question.parameters.clone(),
        fields,
        fresh,
        snapshot,
    })
}

/// Those that followed a municipality, by the names of the configuration where it knows them.
fn followed_by(former: &Former, snapshot: &Snapshot) -> Vec<ComuneSuccessore> {
    let successor = |place: &Place<'_>| {
        let codice_istat = place.codice_istat.unwrap_or_default();
        let ente = CodiceIstat::parse(codice_istat).and_then(|code| snapshot.ente(&code));
        let name = ente.map(|ente| ente.denominazione.as_str());
        ComuneSuccessore {
            codice_istat: codice_istat.to_owned(),
            denominazione: name.or(place.denominazione).unwrap_or_default().to_owned(),
            dal: former.since,
        }
    };
    former.successors.iter().map(successor).collect()
}

/// The fields that the grant lets this question see; `None` where it does not cover the question whole.
fn covers(grant: &Grant, question: &Question, purpose: Option<&str>) -> Option<FieldSet> {
    let operation = question.operation;
    let ente_covered = question
        .ente
        .as_ref()
        .is_none_or(|ente| grant.enti.covers(ente));
    if !grant.operations.contains(&operation) || !ente_covered {
        return None;
    }
    if !operation.is_personal() {
        return Some(FieldSet::NONE);
    }
    if !grant.purposes.contains(purpose?) {
        return None;
    }
    let granted = grant.allowed(operation);
    let wanted = question.campi.unwrap_or(granted);
    (granted.covers(wanted) && !wanted.is_empty()).then_some(wanted)
}
