//! The national registry, asked on behalf of an ente: where to notify an act, a family.

use crate::contract::operation::Operation;
use crate::contract::risposta::{RispostaFamiglia, RispostaPersona};

use super::body::{RicercaFamigliaAnpr, RicercaRecapito};
use super::http::{Request, Response};
use super::intake::{self, Intake};

/// Recapito a cui notificare un atto
///
/// Chiede all'ANPR dove notificare un atto a una persona, per conto dell'ente che lo notifica: con il client e la finalità che l'ente ha
/// nella PDND, e con l'evidenza dell'utente che chiede (AUDIT_REST). È l'e-service C001, che serve solo a questo. Chi non è iscritto e chi
/// è deceduto non ha un recapito: 404. L'ANPR non prende mai il posto dell'anagrafe dell'ente, né questa il suo.
#[utoipa::path(
    post,
    path = "/enti/{codice_istat}/ricerche-recapito",
    operation_id = "ricerche_recapito_anpr",
    tag = "anpr",
    params(("codice_istat" = String, Path, description = "Codice ISTAT dell'ente per conto del quale si chiede (sei cifre).", pattern = "^[0-9]{6}$", max_length = 6, example = "013075")),
    request_body(content = RicercaRecapito, description = "Il destinatario, il numero della pratica e i campi richiesti."),
    responses((status = 200, description = "Il recapito della persona.", body = RispostaPersona)),
)]
pub(super) async fn ricerche_recapito(intake: Intake, request: &Request, ente: &str) -> Response {
    intake::search(Operation::RecapitoAnpr, intake, request, ente).await
}

/// Famiglia anagrafica di una persona nell'ANPR
///
/// Chiede all'ANPR i componenti della famiglia anagrafica di una persona, per conto dell'ente che deve accertarla: con il client e la
/// finalità che l'ente ha nella PDND, e con l'evidenza dell'utente che chiede (AUDIT_REST). È l'e-service C021. Chi non è iscritto e chi è
/// deceduto non ha una famiglia: 404. L'ANPR non prende mai il posto dell'anagrafe dell'ente, né questa il suo.
#[utoipa::path(
    post,
    path = "/enti/{codice_istat}/ricerche-famiglia",
    operation_id = "ricerche_famiglia_anpr",
    tag = "anpr",
    params(("codice_istat" = String, Path, description = "Codice ISTAT dell'ente per conto del quale si chiede (sei cifre).", pattern = "^[0-9]{6}$", max_length = 6, example = "013075")),
    request_body(content = RicercaFamigliaAnpr, description = "La persona di cui si cerca la famiglia, il numero della pratica e i campi richiesti."),
    responses((status = 200, description = "La famiglia della persona.", body = RispostaFamiglia)),
)]
pub(super) async fn ricerche_famiglia(intake: Intake, request: &Request, ente: &str) -> Response {
    intake::search(Operation::FamigliaAnpr, intake, request, ente).await
}
