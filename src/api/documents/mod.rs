//! The OpenAPI documents, one per domain, written from the handlers, the contract's types and the table of problems.

mod shared;
mod nulls;
pub(super) mod security;

use std::sync::LazyLock;

use utoipa::openapi::info::{ContactBuilder, InfoBuilder, LicenseBuilder};
use utoipa::openapi::path::Operation;
use utoipa::openapi::tag::{Tag, TagBuilder};
use utoipa::openapi::{Components, Ref, RefOr, Response, ServerBuilder};
use utoipa::{OpenApi, PartialSchema, ToSchema};

use crate::contract::operation::Domain;

use super::body::{self, RicercaPosizione, RicercaPosizioneInEnti, VariazioneSuperficie};
use super::problem::{Problema, TABLE};
use super::{accessi, anagrafe, anpr, catalogo, evidenze, richieste, status, tributi};

/// The version of the contract: raised when the documents change, not with the program.
const VERSION: &str = "1.0.0";

/// Where the documents say that the gateway is: every centre that runs one writes its own address.
const HOST: &str = "https://pontile.example";

#[derive(OpenApi)]
#[openapi(paths(catalogo::enti, catalogo::ente, catalogo::servizi, status::status))]
struct Catalogo;

#[derive(OpenApi)]
#[openapi(paths(
    anagrafe::ricerche_persona,
    anagrafe::ricerche_famiglia,
    anagrafe::verifiche_dichiarazione,
    richieste::stato_richiesta,
    richieste::risultato_anagrafe,
    status::status
))]
struct Anagrafe;

#[derive(OpenApi)]
#[openapi(paths(
    tributi::ricerche_posizione,
    tributi::ricerche_posizione_in_enti,
    tributi::variazioni_superficie,
    richieste::stato_richiesta,
    richieste::risultato_tributi,
    status::status
))]
struct Tributi;

#[derive(OpenApi)]
#[openapi(paths(accessi::ricerche, status::status))]
struct Accessi;

#[derive(OpenApi)]
#[openapi(paths(anpr::ricerche_recapito, anpr::ricerche_famiglia, status::status))]
struct Anpr;

#[derive(OpenApi)]
#[openapi(paths(evidenze::prova, evidenze::radici, status::status))]
struct Evidenze;

/// One document.
pub struct Document {
    /// Its domain, which names the file.
    pub domain: Domain,
    /// As data, for the documentation page.
    pub api: utoipa::openapi::OpenApi,
    /// As published.
    pub yaml: String,
}

/// Every document, in the order of [`Domain::ALL`].
pub fn documents() -> &'static [Document] {
    static DOCUMENTS: LazyLock<Vec<Document>> = LazyLock::new(|| Domain::ALL.map(document).into());
    &DOCUMENTS
}

fn document(domain: Domain) -> Document {
    let mut api = match domain {
        Domain::Catalogo => Catalogo::openapi(),
        Domain::Anagrafe => Anagrafe::openapi(),
        Domain::Tributi => Tributi::openapi(),
        Domain::Accessi => Accessi::openapi(),
        Domain::Anpr => Anpr::openapi(),
        Domain::Evidenze => Evidenze::openapi(),
    };
    let about = About::of(domain);
    api.info = InfoBuilder::new()
        .title(about.title)
        .version(VERSION)
        .description(Some(about.description))
        .terms_of_service(Some(format!("{HOST}/condizioni")))
        .contact(Some(
            ContactBuilder::new()
                .name(Some("Centro servizi della provincia"))
                .url(Some(HOST))
                .email(Some("interoperabilita@pontile.example"))
                .build(),
        ))
        .license(Some(
            LicenseBuilder::new()
                .name("EUPL-1.2")
                .identifier(Some("EUPL-1.2"))
                .build(),
        ))
        .extensions(Some([("x-summary", about.summary)].into_iter().collect()))
        .build();
    api.servers = Some(vec![
        ServerBuilder::new()
            .url(format!("{HOST}/rest/{}/v1", domain.name()))
            .description(Some("Portone dei portali: TLS con certificato del client"))
            .build(),
    ]);
    api.tags = Some(vec![
        tag(domain.name(), about.summary),
        tag("stato", "Stato del servizio."),
    ]);
    if domain.is_answered_by_enti() {
        api.tags.get_or_insert_default().push(tag(
            "richieste",
            "Richieste a cui l'ente risponde più tardi: stato e risultato (ModI, interazione non bloccante).",
        ));
    }
    let mut components = api.components.take().unwrap_or_default();
    add_shared(&mut components);
    for item in api.paths.paths.values_mut() {
        for operation in [&mut item.get, &mut item.post].into_iter().flatten() {
            complete(operation, &mut components);
        }
    }
    security::publish(&mut api, &mut components);
    api.components = Some(components);
    let yaml = as_yaml(&api, &about);
    Document { domain, api, yaml }
}

fn as_yaml(api: &utoipa::openapi::OpenApi, about: &About) -> String {
    let yaml = api
        .to_yaml()
        .expect("a document of texts, numbers and maps is always YAML");
    // The catalogue's identifier of the API goes in as text: two extensions would come out in any order.
    yaml.replacen(
        "\ninfo:\n",
        &format!("\ninfo:\n  x-api-id: {}\n", about.id),
        1,
    )
}

fn tag(name: &str, description: &str) -> Tag {
    TagBuilder::new()
        .name(name)
        .description(Some(description))
        .build()
}

struct About {
    id: &'static str,
    title: &'static str,
    summary: &'static str,
    description: &'static str,
}

impl About {
    fn of(domain: Domain) -> About {
        match domain {
            Domain::Catalogo => About {
                id: "6c0a5b1e-6f5e-4c0e-9d0b-3a3f0a5f6b01",
                title: "Catalogo degli enti",
                summary: "Enti collegati al gateway e servizi che ciascuno offre.",
                description: "Quali enti si possono interrogare e che cosa offre ciascuno, con i limiti di ogni operazione. \
                    Nessun dato personale: le risposte hanno un ETag e si possono riconvalidare con If-None-Match.",
            },
            Domain::Anagrafe => About {
                id: "6c0a5b1e-6f5e-4c0e-9d0b-3a3f0a5f6b02",
                title: "Anagrafe della popolazione",
                summary: "Schede e famiglie anagrafiche degli enti collegati.",
                description: "Ricerche nelle anagrafi degli enti collegati al gateway, qualunque gestionale usino, e verifica di ciò che una persona ha dichiarato di sé. Le ricerche sono \
                    POST perché i dati personali non stiano mai nell'indirizzo. I dati non hanno valore di certificato; in caso di \
                    difformità prevale l'ANPR. Ogni risposta dice la provenienza e l'età dei dati.",
            },
            Domain::Tributi => About {
                id: "6c0a5b1e-6f5e-4c0e-9d0b-3a3f0a5f6b03",
                title: "Tributi locali",
                summary: "Posizioni tributarie IMU e TARI degli enti collegati.",
                description: "Ricerche nei gestionali dei tributi degli enti collegati al gateway. Le ricerche sono POST perché i dati \
                    personali non stiano mai nell'indirizzo. Gli importi sono decimali esatti in euro. Ogni risposta dice la \
                    provenienza e l'età dei dati.",
            },
            Domain::Accessi => About {
                id: "6c0a5b1e-6f5e-4c0e-9d0b-3a3f0a5f6b04",
                title: "Registro degli accessi",
                summary: "Chi ha chiesto di un cittadino, per il cittadino stesso.",
                description: "Il cittadino, entrato con la sua carta, legge quali portali hanno chiesto di lui agli enti collegati al gateway, quando e \
                    per quale finalità. Non vi compare ciò che è stato risposto, né altre persone.",
            },
            Domain::Evidenze => About {
                id: "6c0a5b1e-6f5e-4c0e-9d0b-3a3f0a5f6b06",
                title: "Prove degli scambi",
                summary: "Prove sigillate degli scambi, da verificare senza il gateway.",
                description: "Di ogni scambio il gateway fa una ricevuta; le ricevute formano alberi, le cui radici hanno il sigillo dell'ente che lo gestisce. \
                    Il portale ottiene la prova dei propri scambi e chiunque sia un portale le radici, per tenerle. Nessun dato personale.",
            },
            Domain::Anpr => About {
                id: "6c0a5b1e-6f5e-4c0e-9d0b-3a3f0a5f6b05",
                title: "Anagrafe nazionale",
                summary: "Consultazioni dell'ANPR per conto degli enti collegati.",
                description: "Consultazioni dell'Anagrafe nazionale della popolazione residente per conto di un ente, ciascuna con l'e-service che \
                    l'ANPR ha fatto per quella finalità. Serve una concessione che nomini queste operazioni, e l'evidenza dell'utente che \
                    chiede. Le risposte non sono conservate né date ad altri, e non completano quelle dell'anagrafe di un ente.",
            },
        }
    }
}

/// The schema of problems, and what the schemas of searches lack.
fn add_shared(components: &mut Components) {
    let mut schemas = vec![(Problema::name().into_owned(), Problema::schema())];
    Problema::schemas(&mut schemas);
    components.schemas.extend(schemas);
    components.schemas.values_mut().for_each(nulls::remove);
    let of_one_subject = [
        RicercaPosizione::name(),
        RicercaPosizioneInEnti::name(),
        VariazioneSuperficie::name(),
    ];
    for of_one_subject in of_one_subject {
        if let Some(schema) = components.schemas.remove(&*of_one_subject) {
            let schema = RefOr::T(body::with_one_code(schema));
            components
                .schemas
                .insert(of_one_subject.into_owned(), schema);
        }
    }
}

/// Adds what every operation has: parameters by header, headers of the answer, problems. What is referred to becomes a component.
fn complete(operation: &mut Operation, components: &mut Components) {
    let kind = Kind::of(operation);
    for parameter in shared::parameters() {
        if kind.parameters().contains(&parameter.name.as_str()) {
            let reference = Ref::new(format!("#/components/parameters/{}", parameter.name));
            operation
                .parameters
                .get_or_insert_default()
                .push(RefOr::Ref(reference));
            components
                .parameters
                .insert(parameter.name.clone(), RefOr::T(parameter));
        }
    }
    let responses = &mut operation.responses.responses;
    if kind == Kind::Personale {
        responses.insert("202".to_owned(), RefOr::T(shared::taken_on()));
    }
    if kind == Kind::Scrittura {
        responses.insert("202".to_owned(), RefOr::T(shared::outcome_unknown()));
    }
    if let Some(RefOr::T(ended)) = responses.get_mut("303") {
        ended.headers = shared::header_references(&["Cache-Control", "Location"]);
    }
    if let Some(RefOr::T(answer)) = responses.get_mut("200") {
        answer.headers = shared::header_references(kind.answer_headers());
        if kind == Kind::Catalogo {
            let mut unchanged =
                Response::new("La copia indicata in If-None-Match è ancora valida.");
            unchanged.headers = answer.headers.clone();
            responses.insert("304".to_owned(), RefOr::T(unchanged));
        }
    }
    for status in kind.problem_statuses() {
        let name = format!("Problema{status}");
        responses.insert(
            status.to_string(),
            RefOr::Ref(Ref::from_response_name(&name)),
        );
        components
            .responses
            .insert(name, RefOr::T(shared::problem_response(status)));
    }
    for (name, header) in shared::headers() {
        let of_this = kind.answer_headers().contains(&name)
            || (name == "WWW-Authenticate" && kind != Kind::Stato)
            || (name == "Location"
                && matches!(kind, Kind::Personale | Kind::Scrittura | Kind::Richiesta));
        if of_this || !shared::OF_SOME_ANSWERS.contains(&name) {
            components.headers.insert(name.to_owned(), RefOr::T(header));
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Stato,
    Catalogo,
    Accessi,
    Evidenze,
    Nazionale,
    Personale,
    Verifica,
    Scrittura,
    Richiesta,
    Risultato,
}

impl Kind {
    fn of(operation: &Operation) -> Kind {
        match operation.tags.as_deref() {
            Some([tag]) if tag == "stato" => Kind::Stato,
            Some([tag]) if tag == "catalogo" => Kind::Catalogo,
            Some([tag]) if tag == "accessi" => Kind::Accessi,
            Some([tag]) if tag == "evidenze" => Kind::Evidenze,
            Some([tag]) if tag == "anpr" => Kind::Nazionale,
            Some([tag]) if tag == "richieste" => {
                if operation.operation_id.as_deref() == Some("stato_richiesta") {
                    Kind::Richiesta
                } else {
                    Kind::Risultato
                }
            }
            _ if operation.operation_id.as_deref() == Some("variazioni_superficie") => {
                Kind::Scrittura
            }
            _ if operation.operation_id.as_deref() == Some("verifiche_dichiarazione") => {
                Kind::Verifica
            }
            _ => Kind::Personale,
        }
    }

    fn parameters(self) -> &'static [&'static str] {
        match self {
            Kind::Stato => &[],
            Kind::Catalogo => &["If-None-Match", "Traceparent"],
            Kind::Accessi => &[
                "Purpose-Id",
                "Digest",
                "Agid-JWT-Signature",
                "Agid-JWT-TrackingEvidence",
                "Citizen-Token",
                "Traceparent",
            ],
            Kind::Nazionale => &[
                "Purpose-Id",
                "Digest",
                "Agid-JWT-Signature",
                "Agid-JWT-TrackingEvidence",
                "Traceparent",
            ],
            Kind::Personale => &[
                "Purpose-Id",
                "Cache-Control",
                "X-ReplyTo",
                "Digest",
                "Agid-JWT-Signature",
                "Agid-JWT-TrackingEvidence",
                "Citizen-Token",
                "Traceparent",
            ],
            Kind::Verifica => &[
                "Purpose-Id",
                "Cache-Control",
                "Digest",
                "Agid-JWT-Signature",
                "Agid-JWT-TrackingEvidence",
                "Citizen-Token",
                "Traceparent",
            ],
            Kind::Scrittura => &[
                "Purpose-Id",
                "Idempotency-Key",
                "X-ReplyTo",
                "Digest",
                "Agid-JWT-Signature",
                "Agid-JWT-TrackingEvidence",
                "Citizen-Token",
                "Traceparent",
            ],
            Kind::Richiesta | Kind::Risultato | Kind::Evidenze => &["Traceparent"],
        }
    }

    fn answer_headers(self) -> &'static [&'static str] {
        match self {
            Kind::Stato => &["Cache-Control"],
            Kind::Catalogo => &["Cache-Control", "ETag"],
            Kind::Nazionale
            | Kind::Personale
            | Kind::Verifica
            | Kind::Scrittura
            | Kind::Risultato => &["Cache-Control", "Age", "Digest", "Agid-JWT-Signature"],
            Kind::Accessi | Kind::Evidenze => &["Cache-Control", "Digest", "Agid-JWT-Signature"],
            Kind::Richiesta => &["Cache-Control", "Retry-After"],
        }
    }

    /// The statuses of the problems that the operation may end in. 405 is of the resource, not of an operation.
    fn problem_statuses(self) -> Vec<u16> {
        let mut statuses: Vec<u16> = TABLE
            .iter()
            .map(|row| row.status)
            .filter(|status| match self {
                Kind::Stato => matches!(status, 403 | 429 | 503),
                Kind::Catalogo => {
                    matches!(
                        status,
                        400 | 401 | 403 | 404 | 408 | 410 | 413 | 429 | 431 | 500 | 503 | 504
                    )
                }
                Kind::Accessi => {
                    matches!(
                        status,
                        400 | 401 | 403 | 408 | 413 | 415 | 429 | 431 | 500 | 503 | 504
                    )
                }
                Kind::Evidenze => {
                    matches!(
                        status,
                        400 | 401 | 403 | 404 | 408 | 409 | 413 | 429 | 431 | 500 | 503 | 504
                    )
                }
                Kind::Richiesta => {
                    matches!(
                        status,
                        400 | 401 | 403 | 404 | 408 | 410 | 413 | 429 | 431 | 500 | 501 | 503 | 504
                    )
                }
                Kind::Nazionale | Kind::Personale | Kind::Verifica | Kind::Scrittura => {
                    *status != 405
                }
                Kind::Risultato => !matches!(status, 405 | 415),
            })
            .collect();
        statuses.sort_unstable();
        statuses.dedup();
        statuses
    }
}
