//! What happens to every exchange, stage by stage. Read [`exchange`] first.

pub mod arrival;
pub mod identity;
pub mod authorization;
pub mod rate_limit;
mod protection;
pub mod cache;
pub mod dispatch;
pub mod deferral;
pub mod catalogo;
mod verification;
pub mod accessi;
mod representation;
pub mod record;
pub mod login;
pub mod reply;
pub mod error;
mod answer_signature;
mod evidenze;
mod attended;
pub mod fan_out;

use std::sync::Arc;

use crate::gateway::Gateway;

use arrival::{Arrival, Asked};
use attended::Attended;
use error::ExchangeError;
use record::Trail;
use reply::{Answered, Describe, Reply};

/// Carries out one exchange and puts it on record, whatever its outcome, before its reply leaves.
///
/// A portal that hangs up leaves no exchange without a record: what nobody waits for goes on by itself.
pub async fn exchange(gateway: &Arc<Gateway>, arrival: Arrival, describe: Describe) -> Reply {
    let (scambio, door_limit) = (arrival.scambio, arrival.door_limit);
    let work = Attended::new(carry_out(Arc::clone(gateway), arrival, describe));
    work.await.unwrap_or_else(|_| {
        tracing::error!(%scambio, "uno scambio è finito per un nostro difetto");
        let fault = ExchangeError::Internal("task ended".to_owned());
        Reply::unrecorded(scambio, door_limit, &fault, describe)
    })
}

async fn carry_out(gateway: Arc<Gateway>, arrival: Arrival, describe: Describe) -> Reply {
    let (slot, mut trail) = match record::open(&gateway, &arrival) {
        Ok(opened) => opened,
        Err(refused) => return arrival.unrecorded(&refused, describe),
    };
    let outcome = stages(&gateway, &arrival, &mut trail, describe).await;
    record::close(&gateway, slot, trail, &arrival, outcome, describe).await
}

/// The stages, in order.
async fn stages(
    gateway: &Arc<Gateway>,
    arrival: &Arrival,
    trail: &mut Trail,
    describe: Describe,
) -> Result<Answered, ExchangeError> {
    let caller = identity::establish(gateway, arrival, trail).await?;
    let question = match arrival.asked()? {
        Asked::Question(question) => question,
        Asked::PickUp(sought) => return deferral::pick_up(gateway, &caller, *sought, trail).await,
        Asked::Evidence(asked) => return evidenze::answer(gateway, &caller, asked, arrival).await,
        Asked::LogIn(_) => return login::redeem(gateway, &caller, arrival, trail).await,
    };
    let permit = authorization::grant(gateway, &caller, &arrival.asking(question), trail).await?;
    record::seal::is_in_time(gateway, &permit)?;
    if permit.operation().asked_of_each().is_some() {
        return fan_out::ask(gateway, &permit, arrival, trail, describe).await;
    }
    if permit.operation().is_write() {
        return deferral::write(gateway, &permit, arrival, trail).await;
    }
    rate_limit::admit(gateway, &permit, trail).await?;
    if permit.operation().is_of_record() {
        return accessi::answer(gateway, &permit, &caller, arrival).await;
    }
    if let Some(deferral) = deferral::promised(&permit, arrival)? {
        return deferral::open(gateway, &permit, deferral, arrival, trail).await;
    }
    if permit.operation().is_verification() {
        return verification::answer(gateway, &permit, arrival, trail).await;
    }
    if !permit.operation().is_personal() {
        return catalogo::answer(&gateway.cache, &permit, arrival);
    }
    deferral::at_once_or_later(gateway, permit, arrival, trail, describe).await
}
