//! Somebody asks about another person in a role of the law, which an officer of an ente has attested. Being in one family proves nothing.

use chrono::Utc;

use crate::config::grant::asker::Chi;
use crate::contract::question::Question;
use crate::gateway::Gateway;
use crate::store::StoreError;
use crate::store::representation::Representation;

use super::error::ExchangeError;
use super::identity::Caller;

/// What the representations between the person shown and the one asked about allow; looked for only where a grant of the portal
/// knows such roles and the two are not the same person.
pub(super) async fn between(
    gateway: &Gateway,
    caller: &Caller,
    question: &Question,
) -> Result<Vec<Representation>, ExchangeError> {
    let mut grants = caller.portal().grants.iter();
    let known = grants.any(|grant| grant.chi.as_ref().is_some_and(Chi::knows_representatives));
    let (true, Some(person), Some(asked)) =
        (known, caller.person(), question.parameters.soggetto())
    else {
        return Ok(Vec::new());
    };
    if person == asked {
        return Ok(Vec::new());
    }
    let found = gateway
        .store
        .representations_between((person, asked), Utc::now());
    found.await.map_err(|failure| unknown(&failure))
}

/// Refuses where a representation was revoked or ended since it was found.
pub(super) async fn still_holds(
    gateway: &Gateway,
    number: Option<i64>,
) -> Result<(), ExchangeError> {
    let Some(number) = number else {
        return Ok(());
    };
    let holds = gateway.store.representation_holds(number, Utc::now()).await;
    match holds.map_err(|failure| unknown(&failure))? {
        true => Ok(()),
        false => Err(ExchangeError::GrantRevoked),
    }
}

/// A database that does not answer is never a yes.
fn unknown(failure: &StoreError) -> ExchangeError {
    ExchangeError::NotRecorded(failure.to_string())
}
