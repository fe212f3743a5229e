//! Stage 4: the same request again comes from the cache and says how old it is.

use serde_json::{Value, json};

use crate::harness::province::Province;

const CANTU: (&str, &str) = ("013041", "BNCNNA75T71B639E");
const D1_OPERATION: &str = "ByCodiceFiscaleETipoPersona";

#[tokio::test]
async fn the_same_request_again_comes_from_the_cache_and_says_how_old_it_is() {
    let province = Province::start();
    let portal = province.portal("portale-uno");
    let first = portal.persona(CANTU.0, CANTU.1).await;
    tokio::time::sleep(std::time::Duration::from_millis(1200)).await;
    let second = portal.persona(CANTU.0, CANTU.1).await;
    assert_eq!(first.body["provenienza"]["da_cache"], json!(false));
    assert_eq!(second.body["provenienza"]["da_cache"], json!(true));
    assert!(
        second
            .header("age")
            .parse::<u64>()
            .is_ok_and(|seconds| (1..10).contains(&seconds)),
        "{:?}",
        second.header("age")
    );
    assert_eq!(
        first.body["provenienza"]["rilevato_il"],
        second.body["provenienza"]["rilevato_il"]
    );
    assert_eq!(first.body["persona"], second.body["persona"]);
    assert!(
        second.header("etag").is_empty(),
        "personal data carry no entity tag"
    );
    assert_eq!(province.simulators.count("d1", D1_OPERATION).await, 1);
}

#[tokio::test]
async fn many_who_wait_for_one_answer_cost_one_call() {
    let province = Province::start();
    province
        .simulators
        .fault(json!({ "dialect": "d1", "fault": "slow", "ms": 500 }))
        .await;
    let portal = province.portal("portale-uno");
    let answers =
        futures_util::future::join_all((0..20).map(|_| portal.persona(CANTU.0, CANTU.1))).await;
    assert!(
        answers.iter().all(|answer| answer.status == 200),
        "{:?}",
        answers
            .iter()
            .map(|answer| answer.status)
            .collect::<Vec<_>>()
    );
    assert_eq!(province.simulators.count("d1", D1_OPERATION).await, 1);
}

#[tokio::test]
async fn a_caller_who_hangs_up_does_not_take_the_answer_away_from_those_who_wait() {
    let province = Province::start();
    province
        .simulators
        .fault(json!({ "dialect": "d1", "fault": "slow", "ms": 800 }))
        .await;
    let (impatient, patient) = (
        province.portal("portale-uno"),
        province.portal("portale-uno"),
    );
    let hung_up = tokio::time::timeout(
        std::time::Duration::from_millis(200),
        impatient.persona(CANTU.0, CANTU.1),
    )
    .await;
    assert!(hung_up.is_err());
    assert_eq!(patient.persona(CANTU.0, CANTU.1).await.status, 200);
    assert_eq!(province.simulators.count("d1", D1_OPERATION).await, 1);
}

#[tokio::test]
async fn not_found_and_errors_are_never_kept() {
    let province = Province::start();
    let portal = province.portal("portale-uno");
    for _ in 0..2 {
        assert_eq!(
            portal.persona(CANTU.0, "NTNNCL70P05M335A").await.status,
            404
        );
    }
    assert_eq!(province.simulators.count("d1", D1_OPERATION).await, 2);
}

#[tokio::test]
async fn an_outage_is_bridged_by_a_stale_answer_only_where_that_is_allowed() {
    let stale = |bound: &'static str| {
        Province::with(move |files| {
            files.append(
                "pontile.toml",
                &format!("[cache]\nlongest = \"1s\"\nstale_on_error = \"{bound}\"\n"),
            );
        })
    };
    for (bound, told, expected) in [("1h", 3601, 200), ("0s", 1, 502)] {
        let province = stale(bound);
        let portal = province.portal("portale-uno");
        let path = format!("/rest/catalogo/v1/enti/{}/servizi", CANTU.0);
        let services = portal.get(&path).await.body;
        let persona = &services["items"][0];
        assert_eq!(persona["eta_massima_secondi"], 1, "{services}");
        assert_eq!(
            persona["eta_massima_in_emergenza_secondi"], told,
            "{services}"
        );
        assert_eq!(portal.persona(CANTU.0, CANTU.1).await.status, 200);
        province
            .simulators
            .fault(json!({ "dialect": "d1", "fault": "html_502" }))
            .await;
        tokio::time::sleep(std::time::Duration::from_millis(1300)).await;
        let answer = portal.persona(CANTU.0, CANTU.1).await;
        assert!(
            answer.status == expected || (expected == 502 && answer.status >= 500),
            "{bound}: {} {}",
            answer.status,
            answer.body
        );
        if expected == 200 {
            assert_eq!(answer.body["provenienza"]["scaduta"], json!(true));
            assert_eq!(answer.body["provenienza"]["da_cache"], json!(true));
        }
    }
}

#[tokio::test]
async fn a_purge_forgets_the_person_and_only_that_person() {
    let province = Province::start();
    let portal = province.portal("portale-uno");
    let others = ("013095", "FOXLAX01B28D416I");
    portal.persona(CANTU.0, CANTU.1).await;
    portal.persona(others.0, others.1).await;
    let operator = province.operator("operatore-uno");
    let purged = operator
        .post("/cache/purge", &json!({ "codice_fiscale": CANTU.1 }))
        .await;
    assert_eq!(purged.status, 200, "{}", purged.body);
    let da_cache = |body: &Value| body["provenienza"]["da_cache"].clone();
    assert_eq!(
        da_cache(&portal.persona(CANTU.0, CANTU.1).await.body),
        json!(false)
    );
    assert_eq!(
        da_cache(&portal.persona(others.0, others.1).await.body),
        json!(true)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_after_a_purge_does_not_get_what_was_fetched_before_it() {
    let province = Province::start();
    let slow = json!({ "dialect": "d1", "fault": "slow", "ms": 1200 });
    province.simulators.fault(slow).await;
    let early = province.portal("portale-uno");
    let early = tokio::spawn(async move { early.persona(CANTU.0, CANTU.1).await });
    tokio::time::sleep(std::time::Duration::from_millis(400)).await;
    let purged = province
        .operator("operatore-uno")
        .post("/cache/purge", &json!({ "ente": CANTU.0 }))
        .await;
    assert_eq!(purged.status, 200, "{}", purged.body);

    let portal = province.portal("portale-uno");
    let began = std::time::Instant::now();
    assert_eq!(portal.persona(CANTU.0, CANTU.1).await.status, 200);
    assert!(
        began.elapsed() >= std::time::Duration::from_millis(1100),
        "the answer was that of a fetch begun before the purge"
    );
    assert_eq!(early.await.expect("joined").status, 200);
    let kept = portal.persona(CANTU.0, CANTU.1).await;
    assert_eq!(kept.body["provenienza"]["da_cache"], json!(true));
}
