//! What a portal must show with each operation: every way in the published documents, its own in the document that it is served.

use std::borrow::Cow;

use utoipa::openapi::path::Operation as Described;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{Components, OpenApi};

use super::{About, Document, as_yaml, documents};
use crate::config::modi::Pattern;
use crate::config::portal::Portal;
use crate::contract::operation::{Domain, Operation};

const CERTIFICATE: &str = "certificato";
const IDENTITY: &str = "id_auth_rest";
const VOUCHER: &str = "voucher";
const PROOF: &str = "dpop";
const INTEGRITY: &str = "integrity_rest";
const EVIDENCE: &str = "audit_rest";

/// What an operation of a document is to the stage that asks who calls.
enum Asked {
    Question(Operation),
    /// State or result of a request that outlived its call.
    PickUp,
}

/// Adds the ways to the published document: the certificate always, and beside it what is agreed with a portal.
pub(super) fn publish(api: &mut OpenApi, components: &mut Components) {
    api.security = Some(vec![
        all_of(&[CERTIFICATE]),
        all_of(&[CERTIFICATE, IDENTITY]),
        all_of(&[CERTIFICATE, VOUCHER]),
    ]);
    for (name, scheme) in schemes() {
        components.add_security_scheme(name, scheme);
    }
}

/// The document as that portal is served it: each operation demands what the portal's configuration demands.
pub(in crate::api) fn of_portal(domain: &str, portal: &Portal) -> Option<Cow<'static, str>> {
    let mut all = documents().iter();
    let document = all.find(|document| document.domain.name() == domain)?;
    if portal.modi.is_none() && portal.pdnd.is_none() {
        return Some(Cow::Borrowed(&document.yaml));
    }
    Some(Cow::Owned(written_for(document, portal)))
}

fn written_for(document: &Document, portal: &Portal) -> String {
    let mut api = document.api.clone();
    let description = api.info.description.get_or_insert_default();
    description.push_str(&format!(
        " Questo documento è del portale «{}»: «security» dice che cosa la sua configurazione chiede a ogni operazione.",
        portal.name
    ));
    for item in api.paths.paths.values_mut() {
        if let Some(operation) = &mut item.get {
            demand(operation, document.domain, portal, false);
        }
        if let Some(operation) = &mut item.post {
            demand(operation, document.domain, portal, true);
        }
    }
    as_yaml(&api, &About::of(document.domain))
}

fn demand(described: &mut Described, domain: Domain, portal: &Portal, has_body: bool) {
    let id = described.operation_id.as_deref().unwrap_or_default();
    if let Some(asked) = asked(domain, id) {
        let names = demanded(&asked, portal, has_body);
        described.security = Some(vec![all_of(&names)]);
    }
}

/// What stage 1 demands of the portal there.
fn demanded(asked: &Asked, portal: &Portal, has_body: bool) -> Vec<&'static str> {
    let (operation, personal) = match asked {
        Asked::Question(operation) => (Some(*operation), operation.is_personal()),
        Asked::PickUp => (None, true),
    };
    let patterns = portal.modi.as_ref().map(|modi| modi.demanded(operation));
    let demands = |either: [Pattern; 2]| {
        patterns.is_some_and(|patterns| either.iter().any(|one| patterns.contains(one)))
    };
    let voucher = portal.pdnd.as_ref().filter(|_| personal);
    [
        (true, CERTIFICATE),
        (
            demands([Pattern::IdAuthRest01, Pattern::IdAuthRest02]),
            IDENTITY,
        ),
        (voucher.is_some(), VOUCHER),
        (voucher.is_some_and(|settings| settings.dpop), PROOF),
        // What has no body has nothing to be signed over.
        (
            has_body && demands([Pattern::IntegrityRest01, Pattern::IntegrityRest02]),
            INTEGRITY,
        ),
        (
            demands([Pattern::AuditRest01, Pattern::AuditRest02]),
            EVIDENCE,
        ),
    ]
    .into_iter()
    .filter_map(|(is_demanded, name)| is_demanded.then_some(name))
    .collect()
}

/// None for what is answered to whoever has a certificate.
fn asked(domain: Domain, operation_id: &str) -> Option<Asked> {
    match operation_id {
        "stato" | "prova" | "radici" => None,
        "stato_richiesta" | "risultato_richiesta" => Some(Asked::PickUp),
        id => {
            // Where two documents have the same name, one of them has its domain at the end.
            let domain = domain.name();
            let id = id.strip_suffix(&format!("_{domain}")).unwrap_or(id);
            let name = format!("{domain}.{}", id.replace('_', "-"));
            Operation::named(&name).map(Asked::Question)
        }
    }
}

fn all_of(names: &[&str]) -> SecurityRequirement {
    let all = names.iter().copied();
    all.fold(SecurityRequirement::default(), |requirement, name| {
        requirement.add(name, Vec::<String>::new())
    })
}

fn schemes() -> [(&'static str, SecurityScheme); 6] {
    let certificate = SecurityScheme::MutualTls {
        description: Some(
            "TLS 1.2 o 1.3 con il certificato del portale, emesso da un'autorità riconosciuta e registrato dal gestore del gateway."
                .to_owned(),
        ),
        deprecated: None,
        extensions: None,
    };
    [
        (CERTIFICATE, certificate),
        (
            IDENTITY,
            bearer(
                "ModI, ID_AUTH_REST_01 o _02: un JWS firmato dal portale, oltre al certificato, se così è concordato. Claim iat, \
                 exp e aud obbligatori, jti nel pattern _02; la chiave è indicata con x5c, x5t#S256, x5u o kid.",
            ),
        ),
        (
            VOUCHER,
            bearer(
                "Voucher della PDND (at+jwt) per l'e-service dell'ente, al posto di ID_AUTH_REST, se così è concordato; la sua finalità è \
                 quella della richiesta. Se è legato a una chiave lo schema è DPoP, con la prova nell'intestazione DPoP.",
            ),
        ),
        (
            PROOF,
            header(
                "DPoP",
                "La prova di possedere la chiave del voucher (RFC 9449): per questa richiesta, emessa da non più di un minuto, usata una volta.",
            ),
        ),
        (
            INTEGRITY,
            header(
                "Agid-JWT-Signature",
                "ModI, INTEGRITY_REST_01 o _02: un JWS su Digest, content-type e le altre intestazioni concordate, se così è concordato.",
            ),
        ),
        (
            EVIDENCE,
            header(
                "Agid-JWT-TrackingEvidence",
                "ModI, AUDIT_REST_01 o _02: un JWS con userID, userLocation e LoA di chi chiede presso il portale, se così è concordato.",
            ),
        ),
    ]
}

fn bearer(description: &str) -> SecurityScheme {
    SecurityScheme::Http(
        HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some(description))
            .build(),
    )
}

fn header(name: &str, description: &str) -> SecurityScheme {
    SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(
        name,
        description,
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_that_is_described_is_known_to_who_asks_for_tokens() {
        let mut known = Vec::new();
        for document in documents() {
            for item in document.api.paths.paths.values() {
                for described in [&item.get, &item.post].into_iter().flatten() {
                    let id = described.operation_id.as_deref().unwrap_or_default();
                    match asked(document.domain, id) {
                        Some(Asked::Question(operation)) => known.push(operation),
                        Some(Asked::PickUp) => {}
                        None => assert!(matches!(id, "stato" | "prova" | "radici"), "{id}"),
                    }
                }
            }
        }
        known.sort();
        let mut all = Operation::ALL.to_vec();
        all.sort();
        assert_eq!(known, all);
    }
}
