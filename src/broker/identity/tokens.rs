//! The tokens of a request: judged by ModI's patterns, each that may be used once noted as used.

use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use uuid::Uuid;

use crate::broker::arrival::{Arrival, Asked};
use crate::broker::error::ExchangeError;
use crate::config::modi::Modi;
use crate::config::portal::Portal;
use crate::gateway::Gateway;
use crate::modi::{self, Fault, Message, ModiError, Proven, ProvenToken, Rules};
use crate::snapshot::Snapshot;
use crate::store::SeenToken;

/// What the request proves. Nothing is looked at where it cannot be understood: it is refused for that anyway.
pub(super) async fn prove(
    gateway: &Gateway,
    snapshot: &Snapshot,
    portal: &Portal,
    settings: &Modi,
    arrival: &Arrival,
) -> Result<Option<Arc<Proven>>, ExchangeError> {
    let operation = match &arrival.asked {
        Ok(Asked::Question(question)) => Some(question.operation),
        // The certificate is what binds the tokens that a portal gets for a code, and enough for what it knows already.
        Err(_) | Ok(Asked::LogIn(_) | Asked::Evidence(_)) => return Ok(None),
        Ok(Asked::PickUp(_)) => None,
    };
    let signers = snapshot
        .signers_of(&portal.name)
        .ok_or_else(|| ExchangeError::Internal("no signers".to_owned()))?;
    let rules = Rules {
        portal,
        settings,
        signers,
        trust: &snapshot.trust,
        connection: &arrival.certificate,
        demanded: settings.demanded(operation),
    };
    let message = Message {
        body: &arrival.body,
        fields: &arrival.fields,
    };
    let proven = modi::verify(&message, &rules, arrival.at).map_err(ExchangeError::Token)?;
    note(gateway, portal, &proven, arrival.scambio).await?;
    Ok(Some(Arc::new(proven)))
}

/// Notes the tokens that may be used once. Durable before anything is done for them, so that no restart forgets one.
async fn note(
    gateway: &Gateway,
    portal: &Portal,
    proven: &Proven,
    scambio: Uuid,
) -> Result<(), ExchangeError> {
    let once = || proven.tokens.iter().filter(|token| token.once);
    let seen: Vec<SeenToken> = once()
        .map(|token| seen(&portal.name, token, scambio))
        .collect();
    let Some(first) = once().next() else {
        return Ok(());
    };
    match gateway.store.replay().first_use(seen).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(ExchangeError::Token(ModiError::new(
            first.kind,
            Fault::Replayed,
        ))),
        Err(failure) => Err(ExchangeError::NotRecorded(failure.to_string())),
    }
}

/// A `jti` counts within its portal and its header: implementations give all tokens of a message the same one.
fn seen(portal: &str, token: &ProvenToken, scambio: Uuid) -> SeenToken {
    let mut context = Context::new(&SHA256);
    let id = token.id.as_deref().unwrap_or_default();
    for part in [portal, token.kind.name(), id] {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    let mut digest = [0; 32];
    digest.copy_from_slice(context.finish().as_ref());
    SeenToken {
        digest,
        until: token.until,
        scambio,
    }
}
