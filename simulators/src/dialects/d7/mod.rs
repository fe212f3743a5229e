//! D7: form-RPC with screen numbers in the names of the parameters and answers in XML ("URBI APIREST" shape).

mod correspondents;
mod parameters;
mod registry;
mod taxes;
mod write;

use std::sync::Arc;

use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName};
use actix_web::web::{Bytes, Data, ServiceConfig, get, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Dialect, Latency, password};
use crate::delivery::Reply;
use crate::faults::FaultKind;
use crate::population::served::Served;
use crate::world::{Turn, World};
use crate::xml::Xml;
use correspondents::Created;
use parameters::Parameters;
use write::{field, number};

pub const DIALECT: Dialect = Dialect {
    name: "d7",
    // Without a charset, which is ISO-8859-1.
    content_type: "text/xml",
    open: |_| {
        let created = Data::new(Created::default());
        Arc::new(move |config| routes(config, &created))
    },
    own_faults: &[
        FaultKind::NotFound,
        FaultKind::Ambiguous,
        FaultKind::AuthFail,
        FaultKind::Duplicate,
        FaultKind::InternalError,
        FaultKind::HangAfterCommit,
    ],
    latency: Latency {
        p50: 500,
        p95: 2200,
        p99: 7000,
    },
};

pub const USERNAME: &str = "gw";

const CREATION: &str = "insCorrispondente";
const METHODS: [&str; 5] = [
    "getElencoCorrispondenti",
    CREATION,
    "getDatiAnagrafici",
    "getComponentiFamiglia",
    "getPosizioneTributaria",
];

/// `ERRORCODE` and `MESSAGE` of a call that came to nothing.
type Refusal = (u32, &'static str);

const UNKNOWN_METHOD: Refusal = (1, "Funzione non prevista");
const MISSING_FIELD: Refusal = (10, "Campo obbligatorio mancante");
const NOT_FOUND: Refusal = (100, "Nessun soggetto trovato");
const INTERNAL_ERROR: Refusal = (999, "Errore interno");

/// What a method found: it writes itself as often as it is told.
type Found<'a> = Box<dyn Fn(&mut Xml, usize) + 'a>;

struct Desk<'a> {
    world: &'a World,
    created: &'a Created,
    served: Served,
    call: &'a Parameters,
    turn: &'a Turn<'a>,
}

fn routes(config: &mut ServiceConfig, created: &Data<Created>) {
    config.app_data(created.clone()).service(
        resource("/urbi/progs/main/xapirest.sto")
            .route(get().to(handle))
            .route(post().to(handle)),
    );
}

async fn handle(
    request: HttpRequest,
    body: Bytes,
    world: Data<World>,
    created: Data<Created>,
) -> HttpResponse {
    let content_type = header(&request, CONTENT_TYPE);
    let call = Parameters::read(request.query_string(), content_type, &body);
    let served = call.get("DB_NAME").and_then(|name| world.served(name));
    let asked = call.get("WTDK_REQ").unwrap_or_default();
    let method = METHODS.into_iter().find(|known| *known == asked);
    let ente = served.as_ref().map(Served::belfiore);
    let turn = world.begin(&DIALECT, method.unwrap_or("?"), ente);
    let admitted = served.filter(|served| admits(*served, header(&request, AUTHORIZATION)));
    let mut reply = match (admitted, method) {
        _ if !turn.arrives() => denied(),
        (None, _) => denied(),
        (Some(_), _) if turn.shows(FaultKind::AuthFail) => denied(),
        (Some(_), None) => refused("Errore", UNKNOWN_METHOD),
        (Some(_), Some(method)) if turn.shows(FaultKind::InternalError) => {
            refused(method, INTERNAL_ERROR)
        }
        (Some(served), Some(method)) => Desk {
            world: &world,
            created: &created,
            served,
            call: &call,
            turn: &turn,
        }
        .answer(method),
    };
    reply.latin_1 = true;
    turn.deliver(&request, reply).await
}

fn header(request: &HttpRequest, name: HeaderName) -> &str {
    let value = request.headers().get(name);
    value
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

fn admits(served: Served, authorization: &str) -> bool {
    let expected = format!("{USERNAME}:{}", password(DIALECT.name, served.belfiore()));
    // Some client writes two signs of padding whatever the length.
    let written = authorization.strip_prefix("Basic ").unwrap_or_default();
    written.trim_end_matches('=') == STANDARD.encode(expected).trim_end_matches('=')
}

impl Desk<'_> {
    fn answer(&self, method: &'static str) -> Reply {
        match self.select(method) {
            Err(refusal) => refused(method, refusal),
            Ok(found) => {
                let copies = 1 + usize::from(self.turn.shows(FaultKind::Duplicate));
                let mut xml = Xml::default();
                field(&mut xml, "RESULT", "S");
                xml.text("MESSAGE", "");
                found(&mut xml, copies);
                result(method, &xml.into_string())
            }
        }
    }

    fn select(&self, method: &'static str) -> Result<Found<'_>, Refusal> {
        let population = &self.world.population;
        let (served, call) = (self.served, self.call);
        match method {
            "getElencoCorrispondenti" => self.correspondents(),
            CREATION => {
                let number_of_new = self.created.create(served, call).ok_or(MISSING_FIELD)?;
                self.world
                    .calls
                    .executed(DIALECT.name, CREATION, served.belfiore());
                Ok(Box::new(move |xml, _| {
                    number(xml, "CodiceSoggetto", number_of_new);
                }))
            }
            "getDatiAnagrafici" => {
                let people = self.found(registry::people(population, served, call))?;
                let another = people
                    .first()
                    .filter(|_| self.turn.shows(FaultKind::Ambiguous));
                let another = another.map(|first| {
                    let mut another = (*first).clone();
                    another.id += 1;
                    another
                });
                Ok(Box::new(move |xml, copies| {
                    let mut people = repeated(&people, copies);
                    people.extend(another.as_ref());
                    registry::write_people(xml, served, &people);
                }))
            }
            "getComponentiFamiglia" => {
                let members = self.found(registry::family(population, served, call))?;
                Ok(Box::new(move |xml, copies| {
                    registry::write_family(xml, served, &repeated(&members, copies));
                }))
            }
            _ => {
                let subjects = self.found(taxes::subjects(population, served, call))?;
                Ok(Box::new(move |xml, copies| {
                    let subjects = repeated(&subjects, copies);
                    taxes::write(xml, population, served, call, &subjects);
                }))
            }
        }
    }

    /// A list without anybody is no refusal here.
    fn correspondents(&self) -> Result<Found<'_>, Refusal> {
        let population = &self.world.population;
        let found = self.created.search(population, self.served, self.call);
        let mut found = found.ok_or(MISSING_FIELD)?;
        if self.turn.shows(FaultKind::NotFound) {
            found.clear();
        }
        if let (true, Some(first)) = (self.turn.shows(FaultKind::Ambiguous), found.first()) {
            let mut another = first.clone();
            another.number += 1;
            found.push(another);
        }
        Ok(Box::new(move |xml, copies| {
            correspondents::write(xml, &repeated(&found, copies));
        }))
    }

    /// What was selected: the call must say whom it means, and that must be somebody.
    fn found<T>(&self, selected: Option<Vec<T>>) -> Result<Vec<T>, Refusal> {
        let selected = selected.ok_or(MISSING_FIELD)?;
        if selected.is_empty() || self.turn.shows(FaultKind::NotFound) {
            Err(NOT_FOUND)
        } else {
            Ok(selected)
        }
    }
}

fn repeated<T: Clone>(rows: &[T], copies: usize) -> Vec<T> {
    rows.iter()
        .flat_map(|row| vec![row.clone(); copies])
        .collect()
}

fn refused(method: &str, (code, message): Refusal) -> Reply {
    let mut xml = Xml::default();
    field(&mut xml, "RESULT", "N");
    number(&mut xml, "ERRORCODE", code);
    field(&mut xml, "MESSAGE", message);
    result(method, &xml.into_string())
}

fn result(method: &str, content: &str) -> Reply {
    Reply::new(
        200,
        format!("<xapirest><{method}_Result>{content}</{method}_Result></xapirest>\n"),
    )
}

/// Wrong user, password or database: no XML at all.
fn denied() -> Reply {
    Reply::new(
        403,
        "<html><head><title>403</title></head><body>Accesso negato</body></html>\n",
    )
}
