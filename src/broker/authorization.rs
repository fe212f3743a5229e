//! Stage 2: may they. Deny by default; decided anew at every request, answers from the cache included.

mod again;
mod asker;
mod verifying;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::config::grant::days::Standing;
use crate::config::grant::{Enti, Grant};
use crate::config::limits::Rate;
use crate::config::portal::Portal;
use crate::connectors::call::Proofs;
use crate::connectors::places::Place;
use crate::connectors::successors::Former;
use crate::contract::catalogo::ComuneSuccessore;
use crate::contract::luogo::CodiceIstat;
use crate::contract::operation::{FieldSet, Operation};
use crate::contract::question::{Parameters, Question};
use crate::gateway::Gateway;
use crate::modi::Proven;
use crate::snapshot::{EnteEntry, Snapshot};
use crate::store::representation::Representation;

use super::error::{ExchangeError, VoucherElsewhere};
use super::identity::Caller;
use super::record::{Stage, Trail};
use super::representation;

pub(super) use again::{Before, check_contact, still_granted};
pub(super) use verifying::to_verify;

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
    /// The purpose that it is for.
    purpose: Option<Purpose>,
    /// What the portal's tokens proved; gone with its call.
    proven: Option<Arc<Proven>>,
    /// In which role somebody asks about another person.
    representation: Option<Arc<Representation>>,
}

impl Permit {
    /// What the tokens for a back end are made from.
    pub fn proofs(&self) -> Proofs<'_> {
        let proven = self.proven.as_ref();
        Proofs {
            own: self.snapshot.own_signer.as_ref(),
            evidence: proven.and_then(|proven| proven.evidence.as_ref()),
            purpose: self.purpose().map(|purpose| &*purpose.id),
        }
    }

    /// What it is for; none where nobody is asked about.
    pub(super) fn purpose(&self) -> Option<&Purpose> {
        self.purpose.as_ref()
    }

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
        &self.portal.grants[self.grant]
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

    /// Whether the data of protected persons were granted expressly for its purpose.
    pub fn shows_protected(&self) -> bool {
        let purpose = self.purpose();
        purpose.is_some_and(|purpose| self.grant().protected_purposes.contains(&*purpose.id))
    }

    /// The number of the representation under which somebody asks about another person.
    pub fn representation(&self) -> Option<i64> {
        self.representation.as_ref().map(|held| held.number)
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

/// A purpose that was granted.
#[derive(Debug, Clone)]
pub(super) struct Purpose {
    /// Its name in the configuration.
    pub id: Box<str>,
    /// Who named it.
    pub origin: PurposeOrigin,
}

/// Who named a purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum PurposeOrigin {
    /// The portal, in a field of its request.
    #[default]
    Intestazione,
    /// The voucher that it showed.
    Voucher,
}

impl PurposeOrigin {
    /// As the record has it.
    pub(super) fn name(self) -> &'static str {
        match self {
            PurposeOrigin::Intestazione => "intestazione",
            PurposeOrigin::Voucher => "voucher",
        }
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
    /// The instant at which it must be granted.
    pub at: DateTime<Utc>,
}

/// A grant that covers a question.
struct Covering {
    /// Its position among the portal's.
    position: usize,
    /// The fields that it lets the question see.
    fields: FieldSet,
    /// How it stands at that instant.
    standing: Standing,
    /// In which role somebody asks about another person.
    representation: Option<Arc<Representation>>,
}

/// Finds the grant that covers portal, operation, ente, purpose and fields together.
pub(super) async fn grant(
    gateway: &Gateway,
    caller: &Caller,
    asking: &Asking<'_>,
    trail: &mut Trail,
) -> Result<Permit, ExchangeError> {
    let question = asking.question;
    trail.asked(question);
    let purpose = purpose_of(caller, asking)?;
    let asking = &Asking { purpose, ..*asking };
    trail.named(purpose);
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
    check_service(caller, question, &snapshot)?;
    let held = representation::between(gateway, caller, question).await?;
    let covering = covering(portal, asking, Some((caller, &held)))?;
    trail.granted(&portal.grants[covering.position]);
    if let Some(representation) = &covering.representation {
        trail.represented(representation);
    }
    let mut permit = permit(portal, &covering, snapshot, asking)?;
    permit.proven = caller.proven().cloned();
    if let (Some(purpose), Some(_)) = (&mut permit.purpose, caller.voucher()) {
        purpose.origin = PurposeOrigin::Voucher;
    }
    trail.permitted(permit.operation, permit.fields);
    trail.lap(Stage::Admission);
    Ok(permit)
}

/// The purpose: that of the voucher, which nothing else may contradict, or the one that the request names.
fn purpose_of<'a>(
    caller: &'a Caller,
    asking: &Asking<'a>,
) -> Result<Option<&'a str>, ExchangeError> {
    let Some(voucher) = caller.voucher() else {
        return Ok(asking.purpose);
    };
    let evidence = caller.evidence().and_then(|evidence| evidence.purpose_id());
    let mut named = asking.purpose.into_iter().chain(evidence);
    match named.any(|purpose| purpose != voucher.purpose) {
        true => Err(ExchangeError::VoucherElsewhere(VoucherElsewhere::Purpose)),
        false => Ok(Some(&voucher.purpose)),
    }
}

/// A voucher opens the e-service of one ente: another ente, or several at once, is none of its business.
fn check_service(
    caller: &Caller,
    question: &Question,
    snapshot: &Snapshot,
) -> Result<(), ExchangeError> {
    let (Some(voucher), true) = (caller.voucher(), question.operation.is_personal()) else {
        return Ok(());
    };
    let ente = question.ente.as_ref().and_then(|code| snapshot.ente(code));
    let binding = ente.and_then(|ente| ente.binding(question.operation.domain()));
    let service = binding.and_then(|binding| binding.servizio.pdnd.as_ref());
    match service.is_some_and(|service| voucher.opens(service)) {
        true => Ok(()),
        false => Err(ExchangeError::VoucherElsewhere(VoucherElsewhere::Service)),
    }
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
    let covering = covering(&portal, asking, None)?;
    permit(&portal, &covering, snapshot, asking)
}

/// The first of the portal's grants that covers the question and is in force; where none is, the first that only time
/// keeps from it: whoever may know that a grant ended is the portal that it was given to.
///
/// Where nobody is calling, who asked was shown when it was asked.
fn covering(
    portal: &Portal,
    asking: &Asking<'_>,
    shown: Option<(&Caller, &[Representation])>,
) -> Result<Covering, ExchangeError> {
    let (mut out_of_time, mut not_shown) = (None, None);
    for (position, grant) in portal.grants.iter().enumerate() {
        let Some(fields) = covers(grant, asking) else {
            continue;
        };
        let standing = match &asking.question.ente {
            Some(ente) => grant.standing_at(ente, asking.at),
            None => grant.standing(asking.at),
        };
        let covering = Covering {
            position,
            fields,
            standing,
            representation: None,
        };
        if standing != Standing::InForce {
            out_of_time.get_or_insert(covering);
            continue;
        }
        let asks = |(caller, held)| asker::shown(grant, (caller, held), asking.question);
        match shown.map_or(Ok(None), asks) {
            Ok(representation) => {
                return Ok(Covering {
                    representation: representation.cloned().map(Arc::new),
                    ..covering
                });
            }
            Err(fault) => not_shown.get_or_insert(fault),
        };
    }
    match (not_shown, out_of_time) {
        (Some(fault), _) => Err(ExchangeError::AskerNotShown(fault)),
        (None, out_of_time) => out_of_time.ok_or(ExchangeError::NotGranted),
    }
}

fn permit(
    portal: &Arc<Portal>,
    covering: &Covering,
    snapshot: Arc<Snapshot>,
    asking: &Asking<'_>,
) -> Result<Permit, ExchangeError> {
    if covering.standing != Standing::InForce {
        return Err(ExchangeError::GrantNotInForce(covering.standing));
    }
    let question = asking.question;
    let fresh = asking.fresh && question.operation.is_personal();
    if fresh && !portal.grants[covering.position].fresh {
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
        grant: covering.position,
        operation: question.operation,
        ente,
        parameters: question.parameters.clone(),
        fields: covering.fields,
        fresh,
        purpose: asking.purpose.map(|id| Purpose {
            id: id.into(),
            origin: PurposeOrigin::default(),
        }),
        proven: None,
        representation: covering.representation.clone(),
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
    let standing = whole.grant().standing_at(code, trail.begun());
    if standing != Standing::InForce {
        return Err(ExchangeError::GrantNotInForce(standing));
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
        purpose: whole.purpose.clone(),
        proven: whole.proven.clone(),
        representation: whole.representation.clone(),
        snapshot,
    };
    trail.permitted(whole.operation, whole.fields);
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
    let question = asking.question;
    let ente = question.ente.as_ref();
    let granted = granted(grant, question.operation, ente, asking.purpose)?;
    if !question.operation.is_personal() {
        return Some(FieldSet::NONE);
    }
    let wanted = match question.campi {
        Some(wanted) if asking.narrow => wanted.intersection(granted),
        Some(wanted) => wanted,
        None => granted,
    };
    (granted.covers(wanted) && !wanted.is_empty()).then_some(wanted)
}

/// The fields that the grant gives of that operation at that ente for that purpose; `None` where it gives nothing.
fn granted(
    grant: &Grant,
    operation: Operation,
    ente: Option<&CodiceIstat>,
    purpose: Option<&str>,
) -> Option<FieldSet> {
    let ente_covered = ente.is_none_or(|ente| grant.enti.covers(ente));
    if !grant.operations.contains(&operation) || !ente_covered {
        return None;
    }
    if !operation.is_personal() {
        return Some(FieldSet::NONE);
    }
    (grant.purposes.contains(purpose?)).then(|| grant.allowed(operation))
}
