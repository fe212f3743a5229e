//! Writes that nobody waits for any more: what was never sent is forgotten, what was sent is looked for, and nothing is sent again.

use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use uuid::Uuid;

use crate::broker::authorization::{self, Permit};
use crate::broker::dispatch::{self, Target};
use crate::broker::error::{ConnectorError, ExchangeError, Kind};
use crate::broker::reply::Describe;
use crate::connectors::adapter::writing::LookUp;
use crate::connectors::call::{Call, Transcript, Turn as Part};
use crate::contract::richiesta::Stato;
use crate::gateway::Gateway;
use crate::store::Richiesta;

use super::carrying;
use super::kept::{self, KeptOutcome, KeptQuestion};
use super::note::{Ended, Turn};
use super::writing::{self, Sending};

/// A look-up ends within this time, whatever the instance allows.
const LONGEST_LOOK: Duration = Duration::from_mins(1);

/// When to try again where the back end may not be asked now.
const LATER: TimeDelta = TimeDelta::minutes(10);

/// Carries on a write that this node holds because nobody else does.
pub(super) async fn carry_on(gateway: &Gateway, mut richiesta: Richiesta, describe: Describe) {
    if richiesta.state == Stato::Accolta {
        return release(gateway, &richiesta).await;
    }
    let (kept, question) = match KeptQuestion::read(&richiesta) {
        Ok(read) => read,
        Err(failure) => {
            tracing::error!(scambio = %richiesta.scambio, %failure, "una scrittura aperta non si può leggere");
            return;
        }
    };
    let (scambio, begun) = (Uuid::now_v7(), Utc::now());
    let asking = kept.asking(&question);
    let allowed = authorization::grant_again(gateway.snapshot(), &richiesta.portal, &asking)
        .and_then(|permit| Ok((dispatch::target(&permit)?, permit)))
        .ok()
        .filter(|(target, _)| {
            kept.instance == target.instance.name && kept.adapter == target.adapter.name()
        });
    let look_up = allowed
        .as_ref()
        .and_then(|(target, _)| writing::look_up(target, richiesta.operation));
    let mut transcript = Transcript::begin();
    let ended = match (richiesta.state, &allowed, look_up) {
        (Stato::Inoltrata, ..) => {
            writing::becomes_unknown(&mut richiesta, look_up);
            Some(Ok("esito-ignoto"))
        }
        (Stato::EsitoIgnoto, Some((target, permit)), Some(look_up)) => {
            let of = (permit, target, look_up);
            look(gateway, &mut richiesta, of, &mut transcript).await
        }
        // Nobody but an officer can tell, or not now: a grant or the back end's product may come back.
        _ => {
            richiesta.due = Some(Utc::now() + LATER).filter(|due| *due < richiesta.gives_up);
            None
        }
    };
    if let Some((_, permit)) = &allowed {
        writing::forget_position(gateway, &richiesta.ente, permit.parameters().soggetto()).await;
    }
    let turn = Turn {
        scambio,
        begun,
        richiesta: &richiesta,
        officer: None,
        question: &kept,
        allowed: allowed.as_ref().map(|(target, permit)| (permit, target)),
        digests: transcript.finish(),
        reply: None,
    };
    let recorded = match &ended {
        None => Ok(()),
        Some(Ok(outcome)) => turn.record(gateway, Ended::Well(outcome)).await,
        Some(Err(failure)) => {
            let refusal = describe(failure, &scambio);
            turn.record(gateway, Ended::Badly(&refusal)).await
        }
    };
    if let Err(error) = recorded {
        tracing::error!(scambio = %richiesta.scambio, %error, "un passo di una scrittura non si è potuto registrare");
        return;
    }
    if let Err(error) = gateway.store.richieste().save(&mut richiesta).await {
        tracing::error!(scambio = %richiesta.scambio, %error, "un passo di una scrittura non si è potuto conservare");
    }
}

/// Nothing of it was sent: its key is free again.
async fn release(gateway: &Gateway, richiesta: &Richiesta) {
    match gateway.store.richieste().release(richiesta).await {
        Ok(_) => {
            tracing::info!(scambio = %richiesta.scambio, "una scrittura interrotta prima dell'invio è dimenticata");
        }
        Err(error) => {
            tracing::error!(scambio = %richiesta.scambio, %error, "una scrittura mai inviata non si può dimenticare");
        }
    }
}

/// Asks the back end what became of the write; returns what is to be recorded, if anything is known now.
async fn look(
    gateway: &Gateway,
    richiesta: &mut Richiesta,
    (permit, target, look_up): (&Permit, &Target, LookUp),
    transcript: &mut Transcript,
) -> Option<Result<&'static str, ExchangeError>> {
    let again = |richiesta: &mut Richiesta| {
        richiesta.turns += 1;
        let pause = TimeDelta::from_std(look_up.pause(richiesta.turns)).unwrap_or(LATER);
        richiesta.due = Some(Utc::now() + pause).filter(|due| *due < richiesta.gives_up);
    };
    let sending = richiesta.progress.as_deref().map(kept::read::<Sending>);
    let Some(Ok(Sending { written })) = sending else {
        richiesta.due = None;
        return None;
    };
    if dispatch::leave_alone_if_closed(&target.instance, Utc::now()).is_err() {
        again(richiesta);
        return None;
    }
    let reference = richiesta.reference.to_string();
    let call = Call {
        operation: permit.operation(),
        tenant: &target.tenant,
        portal: Some(&permit.portal().name),
        parameters: permit.parameters(),
        fields: target.fields,
        deadline: Instant::now() + LONGEST_LOOK,
        turn: Part::Settle {
            reference: &reference,
            written,
        },
        traceparent: None,
        proofs: permit.proofs(),
    };
    let instance = gateway.instances.get(&target.instance);
    match instance.call(&target.adapter, &call, transcript).await {
        Ok(answer) => {
            let outcome = KeptOutcome::answer(&answer, target.fields, writing::adattatore(target));
            carrying::end(richiesta, Stato::Completata, Some(&outcome), gateway);
            Some(Ok("completata"))
        }
        // Only so long after it was sent is it sure that the back end does not come to it any more.
        Err(failure)
            if failure.kind == Kind::NotFound
                && (Utc::now() - written)
                    .to_std()
                    .is_ok_and(|age| age >= look_up.conclusive) =>
        {
            let failure = ConnectorError::permanent(Kind::NotCarriedOut, "by the look-up");
            let outcome = KeptOutcome::failure(&failure);
            carrying::end(richiesta, Stato::Rifiutata, Some(&outcome), gateway);
            Some(Err(ExchangeError::BackEnd(failure)))
        }
        Err(failure) => {
            if failure.kind != Kind::NotFound {
                tracing::warn!(
                    scambio = %richiesta.scambio, operation = %richiesta.operation, ente = richiesta.ente, kind = %failure.kind,
                    code = failure.code.as_deref(), detail = %failure.detail, "non si può chiedere che ne è stato di una scrittura"
                );
            }
            again(richiesta);
            None
        }
    }
}
