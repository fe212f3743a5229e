//! The evidence of exchanges: that of one of the portal's own, and the roots for whoever wants to keep them.

use crate::broker::arrival::{Asked, EvidenceAsked};
use crate::broker::error::Malformed;
use crate::contract::evidenze::ElencoRadici;

use super::head::{self, wrong};
use super::http::{Request, Response};
use super::intake::{self, Intake};

/// Prova di uno scambio
///
/// La prova di uno scambio del portale, dal momento in cui ha il suo sigillo (di solito entro pochi secondi): un contenitore ASiC-E con la ricevuta, la via alla
/// radice, la radice, il sigillo e i sali dei corpi che il portale ha inviato e ricevuto, finché esistono. Si verifica senza il gateway.
#[utoipa::path(
    get,
    path = "/{scambio}",
    operation_id = "prova",
    tag = "evidenze",
    params(("scambio" = String, Path, description = "Numero dello scambio: l'X-Correlation-ID della sua risposta.", format = "uuid", max_length = 36, example = "019a3c5e-7b1c-7c3e-9f4a-2f1f3a5b6c7d")),
    responses((status = 200, description = "La prova.", body = Vec<u8>, content_type = "application/vnd.etsi.asic-e+zip")),
)]
pub(super) async fn prova(intake: Intake, request: &Request, scambio: &str) -> Response {
    intake::answer_whatever(intake, request, |request, _| {
        head::no_query(&request.head)?;
        let scambio = uuid::Uuid::try_parse(scambio)
            .map_err(|_| wrong("scambio", "è il numero di uno scambio (UUID)"))?;
        Ok(Asked::Evidence(EvidenceAsked::Of(scambio)))
    })
    .await
}

/// Radici delle prove
///
/// Senza parametri, la radice più recente con il sigillo di ciascun nodo: chi la tiene può mostrare, più tardi, che nessuno scambio di prima è stato tolto. Con `nodo` e
/// `dopo`, le radici di quel nodo che seguono quel lotto, dalla più vecchia. Nessun dato personale.
#[utoipa::path(
    get,
    path = "/radici",
    operation_id = "radici",
    tag = "evidenze",
    params(
        ("nodo" = Option<String>, Query, description = "Il nodo; va con `dopo`.", pattern = "^[a-z0-9-]+$", max_length = 100, example = "uno"),
        ("dopo" = Option<i64>, Query, description = "L'ultimo lotto già tenuto, 0 per cominciare; va con `nodo`.", minimum = 0, maximum = 9_007_199_254_740_991_i64, example = 120),
    ),
    responses((status = 200, description = "Le radici, al più 100.", body = ElencoRadici)),
)]
pub(super) async fn radici(intake: Intake, request: &Request) -> Response {
    intake::answer_whatever(intake, request, |request, _| {
        roots_asked(request.head.query()).map(Asked::Evidence)
    })
    .await
}

fn roots_asked(query: &str) -> Result<EvidenceAsked, Malformed> {
    let (mut node, mut after) = (None, None);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let place = match name {
            "nodo" => &mut node,
            "dopo" => &mut after,
            _ => return Err(wrong("parametri", "sono ammessi solo nodo e dopo")),
        };
        if place.replace(value).is_some() {
            return Err(wrong(name, "si indica una volta sola"));
        }
    }
    let is_name = |name: &&str| {
        let of_names = |one: u8| one.is_ascii_lowercase() || one.is_ascii_digit() || one == b'-';
        (1..=100).contains(&name.len()) && name.bytes().all(of_names)
    };
    match (node, after) {
        (None, None) => Ok(EvidenceAsked::Newest),
        (Some(node), Some(after)) => {
            let node = Some(node).filter(is_name);
            let after = after.parse().ok().filter(|after| *after < 1 << 53);
            Ok(EvidenceAsked::After {
                node: node
                    .ok_or_else(|| wrong("nodo", "è il nome di un nodo"))?
                    .to_owned(),
                batch: after.ok_or_else(|| wrong("dopo", "è il numero di un lotto, o 0"))?,
            })
        }
        _ => Err(wrong("parametri", "nodo e dopo vanno insieme")),
    }
}
