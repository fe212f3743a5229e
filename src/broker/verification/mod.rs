//! A self-declaration is verified (DPR 445/2000, article 71): the ente is asked what searches ask it, for the fields alone that the statements
//! take, and the portal is told a word on each. No value of the record leaves.

mod address;
mod comparing;
mod place;
mod words;

use crate::contract::document::Document;
use crate::contract::operation::FieldSet;
use crate::contract::persona::Persona;
use crate::contract::question::Parameters;
use crate::gateway::Gateway;

use super::arrival::Arrival;
use super::authorization::{self, Permit};
use super::cache::{self, Found};
use super::deferral;
use super::error::{ExchangeError, Kind};
use super::record::Trail;
use super::reply::Answered;

/// Answers with a word on each statement.
///
/// The person's record is asked for first, and the family only where somebody is declared to belong to it. A product that has the one and
/// not the other leaves the other's statements open; with neither, or later than at once, the ente does not offer this.
pub(super) async fn answer(
    gateway: &Gateway,
    permit: &Permit,
    arrival: &Arrival,
    trail: &mut Trail,
) -> Result<Answered, ExchangeError> {
    let not_offered = || ExchangeError::NotOffered(permit.operation());
    let (Parameters::Dichiarazioni { dichiarazioni, .. }, Some(ente)) =
        (permit.parameters(), permit.ente())
    else {
        return Err(not_offered());
    };
    let (of_person, of_family) = authorization::to_verify(permit);
    let person = consult(gateway, of_person.as_ref(), arrival, trail).await?;
    let family = match consult(gateway, of_family.as_ref(), arrival, trail).await {
        // The person is known, a family of theirs is not: they left it, or died.
        Err(ExchangeError::BackEnd(failure))
            if person.is_some() && failure.kind == Kind::NotFound =>
        {
            None
        }
        family => family?,
    };
    if let (Some(person), Some(family)) = (&person, &family) {
        trail.compared(person, family);
    }
    let consulted: Vec<&Found> = person.iter().chain(&family).collect();
    if consulted.is_empty() {
        return Err(not_offered());
    }
    let known = match &person {
        Some(found) => read(&found.fetched.answer.document)?,
        None => Vec::new(),
    };
    let members = family
        .as_ref()
        .map(|found| read(&found.fetched.answer.document));
    let members = members.transpose()?;
    let known = known.into_iter().next().unwrap_or_default();
    let esiti = comparing::compare(
        dichiarazioni,
        &known,
        members.as_deref(),
        &ente.codice_istat,
    );
    Ok(Answered::verified(permit, &esiti, &consulted))
}

/// Asks for what a Permit allows; `None` where there is nothing to ask for, or where the ente does not answer it at once.
async fn consult(
    gateway: &Gateway,
    permit: Option<&Permit>,
    arrival: &Arrival,
    trail: &mut Trail,
) -> Result<Option<Found>, ExchangeError> {
    let Some(permit) = permit.filter(|permit| deferral::of(permit).is_none()) else {
        return Ok(None);
    };
    match cache::get_or_fetch(gateway, permit, arrival, trail).await {
        Err(ExchangeError::NotOffered(_)) => Ok(None),
        found => found.map(Some),
    }
}

/// The persons in an answer.
fn read(document: &Document) -> Result<Vec<Persona>, ExchangeError> {
    let mut written = Vec::with_capacity(document.written_length());
    document.write_cut(FieldSet::all(document.operation()), &mut written);
    let persons = match document.operation().tells_a_family() {
        true => serde_json::from_slice(&written),
        false => serde_json::from_slice(&written).map(|person| vec![person]),
    };
    persons.map_err(|_| ExchangeError::Internal("an answer out of the contract's form".to_owned()))
}
