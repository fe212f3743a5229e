//! The citizen themselves: the Citizen-Token that a portal sends, given for a log-in with a card.

use std::sync::Arc;

use crate::broker::arrival::Arrival;
use crate::broker::error::ExchangeError;
use crate::broker::login;
use crate::config::portal::Portal;
use crate::gateway::Gateway;
use crate::modi::{Fault, ModiError, TokenKind};
use crate::oidc::{Citizen, CitizenFault};
use crate::snapshot::Snapshot;

/// The header, in small letters.
const HEADER: &str = "citizen-token";

/// Who is shown; nobody where the header is absent. One that is sent is judged, whether it is needed or not.
pub(super) async fn shown(
    gateway: &Gateway,
    snapshot: &Snapshot,
    portal: &Portal,
    arrival: &Arrival,
) -> Result<Option<Arc<Citizen>>, ExchangeError> {
    let wrong = |fault| ExchangeError::Token(ModiError::new(TokenKind::Citizen, fault));
    let mut sent = arrival.fields.iter().filter(|(name, _)| name == HEADER);
    let Some((_, value)) = sent.next() else {
        return Ok(None);
    };
    if sent.next().is_some() {
        return Err(wrong(Fault::HeaderTwice));
    }
    let text = std::str::from_utf8(value).map_err(|_| wrong(Fault::HeaderUnreadable))?;
    // Without a log-in of our own nobody has such a token from us.
    let provider = snapshot.oidc.as_ref().ok_or(wrong(Fault::SignerUnknown))?;
    let certificate = arrival.certificate.fingerprint;
    let citizen = provider.citizen(text.trim(), &portal.name, certificate, arrival.at);
    let citizen = citizen.map_err(|fault| {
        wrong(match fault {
            CitizenFault::Jose(fault) => Fault::Jose(fault),
            CitizenFault::SignerUnknown => Fault::SignerUnknown,
            CitizenFault::AnotherHolder => Fault::AnotherHolder,
        })
    })?;
    if login::is_revoked(gateway, &citizen.id).await? {
        return Err(wrong(Fault::Revoked));
    }
    Ok(Some(Arc::new(citizen)))
}
