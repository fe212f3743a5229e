//! Local taxes: the position of a taxpayer.

use crate::contract::operation::Operation;
use crate::contract::risposta::RispostaPosizione;

use super::body::RicercaPosizione;
use super::http::{Request, Response};
use super::intake::{self, Intake};

/// Posizione tributaria di un contribuente
///
/// Cerca la posizione di un contribuente per un tributo e un anno nel gestionale dei tributi dell'ente. I dati non hanno valore
/// di certificato.
#[utoipa::path(
    post,
    path = "/enti/{codice_istat}/ricerche-posizione",
    operation_id = "ricerche_posizione",
    tag = "tributi",
    params(("codice_istat" = String, Path, description = "Codice ISTAT dell'ente (sei cifre).", pattern = "^[0-9]{6}$", max_length = 6, example = "013075")),
    request_body(content = RicercaPosizione, description = "Il contribuente, il tributo, l'anno e i campi richiesti."),
    responses((status = 200, description = "La posizione del contribuente.", body = RispostaPosizione)),
)]
pub(super) async fn ricerche_posizione(intake: Intake, request: &Request, ente: &str) -> Response {
    intake::search(Operation::RicercaPosizione, intake, request, ente).await
}
