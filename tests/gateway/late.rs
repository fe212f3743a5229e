//! A back end that answers at once turns slow: its portals are told to come back, and find what was under way.

use std::time::Duration;

use serde_json::json;

use crate::harness::province::Province;

const ERBA: &str = "013095";
const PERSON: &str = "PSSLSU53M48D416F";
const NOBODY: &str = "RSSMRA80A01C933H";

/// Who asks Erba waits half a second.
fn province() -> Province {
    Province::with(|files| {
        files.replace(
            "istanze/prove.toml",
            "secrets = { client_secret = { file = \"../segreti/erba-next\" } }\n",
            "secrets = { client_secret = { file = \"../segreti/erba-next\" } }\n[instance.deferred]\nafter = \"500ms\"\n",
        );
    })
}

async fn slow(province: &Province, milliseconds: u64) {
    let order = json!({ "dialect": "d6", "fault": "slow", "ms": milliseconds });
    province.simulators.fault(order).await;
}

async fn calls(province: &Province) -> u64 {
    let calls = province.simulators.calls().await;
    let rows = calls["calls"].as_array().unwrap().clone();
    let rows = rows.iter().filter(|row| row["dialect"] == json!("d6"));
    rows.filter_map(|row| row["count"].as_u64()).sum()
}

#[tokio::test]
async fn a_slow_answer_is_promised_and_the_call_under_way_brings_it() {
    let province = province();
    let portal = province.portal("portale-uno");
    let path = format!("/rest/catalogo/v1/enti/{ERBA}/servizi");
    let offered = portal.get(&path).await;
    let of_person = &offered.body["items"][0];
    assert_eq!(of_person["asincrona_dopo_secondi"], json!(1), "{of_person}");
    assert_eq!(of_person["termine_secondi"], json!(600));
    // The first call logs in as well.
    let quick = portal.persona(ERBA, NOBODY).await;
    assert_eq!(quick.slug(), "soggetto-non-trovato", "{:?}", quick.body);

    let before = calls(&province).await;
    slow(&province, 1200).await;
    let promised = portal.persona(ERBA, PERSON).await;
    assert_eq!(promised.status, 202, "{:?}", promised.body);
    assert_eq!(promised.header("retry-after"), "1");
    let found = portal
        .result(promised.header("location"), "inoltrata")
        .await;
    assert_eq!(found.status, 200, "{:?}", found.body);
    let fonte = &found.body["provenienza"]["fonte"];
    assert_eq!(fonte, &json!("gestionale_comunale"));
    assert_eq!(calls(&province).await, before + 1, "it was asked once");
    let kept = portal.persona(ERBA, PERSON).await;
    assert_eq!(kept.body["provenienza"]["da_cache"], json!(true));

    let promised = portal.persona(ERBA, NOBODY).await;
    assert_eq!(promised.status, 202, "{:?}", promised.body);
    let nobody = portal
        .result(promised.header("location"), "inoltrata")
        .await;
    assert_eq!(
        (nobody.status, nobody.slug()),
        (404, "soggetto-non-trovato")
    );

    let listed = province.pontile(&["record", "list", "--json"]);
    let text = String::from_utf8(listed.stdout).unwrap();
    for outcome in ["accolta", "completata", "soggetto-non-trovato"] {
        let word = format!("\"outcome\":\"{outcome}\"");
        assert!(text.contains(&word), "{outcome}: {text}");
    }
}

#[tokio::test]
async fn what_a_crash_interrupted_is_asked_again() {
    let mut province = province();
    slow(&province, 4000).await;
    let promised = province.portal("portale-uno").persona(ERBA, PERSON).await;
    assert_eq!(promised.status, 202, "{:?}", promised.body);
    province.crash_and_restart();
    province.simulators.mend().await;
    let portal = province.portal("portale-uno");
    let found = portal
        .result(promised.header("location"), "inoltrata")
        .await;
    assert_eq!(found.status, 200, "{:?}", found.body);
}

#[tokio::test]
async fn a_slow_call_that_fails_is_made_again() {
    let province = province();
    let hang = json!({ "dialect": "d6", "fault": "hang" });
    province.simulators.fault(hang).await;
    let portal = province.portal("portale-uno");
    let promised = portal.persona(ERBA, PERSON).await;
    assert_eq!(promised.status, 202, "{:?}", promised.body);
    // Its tries are over by then.
    tokio::time::sleep(Duration::from_secs(5)).await;
    province.simulators.mend().await;
    let found = portal
        .result(promised.header("location"), "inoltrata")
        .await;
    assert_eq!(found.status, 200, "{:?}", found.body);
}
