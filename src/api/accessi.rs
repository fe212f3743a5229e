//! The citizen's own register: who asked about them.

use crate::contract::accessi::Accessi;
use crate::contract::operation::Operation;
use crate::contract::question::Question;

use super::body::{self, RicercaAccessi};
use super::head;
use super::http::{Request, Response};
use super::intake::{self, Intake};

/// Chi ha chiesto del cittadino
///
/// Le richieste in cui il cittadino è stato cercato o i suoi dati sono stati comunicati: quando, da chi, per quale finalità e a quale
/// ente, senza ciò che è stato risposto. Richiede il `Citizen-Token` del cittadino, che è la persona di cui si chiede. Le finalità che
/// una norma esclude, o rinvia, non compaiono.
#[utoipa::path(
    post,
    path = "/ricerche",
    operation_id = "ricerche_accessi",
    tag = "accessi",
    request_body(content = RicercaAccessi, description = "Il periodo e la pagina."),
    responses((status = 200, description = "Una pagina, dalla richiesta più recente.", body = Accessi)),
)]
pub(super) async fn ricerche(intake: Intake, request: &Request) -> Response {
    intake::answer(intake, request, |request, body| {
        head::no_query(&request.head)?;
        head::is_json(&request.head)?;
        Ok(Question {
            operation: Operation::RicercaAccessi,
            ente: None,
            parameters: body::accessi(body)?,
            campi: None,
        })
    })
    .await
}
