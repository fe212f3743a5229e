//! The operators' door: whom it lets in, what it tells, what it does.

use serde_json::json;

use crate::harness::Doors;

const JSON: &str = "Content-Type: application/json\r\n";

#[tokio::test]
async fn only_configured_operators_come_in() {
    let doors = Doors::open().await;
    for (name, status) in [
        ("operatore-uno", 200),
        ("operatore-due", 403),
        ("portale-uno", 403),
    ] {
        let answer = doors
            .operator(name)
            .await
            .get("/vivo")
            .await
            .expect("an answer");
        assert_eq!(answer.status, status, "{name}: {}", answer.body);
    }
    let mut line = doors.operator("operatore-uno").await;
    doors.revoke("operatore-uno");
    let answer = line.get("/pronto").await.expect("an answer");
    assert_eq!(
        (answer.status, answer.slug().as_str()),
        (403, "certificato-non-attendibile")
    );
    assert_eq!(
        doors
            .portal("portale-uno")
            .await
            .get("/pronto")
            .await
            .expect("an answer")
            .status,
        404,
        "not at the portals' door"
    );
}

#[tokio::test]
async fn readiness_tells_the_truth() {
    let doors = Doors::open().await;
    let mut line = doors.operator("operatore-uno").await;
    let ready = line.get("/pronto").await.expect("an answer");
    assert_eq!(ready.status, 200, "{}", ready.body);
    assert_eq!(
        (&ready.json()["pronto"], &ready.json()["generazione"]),
        (&json!(true), &json!(1))
    );
    assert_eq!(ready.json()["impronta"].as_str().map(str::len), Some(64));
    doors.gateway.store.close().await;
    let closed = line.get("/pronto").await.expect("an answer");
    assert_eq!(
        (closed.status, &closed.json()["pronto"]),
        (503, &json!(false))
    );
    assert_eq!(closed.json()["motivo"], "il registro è chiuso");
}

#[tokio::test]
async fn metrics_are_told_in_prometheus_text() {
    let doors = Doors::open().await;
    doors
        .portal("portale-uno")
        .await
        .get("/rest/catalogo/v1/enti")
        .await
        .expect("an answer");
    let page = doors
        .operator("operatore-uno")
        .await
        .get("/metrics")
        .await
        .expect("an answer");
    assert_eq!(
        page.header("content-type"),
        "text/plain; version=0.0.4; charset=utf-8"
    );
    assert!(
        page.body.contains("pontile_record_slots") && page.body.contains("# TYPE"),
        "{}",
        page.body
    );
}

#[tokio::test]
async fn the_record_is_read_by_its_columns_the_newest_first() {
    let doors = Doors::open().await;
    let mut portal = doors.portal("portale-uno").await;
    let mut numbers = Vec::new();
    for _ in 0..3 {
        let answer = portal
            .get("/rest/catalogo/v1/enti")
            .await
            .expect("an answer");
        numbers.push(answer.header("x-correlation-id").to_owned());
    }
    portal.get("/niente").await.expect("an answer");
    let mut line = doors.operator("operatore-uno").await;
    let one = line
        .get(&format!("/record?scambio={}", numbers[0]))
        .await
        .expect("an answer");
    assert_eq!(
        one.json()["items"][0]["portal"],
        "portale-uno",
        "{}",
        one.body
    );
    let first = line
        .get("/record?outcome=risposto&limit=2")
        .await
        .expect("an answer");
    assert_eq!(
        first.json()["items"][0]["scambio"],
        numbers[2].as_str(),
        "the newest first"
    );
    let cursor = first.json()["cursor"]
        .as_str()
        .expect("a cursor")
        .to_owned();
    let rest = line
        .get(&format!("/record?outcome=risposto&limit=2&cursor={cursor}"))
        .await
        .expect("an answer");
    assert_eq!(rest.json()["items"].as_array().map(Vec::len), Some(1));
    assert!(rest.json().get("cursor").is_none());
}

#[tokio::test]
async fn the_record_is_read_by_person_only_in_a_body() {
    let doors = Doors::open().await;
    let mut line = doors.operator("operatore-uno").await;
    for query in [
        "codice_fiscale=RSSMRA80A01C933H",
        "limit=molti",
        "from=ieri",
        "scambio=uno",
    ] {
        let answer = line
            .get(&format!("/record?{query}"))
            .await
            .expect("an answer");
        assert_eq!(
            (answer.status, answer.slug().as_str()),
            (400, "campo-non-valido"),
            "{query}"
        );
        assert!(!answer.body.contains("RSSMRA"));
    }
    let person = json!({ "ente": "013075", "codice_fiscale": "RSSMRA80A01C933H" }).to_string();
    let found = line
        .request("POST", "/record/ricerche", JSON, &person)
        .await
        .expect("an answer");
    assert_eq!((found.status, &found.json()["items"]), (200, &json!([])));
    let wrong = line
        .request(
            "POST",
            "/record/ricerche",
            JSON,
            "{\"ente\":\"013075\",\"altro\":1}",
        )
        .await
        .expect("an answer");
    assert_eq!(wrong.status, 400);
}

#[tokio::test]
async fn a_purge_tells_how_many_answers_it_forgot() {
    let doors = Doors::open().await;
    let mut line = doors.operator("operatore-uno").await;
    let what = json!({ "ente": "013075" }).to_string();
    let purged = line
        .request("POST", "/cache/purge", JSON, &what)
        .await
        .expect("an answer");
    assert_eq!(
        (purged.status, &purged.json()["risposte_rimosse"]),
        (200, &json!(0))
    );
    for (what, status, problem) in [
        (json!({ "ente": "999999" }), 404, "ente-sconosciuto"),
        (
            json!({ "operation": "anagrafe.ricerche-persona" }),
            400,
            "campo-non-valido",
        ),
    ] {
        let slip = line
            .request("POST", "/cache/purge", JSON, &what.to_string())
            .await
            .expect("an answer");
        assert_eq!(slip.status, status, "{what}: {}", slip.body);
        assert!(slip.body.contains(problem), "{what}: {}", slip.body);
    }
    let wrong = line
        .request("POST", "/cache/purge", JSON, "{\"operation\":\"tutto\"}")
        .await
        .expect("an answer");
    assert_eq!(wrong.status, 400, "{}", wrong.body);
    let method = line.get("/cache/purge").await.expect("an answer");
    assert_eq!((method.status, method.header("allow")), (405, "POST"));
}

#[tokio::test]
async fn a_reload_is_done_or_refused_with_every_mistake() {
    let doors = Doors::open().await;
    let mut line = doors.operator("operatore-uno").await;
    let text = std::fs::read_to_string(doors.config()).expect("the configuration");
    std::fs::write(doors.config(), text.replace("\"Cantù\"", "\"Cantu\"")).expect("a file");
    let done = line
        .request("POST", "/ricarica", "", "")
        .await
        .expect("an answer");
    assert_eq!(
        (done.status, &done.json()["generazione"]),
        (200, &json!(2)),
        "{}",
        done.body
    );
    std::fs::write(
        doors.config(),
        text.replace("codice_istat = \"013075\"", "codice_istat = \"sei\""),
    )
    .expect("a file");
    let refused = line
        .request("POST", "/ricarica", "", "")
        .await
        .expect("an answer");
    assert_eq!(
        (refused.status, &refused.json()["generazione"]),
        (422, &json!(2)),
        "{}",
        refused.body
    );
    assert!(
        refused.json()["errori"][0]
            .as_str()
            .is_some_and(|mistake| mistake.contains("pontile.toml")),
        "{}",
        refused.body
    );
}

#[tokio::test]
async fn back_ends_are_listed() {
    let doors = Doors::open().await;
    let answer = doors
        .operator("operatore-uno")
        .await
        .get("/istanze")
        .await
        .expect("an answer");
    assert_eq!(
        (answer.status, answer.json()),
        (200, json!({ "items": [] }))
    );
}

#[tokio::test]
async fn the_calendar_knows_a_portals_certificate_once_it_was_shown() {
    let doors = Doors::open().await;
    let mut line = doors.operator("operatore-uno").await;
    let mut portals = async || {
        let answer = line.get("/scadenze").await.expect("an answer");
        assert_eq!(answer.status, 200, "{}", answer.body);
        let items = answer.json()["items"].as_array().expect("a list").clone();
        assert!(items.iter().any(|item| item["titolare"] == "portal_door"
            && item["tipo"] == "revocation_list"
            && item["giorni"].as_i64() > Some(0)));
        let named = items.into_iter();
        named
            .filter(|item| item["titolare"] == "portal portale-uno")
            .collect::<Vec<_>>()
    };
    assert_eq!(portals().await.len(), 0);
    let asked = doors
        .portal("portale-uno")
        .await
        .get("/rest/anagrafe/v1/status")
        .await;
    assert_eq!(asked.expect("an answer").status, 200);
    let shown = portals().await;
    assert_eq!(shown.len(), 1);
    assert_eq!(shown[0]["tipo"], "certificate");
    doors.reloader.look_at_files();
    let page = line.get("/metrics").await.expect("an answer").body;
    assert!(page.contains("certificate=\"portal portale-uno certificate "));
}
