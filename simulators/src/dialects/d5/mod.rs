//! D5: tax SOAP with hashed, time-stamped credentials and a `code` in every reply ("Bari" shape); IMU and TARES.

pub mod credentials;
mod declarations;
mod imu;
mod tares;
mod taxpayer;

use std::sync::Arc;

use actix_web::http::header::{DATE, HeaderValue, HttpDate};
use actix_web::web::{Bytes, Data, Path, ServiceConfig, head, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, NaiveDateTime, Utc};
use chrono_tz::Europe::Rome;

use super::{Dialect, Latency};
use crate::delivery::Reply;
use crate::faults::FaultKind;
use crate::population::served::Served;
use crate::soap::{ENVELOPE, Element, Message};
use crate::world::{Turn, World};
use crate::xml::Xml;
use credentials::{INVALID, NOT_ENABLED, WRONG_PASSWORD, admit};
use declarations::Declarations;
use tares::Detail;

pub const DIALECT: Dialect = Dialect {
    name: "d5",
    content_type: "text/xml; charset=utf-8",
    open: |_| {
        let declarations = Data::new(Declarations::default());
        Arc::new(move |config| routes(config, &declarations))
    },
    own_faults: &[
        FaultKind::NotFound,
        FaultKind::AuthFail,
        FaultKind::Duplicate,
        FaultKind::InternalError,
        FaultKind::ClockSkew,
        FaultKind::HangAfterCommit,
        FaultKind::LateCompletion,
        FaultKind::NeverCompletes,
    ],
    latency: Latency {
        p50: 350,
        p95: 1500,
        p99: 5000,
    },
};

const NAMESPACE: &str = "http://www.comune.bari.it/serviziTributi";

const DONE: u16 = 0;
const NOTHING: u16 = 120;
const TAXPAYER_KNOWN: u16 = 200;
const TAXPAYER_UNKNOWN: u16 = 201;
const BACK_END_DOWN: u16 = 999;

/// Texts of the codes, in `messaggio`.
const MESSAGES: [(u16, &str); 9] = [
    (WRONG_PASSWORD, "Utente e/o password errati"),
    (NOT_ENABLED, "Utente non abilitato all'uso del servizio"),
    (INVALID, "Richiesta non valida"),
    (
        111,
        "Si e' verificato un errore durante la validazione della richiesta",
    ),
    (112, "Richiesta gia' esistente"),
    (
        NOTHING,
        "L'elaborazione della richiesta non ha prodotto risultati",
    ),
    (TAXPAYER_KNOWN, "Contribuente esistente"),
    (TAXPAYER_UNKNOWN, "Contribuente non esistente"),
    (
        BACK_END_DOWN,
        "Si e' verificato un errore imprevisto nel collegamento con il backend",
    ),
];

/// An operation of one of the two services.
pub struct Operation {
    name: &'static str,
    /// `identificativoServizio`.
    service: &'static str,
    /// Last part of the path.
    port: &'static str,
}

const fn operation(name: &'static str, service: &'static str, port: &'static str) -> Operation {
    Operation {
        name,
        service,
        port,
    }
}

const OPERATIONS: [Operation; 5] = [
    operation("getDatiContribuente", "I01", "ImuService"),
    operation("getUtenze", "S01", "TaresService"),
    operation("getUtenzeStatoPratiche", "S03", "TaresService"),
    operation("setVariazioneSuperficie", "S07", "TaresService"),
    operation("isContribuenteEsistente", "S10", "TaresService"),
];

/// What a call is answered from.
struct Desk<'a> {
    world: &'a World,
    declarations: &'a Declarations,
    served: Served,
    turn: &'a Turn<'a>,
    /// By the system's own clock.
    now: NaiveDateTime,
}

fn routes(config: &mut ServiceConfig, declarations: &Data<Declarations>) {
    config.app_data(declarations.clone()).service(
        resource("/{ente}/serviziTributi/{port}")
            .route(post().to(handle))
            .route(head().to(time)),
    );
}

/// A question about nothing, which tells the time in its header as every answer does.
async fn time(path: Path<(String, String)>, world: Data<World>) -> HttpResponse {
    let Some(served) = world.served(&path.0) else {
        return HttpResponse::NotFound().finish();
    };
    let turn = world.begin(&DIALECT, "HEAD", Some(served.belfiore()));
    let mut response = HttpResponse::MethodNotAllowed().finish();
    stamp(&mut response, Utc::now() + turn.clock_skew());
    response
}

/// The one place where a client can see that the clocks differ.
fn stamp(response: &mut HttpResponse, clock: DateTime<Utc>) {
    let date = HttpDate::from(std::time::SystemTime::from(clock));
    if let Ok(date) = HeaderValue::from_str(&date.to_string()) {
        response.headers_mut().insert(DATE, date);
    }
}

async fn handle(
    request: HttpRequest,
    path: Path<(String, String)>,
    body: Bytes,
    world: Data<World>,
    declarations: Data<Declarations>,
) -> HttpResponse {
    let (ente, port) = path.into_inner();
    let Some(served) = world.served(&ente) else {
        return HttpResponse::NotFound().finish();
    };
    let call = Message::read(&body)
        .map(|message| message.body)
        .filter(|call| call.namespace.as_deref() == Some(NAMESPACE));
    let operation = call.as_ref().and_then(|call| {
        let name = call.name.strip_suffix("Request")?;
        let of_port = |known: &&Operation| known.name == name && known.port == port;
        OPERATIONS.iter().find(of_port)
    });
    let name = operation.map_or("?", |operation| operation.name);
    let turn = world.begin(&DIALECT, name, Some(served.belfiore()));
    let clock = Utc::now() + turn.clock_skew();
    let desk = Desk {
        world: &world,
        declarations: &declarations,
        served,
        turn: &turn,
        now: clock.with_timezone(&Rome).naive_local(),
    };
    let reply = match call.zip(operation) {
        Some((call, operation)) if turn.arrives() => desk.answer(operation, &call),
        _ => fault("Cannot find dispatch method"),
    };
    let mut response = turn.deliver(&request, reply).await;
    stamp(&mut response, clock);
    response
}

impl Desk<'_> {
    fn answer(&self, operation: &Operation, call: &Element) -> Reply {
        // Children are unqualified: qualified ones are not seen at all.
        let unqualified = |name| call.child(name).filter(|child| child.namespace.is_none());
        let given = unqualified("datiAutorizzazione");
        let request = given.and_then(|given| given.get("idRichiesta"));
        let (code, data) = match given {
            _ if self.turn.shows(FaultKind::AuthFail) => (WRONG_PASSWORD, None),
            None => (INVALID, None),
            Some(given) => match admit(given, self.served.belfiore(), operation, self.now) {
                Err(code) => (code, None),
                Ok(()) if self.turn.shows(FaultKind::InternalError) => (BACK_END_DOWN, None),
                Ok(()) => self.execute(operation, call),
            },
        };
        reply(operation, request.unwrap_or_default(), code, data)
    }

    fn execute(&self, operation: &Operation, call: &Element) -> (u16, Option<String>) {
        if operation.name == "setVariazioneSuperficie" {
            return (self.submit(operation, call), None);
        }
        let Some(code) = asked_about(operation, call) else {
            return (INVALID, None);
        };
        let copies = 1 + usize::from(self.turn.shows(FaultKind::Duplicate));
        let hidden = self.turn.shows(FaultKind::NotFound);
        let data = match operation.name {
            _ if hidden => None,
            "getDatiContribuente" => imu::dati_contribuente(self, code, copies),
            "getUtenze" => tares::dati_contribuente(self, code, Detail::Utilities, copies),
            _ => tares::dati_contribuente(self, code, Detail::WithDeclarations, copies),
        };
        match (operation.name, data) {
            ("isContribuenteEsistente", Some(_)) => (TAXPAYER_KNOWN, None),
            ("isContribuenteEsistente", None) => (TAXPAYER_UNKNOWN, None),
            (_, Some(data)) => (DONE, Some(data)),
            (_, None) => (NOTHING, None),
        }
    }

    fn submit(&self, operation: &Operation, call: &Element) -> u16 {
        let given = call.child("datiAutorizzazione");
        let request = given.and_then(|given| given.get("idRichiesta"));
        if call.child("datiTracciamento").is_none() {
            return INVALID;
        }
        if self.turn.shows(FaultKind::Duplicate) {
            return 112;
        }
        let code = tares::submit(self, call, request.unwrap_or_default());
        if code == DONE {
            let ente = self.served.belfiore();
            self.world
                .calls
                .executed(DIALECT.name, operation.name, ente);
        }
        code
    }
}

/// The fiscal code or VAT number that a reading call is about, if who asks is named, too.
fn asked_about<'a>(operation: &Operation, call: &'a Element) -> Option<&'a str> {
    let about = call.child("datiIdentificativi")?;
    let (codes, asker) = if operation.port == "ImuService" {
        about.filled("indirizzoPec")?;
        let asker = about.filled("partitaIVA").or(about.filled("codiceFiscale"));
        (
            ["codiceFiscaleContribuente", "partitaIVAContribuente"],
            asker,
        )
    } else {
        let asker = call.child("datiTracciamento")?.filled("nomeOperatore");
        (["codiceFiscale", "partitaIVA"], asker)
    };
    asker?;
    let code = codes.into_iter().find_map(|name| about.filled(name))?;
    let plausible =
        [11, 16].contains(&code.len()) && code.bytes().all(|c| c.is_ascii_alphanumeric());
    plausible.then_some(code)
}

fn reply(operation: &Operation, request: &str, code: u16, data: Option<String>) -> Reply {
    let mut xml = Xml::default();
    xml.text("idRichiesta", request).number("code", code);
    if let Some((_, message)) = MESSAGES.iter().find(|(of, _)| *of == code) {
        xml.text("messaggio", message);
    }
    let (name, head, data) = (operation.name, xml.into_string(), data.unwrap_or_default());
    envelope(
        200,
        &format!(
            "<t:{name}Response xmlns:t=\"{NAMESPACE}\"><return>{head}{data}</return></t:{name}Response>"
        ),
    )
}

/// Only what is no call of these services at all is a Fault.
fn fault(text: &str) -> Reply {
    envelope(
        500,
        &format!(
            "<S:Fault><faultcode>S:Client</faultcode><faultstring>{text}</faultstring></S:Fault>"
        ),
    )
}

fn envelope(status: u16, body: &str) -> Reply {
    Reply::new(
        status,
        format!(
            "<?xml version='1.0' encoding='UTF-8'?><S:Envelope xmlns:S=\"{ENVELOPE}\"><S:Body>{body}</S:Body></S:Envelope>"
        ),
    )
}
