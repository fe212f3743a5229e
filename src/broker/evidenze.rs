//! The evidence of the portal's own exchanges, and the roots for whoever wants to keep them. No grant: a portal learns nothing that it was
//! not told.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use tokio::time::timeout_at;
use uuid::Uuid;

use crate::contract::evidenze::{ElencoRadici, MASSIMO_RADICI, RadiceSigillata};
use crate::evidence::Exhibit;
use crate::evidence::container::MEDIA_TYPE;
use crate::gateway::Gateway;
use crate::store::evidence::{Found, SealedRoot};

use super::arrival::{Arrival, EvidenceAsked};
use super::error::ExchangeError;
use super::identity::Caller;
use super::reply::Answered;

/// Answers as soon as it is its turn: the salts of an exchange are looked for in its whole month.
pub(super) async fn answer(
    gateway: &Arc<Gateway>,
    caller: &Caller,
    asked: &EvidenceAsked,
    arrival: &Arrival,
) -> Result<Answered, ExchangeError> {
    let turns = Arc::clone(&gateway.register_turns);
    let work = async {
        let turn = turns.acquire().await;
        let _turn = turn.map_err(|closed| ExchangeError::Internal(closed.to_string()))?;
        match asked {
            EvidenceAsked::Of(scambio) => evidence(gateway, &caller.portal().name, *scambio).await,
            EvidenceAsked::Newest => roots(gateway.store.newest_roots().await),
            EvidenceAsked::After { node, batch } => roots(
                gateway
                    .store
                    .roots_after(node, *batch, MASSIMO_RADICI)
                    .await,
            ),
        }
    };
    timeout_at(arrival.deadline.into(), work)
        .await
        .map_err(|_| ExchangeError::DeadlinePassed)?
}

async fn evidence(
    gateway: &Gateway,
    portal: &str,
    scambio: Uuid,
) -> Result<Answered, ExchangeError> {
    let found = gateway.store.evidence_of(portal, scambio).await;
    match found.map_err(internal)? {
        Found::Whole(exhibit) => {
            let told = Exhibit {
                salts: exhibit.salts.of_the_portal(),
                ..*exhibit
            };
            let packed = told.pack().map_err(internal)?;
            Ok(Answered::of_media_type(packed, MEDIA_TYPE))
        }
        Found::Waiting => Err(ExchangeError::EvidenceUnsealed),
        Found::Nothing | Found::WithoutReceipt => Err(ExchangeError::EvidenceUnknown),
    }
}

fn roots<E: ToString>(found: Result<Vec<SealedRoot>, E>) -> Result<Answered, ExchangeError> {
    let items = found
        .map_err(internal)?
        .into_iter()
        .map(|root| RadiceSigillata {
            nodo: root.node,
            lotto: root.batch,
            documento: STANDARD.encode(root.document),
            sigillo: root.seal.map(|seal| STANDARD.encode(seal)),
        });
    let list = ElencoRadici {
        items: items.collect(),
    };
    let body = serde_json::to_vec(&list).map_err(internal)?;
    Ok(Answered::of_several(Bytes::from(body)))
}

fn internal(failure: impl ToString) -> ExchangeError {
    ExchangeError::Internal(failure.to_string())
}
