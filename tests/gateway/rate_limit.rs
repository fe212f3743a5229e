//! Stage 3: one request too many gets 429 and is told when to come again.

use crate::harness::portal::Portal;
use crate::harness::province::Province;

const PERSON: (&str, &str) = ("013041", "BNCNNA75T71B639E");

async fn remaining(portal: &Portal) -> (u16, String) {
    let answer = portal.persona(PERSON.0, PERSON.1).await;
    (
        answer.status,
        answer.header("x-ratelimit-remaining").to_owned(),
    )
}

#[tokio::test]
async fn the_burst_is_served_and_the_next_request_is_told_when_to_come_again() {
    let province = Province::with(|files| {
        files.replace(
            "portali/prove.toml",
            "{ per_second = 1000, burst = 1000 }",
            "{ per_second = 1, burst = 3 }",
        );
    });
    let portal = province.portal("portale-uno");
    for left in ["2", "1", "0"] {
        assert_eq!(remaining(&portal).await, (200, left.to_owned()));
    }
    let refused = portal.persona(PERSON.0, PERSON.1).await;
    assert_eq!(refused.status, 429, "{}", refused.body);
    assert_eq!(refused.body["lato"], "portale");
    let seconds: u64 = refused
        .header("retry-after")
        .parse()
        .expect("Retry-After in seconds");
    assert!((1..=3).contains(&seconds), "{seconds}");
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    assert_eq!(portal.persona(PERSON.0, PERSON.1).await.status, 200);
    assert_eq!(
        province
            .portal("portale-due")
            .persona(PERSON.0, PERSON.1)
            .await
            .status,
        200,
        "each portal has its own"
    );
}

#[tokio::test]
async fn a_daily_quota_ends_and_survives_a_restart() {
    let mut province = Province::with(|files| {
        files.replace(
            "concessioni/tutto.toml",
            "fresh = true",
            "fresh = true\ndaily_quota = 2",
        );
    });
    let portal = province.portal("portale-uno");
    assert_eq!(portal.persona(PERSON.0, PERSON.1).await.status, 200);
    province.crash_and_restart();
    let portal = province.portal("portale-uno");
    assert_eq!(remaining(&portal).await, (200, "0".to_owned()));
    let spent = portal.persona(PERSON.0, PERSON.1).await;
    assert_eq!(spent.status, 429, "{}", spent.body);
    assert!(
        spent
            .header("retry-after")
            .parse::<u64>()
            .is_ok_and(|seconds| seconds <= 90_000)
    );
    let other_ente = portal.persona("013095", "FOXLAX01B28D416I").await;
    assert_eq!(other_ente.status, 200, "the quota is per ente");
}

#[tokio::test]
async fn a_refused_request_gives_its_quota_back() {
    let province = Province::with(|files| {
        files.replace(
            "concessioni/tutto.toml",
            "fresh = true",
            "fresh = true\ndaily_quota = 50",
        );
    });
    let portal = province.portal("portale-uno");
    let before = portal.persona(PERSON.0, PERSON.1).await;
    let malformed = portal
        .post(
            &format!("/rest/anagrafe/v1/enti/{}/ricerche-persona", PERSON.0),
            &serde_json::json!({}),
        )
        .await;
    assert_eq!(malformed.status, 400);
    let after = portal.persona(PERSON.0, PERSON.1).await;
    let left = |answer: &crate::harness::portal::Answer| {
        answer
            .header("x-ratelimit-remaining")
            .parse::<i64>()
            .expect("a number")
    };
    assert_eq!(left(&before) - left(&after), 1);
}
