//! D6: REST/JSON with an OAuth2 token per tenant ("Civilia Next" shape); registry and taxes.

mod demografici;
mod importi;
pub mod tokens;
mod tributi;

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::http::header::AUTHORIZATION;
use actix_web::web::{Bytes, Data, Query, ServiceConfig, get, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use super::{Dialect, Latency};
use crate::delivery::Reply;
use crate::faults::{FaultKind, TOKEN_OPERATION};
use crate::population::Population;
use crate::population::served::Served;
use crate::world::{Turn, World};
use tokens::{Account, Tokens};

pub const DIALECT: Dialect = Dialect {
    name: "d6",
    content_type: "application/json; charset=utf-8",
    open: |settings| {
        let tokens = Data::new(Tokens::new(settings.token_life));
        Arc::new(move |config| routes(config, &tokens))
    },
    own_faults: &[
        FaultKind::NotFound,
        FaultKind::Ambiguous,
        FaultKind::AuthFail,
        FaultKind::ExpiredToken,
        FaultKind::TooManyRequests,
        FaultKind::Duplicate,
        FaultKind::SchemaChange,
    ],
    latency: Latency {
        p50: 300,
        p95: 900,
        p99: 2500,
    },
};

/// A municipality's account in the cloud with credentials of its own; all others follow the rule of [`tokens`].
pub struct Tenant {
    pub id: &'static str,
    pub client_id: &'static str,
    pub secret: &'static str,
    pub belfiore: &'static str,
    /// Whether it has the registry module; all have taxes.
    pub registry: bool,
}

pub const TENANTS: [Tenant; 2] = [
    Tenant {
        id: "d4160000-0000-4000-8000-000000013095",
        client_id: "gw-erba",
        secret: "erba-prova",
        belfiore: "D416",
        registry: true,
    },
    Tenant {
        id: "b6390000-0000-4000-8000-000000013041",
        client_id: "gw-cantu",
        secret: "cantu-prova",
        belfiore: "B639",
        registry: false,
    },
];

/// What a token must have been asked for, to the letter.
pub const RESOURCE: &str = "http://api.civilianext.example";

/// What an operation found.
enum Answer {
    Found(Value),
    Nothing,
    Malformed,
}

type Ask<'a> = Box<dyn FnOnce(&Population, Served) -> Answer + 'a>;

fn routes(config: &mut ServiceConfig, tokens: &Data<Tokens>) {
    config.app_data(tokens.clone());
    config.service(resource("/{tenant}/oauth2/token").route(post().to(tokens::oauth2)));
    for path in [
        "/utilities/AuthenticationToken",
        "/Tributi/api/utilities/AuthenticationToken",
    ] {
        config.service(resource(path).route(post().to(tokens::authentication_token)));
    }
    config
        .service(
            resource("/Demografici/Anagrafe/RicercaIndividui").route(post().to(ricerca_individui)),
        )
        .service(
            resource("/Demografici/Anagrafe/RicercaComponentiFamiglia")
                .route(post().to(ricerca_componenti)),
        )
        .service(resource("/Tributi/api/{area}/{operation}").route(get().to(tributi)));
}

async fn ricerca_individui(request: HttpRequest, body: Bytes, world: Data<World>) -> HttpResponse {
    let ask: Ask<'_> =
        Box::new(|population, served| demografici::ricerca_individui(population, served, &body));
    operation(&request, &world, "RicercaIndividui", Module::Registry, ask).await
}

/// The answer to a search for people, for who has shown by other means whose registry may be asked.
pub fn individual(population: &Population, served: Served, body: &[u8]) -> Reply {
    match demografici::ricerca_individui(population, served, body) {
        Answer::Found(value) => found(value, Module::Registry),
        Answer::Nothing => Reply::new(200, ""),
        Answer::Malformed => message(400, "The request is invalid."),
    }
}

async fn ricerca_componenti(request: HttpRequest, body: Bytes, world: Data<World>) -> HttpResponse {
    let ask: Ask<'_> = Box::new(|population, served| {
        demografici::ricerca_componenti_famiglia(population, served, &body)
    });
    operation(
        &request,
        &world,
        "RicercaComponentiFamiglia",
        Module::Registry,
        ask,
    )
    .await
}

async fn tributi(
    request: HttpRequest,
    query: Query<HashMap<String, String>>,
    world: Data<World>,
) -> HttpResponse {
    let path = [
        request.match_info().query("area"),
        request.match_info().query("operation"),
    ]
    .join("/");
    let Some((name, ask)) = tributi::find(&path) else {
        return HttpResponse::NotFound().finish();
    };
    let ask: Ask<'_> =
        Box::new(|population, served| ask(population, served.town, &tributi::Parameters(&query)));
    operation(&request, &world, name, Module::Taxes, ask).await
}

#[derive(Clone, Copy, PartialEq)]
enum Module {
    Registry,
    Taxes,
}

/// What every operation has in common: the token, the module, the faults, the form of the answer.
async fn operation(
    request: &HttpRequest,
    world: &World,
    name: &'static str,
    module: Module,
    ask: Ask<'_>,
) -> HttpResponse {
    let tokens = request.app_data::<Data<Tokens>>();
    let account = tokens.and_then(|tokens| tokens.account_of(bearer(request)?));
    let ente = account.as_ref().map(|account| account.served.belfiore());
    let turn = world.begin(&DIALECT, name, ente);
    let reply = match account {
        _ if turn.shows(FaultKind::AuthFail) || turn.shows(FaultKind::ExpiredToken) => denied(),
        None => denied(),
        Some(_) if turn.shows(FaultKind::TooManyRequests) => Reply {
            retry_after: Some(2),
            ..message(429, "API calls quota exceeded.")
        },
        Some(account) if module == Module::Registry && !account.registry => {
            message(403, "Modulo Demografici non attivo.")
        }
        Some(_) if turn.shows(FaultKind::NotFound) => Reply::new(200, ""),
        Some(account) => match ask(&world.population, account.served) {
            Answer::Found(value) if turn.shows(FaultKind::SchemaChange) => {
                found(upgraded(value), module)
            }
            Answer::Found(value) => found(disturbed(value, &turn), module),
            // Nobody found is an empty body, which no JSON parser takes.
            Answer::Nothing => Reply::new(200, ""),
            Answer::Malformed => message(400, "The request is invalid."),
        },
    };
    turn.deliver(request, reply).await
}

fn bearer(request: &HttpRequest) -> Option<&str> {
    let header = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = header.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
}

fn found(value: Value, module: Module) -> Reply {
    let body = match module {
        Module::Registry => value,
        Module::Taxes => json!({ "result": value, "resultDescription": "OK", "message": null }),
    };
    Reply::new(200, body.to_string())
}

fn message(status: u16, text: &str) -> Reply {
    Reply::new(status, json!({ "message": text }).to_string())
}

fn denied() -> Reply {
    message(401, "Authorization has been denied for this request.")
}

/// Numbers that tell people and taxpayers apart.
const IDENTITIES: [&str; 2] = ["codiceCittadino", "identificativoSoggetto"];

/// Doubles what was found: the very same element (`duplicate`), or somebody else like it (`ambiguous`).
fn disturbed(value: Value, turn: &Turn<'_>) -> Value {
    let elements = match &value {
        Value::Array(elements) => elements.as_slice(),
        one => std::slice::from_ref(one),
    };
    if turn.shows(FaultKind::Duplicate) {
        return elements
            .iter()
            .flat_map(|element| [element.clone(), element.clone()])
            .collect();
    }
    let identity = IDENTITIES
        .into_iter()
        .find(|key| elements.iter().all(|one| one.get(key).is_some()));
    if let (true, Some(key)) = (turn.shows(FaultKind::Ambiguous), identity) {
        let mut another = elements[0].clone();
        another[key] = json!(another[key].as_u64().map(|number| number + 1));
        return elements.iter().cloned().chain([another]).collect();
    }
    value
}

/// Registered people as a new release tells them: one member has gone, one has come, a number has become a text.
fn upgraded(mut value: Value) -> Value {
    for person in value.as_array_mut().into_iter().flatten() {
        if let Some(person) = person.as_object_mut() {
            person.remove("procedimentoInCorso");
            person.insert("versioneScheda".to_owned(), json!(2));
            if let Some(degree) = person.get_mut("codiceCertificabilita") {
                *degree = json!(degree.to_string());
            }
        }
    }
    value
}

/// Records a token request and answers it.
async fn token_reply(
    request: &HttpRequest,
    world: &World,
    account: Option<Account>,
    issue: impl FnOnce(Account) -> Reply,
    refuse: impl FnOnce() -> Reply,
) -> HttpResponse {
    let ente = account.as_ref().map(|account| account.served.belfiore());
    let turn = world.begin(&DIALECT, TOKEN_OPERATION, ente);
    let reply = match account {
        Some(account) if !turn.shows(FaultKind::AuthFail) => {
            let ente = account.served.belfiore();
            world.calls.token_issued(DIALECT.name, ente);
            issue(account)
        }
        _ => refuse(),
    };
    turn.deliver(request, reply).await
}
