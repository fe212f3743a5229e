//! D2: ASMX services that answer with ADO.NET DataSets, in two steps ("Perugia" shape, "hyperSIC" header); the registry.

mod dataset;
mod rows;

use std::sync::Arc;

use actix_web::web::{Bytes, Data, Path, ServiceConfig, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use quick_xml::escape::escape;

use super::{Dialect, Latency, password};
use crate::delivery::Reply;
use crate::faults::FaultKind;
use crate::population::served::Served;
use crate::population::{Person, Population};
use crate::soap::{ENVELOPE, Element, Message};
use crate::world::{Turn, World};
use dataset::{Column, DataSet, Row};

pub const DIALECT: Dialect = Dialect {
    name: "d2",
    content_type: "text/xml; charset=utf-8",
    open: |_| Arc::new(routes),
    own_faults: &[
        FaultKind::NotFound,
        FaultKind::Ambiguous,
        FaultKind::AuthFail,
        FaultKind::Duplicate,
        FaultKind::InternalError,
        FaultKind::SchemaChange,
    ],
    latency: Latency {
        p50: 180,
        p95: 900,
        p99: 3000,
    },
};

pub const USERNAME: &str = "gw";
pub const BAD_CREDENTIALS: &str = "Utente non autenticato";
pub const BAD_REQUEST: &str = "Server was unable to read request.";
pub const INTERNAL_ERROR: &str = "Server was unable to process request. ---> Timeout expired.";
pub const NO_CONDITION: &str =
    "Server was unable to process request. ---> Indicare almeno una condizione.";

const NAMESPACE: &str = "http://s-sviluppo/AnagWS";
const OPERATIONS: [&str; 5] = [
    "Elenco",
    "Individuo",
    "ComposizioneFamiglia",
    "FigliEredi",
    "ElencoAnagTrib",
];

fn routes(config: &mut ServiceConfig) {
    config.service(resource("/{ente}/AnagWS.asmx").route(post().to(handle)));
}

async fn handle(
    request: HttpRequest,
    ente: Path<String>,
    body: Bytes,
    world: Data<World>,
) -> HttpResponse {
    let Some(served) = world.served(&ente) else {
        return HttpResponse::NotFound().finish();
    };
    let message = Message::read(&body);
    let called = message.as_ref().map(|message| &message.body);
    let operation = called.and_then(|call| {
        OPERATIONS
            .into_iter()
            .find(|operation| *operation == call.name)
    });
    let turn = world.begin(&DIALECT, operation.unwrap_or("?"), Some(served.belfiore()));
    let reply = match message.zip(operation) {
        Some((message, operation)) => answer(&world.population, served, operation, &message, &turn),
        None => fault("Client", BAD_REQUEST),
    };
    turn.deliver(&request, reply).await
}

fn answer(
    population: &Population,
    served: Served,
    operation: &str,
    message: &Message,
    turn: &Turn<'_>,
) -> Reply {
    if turn.shows(FaultKind::AuthFail) || !admits(served, message.header.as_ref()) {
        return fault("Client", BAD_CREDENTIALS);
    }
    if turn.shows(FaultKind::InternalError) {
        return fault("Server", INTERNAL_ERROR);
    }
    let (columns, rows) = match select(population, served, operation, &message.body) {
        Ok(selected) => selected,
        Err(refusal) => return refusal,
    };
    let rows = if turn.shows(FaultKind::NotFound) {
        Vec::new()
    } else {
        disturbed(rows, turn)
    };
    let table = DataSet::new(columns, rows);
    let table = if turn.shows(FaultKind::SchemaChange) {
        table.upgraded()
    } else {
        table
    };
    found(operation, &table.write())
}

fn admits(served: Served, header: Option<&Element>) -> bool {
    let Some(details) = header.and_then(|header| header.child("AuthenticationDetails")) else {
        return false;
    };
    details.get("UserName") == Some(USERNAME)
        && details.get("Password") == Some(&password(DIALECT.name, served.belfiore()))
}

type Selected = (&'static [Column], Vec<Row>);

fn select(
    population: &Population,
    served: Served,
    operation: &str,
    call: &Element,
) -> Result<Selected, Reply> {
    let everyone = || population.residents_of(served.town);
    let person = || numbered(population, served, call);
    Ok(match operation {
        "Elenco" => {
            conditions(call, &rows::ELENCO_PARAMETERS)?;
            (&rows::ELENCO, rows::elenco(everyone(), call))
        }
        "Individuo" => (
            &rows::INDIVIDUO,
            person()?.map(rows::individuo).into_iter().collect(),
        ),
        "ElencoAnagTrib" => {
            conditions(call, &rows::ELENCO_TRIB_PARAMETERS)?;
            let subjects = population.taxes.subjects_of(served.town);
            (&rows::CONTRIBUENTI, rows::contribuenti(subjects, call))
        }
        "FigliEredi" => {
            let children = person()?.map(|person| rows::figli(population, person));
            (&rows::FAMIGLIA, children.unwrap_or_default())
        }
        _ => {
            let family = person()?.map(|person| rows::famiglia(population, person));
            (&rows::FAMIGLIA, family.unwrap_or_default())
        }
    })
}

/// All parameters must be there, and one of those that say whom must not be blank.
fn conditions(call: &Element, parameters: &[&str]) -> Result<(), Reply> {
    if parameters.iter().any(|name| call.child(name).is_none()) {
        return Err(fault("Client", BAD_REQUEST));
    }
    let says_whom =
        |name: &&str| !["IndicatoreTipoIndividuo", "Tipo", "Data", "Sesso"].contains(name);
    let mut whom = parameters.iter().copied().filter(says_whom);
    if !whom.any(|name| call.filled(name).is_some()) {
        return Err(fault("Server", NO_CONDITION));
    }
    Ok(())
}

/// The person of the integer that a call carries; none if there is nobody of that number here.
fn numbered<'a>(
    population: &'a Population,
    served: Served,
    call: &Element,
) -> Result<Option<&'a Person>, Reply> {
    let number = call.get("NumInd").and_then(|number| number.parse().ok());
    let Some(number) = number else {
        return Err(fault("Client", BAD_REQUEST));
    };
    Ok(population
        .person(number)
        .filter(|person| person.ente == served.town))
}

/// Doubles the first row: the very same (`duplicate`), or somebody else like it (`ambiguous`).
fn disturbed(mut rows: Vec<Row>, turn: &Turn<'_>) -> Vec<Row> {
    let Some(mut another) = rows.first().cloned() else {
        return rows;
    };
    if turn.shows(FaultKind::Ambiguous) {
        let number = another[0].take().and_then(|number| number.parse().ok());
        another[0] = number.map(|number: u32| (number + 1).to_string());
    }
    if turn.shows(FaultKind::Ambiguous) || turn.shows(FaultKind::Duplicate) {
        rows.push(another);
    }
    rows
}

fn found(operation: &str, result: &str) -> Reply {
    envelope(
        200,
        &format!(
            "<{operation}Response xmlns=\"{NAMESPACE}\"><{operation}Result>{result}</{operation}Result></{operation}Response>"
        ),
    )
}

fn fault(side: &str, text: &str) -> Reply {
    envelope(
        500,
        &format!(
            "<soap:Fault><faultcode>soap:{side}</faultcode><faultstring>{}</faultstring><detail/></soap:Fault>",
            escape(text)
        ),
    )
}

fn envelope(status: u16, body: &str) -> Reply {
    Reply::new(
        status,
        format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><soap:Envelope xmlns:soap=\"{ENVELOPE}\" \
             xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\">\
             <soap:Body>{body}</soap:Body></soap:Envelope>"
        ),
    )
}
