use super::{arrival::Arrival, authorization::Permit, error::ExchangeError, reply::Answered};
pub(super) fn answer(_: &Permit, _: &Arrival) -> Result<Answered, ExchangeError> {
    todo!()
}
