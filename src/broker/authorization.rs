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

/// What is to be judged: a question with what the portal said about it.
pub(super) struct Asking<'a> {
    /// The question.
    pub question: &'a Question,
    /// The purpose named.
    pub purpose: Option<&'a str>,
    /// Whether an answer from the cache will not do.
    pub fresh: bool,
    /// Whether fields that are not granted are left out instead of refusing the question: what was granted when it was
    /// asked is cut to what is granted now.
    pub narrow: bool,
}

/// Finds the grant that covers portal, operation, ente, purpose and fields together.
pub(super) fn grant(
    caller: &Caller,
    asking: &Asking<'_>,
    trail: &mut Trail,
) -> Result<Permit, ExchangeError> {
    let Asking {
        question, purpose, ..
    } = *asking;
    trail.asked(question);
    if question.operation.is_personal() && purpose.is_none() {
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
    let (position, fields) = covering(portal, asking)?;
    trail.granted(&portal.grant[position], purpose);
    let permit = permit(portal, position, fields, snapshot, asking)?;
    trail.lap(Stage::Admission);
    Ok(permit)
}

/// Judges again what was granted before, where nobody is calling: a request that outlives its call, at each of its turns.
pub(super) fn grant_again(
    snapshot: Arc<Snapshot>,
    portal: &str,
    asking: &Asking<'_>,
) -> Result<Permit, ExchangeError> {
    let mut portals = snapshot.portals().iter();
    let portal = portals.find(|known| known.name == portal);
    let portal = Arc::clone(portal.ok_or(ExchangeError::PortalUnknown)?);
    let (position, fields) = covering(&portal, asking)?;
    permit(&portal, position, fields, snapshot, asking)
}

/// The first of the portal's grants that covers the question, by its position, and the fields that it lets it see.
fn covering(portal: &Portal, asking: &Asking<'_>) -> Result<(usize, FieldSet), ExchangeError> {
    let mut grants = portal.grant.iter().enumerate();
    grants
        .find_map(|(position, grant)| covers(grant, asking).map(|fields| (position, fields)))
        .ok_or(ExchangeError::NotGranted)
}

fn permit(
    portal: &Arc<Portal>,
    position: usize,
    fields: FieldSet,
    snapshot: Arc<Snapshot>,
    asking: &Asking<'_>,
) -> Result<Permit, ExchangeError> {
    let question = asking.question;
    let fresh = asking.fresh && question.operation.is_personal();
    if fresh && !portal.grant[position].fresh {
        return Err(ExchangeError::FreshNotGranted);
    }
    let ente = match &question.ente {
        Some(code) => Some(Arc::clone(
            snapshot.ente(code).ok_or(ExchangeError::EnteUnknown)?,
        )),
        None => None,
    };
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

/// What the permit for a question to several enti allows at one of them.
pub(super) fn at_one(
    whole: &Permit,
    code: &CodiceIstat,
    trail: &mut Trail,
) -> Result<Permit, ExchangeError> {
    let not_for_several = || ExchangeError::NotOffered(whole.operation);
    let question = Question {
        operation: whole
            .operation
            .asked_of_each()
            .ok_or_else(not_for_several)?,
        ente: Some(code.clone()),
        parameters: whole.parameters.of_each().ok_or_else(not_for_several)?,
        campi: Some(whole.fields),
    };
    trail.asked(&question);
    let snapshot = Arc::clone(&whole.snapshot);
    if let Some(former) = snapshot.former(code) {
        return Err(ExchangeError::EnteEnded(followed_by(former, &snapshot)));
    }
    if !whole.enti().covers(code) {
        return Err(ExchangeError::NotGranted);
    }
    let ente = snapshot.ente(code).ok_or(ExchangeError::EnteUnknown)?;
    let permit = Permit {
        portal: Arc::clone(&whole.portal),
        grant: whole.grant,
        operation: question.operation,
        ente: Some(Arc::clone(ente)),
        parameters: question.parameters,
        fields: whole.fields,
        fresh: whole.fresh,
        snapshot,
    };
    trail.lap(Stage::Admission);
    Ok(permit)
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
fn covers(grant: &Grant, asking: &Asking<'_>) -> Option<FieldSet> {
    let Asking {
        question, purpose, ..
    } = *asking;
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
    let wanted = match question.campi {
        Some(wanted) if asking.narrow => wanted.intersection(granted),
        Some(wanted) => wanted,
        None => granted,
    };
    (granted.covers(wanted) && !wanted.is_empty()).then_some(wanted)
}
