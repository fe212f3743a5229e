//! The REST dialect.

use std::time::Duration;

use serde_json::{Value, json};
use simulators::dialects::d6::{RESOURCE, TENANTS, Tenant};
use simulators::faults::FaultKind;

use crate::client::{Answer, Outcome, Town, code_of, header, town, town_with};

pub const ERBA: &Tenant = &TENANTS[0];
const CANTU: &Tenant = &TENANTS[1];
const SEARCH: &str = "/Demografici/Anagrafe/RicercaIndividui?v=1.0";

pub async fn token_reply(town: &Town, tenant: &Tenant, secret: &str, resource: &str) -> Answer {
    let body = format!(
        "grant_type=client_credentials&client_id={}&client_secret={secret}&resource={resource}",
        tenant.client_id
    );
    let headers = "Content-Type: application/x-www-form-urlencoded\r\n";
    town.call(
        "d6",
        &format!("POST /{}/oauth2/token", tenant.id),
        headers,
        &body,
    )
    .await
    .answer()
}

pub async fn token(town: &Town, tenant: &Tenant) -> String {
    let reply = token_reply(town, tenant, tenant.secret, RESOURCE).await;
    reply.json()["access_token"].as_str().unwrap().to_owned()
}

pub async fn post(town: &Town, token: &str, path: &str, body: &Value) -> Outcome {
    let headers = format!("Authorization: Bearer {token}\r\n");
    town.call("d6", &format!("POST {path}"), &headers, &body.to_string())
        .await
}

pub async fn get(town: &Town, token: &str, path: &str) -> Outcome {
    let headers = format!("Authorization: bearer {token}\r\n");
    town.call("d6", &format!("GET /Tributi/api/{path}"), &headers, "")
        .await
}

/// The quoted person of Erba.
pub async fn ask(town: &Town, token: &str) -> Outcome {
    let body = json!({"CodiceFiscale": "FOXLAX01B28D416I", "MostraDatiStatoCivile": true});
    post(town, token, SEARCH, &body).await
}

/// Faults in the dialect's own language.
pub fn assert_shown(fault: FaultKind, answer: &Answer) {
    match fault {
        FaultKind::NotFound => assert_eq!(answer.body, b""),
        FaultKind::Ambiguous => {
            let both = answer.json();
            assert_ne!(both[0]["codiceCittadino"], both[1]["codiceCittadino"]);
        }
        FaultKind::AuthFail | FaultKind::ExpiredToken => assert_denied(answer),
        FaultKind::TooManyRequests => assert_eq!(
            (answer.status, header(&answer.head, "retry-after")),
            (429, Some("2"))
        ),
        FaultKind::Duplicate => {
            let both = answer.json();
            assert_eq!(both[0], both[1]);
        }
        FaultKind::SchemaChange => {
            let people = answer.json();
            assert_eq!(people[0]["versioneScheda"], 2);
            assert!(people[0]["codiceCertificabilita"].is_string());
            assert_eq!(people[0].get("procedimentoInCorso"), None);
        }
        other => panic!("{other:?}"),
    }
}

async fn search(town: &Town, token: &str, case: &str) -> Value {
    let body = json!({
        "codiceFiscale": code_of(case, "D416"), "mostraIndirizzo": true, "MostraDatiDecesso": true,
        "MostraDatiPaternita": true, "MostraDatiMaternita": true, "MostraDatiStatoCivile": true,
    });
    post(town, token, SEARCH, &body).await.answer().json()
}

async fn taxes(town: &Town, token: &str, path: &str) -> Value {
    get(town, token, path).await.answer().json()["result"].take()
}

fn assert_denied(answer: &Answer) {
    assert_eq!(answer.status, 401);
    assert_eq!(
        answer.json()["message"],
        "Authorization has been denied for this request."
    );
}

#[actix_web::test]
async fn a_token_is_given_in_both_forms_and_opens_the_operations() {
    let town = town().await;
    let ask = json!({"CodiceFiscale": "FOXLAX01B28D416I"});
    let first = token(&town, ERBA).await;
    let body = json!({"targetResource": RESOURCE, "tenantId": ERBA.id, "clientId": ERBA.client_id, "secret": ERBA.secret});
    let request = "POST /Tributi/api/utilities/AuthenticationToken?v=1.0";
    let reply = town
        .call("d6", request, "", &body.to_string())
        .await
        .answer()
        .json();
    for token in [first.as_str(), reply["result"]["token"].as_str().unwrap()] {
        assert_eq!(post(&town, token, SEARCH, &ask).await.answer().status, 200);
    }
}

#[actix_web::test]
async fn bad_credentials_get_no_token() {
    let town = town().await;
    let refused = token_reply(&town, ERBA, "wrong", RESOURCE).await;
    assert_eq!(
        (refused.status, &refused.json()["error"]),
        (401, &json!("invalid_client"))
    );
    let body = json!({"tenantId": ERBA.id, "clientId": ERBA.client_id, "secret": "wrong"});
    let request = "POST /utilities/AuthenticationToken?v=1.0";
    let refused = town
        .call("d6", request, "", &body.to_string())
        .await
        .answer();
    assert_eq!(
        (refused.status, &refused.json()["result"]),
        (200, &Value::Null)
    );
}

#[actix_web::test]
async fn tokens_of_another_resource_or_past_their_life_are_denied() {
    let town = town_with(Duration::from_millis(300), None).await;
    let ask = json!({"CodiceFiscale": "FOXLAX01B28D416I"});
    let other = token_reply(&town, ERBA, ERBA.secret, "https://api.civilianext.example").await;
    let other = other.json()["access_token"].as_str().unwrap().to_owned();
    assert_denied(&post(&town, &other, SEARCH, &ask).await.answer());
    let good = token(&town, ERBA).await;
    assert_eq!(post(&town, &good, SEARCH, &ask).await.answer().status, 200);
    tokio::time::sleep(Duration::from_millis(350)).await;
    assert_denied(&post(&town, &good, SEARCH, &ask).await.answer());
}

#[actix_web::test]
async fn a_tenant_sees_its_own_municipality_and_modules_only() {
    let town = town().await;
    let (erba, cantu) = (token(&town, ERBA).await, token(&town, CANTU).await);
    let ask = json!({"CodiceFiscale": "BNCNNA75T71B639E"});
    assert_eq!(post(&town, &erba, SEARCH, &ask).await.answer().body, b"");
    assert_eq!(post(&town, &cantu, SEARCH, &ask).await.answer().status, 403);
    let path =
        "titolarita/GetTitolarita?tipoRicerca=RicercaPerSoggetto&identificativoSoggetto=62001";
    assert_eq!(get(&town, &erba, path).await.answer().body, b"");
    assert_eq!(
        taxes(&town, &cantu, path).await.as_array().unwrap().len(),
        2
    );
}

#[actix_web::test]
async fn nobody_is_an_empty_body_and_nonsense_a_bad_request() {
    let town = town().await;
    let token = token(&town, ERBA).await;
    let nobody = post(
        &town,
        &token,
        SEARCH,
        &json!({"CodiceFiscale": "RSSMRA80A01C933H"}),
    )
    .await;
    let nobody = nobody.answer();
    assert_eq!((nobody.status, nobody.body.len()), (200, 0));
    assert_eq!(
        post(&town, &token, SEARCH, &json!({}))
            .await
            .answer()
            .status,
        400
    );
    assert_eq!(
        get(&town, &token, "occupazioni/GetOccupazioni")
            .await
            .answer()
            .status,
        400
    );
}

#[actix_web::test]
async fn people_outside_the_ordinary_are_shown_as_documented() {
    let town = town().await;
    let token = token(&town, ERBA).await;
    let dead = search(&town, &token, "deceduto").await;
    assert_eq!(dead[0]["posizioneAnagrafica"], "Deceduto");
    assert_eq!(dead[0]["datiDecesso"]["data"], "2026-11-15T00:00:00.000Z");
    let aire = search(&town, &token, "aire").await;
    assert_eq!(aire[0]["indirizzo"], "VIA NASSA 10, LUGANO (SVIZZERA)");
    assert_eq!(aire[0]["datiEmigrazione"]["codiceIstatNazione"], "241");
    let abroad = search(&town, &token, "nato_estero").await;
    assert_eq!(abroad[0]["codiceIstatNazioneNascitaEstero"], "241");
    assert_eq!(abroad[0]["codiceIstatComuneNascitaItaliano"], Value::Null);
    let ended = search(&town, &token, "nato_comune_cessato").await;
    assert_eq!(ended[0]["codiceIstatComuneNascitaItaliano"], "013019");
    let minor = search(&town, &token, "genitori_separati").await;
    assert_ne!(
        minor[0]["datiPaternita"]["cognome"],
        minor[0]["datiMaternita"]["cognome"]
    );
    assert_eq!(
        search(&town, &token, "interdetto").await[0]["codiceCertificabilita"],
        4
    );
    assert_eq!(
        search(&town, &token, "pratica_aperta").await[0]["procedimentoInCorso"],
        true
    );
    let address = search(&town, &token, "frazione").await[0]["indirizzo"].take();
    assert!(
        address
            .as_str()
            .unwrap()
            .starts_with("FRAZIONE ARCELLASCO, ")
    );
    let twice = search(&town, &token, "reiscritto").await;
    assert_eq!(
        [
            &twice[0]["posizioneAnagrafica"],
            &twice[1]["posizioneAnagrafica"]
        ],
        ["Emigrato", "Residente"]
    );
}

#[actix_web::test]
async fn fields_behind_a_switch_are_absent_until_asked_for() {
    let town = town().await;
    let token = token(&town, ERBA).await;
    let ask = json!({"CodiceFiscale": "FOXLAX01B28D416I", "MostraDatiDecesso": false});
    let plain = post(&town, &token, SEARCH, &ask).await.answer().json();
    let fields = plain[0].as_object().unwrap();
    for absent in [
        "indirizzo",
        "datiDecesso",
        "datiStatoCivile",
        "datiPaternita",
    ] {
        assert!(!fields.contains_key(absent), "{absent}");
    }
}

#[actix_web::test]
async fn namesakes_are_told_apart_by_the_day_of_birth() {
    let town = town().await;
    let token = token(&town, ERBA).await;
    let both = json!({"CognomeNome": "%provini carlo%"});
    let both = post(&town, &token, SEARCH, &both).await.answer().json();
    assert_eq!(both.as_array().unwrap().len(), 2);
    let (from, to) = ("1960-01-01T00:00:00.000Z", "1960-12-31T23:59:59.999Z");
    let one = json!({"CognomeNome": "%PROVINI%", "DataNascitaDal": from, "DataNascitaAl": to});
    let one = post(&town, &token, SEARCH, &one).await.answer().json();
    assert_eq!(one.as_array().unwrap().len(), 1);
}

#[actix_web::test]
async fn a_convent_is_a_family_of_twelve() {
    let town = town().await;
    let token = token(&town, ERBA).await;
    let family = search(&town, &token, "convivenza").await[0]["codiceFamiglia"].take();
    let path = "/Demografici/Anagrafe/RicercaComponentiFamiglia?v=1.0";
    let members = post(&town, &token, path, &json!({"codiceAggregazione": family})).await;
    let members = members.answer().json();
    let relations = members
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["codiceRelazioneParentelaANPR"]);
    assert_eq!(
        relations
            .map(|code| code.as_u64().unwrap())
            .collect::<Vec<_>>(),
        [[24].as_slice(), &[25; 11]].concat()
    );
}

#[actix_web::test]
async fn awkward_tax_positions_are_shown_as_documented() {
    let town = town().await;
    let token = token(&town, ERBA).await;
    let subject = async |case: &str| {
        let code = code_of(case, "D416");
        let path = format!(
            "soggetti/GetSoggettiTributi?tipoRicerca=RicercaPerCodiceFiscale&codiceFiscale={code}"
        );
        taxes(&town, &token, &path).await
    };
    let of = |operation: &str, subject: &Value| {
        let id = &subject["identificativoSoggetto"];
        format!("{operation}?tipoRicerca=RicercaPerSoggetto&identificativoSoggetto={id}")
    };
    assert_eq!(
        subject("doppia_posizione").await.as_array().unwrap().len(),
        2
    );
    let third = of("titolarita/GetTitolarita", &subject("imu_un_terzo").await);
    assert_eq!(
        taxes(&town, &token, &third).await[0]["percentualePossesso"],
        "33,3"
    );
    let zero = of("occupazioni/GetOccupazioni", &subject("tari_zero_mq").await);
    assert_eq!(
        taxes(&town, &token, &zero).await[0]["totaleSuperficie"],
        0.0
    );
    let company = subject("societa").await;
    assert_eq!(
        (company["tipoSoggetto"].as_str(), company["nome"].as_str()),
        (Some("G"), Some("          "))
    );
    let shop = of("occupazioni/GetOccupazioni", &company);
    assert_eq!(taxes(&town, &token, &shop).await[0]["domestica"], "No");
    let old = of("titolarita/GetTitolarita", &subject("via_rinominata").await);
    let address =
        taxes(&town, &token, &old).await[0]["listaImmobileTributi"][0]["indirizzo"].take();
    assert_eq!(address, "VIA DEL LITTORIO 5");
    assert_eq!(
        subject("ignoto_all_anagrafe").await["cognome"],
        "FORESTIERI"
    );
}

#[actix_web::test]
async fn a_municipality_without_credentials_of_its_own_follows_the_rule() {
    let town = town().await;
    let albavilla = Tenant {
        id: "a1430000-0000-4000-8000-000000000000",
        client_id: "gw-a143",
        secret: "d6-prova-a143",
        belfiore: "A143",
        registry: true,
    };
    let token = token(&town, &albavilla).await;
    let found = ask(&town, &token).await.answer().json();
    assert_eq!(found[0]["codiceIstatComuneResidenzaItaliano"], "013003");
    let refused = token_reply(&town, &albavilla, "d6-prova-a153", RESOURCE).await;
    assert_eq!(refused.status, 401);
}
