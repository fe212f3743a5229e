//! Who asks about whom: the person concerned, somebody who represents them, an office, or a system in its own task.

use crate::broker::error::AskerFault;
use crate::broker::identity::Caller;
use crate::config::grant::Grant;
use crate::config::grant::asker::{Chi, Level};
use crate::contract::question::Question;
use crate::modi::Evidence;
use crate::store::representation::Representation;

/// Whether the portal has shown that whoever asks is who may ask under the grant; if it is somebody else than the person asked
/// about, by which of the representations between the two.
pub(super) fn shown<'a>(
    grant: &Grant,
    (caller, held): (&Caller, &'a [Representation]),
    question: &Question,
) -> Result<Option<&'a Representation>, AskerFault> {
    // Of their own register only the citizen is told, whatever the grant says.
    if question.operation.is_of_record() {
        let citizen = caller.citizen().ok_or(AskerFault::NotVerified);
        return citizen.map(|_| None);
    }
    let chi = grant.chi.as_ref();
    match chi.filter(|_| question.operation.is_personal()) {
        None | Some(Chi::Sistema) => Ok(None),
        Some(Chi::Ufficio) => {
            let file = signed_evidence(caller)?.text("fascicolo");
            let is_named = !file.unwrap_or_default().trim().is_empty();
            is_named.then_some(None).ok_or(AskerFault::NoFile)
        }
        Some(Chi::Interessato {
            least,
            verified,
            represented_by,
        }) => {
            check_level(caller, *least, *verified)?;
            if caller.person() == question.parameters.soggetto() {
                return Ok(None);
            }
            let mut held = held.iter().filter(|one| represented_by.contains(&one.role));
            let held = held.find(|one| one.covers(question.operation, question.ente.as_ref()));
            // Whether there ever was one is not told.
            held.map(Some).ok_or(AskerFault::AnotherPerson)
        }
    }
}

/// Whether the person who asks is known as surely as is demanded.
fn check_level(caller: &Caller, least: Level, verified: bool) -> Result<(), AskerFault> {
    // A card with its PIN is of the highest level.
    if caller.citizen().is_some() {
        return Ok(());
    }
    if verified {
        return Err(AskerFault::NotVerified);
    }
    let level = signed_evidence(caller)?.level_of_assurance();
    let level = level.and_then(Level::named);
    match level.is_some_and(|level| level >= least) {
        true => Ok(()),
        false => Err(AskerFault::LevelTooLow),
    }
}

fn signed_evidence(caller: &Caller) -> Result<&Evidence, AskerFault> {
    let evidence = caller.evidence().ok_or(AskerFault::NoEvidence)?;
    match evidence.is_signed() {
        true => Ok(evidence),
        false => Err(AskerFault::NotSigned),
    }
}
