//! The citizen's own register where exchanges were refused, asked of many enti or carried on later, and when the search takes too long.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::Connection as _;

use crate::harness::officer::{get, send};
use crate::harness::portal::{Answer, PURPOSE, Portal};
use crate::harness::province::Province;
use crate::in_enti;
use crate::log_in::{Browser, CITIZEN, PATH, redeem, register, with_register};
use crate::representatives::officer_of_cantu;
use crate::servers::postgres::{ADMINISTRATOR, PASSWORD, Postgres};

const ERBA: &str = "013095";
/// Well-formed, and nobody's anywhere: the citizen's before it changed.
const FORMER: &str = "NTNNCL70P05M335A";

/// The citizen logs in to the first portal; its token.
async fn logged_in(province: &Province, portal: &Portal) -> String {
    province.pki.card("carta", CITIZEN);
    let browser = Browser::with_card(province, Some("carta"));
    let given = redeem(portal, &browser.code().await, &[]).await;
    given.body["access_token"]
        .as_str()
        .expect("a token")
        .to_owned()
}

async fn ask(portal: &Portal, path: &str, purpose: Option<&str>) -> Answer {
    let mut request = portal
        .request(Method::POST, path)
        .json(&json!({ "codice_fiscale": CITIZEN }));
    if let Some(purpose) = purpose {
        request = request.header("Purpose-Id", purpose);
    }
    portal.send(request).await
}

fn items(page: &Answer) -> &[Value] {
    assert_eq!(page.status, 200, "{}", page.body);
    page.body["items"].as_array().expect("a list")
}

async fn recorded(province: &Province, answer: &Answer) -> Value {
    let scambio = answer.header("x-correlation-id");
    let operator = province.operator("operatore-uno");
    let rows = operator.get(&format!("/record?scambio={scambio}")).await;
    rows.body["items"][0].clone()
}

#[tokio::test]
async fn what_a_norm_keeps_back_does_not_show_where_it_was_refused_either() {
    let province = Province::with(with_register);
    let (portal, other) = (
        province.portal("portale-uno"),
        province.portal("portale-due"),
    );
    let token = logged_in(&province, &portal).await;
    for (purpose, slug) in [
        (Some("indagine"), "non-autorizzato"),
        (Some("accertamento"), "non-autorizzato"),
        (Some("mai-sentita"), "non-autorizzato"),
        (None, "finalita-mancante"),
    ] {
        let refused = ask(&portal, PATH, purpose).await;
        assert_eq!(refused.slug(), slug, "{purpose:?}: {}", refused.body);
        let row = recorded(&province, &refused).await;
        let known = purpose.filter(|named| *named != "mai-sentita");
        assert_eq!(row["purpose"], json!(known), "{row}");
        assert!(row["grant_id"].is_null(), "it was not granted: {row}");
    }
    let of_erba = PATH.replace("013041", ERBA);
    let open = ask(&other, &of_erba, Some(PURPOSE)).await;
    assert_eq!(open.slug(), "non-autorizzato");
    let page = register(&portal, Some(&token), json!({})).await;
    let [only] = items(&page) else {
        panic!("what is kept back shows: {}", page.body);
    };
    assert_eq!(only["scambio"], open.header("x-correlation-id"));
    assert_eq!(only["finalita"]["id"], PURPOSE, "{only}");
    assert_eq!(only["con_risposta"], json!(false));
}

#[tokio::test]
async fn what_was_refused_without_a_purpose_shows_where_nothing_is_kept_back() {
    let province = Province::with(|files| {
        with_register(files);
        for kept_back in [
            "visibility = { esclusa = true, norma = \"C.p.p., art. 329\" }\n",
            "visibility = { differita = \"90d\", norma = \"D.P.R. 600/1973, art. 32\" }\n",
        ] {
            files.replace("portali/prove.toml", kept_back, "");
        }
    });
    let portal = province.portal("portale-uno");
    let token = logged_in(&province, &portal).await;
    let refused = ask(&portal, PATH, None).await;
    assert_eq!(refused.slug(), "finalita-mancante");
    let page = register(&portal, Some(&token), json!({})).await;
    let [only] = items(&page) else {
        panic!("one exchange: {}", page.body);
    };
    assert_eq!(only["scambio"], refused.header("x-correlation-id"));
    assert!(only.get("finalita").is_none(), "{only}");
}

#[tokio::test]
async fn what_was_asked_of_an_ente_that_left_the_configuration_stays_the_citizens() {
    let mut province = Province::with(with_register);
    let (portal, other) = (
        province.portal("portale-uno"),
        province.portal("portale-due"),
    );
    let token = logged_in(&province, &portal).await;
    let asked = ask(&other, PATH, Some(PURPOSE)).await;
    let of_cantu = "[[ente]]\ncodice_istat = \"013041\"\ncodice_belfiore = \"B639\"\ncodice_ipa = \"c_b639\"\ndenominazione = \"Cantù\"\n\
                    [ente.servizi.anagrafe]\ninstance = \"cantu-civilia\"\n[ente.servizi.tributi]\ninstance = \"cantu-next\"\n";
    let before = register(&portal, Some(&token), json!({})).await;
    assert_eq!(items(&before)[0]["denominazione"], "Cantù");
    province
        .files
        .replace("enti/prove.toml", of_cantu, "")
        .replace(
            "concessioni/solo-nomi-di-cantu.toml",
            "\"013041\"",
            "\"013095\"",
        );
    province.rewrite_and_reload();
    let page = register(&portal, Some(&token), json!({})).await;
    let [only] = items(&page) else {
        panic!("what was asked is lost: {}", page.body);
    };
    assert_eq!(only["scambio"], asked.header("x-correlation-id"));
    assert_eq!(only["codice_istat"], "013041");
    assert_eq!(
        only["denominazione"], "CANTÙ",
        "as the table of places has it"
    );
    assert_eq!(only["ruoli"], before.body["items"][0]["ruoli"]);
}

/// What the register says of who asked, per exchange with that ente or any.
fn by_citizen(page: &Answer, ente: Option<&str>) -> Vec<Value> {
    let of_ente = items(page)
        .iter()
        .filter(|item| ente.is_none_or(|ente| item["codice_istat"] == ente));
    of_ente.map(|item| item["da_interessato"].clone()).collect()
}

#[tokio::test]
async fn what_the_citizen_asked_of_many_enti_is_theirs_at_each() {
    let province = Province::with(|files| {
        with_register(files);
        in_enti::with_grant(files);
    });
    let portal = province.portal("portale-uno");
    let token = logged_in(&province, &portal).await;
    let mut question = in_enti::question(&[ERBA, "013075"]);
    question["codice_fiscale"] = json!(CITIZEN);
    let asking = |token: Option<&str>| {
        let request = portal
            .request(Method::POST, "/rest/tributi/v1/ricerche-posizione")
            .header("Purpose-Id", PURPOSE)
            .json(&question);
        portal.send(match token {
            Some(token) => request.header("Citizen-Token", token),
            None => request,
        })
    };
    assert_eq!(asking(None).await.status, 200);
    let page = register(&portal, Some(&token), json!({})).await;
    assert_eq!(by_citizen(&page, None), [false, false], "{}", page.body);
    assert_eq!(asking(Some(&token)).await.status, 200);
    let page = register(&portal, Some(&token), json!({ "limite": 2 })).await;
    assert_eq!(by_citizen(&page, None), [true, true], "{}", page.body);
    assert!(!page.body.to_string().contains(CITIZEN));
}

#[tokio::test]
async fn each_step_of_the_citizens_own_request_is_theirs() {
    let province = Province::with(|files| {
        with_register(files);
        files.erba_answers_later("1h");
    });
    let portal = province.portal("portale-uno");
    let token = logged_in(&province, &portal).await;
    let request = portal
        .request(Method::POST, &PATH.replace("013041", ERBA))
        .header("Purpose-Id", PURPOSE)
        .header("Citizen-Token", &token)
        .json(&json!({ "codice_fiscale": CITIZEN }));
    let taken_on = portal.send(request).await;
    assert_eq!(taken_on.status, 202, "{}", taken_on.body);
    let until = Instant::now() + Duration::from_secs(20);
    while portal.get(taken_on.header("location")).await.status == 200 {
        assert!(Instant::now() < until, "it is still open");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let operator = province.operator("operatore-uno");
    let rows = operator.get("/record?limit=200").await;
    let opened = taken_on.header("x-correlation-id");
    let own = rows.body["items"].as_array().expect("rows").iter();
    let turns: Vec<&Value> = own
        .filter(|row| row["origin"] == opened && row["tokens"].is_array())
        .filter(|row| row["outcome"] == "inoltrata")
        .map(|row| &row["scambio"])
        .collect();
    assert_eq!(turns.len(), 1, "handed over once: {}", rows.body);
    let page = register(&portal, Some(&token), json!({})).await;
    let told = items(&page)
        .iter()
        .find(|item| item["scambio"] == *turns[0])
        .expect("the turn is told");
    assert_eq!(told["da_interessato"], json!(true), "{told}");
}

#[tokio::test]
async fn what_was_asked_under_a_code_that_changed_is_the_citizens_while_an_ente_attests_it() {
    let province = Province::with(|files| {
        with_register(files);
        officer_of_cantu(files);
    });
    let (portal, officer) = (
        province.portal("portale-uno"),
        province.operator("operatore-due"),
    );
    let token = logged_in(&province, &portal).await;
    let asked = portal
        .request(Method::POST, &PATH.replace("013041", ERBA))
        .header("Purpose-Id", PURPOSE)
        .json(&json!({ "codice_fiscale": FORMER }));
    let asked = portal.send(asked).await;
    let shown = async || {
        let page = register(&portal, Some(&token), json!({})).await;
        let of_erba: Vec<Value> = items(&page)
            .iter()
            .filter(|item| item["codice_istat"] == ERBA)
            .cloned()
            .collect();
        of_erba
    };
    assert!(shown().await.is_empty(), "nobody knows of the change");
    let form = get(&officer, "/codici-cambiati").await;
    let filled = |former, present| {
        [
            ("ente", "013041"),
            ("codice_di_prima", former),
            ("codice_di_adesso", present),
            ("atto", "Agenzia delle entrate, prot. 8/2026"),
        ]
    };
    for (former, present) in [("RSSMRA", CITIZEN), (CITIZEN, CITIZEN)] {
        let wrong = send(
            &officer,
            "/codici-cambiati",
            &form,
            &filled(former, present),
        )
        .await;
        assert_eq!(wrong.status, 422, "{}", wrong.text);
    }
    let done = send(
        &officer,
        "/codici-cambiati",
        &form,
        &filled(FORMER, CITIZEN),
    )
    .await;
    assert_eq!(done.status, 200, "{}", done.text);
    let list = get(&officer, "/codici-cambiati").await;
    assert!(!list.text.contains(FORMER) && !list.text.contains(CITIZEN));
    let [only] = &shown().await[..] else {
        panic!("what was asked under the former code is lost");
    };
    assert_eq!(only["scambio"], asked.header("x-correlation-id"));
    assert_eq!(only["ruoli"], json!(["cercato"]), "{only}");
    let sheet = get(&officer, "/codici-cambiati/1").await;
    let why = [("motivo", "sono due persone")];
    let ended = send(&officer, "/codici-cambiati/1", &sheet, &why).await;
    assert!(ended.text.contains("è ritirato"), "{}", ended.text);
    assert!(shown().await.is_empty(), "it was taken back");
}

#[tokio::test]
async fn a_search_that_takes_too_long_is_refused_in_time_and_leaves_its_turn_to_others() {
    let Some(postgres) = Postgres::start(&[]) else {
        return;
    };
    let database = postgres.address(ADMINISTRATOR, "postgres");
    let record = format!("database = \"{database}\"\npassword = {{ file = \"segreti/postgres\" }}");
    let province = Province::with(|files| {
        with_register(files);
        files
            .replace("pontile.toml", "database = \"sqlite:record\"", &record)
            .replace("pontile.toml", "[node]", "[node]\nname = \"uno\"")
            .put("segreti/postgres", PASSWORD.to_owned());
    });
    let portal = province.portal("portale-uno");
    let token = logged_in(&province, &portal).await;
    let mut other = sqlx::PgConnection::connect(&postgres.administration("postgres"))
        .await
        .expect("a connection");
    let mut held = other.begin().await.expect("a transaction");
    sqlx::query("LOCK TABLE exchange_subject IN ACCESS EXCLUSIVE MODE")
        .execute(&mut *held)
        .await
        .expect("a lock");
    let asked = Instant::now();
    // More of them than may search at once.
    let crowd = join_all((0..6).map(|_| register(&portal, Some(&token), json!({}))));
    let (answers, released) = tokio::join!(crowd, async {
        // Past the door's deadline, and well within that of the record.
        tokio::time::sleep(Duration::from_secs(6)).await;
        held.rollback().await
    });
    released.expect("released");
    for answer in answers {
        assert_eq!(
            (answer.status, answer.slug()),
            (504, "tempo-scaduto"),
            "{}",
            answer.body
        );
    }
    assert!(asked.elapsed() < Duration::from_secs(8));
    let page = register(&portal, Some(&token), json!({})).await;
    assert_eq!(page.status, 200, "{}", page.body);
}
