//! Whether exchanges go on although their evidence waits for its seal.

use crate::gateway::Gateway;

use crate::broker::authorization::Permit;
use crate::broker::error::ExchangeError;

/// Refuses where the evidence waits longer than the configuration allows for this class of operations.
pub(in crate::broker) fn is_in_time(
    gateway: &Gateway,
    permit: &Permit,
) -> Result<(), ExchangeError> {
    let writes = permit.operation().is_write();
    match gateway.sealing() {
        Some(standing) if standing.refuses(writes) => Err(ExchangeError::SealOverdue),
        _ => Ok(()),
    }
}
