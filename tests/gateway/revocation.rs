//! A grant that is taken back while a back end answers: nothing leaves any more, and the record says so.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::portal::PURPOSE;
use crate::harness::province::Province;
use crate::in_enti::{question, with_grant};

const CANTU: &str = "013041";
const PERSON: &str = "BNCNNA75T71B639E";
const NOBODY: &str = "RSSMRA80A01C933H";

const ALL: &str = "enti = \"all\"\nfields";
const ERBA_ALONE: &str = "enti = { only = [\"013095\"] }\nfields";

/// Long enough for a reload, short enough for the back end's deadline.
fn slow(dialect: &str) -> Value {
    json!({ "dialect": dialect, "ente": "B639", "fault": "slow", "ms": 1500 })
}

fn rows(province: &Province) -> Vec<Value> {
    let listed = province.pontile(&["record", "list", "--json"]);
    let text = String::from_utf8(listed.stdout).expect("text");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a row"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_taken_back_while_the_back_end_answers_lets_nothing_out() {
    let mut province = Province::start();
    province.simulators.fault(slow("d1")).await;
    let asked: Vec<_> = [PERSON, PERSON, NOBODY]
        .map(|code| {
            let portal = province.portal("portale-uno");
            tokio::spawn(async move { portal.persona(CANTU, code).await })
        })
        .into();
    tokio::time::sleep(Duration::from_millis(300)).await;
    province
        .files
        .replace("concessioni/tutto.toml", ALL, ERBA_ALONE);
    province.rewrite_and_reload();
    for answer in asked {
        let answer = answer.await.expect("an answer");
        // Whether the person is known must not show either.
        assert_eq!(
            (answer.status, answer.slug()),
            (403, "concessione-revocata"),
            "{}",
            answer.body
        );
    }
    let rows = rows(&province);
    assert_eq!(rows.len(), 3);
    for row in &rows {
        assert_eq!(row["outcome"], "concessione-revocata", "{row}");
        assert_eq!(row["grant_id"], "tutto", "{row}");
    }
    let called = rows
        .iter()
        .any(|row| !row["backend_answer_digest"].is_null());
    assert!(
        called,
        "that the town hall was asked is on record: {rows:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_and_portals_taken_back_meanwhile_count_as_well_and_a_wider_grant_harms_nobody() {
    let mut province = Province::start();
    for (file, from, to, status) in [
        (
            "concessioni/tutto.toml",
            "fresh = true",
            "fresh = true\ndaily_quota = 900",
            200,
        ),
        ("concessioni/tutto.toml", "\"residenza\", ", "", 403),
        (
            "portali/prove.toml",
            "CN=portale-uno,",
            "CN=portale-tre,",
            403,
        ),
    ] {
        province.simulators.fault(slow("d1")).await;
        let portal = province.portal("portale-uno");
        let fresh = portal
            .request(
                reqwest::Method::POST,
                &format!("/rest/anagrafe/v1/enti/{CANTU}/ricerche-persona"),
            )
            .header("Purpose-Id", PURPOSE)
            .header("Cache-Control", "no-cache")
            .json(&json!({ "codice_fiscale": PERSON }));
        let asked = tokio::spawn(async move { portal.send(fresh).await });
        tokio::time::sleep(Duration::from_millis(300)).await;
        province.files.replace(file, from, to);
        province.rewrite_and_reload();
        let answer = asked.await.expect("an answer");
        assert_eq!(answer.status, status, "{to:?}: {}", answer.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_enti_no_line_leaves_after_the_grant_was_taken_back() {
    let mut province = Province::with(with_grant);
    province.simulators.fault(slow("d6")).await;
    let portal = province.portal("portale-uno");
    let lines = portal
        .request(reqwest::Method::POST, "/rest/tributi/v1/ricerche-posizione")
        .header("Purpose-Id", PURPOSE)
        .header("Accept", "application/x-ndjson")
        .json(&question(&[CANTU, "013095"]));
    let mut response = lines.send().await.expect("an answer");
    let first = response.chunk().await.expect("a chunk").expect("a line");
    let first: Value = serde_json::from_slice(&first).expect("a line of JSON");
    assert_eq!(first["esito"], "trovata", "{first}");
    province
        .files
        .replace("concessioni/in-enti.toml", ALL, ERBA_ALONE);
    province.rewrite_and_reload();
    let rest = response.text().await.expect("text");
    let rest: Vec<Value> = rest
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert!(rest[0]["risposta"].is_null(), "{rest:?}");
    let problem = rest[0]["problema"]["type"].as_str().unwrap_or_default();
    assert!(problem.ends_with("concessione-revocata"), "{rest:?}");
    let whole = rest.last().expect("a last line");
    let problem = whole["problema"]["type"].as_str().unwrap_or_default();
    assert!(problem.ends_with("concessione-revocata"), "{rest:?}");
}
