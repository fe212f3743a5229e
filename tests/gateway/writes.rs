//! Writes: carried out once or not at all, the same answer under the same key, and nothing sent again whose outcome is unknown.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::declaring::{
    COMO, PATH, PERSON, WRITE, declaration, declare, executed, home, on_writing, province, result,
    this_year,
};
use crate::harness::portal::{PURPOSE, Portal};
use crate::harness::province::Province;

#[tokio::test]
async fn a_declaration_is_made_once_and_its_answer_is_given_again_under_its_key() {
    let province = province();
    let portal = province.portal("portale-uno");
    let (utenza, _) = home(&portal).await;
    let body = declaration(&utenza, "2026/1");
    let first = declare(&portal, "chiave-numero-1", &body).await;
    assert_eq!(first.status, 200, "{:?}", first.body);
    assert_eq!(first.body["esito"]["pratica"]["stato"], json!("ACQUISITA"));
    assert_eq!(first.header("cache-control"), "no-store");
    let again = declare(&portal, "\"chiave-numero-1\"", &body).await;
    assert_eq!((again.status, &again.body), (200, &first.body));
    assert_eq!(province.simulators.count("d5", WRITE).await, 1);

    let mut other = body.clone();
    other["superficie_mq"] = json!("61.6");
    let reused = declare(&portal, "chiave-numero-1", &other).await;
    assert_eq!((reused.status, reused.slug()), (422, "chiave-riusata"));
    let duplicate = declare(&portal, "chiave-numero-2", &body).await;
    assert_eq!(
        (duplicate.status, duplicate.slug()),
        (409, "dichiarazione-gia-presente")
    );
    let calls = province.simulators.count("d5", WRITE).await;
    let refused_again = declare(&portal, "chiave-numero-2", &body).await;
    assert_eq!(refused_again.slug(), "dichiarazione-gia-presente");
    assert_eq!(province.simulators.count("d5", WRITE).await, calls);
    assert_eq!(executed(&province).await, 1);
}

#[tokio::test]
async fn a_write_needs_a_key_in_form_a_grant_and_a_body_in_form() {
    let mut province = province();
    let portal = province.portal("portale-uno");
    let (utenza, _) = home(&portal).await;
    let body = declaration(&utenza, "2026/1");
    let missing = portal.post(PATH, &body).await;
    assert_eq!((missing.status, missing.slug()), (400, "chiave-mancante"));
    for wrong in ["breve", "con spazio dentro", &"a".repeat(129)] {
        let refused = declare(&portal, wrong, &body).await;
        assert_eq!(
            (refused.status, refused.slug()),
            (400, "campo-non-valido"),
            "{wrong}"
        );
    }
    for (field, value) in [
        ("superficie_mq", json!(61.5)),
        ("superficie_mq", json!("61,5")),
        ("data_decorrenza", json!("01/11/2026")),
        ("data_dichiarazione", json!("2199-01-01")),
        ("protocollo", json!("2026/1")),
        ("utenza", Value::Null),
    ] {
        let mut wrong = body.clone();
        wrong[field] = value;
        let refused = declare(&portal, "chiave-numero-1", &wrong).await;
        assert_eq!(
            (refused.status, refused.slug()),
            (400, "campo-non-valido"),
            "{field}"
        );
    }
    for granted in [", \"tributi.variazioni-superficie\"", ", \"pratica\""] {
        province
            .files
            .replace("concessioni/tutto.toml", granted, "");
    }
    province.rewrite_and_reload();
    let refused = declare(&portal, "chiave-numero-1", &body).await;
    assert_eq!((refused.status, refused.slug()), (403, "non-autorizzato"));
    assert_eq!(province.simulators.count("d5", WRITE).await, 0);
}

#[tokio::test]
async fn what_the_office_refuses_is_told_and_unknown_homes_are_not_written_to() {
    let province = province();
    let portal = province.portal("portale-uno");
    let (utenza, _) = home(&portal).await;
    let unknown = declare(&portal, "chiave-numero-1", &declaration("1", "2026/1")).await;
    assert_eq!(unknown.status, 404, "{:?}", unknown.body);
    let mut tenths = declaration(&utenza, "2026/1");
    tenths["superficie_mq"] = json!("61.55");
    let unsupported = declare(&portal, "chiave-numero-2", &tenths).await;
    assert_eq!(unsupported.slug(), "servizio-non-offerto");
    assert_eq!(province.simulators.count("d5", WRITE).await, 0);
    // Nothing was sent, so the key is free, also for another body.
    let corrected = declare(&portal, "chiave-numero-2", &declaration(&utenza, "2026/1")).await;
    assert_eq!(corrected.status, 200, "{:?}", corrected.body);
}

#[tokio::test]
async fn a_write_that_never_came_to_the_office_is_told_so_once_that_is_sure() {
    let province = province();
    let portal = province.portal("portale-uno");
    let (utenza, _) = home(&portal).await;
    let body = declaration(&utenza, "2026/1");
    for (number, fault) in ["hang", "drop", "html_502", "garbage"]
        .into_iter()
        .enumerate()
    {
        on_writing(&province, fault).await;
        let key = format!("chiave-numero-{number}");
        let unknown = declare(&portal, &key, &body).await;
        assert_eq!(unknown.status, 202, "{fault}: {:?}", unknown.body);
        province.simulators.mend().await;
        let settled = result(&portal, unknown.header("location")).await;
        assert_eq!(
            (settled.status, settled.slug()),
            (409, "scrittura-non-eseguita"),
            "{fault}"
        );
    }
    assert_eq!(executed(&province).await, 0);
    let anew = declare(&portal, "chiave-nuova", &body).await;
    assert_eq!(anew.status, 200, "{:?}", anew.body);
}

#[tokio::test]
async fn what_surely_never_left_leaves_nothing_pending_and_comes_again_under_its_key() {
    let mut province = province();
    let portal = province.portal("portale-uno");
    let (utenza, _) = home(&portal).await;
    let body = declaration(&utenza, "2026/1");
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let address = province.simulators.address("d5");
    province
        .files
        .replace("istanze/prove.toml", &address, &nobody);
    province.rewrite_and_reload();
    let refused = declare(&portal, "chiave-numero-1", &body).await;
    assert_eq!(
        (refused.status, refused.slug()),
        (503, "gestionale-non-disponibile")
    );
    province
        .files
        .replace("istanze/prove.toml", &nobody, &address);
    province.rewrite_and_reload();
    let done = declare(&portal, "chiave-numero-1", &body).await;
    assert_eq!(done.status, 200, "{:?}", done.body);
}

#[tokio::test]
async fn while_a_write_is_under_way_its_key_is_refused() {
    let province = province();
    let portal = province.portal("portale-uno");
    let (utenza, _) = home(&portal).await;
    let slow = json!({ "dialect": "d5", "operation": WRITE, "fault": "slow", "ms": 1200 });
    province.simulators.fault(slow).await;
    let body = declaration(&utenza, "2026/1");
    let (first, second) = tokio::join!(declare(&portal, "chiave-numero-1", &body), async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        declare(&portal, "chiave-numero-1", &body).await
    });
    assert_eq!(first.status, 200, "{:?}", first.body);
    assert_eq!((second.status, second.slug()), (409, "scrittura-in-corso"));
    assert_eq!(executed(&province).await, 1);
}

#[tokio::test]
async fn a_declaration_forgets_the_kept_position_of_its_person() {
    let province = province();
    let portal = province.portal("portale-uno");
    let (utenza, area) = home(&portal).await;
    assert_ne!(area, "61.5");
    let kept = portal.posizione(COMO, PERSON, "TARI", this_year()).await;
    assert_eq!(kept.body["provenienza"]["da_cache"], json!(true));
    let done = declare(&portal, "chiave-numero-1", &declaration(&utenza, "2026/1")).await;
    assert_eq!(done.status, 200, "{:?}", done.body);
    // The simulated office accepts it within a second.
    tokio::time::sleep(Duration::from_millis(1200)).await;
    let fresh = portal.posizione(COMO, PERSON, "TARI", this_year()).await;
    assert_eq!(fresh.body["provenienza"]["da_cache"], json!(false));
    let utenze = fresh.body["posizione"]["utenze"].as_array().unwrap();
    let home = utenze
        .iter()
        .find(|one| one["identificativo"] == json!(utenza));
    assert_eq!(home.unwrap()["superficie_mq"], json!("61.5"));
}

/// Begins a write, and ends the gateway as a power cut would once the office has got the named call.
async fn crash_at(province: &mut Province, portal: Portal, body: &Value, call: &str) {
    province.simulators.forget_calls().await;
    let sent = body.clone();
    let lost = tokio::spawn(async move {
        let request = portal
            .request(reqwest::Method::POST, PATH)
            .header("Purpose-Id", PURPOSE)
            .header("Idempotency-Key", "chiave-numero-1")
            .json(&sent);
        request.send().await.is_ok()
    });
    let until = Instant::now() + Duration::from_secs(10);
    while province.simulators.count("d5", call).await == 0 {
        assert!(Instant::now() < until, "the office was not asked");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    province.crash_and_restart();
    assert!(!lost.await.unwrap(), "the portal has no answer");
}

#[tokio::test]
async fn a_crash_before_anything_was_written_frees_the_key() {
    let mut province = province();
    let portal = province.portal("portale-uno");
    let (utenza, _) = home(&portal).await;
    let body = declaration(&utenza, "2026/1");
    let hang = json!({ "dialect": "d5", "operation": "getUtenze", "fault": "hang" });
    province.simulators.fault(hang).await;
    crash_at(&mut province, portal, &body, "getUtenze").await;
    province.simulators.mend().await;
    let portal = province.portal("portale-uno");
    let until = Instant::now() + Duration::from_secs(10);
    let done = loop {
        let done = declare(&portal, "chiave-numero-1", &body).await;
        if done.slug() != "scrittura-in-corso" || Instant::now() > until {
            break done;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(done.status, 200, "{:?}", done.body);
    assert_eq!(executed(&province).await, 1);
}

#[tokio::test]
async fn a_crash_after_a_write_left_settles_what_was_carried_out_and_what_was_not() {
    for (fault, slug) in [
        ("hang_after_commit", ""),
        ("hang", "scrittura-non-eseguita"),
    ] {
        let mut province = province();
        let portal = province.portal("portale-uno");
        let (utenza, _) = home(&portal).await;
        let body = declaration(&utenza, "2026/1");
        on_writing(&province, fault).await;
        crash_at(&mut province, portal, &body, WRITE).await;
        let portal = province.portal("portale-uno");
        let until = Instant::now() + Duration::from_secs(10);
        let unknown = loop {
            let told = declare(&portal, "chiave-numero-1", &body).await;
            if told.slug() != "scrittura-in-corso" || Instant::now() > until {
                break told;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        assert_eq!(unknown.status, 202, "{fault}: {:?}", unknown.body);
        province.simulators.mend().await;
        let settled = result(&portal, unknown.header("location")).await;
        assert_eq!(settled.slug(), slug, "{fault}: {:?}", settled.body);
        let again = declare(&portal, "chiave-numero-1", &body).await;
        assert_eq!((again.status, again.slug()), (settled.status, slug));
        assert_eq!(province.simulators.count("d5", WRITE).await, 1, "{fault}");
    }
}

#[tokio::test]
async fn a_crash_after_the_answer_changes_nothing() {
    let mut province = province();
    let portal = province.portal("portale-uno");
    let (utenza, _) = home(&portal).await;
    let body = declaration(&utenza, "2026/1");
    let first = declare(&portal, "chiave-numero-1", &body).await;
    assert_eq!(first.status, 200, "{:?}", first.body);
    province.crash_and_restart();
    let again = declare(&province.portal("portale-uno"), "chiave-numero-1", &body).await;
    assert_eq!((again.status, &again.body), (200, &first.body));
    assert_eq!(executed(&province).await, 1);
}
