//! What operators can do: forget answers, bring a changed configuration into force.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;

use crate::api::http::{Request, Response};
use crate::broker::cache::Purge;
use crate::broker::error::{ExchangeError, Malformed};
use crate::contract::codice_fiscale::CodiceFiscale;
use crate::contract::luogo::CodiceIstat;
use crate::contract::operation::Operation;
use crate::reload::Reloader;
use crate::snapshot::EnteEntry;

use super::caller::Caller;

/// Which answers to forget; an absent criterion matches all.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ToForget {
    ente: Option<CodiceIstat>,
    operation: Option<Operation>,
    codice_fiscale: Option<CodiceFiscale>,
}

#[derive(Debug, Serialize)]
struct Forgotten {
    risposte_rimosse: usize,
}

/// The outcome of a reload.
#[derive(Debug, Serialize)]
struct Reloaded {
    /// The generation now in force.
    generazione: u64,
    /// Sections that only a restart brings into force.
    da_riavviare: Vec<&'static str>,
    /// Why the new configuration was refused; the one before stays.
    errori: Vec<String>,
}

/// `POST /cache/purge`.
pub(super) async fn purge(caller: &Caller, request: &Request) -> Result<Response, Response> {
    let asked: ToForget = caller.body(request)?;
    let ente = asked.ente.as_ref().map(CodiceIstat::as_str);
    if !caller.covers(ente) {
        return Err(caller
            .refuse_and_note(&ExchangeError::NotGranted, ente)
            .await);
    }
    caller.note(ente, None).await?;
    let what = Purge {
        ente: asked.ente,
        operation: asked.operation,
        soggetto: asked.codice_fiscale.map(|code| code.as_str().to_owned()),
    };
    let forgotten = caller.gateway().forget(&what).await;
    let risposte_rimosse = forgotten.map_err(|failure| caller.failed(&failure))?;
    // What is no longer configured may still have left answers: only where there was nothing is it a mistake.
    if risposte_rimosse == 0 {
        is_configured(caller, &what)?;
    }
    Ok(caller.json(200, &Forgotten { risposte_rimosse }))
}

/// Refuses an ente that is not configured and an operation that nobody offers: both look like a slip of the pen.
fn is_configured(caller: &Caller, what: &Purge) -> Result<(), Response> {
    let snapshot = caller.gateway().snapshot();
    let enti: Vec<_> = match &what.ente {
        Some(code) => vec![snapshot.ente(code).ok_or_else(|| caller.ente_unknown())?],
        None => snapshot.enti().iter().collect(),
    };
    let Some(operation) = what.operation else {
        return Ok(());
    };
    let offers = |ente: &&Arc<EnteEntry>| {
        ente.binding(operation.domain())
            .is_some_and(|binding| binding.adapter.operation(operation).is_some())
    };
    if enti.iter().any(offers) {
        return Ok(());
    }
    Err(caller.malformed(Malformed::Field {
        field: "operation".to_owned(),
        reason: "nessun ente configurato la offre".to_owned(),
    }))
}

/// `POST /ricarica`: 200 with the new generation, or 422 with every mistake.
pub(super) async fn reload(
    caller: &Caller,
    reloader: &Arc<Reloader>,
) -> Result<Response, Response> {
    let reloader = Arc::clone(reloader);
    let outcome = spawn_blocking(move || reloader.reload()).await;
    Ok(match outcome.map_err(|fault| caller.failed(&fault))? {
        Ok(reloaded) => caller.json(
            200,
            &Reloaded {
                generazione: reloaded.generation,
                da_riavviare: reloaded.needing_restart,
                errori: Vec::new(),
            },
        ),
        Err(mistakes) => caller.json(
            422,
            &Reloaded {
                generazione: caller.gateway().snapshot().generation,
                da_riavviare: Vec::new(),
                errori: mistakes.iter().map(ToString::to_string).collect(),
            },
        ),
    })
}
