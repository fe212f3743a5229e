//! How the gateway fares: alive, ready, metrics, back ends.

use chrono::SecondsFormat;
use serde::Serialize;

use crate::api::http::Response;
use crate::connectors::instance::BreakerState;
use crate::gateway::Gateway;
use crate::gateway::keys::{KeyStanding, TokenState};
use crate::store::Degraded;

use super::caller::Caller;

/// Whether exchanges are carried out, and what the answer rests on.
#[derive(Debug, Serialize)]
struct Prontezza {
    pronto: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    motivo: Option<String>,
    /// The snapshot in force.
    generazione: u64,
    impronta: String,
    registro: Registro,
    /// The evidence, where it is sealed.
    #[serde(skip_serializing_if = "Option::is_none")]
    prove: Option<Prove>,
    /// The keys on tokens.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    chiavi: Vec<Chiave>,
}

#[derive(Debug, Serialize)]
struct Prove {
    /// `sigillate`: what is on record is under a seal, but for the last moments; `in_attesa`: it waits for one.
    stato: &'static str,
    /// Roots without a seal of their own.
    radici_in_attesa: u64,
    /// Since when exchanges are on record that no seal covers.
    #[serde(skip_serializing_if = "Option::is_none")]
    in_attesa_da: Option<String>,
    /// Whether exchanges that only ask, and those that write, are refused for it.
    letture_rifiutate: bool,
    scritture_rifiutate: bool,
}

#[derive(Debug, Serialize)]
struct Chiave {
    nome: String,
    /// `pronta`, `assente` (looked for again by itself), `ferma` (until a restart), `non_aperta`.
    stato: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    motivo: Option<String>,
    firme_al_secondo: f64,
    in_attesa: usize,
}

#[derive(Debug, Serialize)]
struct Registro {
    ritardo_ms: u128,
    in_attesa: usize,
    ultima_scrittura_us: u128,
    posti_occupati: usize,
    posti: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    disco_libero_byte: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Istanze {
    items: Vec<Istanza>,
}

#[derive(Debug, Serialize)]
struct Istanza {
    nome: String,
    adattatore: String,
    /// `chiuso` (calls go through), `aperto`, `in_prova`; absent as long as nobody asked this back end.
    #[serde(skip_serializing_if = "Option::is_none")]
    interruttore: Option<&'static str>,
    in_corso: usize,
    in_attesa: usize,
}

/// `GET /vivo`: the process answers.
pub(super) fn alive(caller: &Caller) -> Response {
    caller.json(200, &serde_json::json!({ "vivo": true }))
}

/// `GET /pronto`: 200 if an exchange that came now would be carried out, 503 otherwise.
pub(super) fn ready(caller: &Caller) -> Response {
    let found = readiness(caller.gateway());
    caller.json(if found.pronto { 200 } else { 503 }, &found)
}

fn readiness(gateway: &Gateway) -> Prontezza {
    let snapshot = gateway.snapshot();
    let health = gateway.store.health();
    let motivo = match &health.degraded {
        _ if gateway.is_draining() => Some("il gateway si sta fermando".to_owned()),
        Some(Degraded::Unwritable(cause)) => {
            Some(format!("il registro non si può scrivere: {cause}"))
        }
        Some(Degraded::DiskLow) => {
            Some("lo spazio libero sul disco del registro è sotto il minimo".to_owned())
        }
        Some(Degraded::Closed) => Some("il registro è chiuso".to_owned()),
        None if health.slots_in_use >= health.slots => {
            Some("tutti i posti per gli scambi sono occupati".to_owned())
        }
        None => None,
    };
    Prontezza {
        pronto: motivo.is_none(),
        motivo,
        generazione: snapshot.generation,
        impronta: snapshot.digest.clone(),
        registro: Registro {
            ritardo_ms: health.lag.as_millis(),
            in_attesa: health.waiting,
            ultima_scrittura_us: health.last_commit.as_micros(),
            posti_occupati: health.slots_in_use,
            posti: health.slots,
            disco_libero_byte: health.free_disk,
        },
        prove: prove(gateway),
        chiavi: gateway.keys().into_iter().map(chiave).collect(),
    }
}

fn prove(gateway: &Gateway) -> Option<Prove> {
    let standing = gateway.sealing()?;
    let since = standing.uncovered_since;
    let since = since.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true));
    Some(Prove {
        stato: match standing.is_late() {
            true => "in_attesa",
            false => "sigillate",
        },
        radici_in_attesa: standing.waiting,
        in_attesa_da: since.filter(|_| standing.is_late()),
        letture_rifiutate: standing.refuses(false),
        scritture_rifiutate: standing.refuses(true),
    })
}

fn chiave(key: KeyStanding) -> Chiave {
    let (stato, motivo) = match &key.state {
        Some(TokenState::Ready) => ("pronta", None),
        Some(TokenState::Away(why)) => ("assente", Some(why.to_string())),
        Some(TokenState::Stopped(why)) => ("ferma", Some(why.to_string())),
        None => ("non_aperta", None),
    };
    Chiave {
        nome: key.name,
        stato,
        motivo,
        firme_al_secondo: (key.rate * 10.0).round() / 10.0,
        in_attesa: key.waiting,
    }
}

/// `GET /metrics`: the Prometheus page.
pub(super) async fn metrics(caller: &Caller) -> Response {
    caller.gateway().measure_requests().await;
    Response::new(200)
        .header("content-type", "text/plain; version=0.0.4; charset=utf-8")
        .header("cache-control", "no-store")
        .body(caller.gateway().metrics_page())
}

/// `GET /istanze`: every configured back end.
pub(super) fn instances(caller: &Caller) -> Response {
    let items = states(caller.gateway());
    caller.json(200, &Istanze { items })
}

/// `GET /deriva`: what changed in the answers of back ends, adapter by adapter.
pub(super) fn drift(caller: &Caller) -> Response {
    let items = caller.gateway().instances.drift().reports();
    caller.json(200, &serde_json::json!({ "items": items }))
}

fn states(gateway: &Gateway) -> Vec<Istanza> {
    let states = gateway.instances.states();
    gateway
        .snapshot()
        .backends()
        .map(|backend| {
            let state = states
                .iter()
                .find(|state| state.name == backend.instance.name);
            Istanza {
                nome: backend.instance.name.clone(),
                adattatore: backend.adapter.name().to_owned(),
                interruttore: state.map(|state| match state.breaker {
                    BreakerState::Closed => "chiuso",
                    BreakerState::Open => "aperto",
                    BreakerState::HalfOpen => "in_prova",
                }),
                in_corso: state.map_or(0, |state| state.in_use),
                in_attesa: state.map_or(0, |state| state.waiting),
            }
        })
        .collect()
}
