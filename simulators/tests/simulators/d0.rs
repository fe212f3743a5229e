//! The national registry: three tokens that are held against each other, growing numbers, its own errors.

use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use simulators::dialects::d0::Service;
use simulators::dialects::pdnd::jws::{SigningKey, thumbprint};
use simulators::faults::FaultKind;

use crate::client::{Answer, Outcome, Town, code_of, town};

const CLIENT: &str = "e58035ce-c753-4f72-b613-46f8a17b71d0";
const PURPOSE: &str = "5b8f2f0e-0001-4a55-9f0c-000000000001";
const AL_FO: &str = "FOXLAX01B28D416I";

/// What makes tokens and numbers differ, over all towns.
static NUMBER: AtomicU64 = AtomicU64::new(1);

/// A body that has agreed on a purpose of one e-service.
pub struct Body {
    key: SigningKey,
    service: Service,
}

/// What a test changes of a call that is in order; `null` leaves a claim out.
#[derive(Default)]
struct Changed {
    evidence: Value,
    signature: Value,
    /// Headers that replace those of the same name; empty leaves one out.
    headers: Vec<(&'static str, String)>,
    /// The evidence for which the voucher is given, where it is another.
    bound: Option<&'static str>,
    number: Option<&'static str>,
    use_case: Option<&'static str>,
}

impl Body {
    pub async fn agreed(town: &Town, service: Service) -> Body {
        let key = SigningKey::generate("RS256").unwrap();
        let client = json!({ "client_id": CLIENT, "consumer_id": "comune", "key": key.jwk() });
        let purpose = json!({
            "purpose_id": PURPOSE, "consumer_id": "comune", "eservice_id": service.use_case(), "descriptor_id": "1",
            "producer_id": "ministero", "audience": service.audience(), "ente": null, "audit": true,
        });
        for (what, order) in [("clients", client), ("purposes", purpose)] {
            let path = format!("POST /control/pdnd/{what}");
            assert!(town.control(&path, &order.to_string()).await.status < 300);
        }
        Body { key, service }
    }

    fn token(&self, claims: Value, changed: &Value) -> String {
        let now = chrono::Utc::now().timestamp();
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let header = json!({ "alg": "RS256", "typ": "JWT", "kid": thumbprint(&self.key.jwk()) });
        let mut whole = json!({
            "iss": CLIENT, "sub": CLIENT, "aud": self.service.audience(), "jti": format!("prova-{number}"),
            "iat": now, "nbf": now, "exp": now + 60,
        });
        let members = whole.as_object_mut().unwrap();
        members.extend(claims.as_object().unwrap().clone());
        if let Some(changed) = changed.as_object() {
            members.extend(changed.clone());
        }
        members.retain(|_, value| !value.is_null());
        self.key.sign(&header, &whole)
    }

    async fn voucher(&self, town: &Town, evidence: &str) -> String {
        let told = hex::encode(digest(&SHA256, evidence.as_bytes()));
        let claims = json!({
            "aud": "auth.simulata.example/client-assertion", "nbf": null, "purposeId": PURPOSE,
            "digest": { "alg": "SHA256", "value": told },
        });
        let assertion = self.token(claims, &Value::Null);
        let body = format!(
            "grant_type=client_credentials&client_assertion={assertion}\
             &client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
        );
        let form = "Content-Type: application/x-www-form-urlencoded\r\n";
        let answer = town.call("pdnd", "POST /token.oauth2", form, &body).await;
        let answer = answer.answer().json();
        answer["access_token"].as_str().unwrap().to_owned()
    }

    async fn ask(&self, town: &Town, code: &str) -> Outcome {
        self.ask_with(town, code, Changed::default()).await
    }

    async fn ask_with(&self, town: &Town, code: &str, changed: Changed) -> Outcome {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed).to_string();
        let body = json!({
            "idOperazioneClient": changed.number.unwrap_or(&number),
            "criteriRicerca": { "codiceFiscale": code },
            "datiRichiesta": {
                "dataRiferimentoRichiesta": "2026-11-22", "motivoRichiesta": "2026/1",
                "casoUso": changed.use_case.unwrap_or(self.service.use_case()),
            },
        })
        .to_string();
        let user = json!({
            "userID": "agente", "userLocation": "sportello", "LoA": "substantial", "dnonce": "1234567890123", "purposeId": PURPOSE,
        });
        let evidence = self.token(user, &changed.evidence);
        let hash = BASE64_STANDARD.encode(digest(&SHA256, body.as_bytes()));
        let told = format!("SHA-256={hash}");
        let signed = json!({ "signed_headers": [{ "digest": told }, { "content-type": "application/json" }] });
        let voucher = self.voucher(town, changed.bound.unwrap_or(&evidence)).await;
        let mut headers = vec![
            ("Authorization", format!("Bearer {voucher}")),
            ("Content-Type", "application/json".to_owned()),
            ("Digest", told),
            ("Agid-JWT-Signature", self.token(signed, &changed.signature)),
            ("Agid-JWT-TrackingEvidence", evidence),
        ];
        for (name, value) in changed.headers {
            headers.retain(|(known, _)| *known != name);
            if !value.is_empty() {
                headers.push((name, value));
            }
        }
        let head: String = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let name = self.service.name().replace('–', "%E2%80%93");
        let path =
            format!("POST /govway/rest/in/MinInternoPortaANPR-PDND/{name}/v1/anpr-service-e002");
        town.call("d0", &path, &head, &body).await
    }
}

/// A call for a family in Erba.
pub async fn ask(town: &Town) -> Outcome {
    Body::agreed(town, Service::C021)
        .await
        .ask(town, AL_FO)
        .await
}

/// Faults in the registry's own language.
pub fn assert_shown(fault: FaultKind, answer: &Answer) {
    let told = answer.json();
    match fault {
        FaultKind::NotFound => assert_error(answer, 404, "EN122"),
        FaultKind::Ambiguous => {
            let subjects = &told["listaSoggetti"]["datiSoggetto"];
            assert_eq!(code(&subjects[0]), code(&subjects[1]));
        }
        FaultKind::AuthFail => {
            assert_eq!(
                (answer.status, &told["title"]),
                (400, &json!("InteroperabilityInvalidRequest"))
            );
        }
        FaultKind::ExpiredToken => assert_eq!(answer.status, 401),
        FaultKind::TooManyRequests => assert_eq!(answer.status, 429),
        FaultKind::InternalError => assert_error(answer, 500, "EN500"),
        other => panic!("{other:?}"),
    }
}

fn code(subject: &Value) -> &Value {
    &subject["generalita"]["codiceFiscale"]["codFiscale"]
}

fn assert_error(answer: &Answer, status: u16, code: &str) {
    let told = answer.json();
    assert_eq!(answer.status, status, "{told}");
    assert_eq!(told["listaErrori"][0]["codiceErroreAnomalia"], code);
    assert!(
        answer.head.contains("application/problem+json"),
        "{}",
        answer.head
    );
}

#[actix_web::test]
async fn an_act_is_notified_wherever_in_the_country_somebody_lives() {
    let town = town().await;
    let body = Body::agreed(&town, Service::C001).await;
    let answer = body.ask(&town, AL_FO).await.answer();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let told = answer.json();
    let subjects = told["listaSoggetti"]["datiSoggetto"].as_array().unwrap();
    assert_eq!((subjects.len(), code(&subjects[0])), (1, &json!(AL_FO)));
    assert_eq!(subjects[0]["residenza"][0]["tipoIndirizzo"], "1");
    for (case, kind) in [("noto", "1"), ("aire", "4")] {
        for ente in ["C933", "B639"] {
            let answer = body.ask(&town, &code_of(case, ente)).await.answer().json();
            let residence = &answer["listaSoggetti"]["datiSoggetto"][0]["residenza"][0];
            assert_eq!(residence["tipoIndirizzo"], kind, "{case} {answer}");
        }
    }
    assert_error(
        &body.ask(&town, &code_of("deceduto", "B639")).await.answer(),
        400,
        "EN148",
    );
    assert_error(
        &body
            .ask(&town, &code_of("irreperibile", "B639"))
            .await
            .answer(),
        404,
        "EN122",
    );
}

#[actix_web::test]
async fn numbers_grow_and_one_that_was_sent_before_has_the_answer_it_had_then() {
    let town = town().await;
    let body = Body::agreed(&town, Service::C001).await;
    let numbered = async |number: &'static str, code: &str| {
        let changed = Changed {
            number: Some(number),
            ..Changed::default()
        };
        body.ask_with(&town, code, changed).await.answer()
    };
    let first = numbered("900000000010", AL_FO).await;
    assert_eq!(first.status, 200);
    let other = code_of("noto", "B639");
    assert_eq!(numbered("900000000010", &other).await.body, first.body);
    for wrong in ["900000000009", "A-1", ""] {
        assert_eq!(numbered(wrong, &other).await.status, 400, "{wrong}");
    }
    assert_ne!(numbered("900000000011", &other).await.body, first.body);
}

#[actix_web::test]
async fn a_voucher_opens_the_e_service_of_its_purpose_alone() {
    let town = town().await;
    let mut body = Body::agreed(&town, Service::C001).await;
    body.service = Service::C021;
    assert_eq!(body.ask(&town, AL_FO).await.answer().status, 401);
    body.service = Service::C001;
    let refused = [
        Changed {
            headers: vec![("Authorization", String::new())],
            ..Changed::default()
        },
        Changed {
            headers: vec![("Authorization", "Bearer eyJ.eyJ.x".to_owned())],
            ..Changed::default()
        },
    ];
    for changed in refused {
        assert_eq!(
            body.ask_with(&town, AL_FO, changed).await.answer().status,
            401
        );
    }
    let changed = Changed {
        use_case: Some("C021"),
        ..Changed::default()
    };
    assert_eq!(
        body.ask_with(&town, AL_FO, changed).await.answer().status,
        400
    );
}

#[actix_web::test]
async fn whatever_is_wrong_with_the_tokens_of_modi_is_an_invalid_request() {
    let town = town().await;
    let body = Body::agreed(&town, Service::C001).await;
    let now = chrono::Utc::now().timestamp();
    let with_pdnd = Service::C001
        .audience()
        .replace("PortaANPR", "PortaANPR-PDND");
    let evidence = |evidence: Value| Changed {
        evidence,
        ..Changed::default()
    };
    let signature = |signature: Value| Changed {
        signature,
        ..Changed::default()
    };
    let header = |name: &'static str, value: &str| Changed {
        headers: vec![(name, value.to_owned())],
        ..Changed::default()
    };
    let wrong = [
        evidence(json!({ "userID": null })),
        evidence(json!({ "userLocation": "" })),
        evidence(json!({ "LoA": null })),
        evidence(json!({ "dnonce": "1" })),
        evidence(json!({ "purposeId": "altra" })),
        evidence(json!({ "aud": with_pdnd })),
        evidence(json!({ "exp": now - 1 })),
        evidence(json!({ "iss": "altro" })),
        evidence(json!({ "jti": null })),
        signature(json!({ "aud": with_pdnd })),
        signature(json!({ "aud": format!("{}/anpr-service-e002", Service::C001.audience()) })),
        signature(json!({ "iat": now - 3600 })),
        signature(json!({ "signed_headers": [] })),
        header(
            "Digest",
            "SHA-256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        ),
        header("Digest", ""),
        header("Content-Type", "application/json; charset=utf-8"),
        header("Agid-JWT-Signature", ""),
        header("Agid-JWT-TrackingEvidence", ""),
        Changed {
            bound: Some("another"),
            ..Changed::default()
        },
    ];
    for (number, changed) in wrong.into_iter().enumerate() {
        let answer = body.ask_with(&town, AL_FO, changed).await.answer();
        assert_eq!(answer.status, 400, "{number}: {}", answer.text());
        assert_eq!(
            answer.json()["title"],
            "InteroperabilityInvalidRequest",
            "{number}"
        );
    }
    assert_eq!(body.ask(&town, AL_FO).await.answer().status, 200);
}
