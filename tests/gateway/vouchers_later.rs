//! Requests that outlive their call under vouchers of the PDND: the voucher's purpose and e-service hold to their end.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::declaring::{self, COMO, declaration, on_writing};
use crate::harness::files::Files;
use crate::harness::portal::{Answer, PURPOSE, Portal};
use crate::harness::province::Province;
use crate::vouchers::{CANTU, ERBA, Issuer, with_vouchers};

/// Resident in Erba, and in no other municipality of the simulators.
const PERSON: &str = "PSSLSU53M48D416F";
const ANOTHER_PURPOSE: &str = "altra-prova";

/// A voucher for that ente's registry, for that purpose, as the value of `Authorization`.
async fn bearer(issuer: &Issuer, (ente, name): (&str, &str), purpose: &str) -> String {
    let voucher = issuer.voucher(json!({
        "aud": format!("https://{name}.example/anagrafe"), "producerId": format!("ente-{ente}"),
        "eserviceId": format!("servizio-{ente}"), "purposeId": purpose,
    }));
    format!("Bearer {}", voucher.await)
}

fn two_purposes(files: &mut Files) {
    files
        .append(
            "portali/prove.toml",
            &format!("[[purpose]]\nid = \"{ANOTHER_PURPOSE}\"\ndescription = \"Altra\"\nlegal_basis = \"prova\"\n"),
        )
        .replace(
            "concessioni/tutto.toml",
            &format!("purposes = [\"{PURPOSE}\"]"),
            &format!("purposes = [\"{PURPOSE}\", \"{ANOTHER_PURPOSE}\"]"),
        );
}

async fn get(portal: &Portal, path: &str, bearer: &str) -> Answer {
    let request = portal.request(Method::GET, path);
    portal.send(request.header("Authorization", bearer)).await
}

/// Asks for the state until it is no longer 200; the last answer.
async fn ended(portal: &Portal, location: &str, bearer: &str) -> Answer {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let state = get(portal, location, bearer).await;
        if state.status != 200 {
            return state;
        }
        assert!(Instant::now() < until, "it is still {}", state.body);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The record's rows that follow from an exchange, and itself.
async fn rows_of(province: &Province, scambio: &str) -> Vec<Value> {
    let operator = province.operator("operatore-uno");
    let all = operator.get("/record?limit=500").await;
    let all = all.body["items"].as_array().expect("rows").clone();
    all.into_iter()
        .filter(|row| row["origin"] == scambio || row["scambio"] == scambio)
        .collect()
}

#[tokio::test]
async fn a_request_under_a_voucher_keeps_its_purpose_and_is_picked_up_under_the_same() {
    let issuer = Issuer::new();
    let province = Province::with(|files| {
        with_vouchers(files, &issuer, "");
        files.erba_answers_later("1h");
        two_purposes(files);
    });
    let portal = province.portal("portale-uno");
    let own = bearer(&issuer, (ERBA, "erba"), PURPOSE).await;
    let request = portal
        .request(
            Method::POST,
            &format!("/rest/anagrafe/v1/enti/{ERBA}/ricerche-persona"),
        )
        .header("Authorization", &own)
        .json(&json!({ "codice_fiscale": PERSON }));
    let taken_on = portal.send(request).await;
    assert_eq!(taken_on.status, 202, "{}", taken_on.body);
    let location = taken_on.header("location");
    for (ente, name, purpose) in [(ERBA, "erba", ANOTHER_PURPOSE), (CANTU, "cantu", PURPOSE)] {
        let foreign = bearer(&issuer, (ente, name), purpose).await;
        for path in [location.to_owned(), format!("{location}/risultato")] {
            let refused = get(&portal, &path, &foreign).await;
            assert_eq!(
                (refused.status, refused.slug()),
                (403, "voucher-non-pertinente"),
                "{name} {purpose} {path}: {}",
                refused.body
            );
        }
    }
    let state = ended(&portal, location, &own).await;
    assert_eq!(state.status, 303, "{}", state.body);
    let anew = bearer(&issuer, (ERBA, "erba"), PURPOSE).await;
    let answer = get(&portal, state.header("location"), &anew).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.body["persona"]["codice_fiscale"], PERSON);
    let rows = rows_of(&province, taken_on.header("x-correlation-id")).await;
    assert!(rows.len() >= 4, "{rows:?}");
    let granted = rows.iter().filter(|row| !row["grant_id"].is_null());
    for row in granted {
        assert_eq!(
            (&row["purpose"], &row["purpose_origin"]),
            (&json!(PURPOSE), &json!("voucher")),
            "{row}"
        );
    }
    let turns = rows.iter().filter(|row| row["outcome"] == "completata");
    assert_eq!(turns.count(), 1, "{rows:?}");
}

/// The voucher for Como's taxes for that purpose.
async fn for_taxes(issuer: &Issuer, purpose: &str) -> String {
    let voucher = issuer.voucher(json!({
        "aud": "https://como.example/tributi", "producerId": "ente-013075", "eserviceId": "servizio-tributi", "purposeId": purpose,
    }));
    format!("Bearer {}", voucher.await)
}

#[tokio::test]
async fn a_write_of_unknown_outcome_under_a_voucher_is_settled_under_its_purpose() {
    let issuer = Issuer::new();
    let province = Province::with(|files| {
        files.como_takes_declarations();
        with_vouchers(files, &issuer, "");
        two_purposes(files);
        let binding = "[ente.servizi.tributi]\ninstance = \"como-tributi\"\n";
        files.replace(
            "enti/prove.toml",
            binding,
            &format!(
                "{binding}[ente.servizi.tributi.pdnd]\neservice = \"servizio-tributi\"\ndescriptors = [\"versione-1\"]\n\
                 producer = \"ente-013075\"\naudience = \"https://como.example/tributi\"\n"
            ),
        );
    });
    let portal = province.portal("portale-uno");
    let own = for_taxes(&issuer, PURPOSE).await;
    let position = portal
        .request(
            Method::POST,
            &format!("/rest/tributi/v1/enti/{COMO}/ricerche-posizione"),
        )
        .header("Authorization", &own)
        .json(&json!({ "codice_fiscale": declaring::PERSON, "tributo": "TARI", "anno": declaring::this_year() }));
    let position = portal.send(position).await;
    assert_eq!(position.status, 200, "{}", position.body);
    let homes = position.body["posizione"]["utenze"]
        .as_array()
        .expect("homes");
    let home = homes.iter().find(|one| one["domestica"] == json!(true));
    let home = home.expect("a home")["identificativo"].as_str();
    let body = declaration(home.expect("a number"), "2026/1");
    let declare = async |bearer: &str| {
        let request = portal
            .request(Method::POST, declaring::PATH)
            .header("Authorization", bearer)
            .header("Idempotency-Key", "chiave-numero-1")
            .json(&body);
        portal.send(request).await
    };
    on_writing(&province, "hang").await;
    let unknown = declare(&own).await;
    assert_eq!(unknown.status, 202, "{}", unknown.body);
    let another = for_taxes(&issuer, ANOTHER_PURPOSE).await;
    let reused = declare(&another).await;
    assert_eq!((reused.status, reused.slug()), (422, "chiave-riusata"));
    province.simulators.mend().await;
    let state = ended(&portal, unknown.header("location"), &own).await;
    assert_eq!(state.status, 303, "{}", state.body);
    let settled = get(&portal, state.header("location"), &own).await;
    assert_eq!(
        (settled.status, settled.slug()),
        (409, "scrittura-non-eseguita"),
        "{}",
        settled.body
    );
    let rows = rows_of(&province, unknown.header("x-correlation-id")).await;
    let settling = rows
        .iter()
        .find(|row| row["outcome"] == "scrittura-non-eseguita" && row["cache"].is_null());
    assert_eq!(
        settling.expect("the look-up is on record")["purpose_origin"],
        "voucher"
    );
}
