//! The population registry: a person, a family, whether what was declared is so.

use crate::contract::dichiarazioni::RispostaVerifica;
use crate::contract::operation::Operation;
use crate::contract::risposta::{RispostaFamiglia, RispostaPersona};

use super::body::{RicercaFamiglia, RicercaPersona, VerificaDichiarazioni};
use super::http::{Request, Response};
use super::intake::{self, Intake};

/// Scheda anagrafica di una persona
///
/// Cerca una persona nell'anagrafe dell'ente con il codice fiscale. Una persona deceduta, emigrata o iscritta all'AIRE è una
/// risposta 200 con il suo `stato_anagrafico`. I dati non hanno valore di certificato; in caso di difformità prevale l'ANPR.
#[utoipa::path(
    post,
    path = "/enti/{codice_istat}/ricerche-persona",
    operation_id = "ricerche_persona",
    tag = "anagrafe",
    params(("codice_istat" = String, Path, description = "Codice ISTAT dell'ente (sei cifre).", pattern = "^[0-9]{6}$", max_length = 6, example = "013075")),
    request_body(content = RicercaPersona, description = "La persona cercata e i campi richiesti."),
    responses((status = 200, description = "La scheda della persona.", body = RispostaPersona)),
)]
pub(super) async fn ricerche_persona(intake: Intake, request: &Request, ente: &str) -> Response {
    intake::search(Operation::RicercaPersona, intake, request, ente).await
}

/// Famiglia anagrafica di una persona
///
/// Cerca i componenti della famiglia anagrafica di una persona nell'anagrafe dell'ente. I dati non hanno valore di certificato;
/// in caso di difformità prevale l'ANPR.
#[utoipa::path(
    post,
    path = "/enti/{codice_istat}/ricerche-famiglia",
    operation_id = "ricerche_famiglia",
    tag = "anagrafe",
    params(("codice_istat" = String, Path, description = "Codice ISTAT dell'ente (sei cifre).", pattern = "^[0-9]{6}$", max_length = 6, example = "013075")),
    request_body(content = RicercaFamiglia, description = "La persona di cui si cerca la famiglia e i campi richiesti."),
    responses((status = 200, description = "La famiglia della persona.", body = RispostaFamiglia)),
)]
pub(super) async fn ricerche_famiglia(intake: Intake, request: &Request, ente: &str) -> Response {
    intake::search(Operation::RicercaFamiglia, intake, request, ente).await
}

/// Verifica di dichiarazioni sostitutive
///
/// Confronta ciò che una persona ha dichiarato di sé con l'anagrafe dell'ente (art. 71 del DPR 445/2000) e di ogni dichiarazione dice se è
/// confermata, non confermata o non verificabile: mai che cosa risulta. Una dichiarazione che può essere vera e scritta altrimenti è non
/// verificabile, non smentita. Serve una concessione che nomini le dichiarazioni, con base giuridica `dpr445_art71`; ogni verifica conta per
/// il volume giornaliero. Dove l'ente risponde solo più tardi la verifica non è offerta.
#[utoipa::path(
    post,
    path = "/enti/{codice_istat}/verifiche-dichiarazione",
    operation_id = "verifiche_dichiarazione",
    tag = "anagrafe",
    params(("codice_istat" = String, Path, description = "Codice ISTAT dell'ente (sei cifre).", pattern = "^[0-9]{6}$", max_length = 6, example = "013075")),
    request_body(content = VerificaDichiarazioni, description = "Chi ha dichiarato, e che cosa."),
    responses((status = 200, description = "Un esito per ogni dichiarazione.", body = RispostaVerifica)),
)]
pub(super) async fn verifiche_dichiarazione(
    intake: Intake,
    request: &Request,
    ente: &str,
) -> Response {
    intake::search(Operation::VerificaDichiarazione, intake, request, ente).await
}
