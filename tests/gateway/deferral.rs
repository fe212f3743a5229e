//! Requests that outlive their call: taken on with 202, carried on by themselves, picked up under the grant of that moment.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::portal::{Answer, Portal};
use crate::harness::province::Province;

const ERBA: &str = "013095";
/// Resident in Erba, and in no other municipality of the simulators.
const PERSON: &str = "PSSLSU53M48D416F";

fn province() -> Province {
    Province::with(|files| {
        files.erba_answers_later("1h");
    })
}

/// Opens a request about the person; returns where its state is.
async fn open(portal: &Portal) -> String {
    let taken_on = portal.persona(ERBA, PERSON).await;
    assert_eq!(taken_on.status, 202, "{:?}", taken_on.body);
    taken_on.header("location").to_owned()
}

/// Asks for the state until the request is at its end; the last answer.
async fn ended(portal: &Portal, location: &str) -> Answer {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let state = portal.get(location).await;
        if state.status != 200 {
            return state;
        }
        assert!(Instant::now() < until, "it is still {}", state.body);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn result(portal: &Portal, location: &str) -> Answer {
    let ended = ended(portal, location).await;
    assert_eq!(ended.status, 303, "{:?}", ended.body);
    portal.get(ended.header("location")).await
}

#[tokio::test]
async fn a_request_is_taken_on_carried_on_and_picked_up() {
    let province = province();
    let portal = province.portal("portale-uno");
    let taken_on = portal.persona(ERBA, PERSON).await;
    assert_eq!(taken_on.status, 202, "{:?}", taken_on.body);
    let location = taken_on.header("location").to_owned();
    let id = taken_on.body["id"].as_str().unwrap();
    assert_eq!(location, format!("/rest/anagrafe/v1/richieste/{id}"));
    assert!(taken_on.header("retry-after").parse::<u32>().unwrap() >= 1);
    assert_eq!(taken_on.header("cache-control"), "no-store");
    assert_eq!(taken_on.body["stato"], json!("accolta"));
    assert_eq!(taken_on.body["ente"], json!(ERBA));

    let early = portal.get(&format!("{location}/risultato")).await;
    assert_eq!((early.status, early.slug()), (409, "richiesta-in-corso"));
    let open = portal.get(&location).await;
    assert_eq!(open.status, 200);
    assert!(open.header("retry-after").parse::<u32>().unwrap() >= 1);

    let answer = result(&portal, &location).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    assert_eq!(answer.body["persona"]["codice_fiscale"], json!(PERSON));
    assert_eq!(answer.body["provenienza"]["ente"], json!(ERBA));
    assert_eq!(
        answer.body["provenienza"]["fonte"],
        json!("gestionale_comunale")
    );
    let again = portal.get(&format!("{location}/risultato")).await;
    assert_eq!(again.body, answer.body, "it can be picked up again");
    assert_eq!(province.simulators.count("d8", "InviaRichiesta").await, 1);
}

#[tokio::test]
async fn another_portals_request_and_one_under_another_domain_are_not_there() {
    let province = province();
    let location = open(&province.portal("portale-uno")).await;
    let other = province.portal("portale-due").get(&location).await;
    assert_eq!((other.status, other.slug()), (404, "richiesta-inesistente"));
    let domain = location.replace("anagrafe", "tributi");
    let elsewhere = province.portal("portale-uno").get(&domain).await;
    assert_eq!(elsewhere.slug(), "richiesta-inesistente");
    let unknown = "/rest/anagrafe/v1/richieste/5b8f2f0e-8d7c-4a55-9f0c-0f4b4f2a9a11";
    let unknown = province.portal("portale-uno").get(unknown).await;
    assert_eq!(unknown.slug(), "richiesta-inesistente");
    let no_number = province
        .portal("portale-uno")
        .get("/rest/anagrafe/v1/richieste/uno")
        .await;
    assert_eq!(
        (no_number.status, no_number.slug()),
        (400, "campo-non-valido")
    );
}

#[tokio::test]
async fn the_grant_is_judged_again_when_the_answer_is_picked_up() {
    let mut province = province();
    let portal = province.portal("portale-uno");
    let location = open(&portal).await;
    let whole = result(&portal, &location).await;
    assert!(whole.body["persona"]["residenza"].is_object());

    province
        .files
        .replace("concessioni/tutto.toml", "\"residenza\", ", "");
    province.rewrite_and_reload();
    let cut = portal.get(&format!("{location}/risultato")).await;
    assert_eq!(cut.status, 200);
    assert!(cut.body["persona"]["residenza"].is_null(), "{}", cut.body);
    assert_eq!(
        cut.body["persona"]["cognome"],
        whole.body["persona"]["cognome"]
    );

    province.files.replace(
        "concessioni/tutto.toml",
        "enti = \"all\"",
        "enti = { only = [\"013041\"] }",
    );
    province.rewrite_and_reload();
    for path in [location.clone(), format!("{location}/risultato")] {
        let refused = portal.get(&path).await;
        assert_eq!((refused.status, refused.slug()), (403, "non-autorizzato"));
    }
}

#[tokio::test]
async fn a_grant_that_is_withdrawn_ends_the_request_before_the_back_end_is_asked_again() {
    let mut province = province();
    province
        .simulators
        .fault(json!({ "dialect": "d8", "fault": "never_completes" }))
        .await;
    let portal = province.portal("portale-uno");
    let location = open(&portal).await;
    until_asked(&province).await;
    province.files.replace(
        "concessioni/tutto.toml",
        "enti = \"all\"",
        "enti = { only = [\"013041\"] }",
    );
    province.rewrite_and_reload();
    tokio::time::sleep(Duration::from_secs(2)).await;
    province.simulators.forget_calls().await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(province.simulators.count("d8", "InfoOperazione").await, 0);
    let refused = portal.get(&location).await;
    assert_eq!(refused.slug(), "non-autorizzato");
}

/// Waits until the back end was asked for the answer.
async fn until_asked(province: &Province) {
    let until = Instant::now() + Duration::from_secs(10);
    while province.simulators.count("d8", "InfoOperazione").await == 0 {
        assert!(Instant::now() < until, "the back end is not asked");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn what_the_back_end_says_of_the_question_is_picked_up_as_a_problem() {
    let province = province();
    let portal = province.portal("portale-uno");
    for (fault, status, slug) in [
        ("not_found", 404, "soggetto-non-trovato"),
        ("ambiguous", 409, "soggetto-ambiguo"),
    ] {
        province
            .simulators
            .fault(json!({ "dialect": "d8", "fault": fault }))
            .await;
        let location = open(&portal).await;
        let problem = result(&portal, &location).await;
        assert_eq!((problem.status, problem.slug()), (status, slug));
        province.simulators.mend().await;
    }
}

#[tokio::test]
async fn a_request_that_never_completes_is_given_up_and_the_ente_named_as_the_side() {
    let province = Province::with(|files| {
        files.erba_answers_later("3s");
    });
    province
        .simulators
        .fault(json!({ "dialect": "d8", "fault": "never_completes" }))
        .await;
    let portal = province.portal("portale-uno");
    let location = open(&portal).await;
    let ended = ended(&portal, &location).await;
    assert_eq!(ended.body["stato"], json!("scaduta"));
    let problem = portal.get(ended.header("location")).await;
    assert_eq!((problem.status, problem.slug()), (504, "richiesta-scaduta"));
    assert_eq!(problem.body["lato"], json!("ente"));
}

#[tokio::test]
async fn a_killed_gateway_goes_on_asking_after_its_start_and_loses_nothing() {
    let mut province = province();
    province
        .simulators
        .fault(json!({ "dialect": "d8", "fault": "late_completion", "ms": 4000 }))
        .await;
    let location = open(&province.portal("portale-uno")).await;
    until_asked(&province).await;
    province.crash_and_restart();
    let portal = province.portal("portale-uno");
    let answer = result(&portal, &location).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    assert_eq!(answer.body["persona"]["codice_fiscale"], json!(PERSON));
    assert_eq!(province.simulators.count("d8", "InviaRichiesta").await, 1);
}

#[tokio::test]
async fn a_request_whose_confirmation_is_lost_is_one_request_however_the_product_answers_the_second()
 {
    for replays in [false, true] {
        let province = province();
        if replays {
            province
                .simulators
                .fault(json!({ "dialect": "d8", "fault": "replay" }))
                .await;
        }
        province
            .simulators
            .fault(json!({ "dialect": "d8", "operation": "InviaRichiesta", "fault": "hang_after_commit", "times": 1 }))
            .await;
        let portal = province.portal("portale-uno");
        let location = open(&portal).await;
        let answer = result(&portal, &location).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        assert_eq!(province.simulators.count("d8", "InviaRichiesta").await, 2);
        let executed: Value = province.simulators.calls().await;
        let executed = executed["executed"].as_array().unwrap().iter();
        let executed: u64 = executed
            .filter(|row| row["operation"] == json!("InviaRichiesta"))
            .filter_map(|row| row["count"].as_u64())
            .sum();
        assert_eq!(executed, 1, "carried out once");
    }
}

#[tokio::test]
async fn an_outage_of_the_back_end_is_waited_for() {
    let province = province();
    province
        .simulators
        .fault(json!({ "dialect": "d8", "fault": "html_502" }))
        .await;
    let portal = province.portal("portale-uno");
    let location = open(&portal).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(portal.get(&location).await.body["stato"], json!("accolta"));
    province.simulators.mend().await;
    let answer = result(&portal, &location).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
}

#[tokio::test]
async fn every_turn_and_every_look_is_on_record_and_leads_to_the_one_that_opened_it() {
    let province = province();
    let portal = province.portal("portale-uno");
    let taken_on = portal.persona(ERBA, PERSON).await;
    let opened_by = taken_on.header("x-correlation-id").to_owned();
    let location = taken_on.header("location").to_owned();
    result(&portal, &location).await;
    let listed = province.pontile(&["record", "list", "--json"]);
    let text = String::from_utf8(listed.stdout).unwrap();
    let rows: Vec<Value> = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let outcomes = |origin: &Value| -> Vec<String> {
        let mut outcomes: Vec<String> = rows
            .iter()
            .filter(|row| row["origin"] == *origin)
            .filter_map(|row| row["outcome"].as_str().map(str::to_owned))
            .collect();
        outcomes.sort();
        outcomes.dedup();
        outcomes
    };
    let found = outcomes(&json!(opened_by));
    for outcome in ["inoltrata", "completata", "conclusa", "risposto"] {
        assert!(
            found.iter().any(|known| known == outcome),
            "{outcome}: {found:?} in {text}"
        );
    }
}

#[tokio::test]
async fn the_capability_document_says_what_is_answered_later_and_until_when() {
    let province = province();
    let portal = province.portal("portale-uno");
    let services = portal
        .get(&format!("/rest/catalogo/v1/enti/{ERBA}/servizi"))
        .await;
    for service in services.body["items"].as_array().unwrap() {
        assert_eq!(service["modalita"], json!("asincrona"), "{service}");
        assert_eq!(service["termine_secondi"], json!(3600));
    }
    let others = portal.get("/rest/catalogo/v1/enti/013041/servizi").await;
    for service in others.body["items"].as_array().unwrap() {
        assert_eq!(service["modalita"], json!("in_linea"));
        assert!(service["termine_secondi"].is_null());
    }
}

#[tokio::test]
async fn an_address_for_the_answer_that_is_not_registered_is_refused() {
    let province = province();
    let portal = province.portal("portale-uno");
    let path = format!("/rest/anagrafe/v1/enti/{ERBA}/ricerche-persona");
    let request = portal
        .request(reqwest::Method::POST, &path)
        .header("Purpose-Id", crate::harness::portal::PURPOSE)
        .header("X-ReplyTo", "https://altrove.example/risposte")
        .json(&json!({ "codice_fiscale": PERSON }));
    let refused = portal.send(request).await;
    assert_eq!(
        (refused.status, refused.slug()),
        (403, "indirizzo-di-ritorno-non-ammesso")
    );
}

#[tokio::test]
async fn a_portal_opens_so_many_requests_and_no_more_and_the_operators_see_them() {
    let province = Province::with(|files| {
        files.erba_answers_later("1h").replace(
            "portali/prove.toml",
            "name = \"portale-uno\"\n",
            "name = \"portale-uno\"\nopen_requests = 2\n",
        );
    });
    let late = json!({ "dialect": "d8", "fault": "late_completion", "ms": 3000 });
    province.simulators.fault(late).await;
    let portal = province.portal("portale-uno");
    let mut opened = Vec::new();
    for _ in 0..2 {
        let taken_on = portal.persona(ERBA, PERSON).await;
        assert_eq!(taken_on.status, 202, "{:?}", taken_on.body);
        opened.push(taken_on.header("location").to_owned());
    }
    let refused = portal.persona(ERBA, PERSON).await;
    assert_eq!(
        (refused.status, refused.slug()),
        (429, "troppe-richieste-aperte")
    );
    assert_eq!(refused.header("retry-after"), "60");
    let operator = province.operator("operatore-uno");
    let request = operator.request(reqwest::Method::GET, "/metrics");
    let page = request.send().await.unwrap().text().await.unwrap();
    let open: u64 = page
        .lines()
        .filter(|line| line.starts_with("pontile_requests_open{"))
        .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
        .sum();
    assert_eq!(open, 2, "{page}");

    for location in &opened {
        assert_eq!(ended(&portal, location).await.status, 303);
    }
    let again = portal.persona(ERBA, PERSON).await;
    assert_eq!(again.status, 202, "{:?}", again.body);
}
