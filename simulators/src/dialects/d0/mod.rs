//! D0: the national registry (ANPR), its e-services C001 and C021, for whoever shows the tokens of the PDND and of ModI.

mod gate;
mod numbers;
mod registry;

use std::sync::Arc;

use actix_web::web::{Bytes, Data, Path, ServiceConfig, get, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use super::{Dialect, Latency};
use crate::delivery::Reply;
use crate::faults::FaultKind;
use crate::randomness::random_bits;
use crate::world::{Turn, World};
use numbers::Numbers;

pub const DIALECT: Dialect = Dialect {
    name: "d0",
    content_type: "application/json",
    open: |_| {
        let numbers = Data::new(Numbers::default());
        Arc::new(move |config| routes(config, &numbers))
    },
    own_faults: &[
        FaultKind::NotFound,
        FaultKind::Ambiguous,
        FaultKind::AuthFail,
        FaultKind::ExpiredToken,
        FaultKind::TooManyRequests,
        FaultKind::InternalError,
    ],
    latency: Latency {
        p50: 400,
        p95: 1500,
        p99: 5000,
    },
};

/// Errors and refusals.
const PROBLEM: &str = "application/problem+json";

/// An e-service, made for one use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Notification of an act.
    C001,
    /// Family status.
    C021,
}

impl Service {
    /// The e-service of that name in the address; the dash of the first one is a long one.
    fn find(name: &str) -> Option<Service> {
        let all = [Service::C001, Service::C021];
        all.into_iter().find(|service| service.name() == name)
    }

    pub fn name(self) -> &'static str {
        match self {
            Service::C001 => "C001–servizioNotifica",
            Service::C021 => "C021-servizioAccertamentoStatoFamiglia",
        }
    }

    /// What requests call it.
    pub fn use_case(self) -> &'static str {
        match self {
            Service::C001 => "C001",
            Service::C021 => "C021",
        }
    }

    /// What tokens for it must name: its address without `-PDND` and without what is called of it.
    pub fn audience(self) -> String {
        let host = "https://modipa-val.anpr.interno.it";
        format!(
            "{host}/govway/rest/in/MinInternoPortaANPR/{}/v1",
            self.name()
        )
    }
}

/// An error as the registry itself tells it.
#[derive(Debug, Clone, Copy)]
struct Anomaly {
    status: u16,
    code: &'static str,
    text: &'static str,
}

const NOTHING: Anomaly = anomaly(
    404,
    "EN122",
    "La richiesta effettuata non produce alcun risultato",
);
const DEAD: Anomaly = anomaly(400, "EN148", "Il soggetto risulta deceduto");
const INTERNAL: Anomaly = anomaly(500, "EN500", "Errore interno");

const fn anomaly(status: u16, code: &'static str, text: &'static str) -> Anomaly {
    Anomaly { status, code, text }
}

fn routes(config: &mut ServiceConfig, numbers: &Data<Numbers>) {
    let base = "/govway/rest/in/MinInternoPortaANPR-PDND/{api}/v1";
    config
        .app_data(numbers.clone())
        .service(resource(format!("{base}/anpr-service-e002")).route(post().to(e002)))
        .service(resource(format!("{base}/status")).route(get().to(status)));
}

async fn status(request: HttpRequest, world: Data<World>) -> HttpResponse {
    let turn = world.begin(&DIALECT, "status", None);
    let reply = Reply {
        content_type: Some(PROBLEM),
        ..Reply::new(
            200,
            json!({ "idOperazioneANPR": operation("status") }).to_string(),
        )
    };
    turn.deliver(&request, reply).await
}

async fn e002(
    request: HttpRequest,
    api: Path<String>,
    body: Bytes,
    world: Data<World>,
    numbers: Data<Numbers>,
) -> HttpResponse {
    let service = Service::find(&api);
    let turn = world.begin(&DIALECT, service.map_or("?", Service::use_case), None);
    let reply = match service {
        Some(service) => answer(&request, &body, &world, &numbers, service, &turn),
        None => refused(404, "NotFound", "Unknown API requested"),
    };
    turn.deliver(&request, reply).await
}

fn answer(
    request: &HttpRequest,
    body: &[u8],
    world: &World,
    numbers: &Numbers,
    service: Service,
    turn: &Turn<'_>,
) -> Reply {
    // A token counts as used only where the call gets as far as this.
    if !turn.arrives() {
        return told(INTERNAL);
    }
    let caller = match gate::judge(&world.pdnd, request, body, service) {
        _ if turn.shows(FaultKind::ExpiredToken) => Err(gate::Refusal::Voucher("by order")),
        _ if turn.shows(FaultKind::AuthFail) => Err(gate::Refusal::Interoperability("by order")),
        judged => judged,
    };
    let caller = match caller {
        Ok(caller) => caller,
        Err(gate::Refusal::Voucher(what)) => {
            return refused(401, "TokenAuthenticationFailed", what);
        }
        Err(gate::Refusal::Interoperability(what)) => {
            return refused(400, "InteroperabilityInvalidRequest", what);
        }
    };
    if turn.shows(FaultKind::TooManyRequests) {
        return Reply {
            retry_after: Some(2),
            ..refused(429, "LimitExceeded", "Limit exceeded detected")
        };
    }
    let copies = 1 + usize::from(turn.shows(FaultKind::Ambiguous));
    let ask = |asked: &Value| match turn.shows(FaultKind::NotFound) {
        true => Err(NOTHING),
        false => registry::search(&world.population, service, asked, copies),
    };
    if turn.shows(FaultKind::InternalError) {
        return told(INTERNAL);
    }
    let asked = match registry::read(body, service) {
        Ok(asked) => asked,
        Err(anomaly) => return told(anomaly),
    };
    let found = || match ask(&asked) {
        Ok(subjects) => found(&subjects),
        Err(anomaly) => told(anomaly),
    };
    match service {
        Service::C001 => {
            let number = asked["idOperazioneClient"].as_str().unwrap_or_default();
            numbers
                .answered(&caller, number, found)
                .unwrap_or_else(told)
        }
        Service::C021 => found(),
    }
}

fn found(subjects: &[Value]) -> Reply {
    let answer = json!({
        "idOperazioneANPR": operation(&Value::from(subjects).to_string()),
        "listaSoggetti": { "datiSoggetto": subjects },
    });
    Reply::new(200, answer.to_string())
}

fn told(anomaly: Anomaly) -> Reply {
    let answer = json!({
        "idOperazioneANPR": operation(anomaly.code),
        "listaErrori": [{
            "codiceErroreAnomalia": anomaly.code, "tipoErroreAnomalia": "E", "testoErroreAnomalia": anomaly.text,
        }],
    });
    Reply {
        content_type: Some(PROBLEM),
        ..Reply::new(anomaly.status, answer.to_string())
    }
}

/// A refusal of the gateway before the registry.
fn refused(status: u16, title: &str, detail: &str) -> Reply {
    let problem = json!({
        "type": format!("https://govway.org/handling-errors/{status}/{title}.html"),
        "title": title, "status": status, "detail": detail, "govway_id": format!("{:016x}", random_bits()),
    });
    Reply {
        content_type: Some(PROBLEM),
        ..Reply::new(status, problem.to_string())
    }
}

/// The registry's own number of an operation: the same for the same answer, so that tests can compare answers.
fn operation(answer: &str) -> String {
    let number = answer.bytes().fold(7_u64, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(byte.into())
    });
    (number >> 16).to_string()
}
