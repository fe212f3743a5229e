//! D1: SOAP 1.1 document/literal with the credentials in the body ("Civilia SOAP" shape); the registry.

use std::sync::Arc;

use actix_web::web::{Bytes, Data, ServiceConfig, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use chrono::NaiveDate;
use quick_xml::escape::escape;

use super::{Dialect, Latency, password};
use crate::delivery::Reply;
use crate::faults::FaultKind;
use crate::population::places::CANTU;
use crate::population::served::Served;
use crate::population::taxes::Subject;
use crate::population::{Birthplace, Case, Person, Population, Status};
use crate::soap::{ENVELOPE, Element, Message};
use crate::world::{Turn, World};

pub const DIALECT: Dialect = Dialect {
    name: "d1",
    content_type: "text/xml; charset=utf-8",
    open: |_| Arc::new(routes),
    own_faults: &[
        FaultKind::NotFound,
        FaultKind::Ambiguous,
        FaultKind::AuthFail,
        FaultKind::Duplicate,
    ],
    latency: Latency {
        p50: 250,
        p95: 1200,
        p99: 4000,
    },
};

pub const USERNAME: &str = "gw";
/// Of Cantù; like all others it also has the one of [`password`].
pub const PASSWORD: &str = "civilia-prova";

/// Whose account serves every municipality: an associated office has one for all.
const UNION: &str = "unione";
/// Fault text for nobody found; adapters must know it by configuration.
pub const NOT_FOUND: &str = "Anagrafica non trovata";
pub const BAD_CREDENTIALS: &str = "Utente o password non validi";
pub const AMBIGUOUS: &str = "Trovata piu' di una anagrafica";
pub const BAD_REQUEST: &str = "Richiesta non valida";

const NAMESPACE: &str = "http://wsanagrafe.ws.pa.dedagroup.it";
const OPERATIONS: [&str; 2] = ["ByCodiceFiscaleETipoPersona", "ByPartitaIva"];

fn routes(config: &mut ServiceConfig) {
    for path in [
        "/suap_web/services/WsAnagrafe.WsAnagrafeSoap/",
        "/suap_web/services/WsAnagrafe.WsAnagrafeSoap",
    ] {
        config.service(resource(path).route(post().to(handle)));
    }
}

async fn handle(request: HttpRequest, body: Bytes, world: Data<World>) -> HttpResponse {
    let call = Call::read(&body);
    let operation = call.as_ref().map_or("?", |call| call.operation);
    let served = call
        .as_ref()
        .and_then(|call| world.served(call.element.get("ente")?));
    let ente = served.as_ref().map(Served::belfiore);
    let turn = world.begin(&DIALECT, operation, ente);
    let reply = match &call {
        Some(call) => answer(&world.population, call, served, &turn),
        None => fault(BAD_REQUEST),
    };
    turn.deliver(&request, reply).await
}

fn answer(population: &Population, call: &Call, served: Option<Served>, turn: &Turn<'_>) -> Reply {
    let admitted = served.filter(|served| admits(*served, &call.element));
    let Some(served) = admitted.filter(|_| !turn.shows(FaultKind::AuthFail)) else {
        return fault(BAD_CREDENTIALS);
    };
    if turn.shows(FaultKind::NotFound) {
        return fault(NOT_FOUND);
    }
    if turn.shows(FaultKind::Ambiguous) {
        return fault(AMBIGUOUS);
    }
    let (code, is_person) = match (call.operation, call.element.get("tipoPersona")) {
        ("ByPartitaIva", _) => (call.element.get("partitaIva"), false),
        (_, Some("PersonaFisica")) => (call.element.get("codiceFiscale"), true),
        (_, Some("PersonaGiuridica")) => (call.element.get("codiceFiscale"), false),
        _ => return fault(BAD_REQUEST),
    };
    let Some(code) = code else {
        return fault(BAD_REQUEST);
    };
    let record = if is_person {
        population
            .by_codice_fiscale(served.town, code)
            .last()
            .map(|person| person_record(served, person))
    } else {
        population
            .taxes
            .subjects_with(served.town, code)
            .into_iter()
            .find(|subject| subject.is_company())
            .map(|company| company_record(served, company))
    };
    match record {
        Some(record) => found(
            call.operation,
            &record,
            if turn.shows(FaultKind::Duplicate) {
                2
            } else {
                1
            },
        ),
        None => fault(NOT_FOUND),
    }
}

fn admits(served: Served, call: &Element) -> bool {
    let written = call.get("password").unwrap_or_default();
    let known = written == password(DIALECT.name, served.belfiore())
        || written == password(DIALECT.name, UNION)
        || (written == PASSWORD && served.place == &CANTU);
    known && call.get("username") == Some(USERNAME)
}

fn found(operation: &str, record: &str, copies: usize) -> Reply {
    let result = format!("<{operation}Result>{record}</{operation}Result>").repeat(copies);
    Reply::new(
        200,
        format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><soap:Envelope xmlns:soap=\"{ENVELOPE}\" \
             xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><soap:Body>\
             <{operation}Response xmlns=\"{NAMESPACE}\">{result}</{operation}Response></soap:Body></soap:Envelope>"
        ),
    )
}

fn fault(text: &str) -> Reply {
    Reply::new(
        500,
        format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><soap:Envelope xmlns:soap=\"{ENVELOPE}\"><soap:Body><soap:Fault>\
             <faultcode>soap:Server</faultcode><faultstring>{}</faultstring></soap:Fault></soap:Body></soap:Envelope>",
            escape(text)
        ),
    )
}

/// The entity's elements in the order of its sequence: absent strings are left out, dates are always there.
#[derive(Default)]
struct Record(String);

impl Record {
    fn text(&mut self, name: &str, value: Option<&str>) -> &mut Self {
        if let Some(value) = value {
            self.0
                .extend(["<", name, ">", &escape(value), "</", name, ">"]);
        }
        self
    }

    fn date(&mut self, name: &str, value: Option<NaiveDate>) -> &mut Self {
        if let Some(day) = value {
            return self.text(name, Some(&day.format("%Y-%m-%dT00:00:00").to_string()));
        }
        self.0.extend(["<", name, " xsi:nil=\"true\"/>"]);
        self
    }
}

/// Where somebody lives now, as far as this interface can say.
struct Residence {
    street: String,
    city: String,
    cap: Option<String>,
    province: String,
    code: String,
}

fn residence(served: Served, person: &Person) -> Residence {
    let place = served.place;
    let moved_to = person.emigration.as_ref().map(|emigration| emigration.to);
    match (person.status, moved_to) {
        (Status::Emigrated, Some(Birthplace::Italy(comune))) => Residence {
            street: String::new(),
            city: comune.name.to_owned(),
            cap: None,
            province: comune.province.to_owned(),
            code: comune.istat.to_owned(),
        },
        (Status::Emigrated | Status::Aire(_), Some(Birthplace::Abroad(state, town))) => Residence {
            street: if let Status::Aire(street) = person.status {
                street.to_owned()
            } else {
                String::new()
            },
            city: town.to_owned(),
            cap: None,
            province: "EE".to_owned(),
            code: state.istat.to_owned(),
        },
        _ => Residence {
            street: person.address.line(),
            city: place.name.to_owned(),
            cap: Some(served.town.cap.to_owned()),
            province: place.province.to_owned(),
            code: place.istat.to_owned(),
        },
    }
}

fn person_record(served: Served, person: &Person) -> String {
    let home = residence(served, person);
    let birthplace = match person.birthplace {
        Birthplace::Italy(comune) => comune.istat,
        Birthplace::Abroad(state, _) => state.istat,
    };
    let (disabled, since) = match person.status {
        Status::Dead(on) => ("1", Some(on)),
        Status::Untraceable(_) => ("1", None),
        _ => ("0", None),
    };
    let mut record = Record::default();
    record
        .text("CODICEANAGRAFE", Some(&person.id.to_string()))
        .text("NOMINATIVO", Some(&person.surname))
        .text(
            "INDIRIZZO",
            Some(&home.street)
                .filter(|street| !street.is_empty())
                .map(String::as_str),
        )
        .text("CITTA", Some(&home.city))
        .text("CAP", home.cap.as_deref())
        .text("PROVINCIA", Some(&home.province))
        .text("CODICEFISCALE", person.stored_codice_fiscale().as_deref())
        .text("CODCOMNASCITA", Some(birthplace))
        .date("DATANASCITA", Some(person.birth))
        .date("DATAREGDITTE", None)
        .date("DATAREGTRIB", None)
        .text("SESSO", Some(person.sex.letter()))
        .text(
            "PASSWORD",
            person.has_case(Case::Omonimo).then_some("********"),
        )
        .text("NOME", Some(&person.name))
        .text("TIPOANAGRAFE", Some("F"))
        .date("DATANOMINATIVO", None)
        .text("COMUNERESIDENZA", Some(&home.code))
        .date("DATAISCRREA", None)
        .text("FLAG_DISABILITATO", Some(disabled))
        .date("DATA_DISABILITATO", since);
    record.0
}

fn company_record(served: Served, company: &Subject) -> String {
    let place = served.place;
    let mut record = Record::default();
    record
        .text("CODICEANAGRAFE", Some(&company.id.to_string()))
        .text("NOMINATIVO", Some(&company.denomination))
        .text("INDIRIZZO", Some(&company.address.line()))
        .text("CITTA", Some(place.name))
        .text("CAP", Some(served.town.cap))
        .text("PROVINCIA", Some(place.province))
        .text("PARTITAIVA", company.partita_iva.as_deref())
        .text("CODICEFISCALE", company.codice_fiscale.as_deref())
        .date("DATANASCITA", None)
        .date("DATAREGDITTE", None)
        .date("DATAREGTRIB", None)
        .text("TIPOANAGRAFE", Some("G"))
        .date("DATANOMINATIVO", None)
        .text("COMUNERESIDENZA", Some(place.istat))
        .date("DATAISCRREA", None)
        .text("FLAG_DISABILITATO", Some("0"))
        .date("DATA_DISABILITATO", None);
    record.0
}

/// A request: the element in the body, of a known name.
struct Call {
    operation: &'static str,
    element: Element,
}

impl Call {
    fn read(body: &[u8]) -> Option<Call> {
        let element = Message::read(body)?.body;
        let operation = OPERATIONS
            .into_iter()
            .find(|known| *known == element.name)?;
        Some(Call { operation, element })
    }
}
