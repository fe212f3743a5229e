//! What an instance holds for the whole process: places, breaker, limits, tokens, secrets.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use pontile::config::limits::Rate;
use pontile::config::units::Span;
use pontile::connectors::error::{Kind, Retry};
use pontile::connectors::instance::{BreakerState, Instances};
use pontile::contract::operation::Operation;
use pontile::contract::posizione::Tributo;
use serde_json::json;

use crate::asking::{Town, persona, shown};
use crate::simulators::Simulators;

const ERBA: &str = "FOXLAX01B28D416I";
const CANTU: &str = "BNCNNA75T71B639E";

async fn tokens_issued(simulators: &Simulators) -> u64 {
    let calls = simulators.calls().await;
    let rows = calls["tokens_issued"].as_array().unwrap();
    rows.iter().filter_map(|row| row["count"].as_u64()).sum()
}

#[tokio::test]
async fn equal_settings_are_one_instance_and_changed_settings_another() {
    let instances = Instances::new();
    let town = Town::cantu("http://127.0.0.1:9".to_owned());
    let settings = Arc::new(town.settings.clone());
    let first = instances.get(&settings);
    assert!(Arc::ptr_eq(
        &first,
        &instances.get(&Arc::new(town.settings.clone()))
    ));
    let mut other = town.settings.clone();
    other.bounds.concurrency += 1;
    assert!(!Arc::ptr_eq(&first, &instances.get(&Arc::new(other))));
    assert_eq!(instances.states().len(), 1);
}

#[tokio::test]
async fn many_questions_share_one_login() {
    let simulators = Simulators::start();
    let town = Town::erba(simulators.address("d6"));
    let all = join_all((0..12).map(|_| town.persona(ERBA))).await;
    assert!(all.iter().all(Result::is_ok));
    assert_eq!(tokens_issued(&simulators).await, 1);
}

#[tokio::test]
async fn a_token_that_ends_early_costs_one_login_and_no_more() {
    let simulators = Simulators::start();
    let town = Town::erba(simulators.address("d6"));
    town.persona(ERBA).await.expect("the first login");
    simulators
        .fault(json!({"dialect": "d6", "fault": "expired_token", "times": 1}))
        .await;
    town.persona(ERBA).await.expect("one new login helps");
    assert_eq!(tokens_issued(&simulators).await, 2);
}

#[tokio::test]
async fn a_token_that_is_never_accepted_makes_neither_loop_nor_herd() {
    let simulators = Simulators::start();
    let town = Town::erba(simulators.address("d6"));
    simulators
        .fault(json!({"dialect": "d6", "fault": "expired_token"}))
        .await;
    for failed in join_all((0..10).map(|_| town.persona(ERBA))).await {
        assert_eq!(failed.expect_err("refused").kind, Kind::CredentialsRefused);
    }
    assert!(
        tokens_issued(&simulators).await <= 3,
        "{}",
        tokens_issued(&simulators).await
    );
    simulators.forget_calls().await;
    let again = town.persona(ERBA).await.expect_err("still paused");
    assert_eq!(again.kind, Kind::CredentialsRefused);
    let Retry::After(left) = again.retry else {
        panic!("{again}: when?")
    };
    assert!(left > Duration::ZERO && left <= Duration::from_secs(30));
    assert_eq!(
        simulators.count("d6", "RicercaIndividui").await,
        0,
        "nobody knocks"
    );
}

#[tokio::test]
async fn a_soap_session_that_ended_costs_one_login_however_many_wait() {
    let simulators = Simulators::start();
    let town = Town::cantu_token(simulators.address("d3"));
    for answer in join_all((0..10).map(|_| town.persona(CANTU))).await {
        answer.expect("one login for all");
    }
    assert_eq!(tokens_issued(&simulators).await, 1);
    simulators
        .fault(json!({"dialect": "d3", "fault": "expired_token", "times": 1}))
        .await;
    town.persona(CANTU).await.expect("one new login helps");
    assert_eq!(tokens_issued(&simulators).await, 2);
}

#[tokio::test]
async fn values_that_stand_elsewhere_in_the_answer_are_read_and_the_password_echoed_is_told_nowhere()
 {
    let simulators = Simulators::start();
    let town = Town::como_rpc(simulators.address("d4"));
    let answer = town.persona("RSSMRA80A01C933H").await.expect("found");
    assert!(!format!("{answer:?}").contains("d4-prova-c933"));
    simulators
        .fault(json!({"dialect": "d4", "fault": "multiref"}))
        .await;
    let elsewhere = town.persona("RSSMRA80A01C933H").await.expect("found");
    assert_eq!(shown(&elsewhere), shown(&answer));
    assert!(!format!("{elsewhere:?}").contains("d4-prova-c933"));
}

#[tokio::test]
async fn a_back_end_knows_each_portal_by_its_own_account() {
    let simulators = Simulators::start();
    let account = |text: &str| [("utente".to_owned(), text.to_owned())].into();
    let of_the_portal = Town::erba_literal(&simulators.address("d4b")).with(|settings| {
        settings.values = account("nessuno");
        settings.per_portal = [("portale-uno".to_owned(), account("gw-d416"))].into();
    });
    of_the_portal.persona(ERBA).await.expect("its own account");
    let of_another = Town::erba_literal(&simulators.address("d4b")).with(|settings| {
        settings.values = account("gw-d416");
        settings.per_portal = [("portale-uno".to_owned(), account("nessuno"))].into();
    });
    let refused = of_another.persona(ERBA).await.expect_err("not that one");
    assert_eq!(refused.kind, Kind::CredentialsRefused);
}

#[tokio::test]
async fn each_portal_with_an_account_of_its_own_logs_in_for_itself() {
    let simulators = Simulators::start();
    let town = Town::cantu_token(simulators.address("d3")).with(|settings| {
        let own = [("utente".to_owned(), "gw".to_owned())].into();
        settings.per_portal = [("portale-uno".to_owned(), own)].into();
    });
    town.persona(CANTU).await.expect("found");
    town.instance.probe(&town.adapter).await.expect("well");
    let nobody = town.without_portal(CANTU).await;
    nobody.expect("found for whoever asks");
    assert_eq!(tokens_issued(&simulators).await, 2);
}

#[tokio::test]
async fn a_clock_too_far_away_is_told_apart_from_a_wrong_password() {
    let simulators = Simulators::start();
    let town = Town::tax_office(&simulators.address("d5"), ("013075", "C933"));
    let asked = || town.asked(Operation::RicercaPosizione, "RSSMRA80A01C933H");
    asked().await.expect("clocks agree");
    let ahead = || town.instances.states()[0].clock_ahead;
    assert_eq!(ahead(), Some(0));
    town.instance.probe(&town.adapter).await.expect("well");
    simulators
        .fault(json!({"dialect": "d5", "fault": "clock_skew", "ms": 900_000}))
        .await;
    let refused = asked().await.expect_err("its clock is ahead");
    assert_eq!(refused.kind, Kind::ClockSkew);
    assert_eq!(refused.code.as_deref(), Some("100"));
    assert!(refused.detail.contains("s ahead of ours"), "{refused}");
    let seconds = ahead().expect("seen");
    assert!((895..=902).contains(&seconds), "{seconds}");
    let probed = town.instance.probe(&town.adapter).await.expect_err("told");
    assert_eq!(probed.kind, Kind::ClockSkew, "{probed}");
    simulators.mend().await;
    std::fs::write(town.secret("passphrase"), "sbagliata").unwrap();
    town.instances.read_files_again();
    let refused = asked().await.expect_err("wrong passphrase");
    assert_eq!(refused.kind, Kind::CredentialsRefused);
    assert_eq!(ahead(), Some(0), "the clocks agree again");
}

#[tokio::test]
async fn a_corrected_secret_is_read_without_a_restart() {
    let simulators = Simulators::start();
    let erba = Town::erba(simulators.address("d6"));
    let cantu = Town::cantu(simulators.address("d1"));
    std::fs::write(erba.secret("client_secret"), "sbagliato").unwrap();
    std::fs::write(cantu.secret("password"), "sbagliata").unwrap();
    let refused = erba.persona(ERBA).await.expect_err("wrong secret");
    assert_eq!(refused.kind, Kind::CredentialsRefused);
    let refused = cantu.persona(CANTU).await.expect_err("wrong password");
    assert_eq!(refused.kind, Kind::CredentialsRefused);
    std::fs::write(erba.secret("client_secret"), "erba-prova").unwrap();
    std::fs::write(cantu.secret("password"), "civilia-prova").unwrap();
    erba.persona(ERBA).await.expect("the new secret");
    cantu.persona(CANTU).await.expect("the new password");
}

#[tokio::test]
async fn a_missing_secret_is_our_fault_and_says_which() {
    let town = Town::cantu("http://127.0.0.1:9".to_owned());
    std::fs::remove_file(town.secret("password")).unwrap();
    let error = town.persona(CANTU).await.expect_err("no secret");
    assert_eq!(error.kind, Kind::Gateway);
    assert!(error.detail.contains("password"), "{error}");
}

#[tokio::test]
async fn repeated_outages_open_the_breaker_and_a_probe_closes_it() {
    let simulators = Simulators::start();
    let town = Town::cantu(simulators.address("d1")).with(|settings| {
        settings.bounds.breaker_failures = 3;
        settings.bounds.breaker_pause = Span(Duration::from_millis(400));
    });
    simulators
        .fault(json!({"dialect": "d1", "fault": "html_502"}))
        .await;
    for _ in 0..3 {
        assert_eq!(
            town.persona(CANTU).await.expect_err("502").kind,
            Kind::Unavailable
        );
    }
    simulators.forget_calls().await;
    let open = town.persona(CANTU).await.expect_err("open");
    assert_eq!(open.kind, Kind::BreakerOpen);
    assert!(matches!(open.retry, Retry::After(_)));
    assert_eq!(
        simulators.count("d1", "ByCodiceFiscaleETipoPersona").await,
        0
    );
    assert_eq!(town.instances.states()[0].breaker, BreakerState::Open);
    simulators.mend().await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    town.persona(CANTU).await.expect("the probe succeeds");
    assert_eq!(town.instances.states()[0].breaker, BreakerState::Closed);
}

#[tokio::test]
async fn refusals_and_people_not_found_do_not_open_the_breaker() {
    let simulators = Simulators::start();
    let town = Town::cantu(simulators.address("d1")).with(|settings| {
        settings.bounds.breaker_failures = 2;
    });
    for fault in ["not_found", "auth_fail", "ambiguous"] {
        simulators
            .fault(json!({"dialect": "d1", "fault": fault}))
            .await;
        for _ in 0..3 {
            town.persona(CANTU).await.expect_err(fault);
        }
        simulators.mend().await;
    }
    town.persona(CANTU).await.expect("still closed");
}

#[tokio::test]
async fn an_impatient_portal_says_nothing_against_the_back_end() {
    let simulators = Simulators::start();
    let town = Town::cantu(simulators.address("d1")).with(|settings| {
        settings.bounds.breaker_failures = 2;
    });
    simulators
        .fault(json!({"dialect": "d1", "fault": "slow", "ms": 1000}))
        .await;
    for _ in 0..3 {
        let deadline = Some(Duration::from_millis(100));
        let asked = town
            .ask(Operation::RicercaPersona, persona(CANTU), deadline)
            .await;
        assert_eq!(asked.expect_err("too impatient").kind, Kind::TimedOut);
    }
    assert_eq!(town.instances.states()[0].breaker, BreakerState::Closed);
}

#[tokio::test]
async fn no_more_calls_run_at_once_than_there_are_places() {
    let simulators = Simulators::start();
    let town = Town::cantu(simulators.address("d1")).with(|settings| {
        settings.bounds.concurrency = 2;
        settings.bounds.waiting = 3;
    });
    simulators
        .fault(json!({"dialect": "d1", "fault": "slow", "ms": 200}))
        .await;
    let all = join_all((0..8).map(|_| town.persona(CANTU))).await;
    let busy = all
        .iter()
        .filter(|one| one.as_ref().is_err_and(|error| error.kind == Kind::Busy));
    assert_eq!(
        busy.count(),
        3,
        "two in places, three waiting, three refused at once"
    );
    assert_eq!(all.iter().filter(|one| one.is_ok()).count(), 5);
    let calls = simulators.calls().await;
    assert_eq!(calls["max_concurrency"][0]["max"], 2, "{calls}");
}

#[tokio::test]
async fn a_hanging_back_end_slows_no_other() {
    let simulators = Simulators::start();
    let cantu = Town::cantu(simulators.address("d1"));
    let erba = Town::erba(simulators.address("d6"));
    simulators
        .fault(json!({"dialect": "d1", "fault": "hang"}))
        .await;
    let hanging = join_all((0..20).map(|_| cantu.persona(CANTU)));
    let other = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let began = Instant::now();
        erba.persona(ERBA).await.expect("not slowed");
        began.elapsed()
    };
    let (hung, other) = tokio::join!(hanging, other);
    assert!(other < Duration::from_secs(1), "{other:?}");
    assert!(hung.iter().all(Result::is_err));
}

#[tokio::test]
async fn our_own_limit_towards_a_back_end_is_told_with_its_wait() {
    let simulators = Simulators::start();
    let one = NonZeroU32::new(1).unwrap();
    let town = Town::cantu(simulators.address("d1")).with(|settings| {
        settings.bounds.rate = Some(Rate {
            per_second: one,
            burst: one,
        });
    });
    town.persona(CANTU).await.expect("the first");
    let error = town.persona(CANTU).await.expect_err("the second");
    assert_eq!(error.kind, Kind::Busy);
    assert!(matches!(error.retry, Retry::After(wait) if wait <= Duration::from_secs(1)));
}

#[tokio::test]
async fn a_probe_tells_whether_the_back_end_is_there_and_accepts_us() {
    let simulators = Simulators::start();
    let cantu = Town::cantu(simulators.address("d1"));
    cantu.instance.probe(&cantu.adapter).await.expect("there");
    let erba = Town::erba(simulators.address("d6"));
    erba.instance
        .probe(&erba.adapter)
        .await
        .expect("there, and the login is good");
    let wrong = Town::erba(simulators.address("d6"));
    std::fs::write(wrong.secret("client_secret"), "sbagliato").unwrap();
    let refused = wrong
        .instance
        .probe(&wrong.adapter)
        .await
        .expect_err("wrong secret");
    assert_eq!(refused.kind, Kind::CredentialsRefused);
}

#[test]
fn a_call_can_be_spawned() {
    fn is_send<T: Send>(_: &T) {}
    let town = Town::cantu("http://127.0.0.1:9".to_owned());
    is_send(&town.persona(CANTU));
}

#[tokio::test]
async fn questions_that_need_nothing_of_one_another_are_asked_at_the_same_time_within_the_places() {
    for (concurrency, at_once) in [(1, 1), (2, 2), (8, 3)] {
        let simulators = Simulators::start();
        let town = Town::erba(simulators.address("d6")).with(|settings| {
            settings.bounds.concurrency = concurrency;
            settings.bounds.per_ente = Some(concurrency);
        });
        let before = town.posizione(ERBA, Tributo::Imu, 2025).await;
        let before = before.expect("the login and an answer");
        simulators.forget_calls().await;
        simulators
            .fault(json!({"dialect": "d6", "fault": "slow", "ms": 200}))
            .await;
        let began = Instant::now();
        let answer = town
            .posizione(ERBA, Tributo::Imu, 2025)
            .await
            .expect("answered");
        let took = began.elapsed();
        assert_eq!(shown(&answer), shown(&before), "as one after the other");
        let calls = simulators.calls().await;
        assert_eq!(calls["max_concurrency"][0]["max"], at_once, "{calls}");
        // Four questions of 200 ms each: the first alone, of the others as many at once as there are places.
        let rounds = 1 + 3_u32.div_ceil(at_once);
        assert!(took >= Duration::from_millis(200) * rounds, "{took:?}");
    }
}

#[tokio::test]
async fn a_token_that_ends_while_several_are_asked_costs_one_login() {
    let simulators = Simulators::start();
    let town = Town::erba(simulators.address("d6"));
    let before = town.posizione(ERBA, Tributo::Imu, 2025).await;
    let before = before.expect("the first login");
    simulators
        .fault(json!({"dialect": "d6", "fault": "slow", "ms": 400}))
        .await;
    // The first question is under way when the token ends, so that the three that follow together are refused.
    let ending = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let ended = json!({"dialect": "d6", "fault": "expired_token", "times": 3});
        simulators.fault(ended).await;
    };
    let (answered, ()) = tokio::join!(town.posizione(ERBA, Tributo::Imu, 2025), ending);
    assert_eq!(
        shown(&answered.expect("one new login helps")),
        shown(&before)
    );
    assert_eq!(tokens_issued(&simulators).await, 2);
}
