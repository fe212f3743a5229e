//! Requests that outlive their call: how far one is, and its result (ModI, NONBLOCK_PULL_REST).

use crate::broker::arrival::{Asked, PickUp, Sought};
use crate::contract::operation::Domain;
use crate::contract::richiesta::StatoRichiesta;
use crate::contract::risposta::{RisultatoAnagrafe, RisultatoTributi};

use super::head;
use super::http::{Request, Response};
use super::intake::{self, Intake};

/// Stato di una richiesta
///
/// A che punto è una richiesta a cui è stato risposto 202. Finché è aperta la risposta è 200, con Retry-After; quando è conclusa,
/// comunque sia finita, è 303 con l'indirizzo del risultato. La concessione è verificata di nuovo; la finalità è quella con cui
/// la richiesta è stata aperta.
#[utoipa::path(
    get,
    path = "/richieste/{id}",
    operation_id = "stato_richiesta",
    tag = "richieste",
    params(("id" = String, Path, description = "Identificativo dato con la risposta 202.", format = "uuid", max_length = 36, example = "5b8f2f0e-8d7c-4a55-9f0c-0f4b4f2a9a11")),
    responses(
        (status = 200, description = "La richiesta è ancora aperta.", body = StatoRichiesta),
        (status = 303, description = "La richiesta è conclusa: il risultato è all'indirizzo in Location.", body = StatoRichiesta),
    ),
)]
pub(super) async fn stato_richiesta(
    intake: Intake,
    request: &Request,
    domain: Domain,
    id: &str,
) -> Response {
    look(intake, request, domain, id, Sought::State).await
}

/// Risultato di una richiesta di anagrafe
///
/// La risposta alla ricerca, ridotta a ciò che è concesso al momento del ritiro, oppure il problema con cui è finita. Si può
/// ritirare più volte, fino alla data in `conservata_fino_al`; ogni ritiro è uno scambio registrato.
#[utoipa::path(
    get,
    path = "/richieste/{id}/risultato",
    operation_id = "risultato_richiesta",
    tag = "richieste",
    params(("id" = String, Path, description = "Identificativo dato con la risposta 202.", format = "uuid", max_length = 36, example = "5b8f2f0e-8d7c-4a55-9f0c-0f4b4f2a9a11")),
    responses((status = 200, description = "La risposta alla ricerca.", body = RisultatoAnagrafe)),
)]
#[expect(
    dead_code,
    reason = "the documents describe the result of each domain apart"
)]
fn risultato_anagrafe() {}

/// Risultato di una richiesta di tributi
///
/// La risposta alla ricerca o alla scrittura, ridotta a ciò che è concesso al momento del ritiro, oppure il problema con cui è finita. Si può
/// ritirare più volte, fino alla data in `conservata_fino_al`; ogni ritiro è uno scambio registrato.
#[utoipa::path(
    get,
    path = "/richieste/{id}/risultato",
    operation_id = "risultato_richiesta",
    tag = "richieste",
    params(("id" = String, Path, description = "Identificativo dato con la risposta 202.", format = "uuid", max_length = 36, example = "5b8f2f0e-8d7c-4a55-9f0c-0f4b4f2a9a11")),
    responses((status = 200, description = "La risposta alla ricerca.", body = RisultatoTributi)),
)]
#[expect(
    dead_code,
    reason = "the documents describe the result of each domain apart"
)]
fn risultato_tributi() {}

/// Gives the result of a request.
pub(super) async fn risultato(
    intake: Intake,
    request: &Request,
    domain: Domain,
    id: &str,
) -> Response {
    look(intake, request, domain, id, Sought::Result).await
}

async fn look(
    intake: Intake,
    request: &Request,
    domain: Domain,
    id: &str,
    what: Sought,
) -> Response {
    intake::answer_whatever(intake, request, |request, _| {
        head::no_query(&request.head)?;
        let id = head::richiesta(id)?;
        Ok(Asked::PickUp(PickUp { id, domain, what }))
    })
    .await
}
