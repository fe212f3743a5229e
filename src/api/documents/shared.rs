//! What the operations of all documents share: headers, parameters, problems by status.

use std::collections::BTreeMap;

use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Required, Response};

use crate::api::problem::{MEDIA_TYPE, TABLE};

/// The response of one status: every problem that has it.
pub(super) fn problem_response(status: u16) -> Response {
    // The log-in has a contract of its own, OpenID Connect's.
    let of_contract = |slug: &str| slug != "accesso-non-riuscito";
    let rows = TABLE.iter().filter(|row| row.status == status);
    let rows: Vec<_> = rows.filter(|row| of_contract(row.slug)).collect();
    let list: Vec<String> = rows
        .iter()
        .map(|row| format!("`{}`: {}", row.slug, row.detail))
        .collect();
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problema")))
        .build();
    let mut names = vec!["Cache-Control"];
    if rows.iter().any(|row| row.retry_after.is_some()) {
        names.push("Retry-After");
    }
    if status == 401 {
        names.push("WWW-Authenticate");
    }
    let mut response = ResponseBuilder::new()
        .description(list.join("\n\n"))
        .content(MEDIA_TYPE, content)
        .build();
    response.headers = header_references(&names);
    response
}

/// The response to a question that is answered later.
pub(super) fn taken_on() -> Response {
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("StatoRichiesta")))
        .build();
    let description = "L'ente risponde più tardi (modalita `asincrona` nei suoi servizi, o il gestionale tarda oltre `asincrona_dopo_secondi`): la richiesta è presa in carico e conservata. \
        Location dice dove leggerne lo stato, Retry-After quando. Con X-ReplyTo il risultato è anche consegnato a quell'indirizzo.";
    let mut response = ResponseBuilder::new()
        .description(description)
        .content("application/json", content)
        .build();
    response.headers = header_references(&["Cache-Control", "Location", "Retry-After"]);
    response
}

/// The response to a write of which nobody knows what became.
pub(super) fn outcome_unknown() -> Response {
    let mut response = taken_on();
    "La scrittura è stata inviata ma non si sa se il gestionale dell'ente l'abbia eseguita (`esito_ignoto`): non è mai inviata di \
        nuovo. Location dice dove leggerne lo stato, Retry-After quando; il risultato c'è quando il gestionale o un operatore \
        dell'ente lo accertano."
        .clone_into(&mut response.description);
    response
}

/// References to the headers named and to those of every answer.
pub(super) fn header_references(names: &[&str]) -> BTreeMap<String, RefOr<Header>> {
    [
        "X-RateLimit-Limit",
        "X-RateLimit-Remaining",
        "X-RateLimit-Reset",
        "X-Correlation-ID",
    ]
    .iter()
    .chain(names)
    .map(|name| {
        (
            (*name).to_owned(),
            RefOr::Ref(Ref::new(format!("#/components/headers/{name}"))),
        )
    })
    .collect()
}

/// The headers that only some operations answer with.
pub(super) const OF_SOME_ANSWERS: [&str; 6] = [
    "Age",
    "ETag",
    "Location",
    "WWW-Authenticate",
    "Digest",
    "Agid-JWT-Signature",
];

/// The headers of answers.
#[expect(clippy::too_many_lines, reason = "a table")]
pub(super) fn headers() -> [(&'static str, Header); 12] {
    let limits = [
        (
            "X-RateLimit-Limit",
            "Richieste ammesse insieme dal limite più stretto.",
            i32::MAX,
        ),
        (
            "X-RateLimit-Remaining",
            "Richieste ancora disponibili in quel limite.",
            i32::MAX,
        ),
        (
            "X-RateLimit-Reset",
            "Secondi dopo i quali quel limite è di nuovo intero.",
            86_400,
        ),
        (
            "Retry-After",
            "Secondi da attendere prima di ripetere la richiesta.",
            31_536_000,
        ),
        (
            "Age",
            "Età dei dati in secondi: 0 se sono stati letti per questa richiesta.",
            31_536_000,
        ),
    ];
    let texts = [
        (
            "X-Correlation-ID",
            "Numero dello scambio nel registro del gateway (UUID).",
            36,
        ),
        (
            "Cache-Control",
            "no-store per i dati personali e per i problemi; private, no-cache per le risorse con ETag.",
            40,
        ),
        (
            "ETag",
            "Versione della risorsa, da ripetere in If-None-Match.",
            80,
        ),
        (
            "Location",
            "Dove leggere lo stato della richiesta, o il suo risultato quando è conclusa.",
            200,
        ),
        (
            "WWW-Authenticate",
            "Schema con cui il portale deve identificarsi.",
            100,
        ),
        (
            "Digest",
            "SHA-256 del corpo, dove le risposte sono firmate.",
            200,
        ),
        (
            "Agid-JWT-Signature",
            "Firma della risposta (ModI, INTEGRITY_REST) con request_digest, dove le risposte sono firmate.",
            16_384,
        ),
    ];
    let [limit, remaining, reset, retry_after, age] = limits.map(|(name, description, largest)| {
        let schema = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int32)))
            .minimum(Some(0))
            .maximum(Some(largest));
        (name, header(description, schema))
    });
    let [
        scambio,
        cache_control,
        etag,
        location,
        authenticate,
        digest,
        signature,
    ] = texts.map(|(name, description, longest)| {
        let schema = ObjectBuilder::new()
            .schema_type(Type::String)
            .max_length(Some(longest));
        (name, header(description, schema))
    });
    [
        limit,
        remaining,
        reset,
        retry_after,
        age,
        scambio,
        cache_control,
        etag,
        location,
        authenticate,
        digest,
        signature,
    ]
}

fn header(description: &str, schema: ObjectBuilder) -> Header {
    HeaderBuilder::new()
        .description(Some(description))
        .schema(Some(schema))
        .build()
}

/// The parameters by header.
pub(super) fn parameters() -> [Parameter; 10] {
    [
        purpose(),
        cache_control(),
        if_none_match(),
        reply_to(),
        idempotency_key(),
        digest(),
        signature(),
        evidence(),
        citizen(),
        traceparent(),
    ]
}

fn parameter(
    name: &str,
    required: Required,
    description: &str,
    schema: ObjectBuilder,
) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(required)
        .description(Some(description))
        .schema(Some(schema.schema_type(Type::String)))
        .build()
}

fn purpose() -> Parameter {
    let schema = ObjectBuilder::new()
        .pattern(Some("^[A-Za-z0-9._:-]{1,64}$"))
        .min_length(Some(1))
        .max_length(Some(64))
        .examples(["servizi-demografici"]);
    parameter(
        "Purpose-Id",
        Required::True,
        "Finalità della richiesta, tra quelle concesse al portale.",
        schema,
    )
}

fn cache_control() -> Parameter {
    let description =
        "Con no-cache chiede dati letti al momento dal gestionale, se la concessione lo permette.";
    parameter(
        "Cache-Control",
        Required::False,
        description,
        ObjectBuilder::new().examples(["no-cache"]),
    )
}

fn if_none_match() -> Parameter {
    let description =
        "ETag della copia che il portale ha già: se è ancora valida la risposta è 304.";
    parameter(
        "If-None-Match",
        Required::False,
        description,
        ObjectBuilder::new(),
    )
}

fn reply_to() -> Parameter {
    let description = "Indirizzo del portale, tra quelli registrati, a cui consegnare con POST il risultato se l'ente risponde più \
        tardi (ModI, NONBLOCK_PUSH_REST): X-Correlation-ID è quello della risposta 202. Se l'ente risponde subito non serve. Al portale che ha \
        concordato risposte firmate anche la consegna lo è (Digest e Agid-JWT-Signature, senza request_digest).";
    let schema = ObjectBuilder::new()
        .min_length(Some(1))
        .max_length(Some(500))
        .examples(["https://portale.example/risposte"]);
    parameter("X-ReplyTo", Required::False, description, schema)
}

fn idempotency_key() -> Parameter {
    let description = "Chiave della scrittura, diversa per ogni scrittura, meglio se un UUID; anche tra virgolette. Ripetuta con lo \
        stesso corpo ridà la prima risposta (draft-ietf-httpapi-idempotency-key-header).";
    let schema = ObjectBuilder::new()
        .pattern(Some(
            "^(\"[A-Za-z0-9._:-]{8,128}\"|[A-Za-z0-9._:-]{8,128})$",
        ))
        .min_length(Some(8))
        .max_length(Some(130))
        .examples(["0f8b6a52-41de-4ae9-9a53-0d2f0a9a6c11"]);
    parameter("Idempotency-Key", Required::True, description, schema)
}

fn digest() -> Parameter {
    // Nor here or in the tokens' headers: where no token is agreed they are not read, and the whole head has its bound.
    parameter(
        "Digest",
        Required::False,
        "Digest del corpo, come SHA-256=<base64> (anche SHA-384 e SHA-512); serve con Agid-JWT-Signature.",
        ObjectBuilder::new(),
    )
}

fn signature() -> Parameter {
    parameter(
        "Agid-JWT-Signature",
        Required::False,
        "ModI, INTEGRITY_REST_01 o _02, se così è concordato: JWS con i claim di ID_AUTH_REST_02 e signed_headers, che comprende digest, \
         content-type e content-encoding.",
        ObjectBuilder::new(),
    )
}

fn evidence() -> Parameter {
    parameter(
        "Agid-JWT-TrackingEvidence",
        Required::False,
        "ModI, AUDIT_REST_01 o _02, se così è concordato: JWS con userID, userLocation e LoA di chi chiede presso il portale; nel \
         pattern _02 anche dnonce.",
        ObjectBuilder::new(),
    )
}

fn citizen() -> Parameter {
    parameter(
        "Citizen-Token",
        Required::False,
        "Il cittadino che chiede di sé: il token di un accesso con la carta, legato al certificato del portale. Con INTEGRITY_REST sta fra le \
         intestazioni firmate.",
        ObjectBuilder::new(),
    )
}

fn traceparent() -> Parameter {
    // No pattern, no bound: by the W3C's rule a value out of form is not refused, the trace begins anew.
    parameter(
        "Traceparent",
        Required::False,
        "Contesto di traccia W3C, continuato verso il gestionale; se non è nella forma prevista ne comincia uno nuovo.",
        ObjectBuilder::new(),
    )
}
