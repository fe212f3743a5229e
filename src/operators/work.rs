//! What operators can do: forget answers, bring a changed configuration into force.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload, block};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use crate::broker::cache::Purge;
use crate::contract::codice_fiscale::CodiceFiscale;
use crate::contract::luogo::CodiceIstat;
use crate::contract::operation::Operation;
use crate::reload::Reloader;

use super::caller::{Caller, json};

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
pub(super) async fn purge(
    caller: Caller,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, actix_web::Error> {
    let asked: ToForget = caller.body(&request, payload).await?;
    let what = Purge {
        ente: asked.ente,
        operation: asked.operation,
        soggetto: asked.codice_fiscale.map(|code| code.as_str().to_owned()),
    };
    let risposte_rimosse = caller.gateway().cache.purge(&what);
    Ok(json(StatusCode::OK, &Forgotten { risposte_rimosse }))
}

/// `POST /ricarica`: 200 with the new generation, or 422 with every mistake.
pub(super) async fn reload(
    caller: Caller,
    reloader: Data<Reloader>,
) -> Result<HttpResponse, actix_web::Error> {
    let outcome = block(move || reloader.reload()).await;
    Ok(match outcome.map_err(|fault| caller.failed(&fault))? {
        Ok(reloaded) => json(
            StatusCode::OK,
            &Reloaded {
                generazione: reloaded.generation,
                da_riavviare: reloaded.needing_restart,
                errori: Vec::new(),
            },
        ),
        Err(mistakes) => json(
            StatusCode::UNPROCESSABLE_ENTITY,
            &Reloaded {
                generazione: caller.gateway().snapshot().generation,
                da_riavviare: Vec::new(),
                errori: mistakes.iter().map(ToString::to_string).collect(),
            },
        ),
    })
}
