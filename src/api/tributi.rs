//! Local taxes: the position of a taxpayer, and the change of the area of a utility.

use crate::contract::operation::Operation;
use crate::contract::risposta::{RispostaPosizione, RispostaScrittura};

use super::body::{self, RicercaPosizione, RicercaPosizioneInEnti, VariazioneSuperficie};
use super::esiti::RispostaInEnti;
use super::head;
use super::http::{Request, Response};
use super::intake::{self, Intake};

/// One JSON document a line.
pub(super) const NDJSON: &str = "application/x-ndjson";

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

/// Posizione tributaria di un contribuente in più enti
///
/// Cerca la posizione di un contribuente per un tributo e un anno negli enti indicati o, se non se ne indicano, in quelli che hanno
/// aderito. Ogni ente conta come una richiesta nei limiti e nelle quote; se non bastano, nessun ente è interrogato. Ogni ente ha un
/// esito: chi non risponde in tempo è nominato, e la risposta è parziale. Con `Accept: application/x-ndjson` gli esiti arrivano
/// una riga per ente, man mano, e l'ultima riga è il riepilogo; le righe non sono firmate, neppure per il portale che ha concordato
/// risposte firmate: parte la prima prima che si sappia l'ultima. Chi vuole la firma chiede `application/json`.
#[utoipa::path(
    post,
    path = "/ricerche-posizione",
    operation_id = "ricerche_posizione_in_enti",
    tag = "tributi",
    request_body(content = RicercaPosizioneInEnti, description = "Il contribuente, il tributo, l'anno, gli enti e i campi richiesti."),
    responses((status = 200, description = "Un esito per ente, e il loro riepilogo.", body = RispostaInEnti)),
)]
pub(super) async fn ricerche_posizione_in_enti(intake: Intake, request: &Request) -> Response {
    let ask = |request: &Request, body: &bytes::Bytes| {
        head::no_query(&request.head)?;
        head::is_json(&request.head)?;
        body::question_to_several(body)
    };
    if head::accepts(&request.head, NDJSON) {
        intake::answer_in_lines(intake, request, ask).await
    } else {
        intake::answer(intake, request, ask).await
    }
}

/// Variazione della superficie di un'utenza TARI
///
/// Dichiara al gestionale dei tributi dell'ente la nuova superficie di un'utenza. È una scrittura: richiede `Idempotency-Key`, è
/// eseguita una volta sola e non è mai ripetuta dal gateway. La stessa chiave con lo stesso corpo ridà la prima risposta finché la
/// richiesta è conservata; con un altro corpo è rifiutata (422). Se il gestionale non conferma, la risposta è 202 con `Location`:
/// l'esito è ignoto finché il gestionale o un operatore dell'ente non lo accertano.
#[utoipa::path(
    post,
    path = "/enti/{codice_istat}/variazioni-superficie",
    operation_id = "variazioni_superficie",
    tag = "tributi",
    params(("codice_istat" = String, Path, description = "Codice ISTAT dell'ente (sei cifre).", pattern = "^[0-9]{6}$", max_length = 6, example = "013075")),
    request_body(content = VariazioneSuperficie, description = "L'intestatario, l'utenza e ciò che si dichiara."),
    responses((status = 200, description = "Il gestionale dell'ente ha acquisito la dichiarazione.", body = RispostaScrittura)),
)]
pub(super) async fn variazioni_superficie(
    intake: Intake,
    request: &Request,
    ente: &str,
) -> Response {
    intake::search(Operation::VariazioneSuperficie, intake, request, ente).await
}
