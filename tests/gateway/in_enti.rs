//! One question to many enti: a grant of its own, all limits or none, an outcome each, every child on record before its line leaves.

use std::time::Duration;

use pontile::api::esiti::RispostaInEnti;
use serde_json::{Value, json};

use crate::harness::files::{Files, grant};
use crate::harness::portal::{Answer, PURPOSE, Portal};
use crate::harness::province::Province;

const PATH: &str = "/rest/tributi/v1/ricerche-posizione";
/// Known to the taxes of Erba alone.
const OF_ERBA: &str = "FOXLAX01B28D416I";

/// A grant of its own for the first portal; Como and Erba have joined.
pub fn with_grant(files: &mut Files) {
    let own = format!(
        "id = \"in-enti\"\nversion = 1\noperations = [\"tributi.ricerche-posizione-in-enti\"]\nenti = \"all\"\n\
         fields = [\"contribuente\", \"dovuto\"]\npurposes = [\"{PURPOSE}\"]\nfresh = true"
    );
    files.put("concessioni/in-enti.toml", grant("portale-uno", &own));
    for name in ["Como", "Erba", "Albavilla"] {
        let line = format!("denominazione = \"{name}\"\n");
        let joined = format!("{line}joins = [\"tributi.ricerche-posizione-in-enti\"]\n");
        files.replace("enti/prove.toml", &line, &joined);
    }
}

pub fn question(enti: &[&str]) -> Value {
    let year = chrono::Datelike::year(&chrono::Utc::now());
    let mut question = json!({ "codice_fiscale": OF_ERBA, "tributo": "IMU", "anno": year });
    if !enti.is_empty() {
        question["enti"] = json!(enti);
    }
    question
}

async fn ask(portal: &Portal, enti: &[&str]) -> Answer {
    portal.post(PATH, &question(enti)).await
}

/// ISTAT code and outcome of each ente, in the order of the answer.
fn outcomes(body: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let one = |esito: &Value| (text(&esito["codice_istat"]), text(&esito["esito"]));
    let all = body["esiti"].as_array().expect("outcomes");
    all.iter().map(one).collect()
}

fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(ente, esito): &(&str, &str)| ((*ente).to_owned(), (*esito).to_owned());
    all.iter().map(owned).collect()
}

async fn recorded(operator: &Portal, scambio: &str) -> Value {
    let answer = operator.get(&format!("/record?scambio={scambio}")).await;
    answer.body["items"][0].clone()
}

#[tokio::test]
async fn each_ente_has_an_outcome_and_a_child_exchange_that_names_its_parent() {
    let province = Province::with(with_grant);
    let portal = province.portal("portale-uno");
    // Bellagio ended in 2014, nobody has 999999, Albavilla has no taxes.
    let enti = ["013095", "013075", "013019", "999999", "013003"];
    let answer = ask(&portal, &enti).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let expected = [
        ("013003", "non_interrogato"),
        ("013019", "non_interrogato"),
        ("013075", "non_trovata"),
        ("013095", "trovata"),
        ("999999", "non_interrogato"),
    ];
    assert_eq!(outcomes(&answer.body), pairs(&expected), "{}", answer.body);
    let read: RispostaInEnti = serde_json::from_value(answer.body.clone()).expect("as published");
    let sum = read.riepilogo;
    assert_eq!(
        (
            sum.enti,
            sum.trovata,
            sum.non_trovata,
            sum.non_interrogato,
            sum.non_raggiungibile
        ),
        (5, 1, 1, 3, 0)
    );
    let operator = province.operator("operatore-uno");
    let parent = recorded(&operator, answer.header("x-correlation-id")).await;
    assert_eq!(parent["operation"], "tributi.ricerche-posizione-in-enti");
    assert!(
        parent["parent"].is_null() && parent["ente"].is_null(),
        "{parent}"
    );
    for esito in &read.esiti {
        let child = recorded(&operator, &esito.scambio).await;
        assert_eq!(child["parent"], parent["scambio"], "{child}");
        assert_eq!(child["operation"], "tributi.ricerche-posizione");
        assert_eq!(child["grant_id"], "in-enti");
        assert_eq!(child["purpose"], PURPOSE);
    }
    let found = recorded(&operator, &read.esiti[3].scambio).await;
    assert_eq!(found["ente"], "013095");
    assert!(
        found["backend_answer_digest"].is_string()
            && !found["subjects"].as_array().unwrap().is_empty()
    );
}

#[tokio::test]
async fn who_names_no_enti_asks_those_that_joined() {
    let province = Province::with(with_grant);
    let answer = ask(&province.portal("portale-uno"), &[]).await;
    let expected = [
        ("013003", "non_interrogato"),
        ("013075", "non_trovata"),
        ("013095", "trovata"),
    ];
    assert_eq!(outcomes(&answer.body), pairs(&expected), "{}", answer.body);
    let offered = province
        .portal("portale-uno")
        .get("/rest/catalogo/v1/enti/013095/servizi")
        .await;
    let operations = offered.body["items"].as_array().expect("services");
    assert!(
        operations
            .iter()
            .any(|one| one["operazione"] == "tributi.ricerche-posizione-in-enti")
    );
}

#[tokio::test]
async fn a_grant_for_single_questions_or_for_fewer_enti_does_not_do() {
    let province = Province::start();
    let refused = ask(&province.portal("portale-uno"), &["013095"]).await;
    assert_eq!((refused.status, refused.slug()), (403, "non-autorizzato"));
    let province = Province::with(|files| {
        with_grant(files);
        let all = "in-enti\"]\nenti = \"all\"";
        let one = "in-enti\"]\nenti = { only = [\"013075\"] }";
        files.replace("concessioni/in-enti.toml", all, one);
    });
    let portal = province.portal("portale-uno");
    let refused = ask(&portal, &["013075", "013095"]).await;
    assert_eq!((refused.status, refused.slug()), (403, "non-autorizzato"));
    let joined = ask(&portal, &[]).await;
    assert_eq!(outcomes(&joined.body), pairs(&[("013075", "non_trovata")]));
}

#[tokio::test]
async fn a_list_that_is_none_or_names_an_ente_twice_is_refused_by_field() {
    let province = Province::with(with_grant);
    let portal = province.portal("portale-uno");
    let many: Vec<String> = (0..201).map(|number| format!("{number:06}")).collect();
    for wrong in [
        json!([]),
        json!(["013075", "013075"]),
        json!(["13075"]),
        json!("013075"),
        json!(null),
        json!(many),
    ] {
        let mut question = question(&[]);
        question["enti"] = wrong;
        let refused = portal.post(PATH, &question).await;
        assert_eq!(
            (refused.status, refused.slug()),
            (400, "campo-non-valido"),
            "{}",
            refused.body
        );
        assert!(refused.body["detail"].as_str().unwrap().contains("enti"));
    }
}

#[tokio::test]
async fn limits_are_reserved_for_all_enti_or_for_none() {
    let province = Province::with(|files| {
        with_grant(files);
        let own = "purposes = [\"prova\"]\nfresh = true\n";
        let bounded = "purposes = [\"prova\"]\nfresh = true\nrate = { per_second = 1, burst = 4 }\ndaily_quota = 5\n";
        files.replace("concessioni/in-enti.toml", own, bounded);
    });
    let portal = province.portal("portale-uno");
    let too_many = ask(
        &portal,
        &["013041", "013075", "013095", "013003", "999999", "999998"],
    )
    .await;
    assert_eq!(
        too_many.status, 200,
        "enti that cannot be asked cost nothing: {}",
        too_many.body
    );
    let again = ask(&portal, &["013041", "013075", "013095"]).await;
    assert_eq!(
        (again.status, again.slug()),
        (429, "limite-di-frequenza"),
        "{}",
        again.body
    );
    assert!(
        again
            .header("retry-after")
            .parse::<u64>()
            .is_ok_and(|seconds| seconds >= 1)
    );
    tokio::time::sleep(Duration::from_millis(3200)).await;
    // The refused one gave its places in the day's quotas back: one of five is used.
    let third = ask(&portal, &["013041", "013075", "013095"]).await;
    assert_eq!(third.status, 200, "{}", third.body);
}

#[tokio::test]
async fn more_enti_than_ever_pass_at_once_are_told_so() {
    let province = Province::with(|files| {
        with_grant(files);
        let own = "purposes = [\"prova\"]\nfresh = true\n";
        let bounded =
            "purposes = [\"prova\"]\nfresh = true\nrate = { per_second = 1, burst = 2 }\n";
        files.replace("concessioni/in-enti.toml", own, bounded);
    });
    let refused = ask(
        &province.portal("portale-uno"),
        &["013041", "013075", "013095"],
    )
    .await;
    assert_eq!(
        (refused.status, refused.slug()),
        (422, "troppi-enti"),
        "{}",
        refused.body
    );
}

#[tokio::test]
async fn a_hanging_and_a_broken_town_hall_are_named_and_the_others_answer() {
    let province = Province::with(with_grant);
    province
        .simulators
        .fault(json!({ "dialect": "d6", "ente": "B639", "fault": "hang" }))
        .await;
    let answer = ask(
        &province.portal("portale-uno"),
        &["013041", "013075", "013095"],
    )
    .await;
    let expected = [
        ("013041", "non_raggiungibile"),
        ("013075", "non_trovata"),
        ("013095", "trovata"),
    ];
    assert_eq!(outcomes(&answer.body), pairs(&expected), "{}", answer.body);
    let problem = &answer.body["esiti"][0]["problema"];
    assert_eq!(problem["lato"], "ente", "{problem}");
}

/// The lines that came, as JSON.
async fn lines(portal: &Portal, enti: &[&str]) -> reqwest::Response {
    let request = portal
        .request(reqwest::Method::POST, PATH)
        .header("Purpose-Id", PURPOSE)
        .header("Accept", "application/x-ndjson")
        .json(&question(enti));
    request.send().await.expect("an answer")
}

#[tokio::test]
async fn lines_come_as_the_enti_answer_each_on_record_and_the_sum_comes_last() {
    let province = Province::with(with_grant);
    province
        .simulators
        .fault(json!({ "dialect": "d6", "ente": "B639", "fault": "slow", "ms": 1500 }))
        .await;
    let portal = province.portal("portale-uno");
    let operator = province.operator("operatore-uno");
    let mut response = lines(&portal, &["013041", "013095"]).await;
    assert_eq!(response.headers()["content-type"], "application/x-ndjson");
    let parent = response.headers()["x-correlation-id"]
        .to_str()
        .unwrap()
        .to_owned();
    let first = response.chunk().await.expect("a chunk").expect("a line");
    let first: Value = serde_json::from_slice(&first).expect("a line of JSON");
    assert_eq!(
        (&first["codice_istat"], &first["esito"]),
        (&json!("013095"), &json!("trovata"))
    );
    let child = recorded(&operator, first["scambio"].as_str().unwrap()).await;
    assert_eq!(
        child["parent"],
        json!(parent),
        "the line came before its record"
    );
    assert!(
        recorded(&operator, &parent).await.is_null(),
        "the whole is not at its end"
    );
    let mut rest = Vec::new();
    while let Some(chunk) = response.chunk().await.expect("a chunk") {
        rest.extend_from_slice(&chunk);
    }
    let rest = String::from_utf8(rest).expect("text");
    let rest: Vec<Value> = rest
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(rest.len(), 2, "{rest:?}");
    assert_eq!(rest[0]["codice_istat"], "013041");
    assert_eq!(rest[1]["riepilogo"]["enti"], 2);
    let whole = recorded(&operator, &parent).await;
    assert_eq!(whole["outcome"], "risposto");
    let sent = first.to_string().len() + 1;
    assert!(
        whole["reply_bytes"].as_u64().unwrap() > sent as u64,
        "{whole}"
    );
}

#[tokio::test]
async fn a_portal_that_hangs_up_leaves_a_record_of_the_whole() {
    let province = Province::with(with_grant);
    province
        .simulators
        .fault(json!({ "dialect": "d6", "ente": "B639", "fault": "slow", "ms": 1500 }))
        .await;
    let operator = province.operator("operatore-uno");
    let parent = {
        let portal = province.portal("portale-uno");
        let mut response = lines(&portal, &["013041", "013095"]).await;
        let parent = response.headers()["x-correlation-id"]
            .to_str()
            .unwrap()
            .to_owned();
        response.chunk().await.expect("a chunk").expect("a line");
        parent
    };
    for _ in 0..100 {
        let whole = recorded(&operator, &parent).await;
        if !whole.is_null() {
            assert_eq!(whole["outcome"], "interrotto", "{whole}");
            assert!(whole["reply_digest"].is_string(), "{whole}");
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // The town hall that was being asked comes to its end, and that is on record too.
    for _ in 0..100 {
        let asked = operator.get("/record?ente=013041").await;
        if let Some(child) = asked.body["items"].get(0) {
            assert_eq!(child["parent"], json!(parent), "{child}");
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the child was never recorded");
}

#[tokio::test]
async fn every_line_that_came_before_a_power_cut_has_its_child_on_record() {
    let mut province = Province::with(with_grant);
    province
        .simulators
        .fault(json!({ "dialect": "d6", "ente": "B639", "fault": "slow", "ms": 3000 }))
        .await;
    let portal = province.portal("portale-uno");
    let mut response = lines(&portal, &["013003", "013041", "013075", "013095"]).await;
    let mut came = Vec::new();
    while came.len() < 3 {
        let chunk = response.chunk().await.expect("a chunk").expect("a line");
        let text = String::from_utf8(chunk.to_vec()).expect("text");
        came.extend(
            text.lines()
                .map(|line| serde_json::from_str::<Value>(line).expect("JSON")),
        );
    }
    province.crash_and_restart();
    let operator = province.operator("operatore-uno");
    for line in came {
        let child = recorded(&operator, line["scambio"].as_str().expect("a number")).await;
        assert_eq!(child["scambio"], line["scambio"], "{line}");
    }
}

/// The enti are asked one after the other, and the first is slow or hangs.
fn one_at_a_time(files: &mut Files) {
    with_grant(files);
    files.replace("pontile.toml", "[node]", "[node]\nenti_at_once = 1");
}

#[tokio::test]
async fn what_was_not_begun_when_the_portal_hung_up_is_on_record_as_not_asked() {
    let province = Province::with(one_at_a_time);
    let slow = json!({ "dialect": "d6", "ente": "B639", "fault": "slow", "ms": 1500 });
    province.simulators.fault(slow).await;
    let operator = province.operator("operatore-uno");
    let parent = {
        let portal = province.portal("portale-uno");
        let response = lines(&portal, &["013041", "013095", "013075"]).await;
        let parent = response.headers()["x-correlation-id"].to_str().unwrap();
        parent.to_owned()
    };
    let until = std::time::Instant::now() + Duration::from_secs(10);
    let children = loop {
        let page = operator.get("/record?limit=100").await;
        let items = page.body["items"].as_array().expect("rows").clone();
        let of_it = items
            .into_iter()
            .filter(|row| row["parent"] == json!(parent));
        let children: Vec<Value> = of_it.collect();
        if children.len() == 3 {
            break children;
        }
        assert!(std::time::Instant::now() < until, "{children:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    for child in &children {
        let was_asked = child["ente"] == json!("013041");
        assert_eq!(
            child["outcome"] == json!("interrotto"),
            !was_asked,
            "{child}"
        );
        assert!(was_asked || child["backend_request_digest"].is_null());
    }
    assert_eq!(recorded(&operator, &parent).await["outcome"], "interrotto");
}

#[tokio::test]
async fn at_the_deadline_every_ente_has_its_outcome_and_the_whole_is_done() {
    let province = Province::with(|files| {
        one_at_a_time(files);
        files.replace(
            "pontile.toml",
            "request_deadline = \"5s\"",
            "request_deadline = \"3500ms\"",
        );
    });
    // Each of the two is given up after two seconds, so that the second meets the deadline.
    let hang = json!({ "dialect": "d6", "fault": "hang" });
    province.simulators.fault(hang).await;
    let portal = province.portal("portale-uno");
    let begun = std::time::Instant::now();
    let answer = ask(&portal, &["013041", "013075", "013095"]).await;
    let took = begun.elapsed();
    assert!(
        Duration::from_secs(3) < took && took < Duration::from_millis(4500),
        "{took:?}"
    );
    assert_eq!(answer.status, 200, "{}", answer.body);
    let expected = [
        ("013041", "non_raggiungibile"),
        ("013075", "non_trovata"),
        ("013095", "non_raggiungibile"),
    ];
    assert_eq!(outcomes(&answer.body), pairs(&expected), "{}", answer.body);
    let operator = province.operator("operatore-uno");
    for esito in answer.body["esiti"].as_array().expect("outcomes") {
        let child = recorded(&operator, esito["scambio"].as_str().unwrap()).await;
        assert_eq!(child["scambio"], esito["scambio"]);
    }
}
