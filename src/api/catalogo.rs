//! The catalogue: which enti there are and what each offers.

use crate::broker::error::Malformed;
use crate::contract::catalogo::{ElencoEnti, EnteInCatalogo, ServiziEnte};
use crate::contract::operation::Operation;
use crate::contract::question::{Parameters, Question};

use super::head;
use super::http::{Request, Response};
use super::intake::{self, Intake};

/// Enti collegati al gateway
///
/// Elenca gli enti che il portale può interrogare, in ordine di codice ISTAT, una pagina per volta.
#[utoipa::path(
    get,
    path = "/enti",
    operation_id = "enti",
    tag = "catalogo",
    params(
        ("cursor" = Option<String>, Query, description = "Valore di `cursor` della pagina precedente; assente per la prima pagina.", pattern = "^[0-9]{6}$", max_length = 6, example = "013075"),
        ("limit" = Option<i32>, Query, description = "Numero massimo di enti nella pagina, da 1 a 200; 50 se assente.", minimum = 1, maximum = 200, example = 50),
    ),
    responses((status = 200, description = "Una pagina dell'elenco.", body = ElencoEnti)),
)]
pub(super) async fn enti(intake: Intake, request: &Request) -> Response {
    intake::answer(intake, request, |request, _| {
        let parameters = head::page(&request.head)?;
        Ok(Question {
            operation: Operation::Enti,
            ente: None,
            parameters,
            campi: None,
        })
    })
    .await
}

/// Un ente
///
/// Codici e denominazione di un ente e domini in cui offre almeno un'operazione.
#[utoipa::path(
    get,
    path = "/enti/{codice_istat}",
    operation_id = "ente",
    tag = "catalogo",
    params(("codice_istat" = String, Path, description = "Codice ISTAT dell'ente (sei cifre).", pattern = "^[0-9]{6}$", max_length = 6, example = "013075")),
    responses((status = 200, description = "L'ente.", body = EnteInCatalogo)),
)]
pub(super) async fn ente(intake: Intake, request: &Request, ente: &str) -> Response {
    intake::answer(intake, request, |request, _| {
        of_ente(Operation::Ente, request, ente)
    })
    .await
}

/// Servizi di un ente
///
/// Le operazioni che l'ente offre: dati in linea o differiti, età massima, tempi usuali, orario e campi disponibili.
#[utoipa::path(
    get,
    path = "/enti/{codice_istat}/servizi",
    operation_id = "servizi",
    tag = "catalogo",
    params(("codice_istat" = String, Path, description = "Codice ISTAT dell'ente (sei cifre).", pattern = "^[0-9]{6}$", max_length = 6, example = "013075")),
    responses((status = 200, description = "I servizi dell'ente.", body = ServiziEnte)),
)]
pub(super) async fn servizi(intake: Intake, request: &Request, ente: &str) -> Response {
    intake::answer(intake, request, |request, _| {
        of_ente(Operation::Servizi, request, ente)
    })
    .await
}

fn of_ente(operation: Operation, request: &Request, ente: &str) -> Result<Question, Malformed> {
    head::no_query(&request.head)?;
    let ente = Some(head::ente(ente)?);
    Ok(Question {
        operation,
        ente,
        parameters: Parameters::Nessuno,
        campi: None,
    })
}
