//! The operators' door: whom it lets in, what it tells, what it does.

use serde_json::json;

use crate::harness::Doors;

pub const JSON: &str = "Content-Type: application/json\r\n";

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
    let person = json!({ "ente": "013075", "codice_fiscale": "RSSMRA80A01C933H", "motivo": "reclamo prot. 12" }).to_string();
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

/// Gives operatore-due these roles (and enti), in force at once.
pub fn admit(doors: &Doors, roles: &str) {
    let text = std::fs::read_to_string(doors.config()).expect("the configuration");
    let text = text.split("# due\n").next().unwrap_or_default();
    let more = format!(
        "# due\n[[operator]]\nname = \"operatore-due\"\n{roles}\n\
         certificates = [{{ subject = \"CN=operatore-due,O=Provincia di Como (sviluppo),C=IT\" }}]\n"
    );
    std::fs::write(doors.config(), format!("{text}\n{more}")).expect("a file");
    doors
        .reloader
        .reload()
        .unwrap_or_else(|mistakes| panic!("{mistakes:#?}"));
}

/// Action, ente and outcome of what stands in the logbook of one operator, the oldest first.
async fn noted(doors: &Doors, operator: &str) -> Vec<(String, String, String)> {
    let rows = doors.gateway.store.logbook().newest(None, 1_000).await;
    let rows = rows.expect("the logbook").into_iter().rev();
    rows.filter(|row| row.operator == operator)
        .map(|row| (row.action, row.ente.unwrap_or_default(), row.outcome))
        .collect()
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story, told in one place")]
async fn who_is_limited_to_an_ente_sees_that_entes_record_and_no_other() {
    let doors = Doors::open().await;
    let mut portal = doors.portal("portale-uno").await;
    for ente in ["013075", "013041"] {
        let path = format!("/rest/catalogo/v1/enti/{ente}");
        portal.get(&path).await.expect("an answer");
    }
    admit(
        &doors,
        "roles = [\"lettore\", \"sicurezza\"]\nenti = [\"013075\"]",
    );
    let mut line = doors.operator("operatore-due").await;
    for query in ["", "?ente=013075"] {
        let listed = line
            .get(&format!("/record{query}"))
            .await
            .expect("an answer");
        assert_eq!(listed.status, 200, "{}", listed.body);
        let items = listed.json()["items"].as_array().expect("a list").clone();
        assert_eq!(items.len(), 1, "{}", listed.body);
        assert_eq!(items[0]["ente"], "013075");
    }
    let why = "reclamo prot. 12";
    let of_other = json!({ "ente": "013041", "codice_fiscale": "RSSMRA80A01C933H", "motivo": why });
    let export = json!({ "ente": "013041", "motivo": why });
    for (method, path, body) in [
        ("GET", "/record?ente=013041", String::new()),
        ("POST", "/record/ricerche", of_other.to_string()),
        ("POST", "/record/esportazioni", export.to_string()),
        (
            "POST",
            "/cache/purge",
            json!({ "ente": "013041" }).to_string(),
        ),
        ("POST", "/ricarica", String::new()),
        ("GET", "/istanze", String::new()),
        ("GET", "/metrics", String::new()),
        ("GET", "/richieste", String::new()),
    ] {
        let headers = if body.is_empty() { "" } else { JSON };
        let refused = line.request(method, path, headers, &body).await;
        let refused = refused.expect("an answer");
        assert_eq!(
            (refused.status, refused.slug().as_str()),
            (403, "non-autorizzato"),
            "{path}"
        );
        assert!(!refused.body.contains("RSSMRA"));
    }
    let own = json!({ "ente": "013075", "motivo": why }).to_string();
    let exported = line
        .request("POST", "/record/esportazioni", JSON, &own)
        .await;
    let exported = exported.expect("an answer");
    assert_eq!(exported.status, 200, "{}", exported.body);
    assert!(exported.body.contains("\"ente\":\"013075\"") && !exported.body.contains("013041"));
    assert!(
        exported.body.contains("{\"scambi\":1}"),
        "{}",
        exported.body
    );
    admit(
        &doors,
        "roles = [\"lettore\"]\nenti = [\"013075\", \"013041\"]",
    );
    let which = line.get("/record").await.expect("an answer");
    assert_eq!(
        (which.status, which.slug().as_str()),
        (400, "campo-non-valido")
    );
    assert_eq!(
        line.get("/record?ente=013041")
            .await
            .expect("an answer")
            .status,
        200
    );
}

#[tokio::test]
async fn every_deed_stands_in_the_logbook_with_its_reason_before_it_is_done() {
    let doors = Doors::open().await;
    admit(&doors, "roles = [\"lettore\"]");
    let mut line = doors.operator("operatore-due").await;
    for path in ["/vivo", "/istanze", "/giornale", "/niente"] {
        line.get(path).await.expect("an answer");
    }
    let told = |rows: &[(String, String, String)]| {
        let rows = rows.iter();
        rows.map(|(action, ente, outcome)| format!("{action}|{ente}|{outcome}"))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        told(&noted(&doors, "operatore-due").await),
        [
            "accesso||ammesso",
            "GET /istanze||ammesso",
            "GET /giornale||non-autorizzato"
        ]
    );
    let mut line = doors.operator("operatore-uno").await;
    let search = |motivo: &str| {
        json!({ "ente": "013075", "codice_fiscale": "RSSMRA80A01C933H", "motivo": motivo })
            .to_string()
    };
    for (body, status) in [
        (search("reclamo prot. 12"), 200),
        (search("breve"), 400),
        (search("reclamo di RSSMRA80A01C933H"), 400),
        (
            json!({ "ente": "013075", "codice_fiscale": "RSSMRA80A01C933H" }).to_string(),
            400,
        ),
    ] {
        let answer = line.request("POST", "/record/ricerche", JSON, &body).await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status, status, "{}", answer.body);
        assert!(!answer.body.contains("RSSMRA"), "{}", answer.body);
    }
    let purge = json!({ "ente": "013075" }).to_string();
    line.request("POST", "/cache/purge", JSON, &purge)
        .await
        .expect("an answer");
    line.request("POST", "/ricarica", "", "")
        .await
        .expect("an answer");
    assert_eq!(
        told(&noted(&doors, "operatore-uno").await),
        [
            "accesso||ammesso",
            "POST /record/ricerche|013075|ammesso",
            "POST /cache/purge|013075|ammesso",
            "POST /ricarica||ammesso"
        ]
    );
    let page = line
        .get("/giornale?limit=2")
        .await
        .expect("an answer")
        .json();
    assert_eq!(page["items"][0]["action"], "GET /giornale", "{page}");
    let rest = line
        .get(&format!("/giornale?cursor={}", page["cursor"]))
        .await;
    let rest = rest.expect("an answer").json();
    let reasons = rest["items"].as_array().expect("a list").iter();
    let mut reasons = reasons.filter_map(|row| row["reason"].as_str());
    assert_eq!(reasons.next(), Some("reclamo prot. 12"), "{rest}");
}

#[tokio::test]
async fn what_is_limited_to_an_ente_stands_in_the_logbook_for_its_security_officer() {
    let doors = Doors::open().await;
    admit(
        &doors,
        "roles = [\"addetto\"]\nenti = [\"013075\", \"013041\"]",
    );
    let mut line = doors.operator("operatore-due").await;
    for path in ["/richieste", "/metrics"] {
        line.get(path).await.expect("an answer");
    }
    let mut centre = doors.operator("operatore-uno").await;
    assert_eq!(centre.get("/istanze").await.expect("an answer").status, 200);
    let both = "013041 013075".to_owned();
    let expected = [
        ("accesso", "ammesso"),
        ("GET /richieste", "ammesso"),
        ("GET /metrics", "non-autorizzato"),
    ];
    let expected =
        expected.map(|(action, outcome)| (action.to_owned(), both.clone(), outcome.to_owned()));
    assert_eq!(noted(&doors, "operatore-due").await, expected);
    for (ente, sees) in [("013075", true), ("013003", false)] {
        let text = std::fs::read_to_string(doors.config()).expect("the configuration");
        if !text.contains("\"013003\"") {
            let more = "[[ente]]\ncodice_istat = \"013003\"\ncodice_belfiore = \"A143\"\n\
                        codice_ipa = \"c_a143\"\ndenominazione = \"Albavilla\"\n";
            let text = text.replacen("# due\n", &format!("{more}# due\n"), 1);
            std::fs::write(doors.config(), text).expect("a file");
        }
        admit(
            &doors,
            &format!("roles = [\"sicurezza\"]\nenti = [\"{ente}\"]"),
        );
        let mut line = doors.operator("operatore-due").await;
        let page = line.get("/giornale").await.expect("an answer");
        assert_eq!(page.status, 200, "{}", page.body);
        assert_eq!(
            page.body.contains("GET /richieste"),
            sees,
            "{ente}: {}",
            page.body
        );
        assert!(
            !page.body.contains("GET /istanze"),
            "the centre's own deeds are not the ente's"
        );
    }
}

#[tokio::test]
async fn no_free_text_gets_into_the_logbook() {
    let doors = Doors::open().await;
    let mut line = doors.operator("operatore-uno").await;
    for query in [
        "ente=ROSSI%20MARIO",
        "ente=RSSMRA80A01C933H",
        "ente=013075%0A2",
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
    }
    let nobody = json!({ "ente": "ROSSI MARIO" }).to_string();
    let answer = line.request("POST", "/cache/purge", JSON, &nobody).await;
    assert_eq!(answer.expect("an answer").status, 400);
    let rows = noted(&doors, "operatore-uno").await;
    let actions: Vec<_> = rows.iter().map(|(action, ..)| action.as_str()).collect();
    assert_eq!(actions, ["accesso"], "what is out of form is not noted");
}

#[tokio::test]
async fn without_its_logbook_the_door_tells_how_it_goes_and_does_nothing() {
    let doors = Doors::open().await;
    let record = doors.config().with_file_name("record");
    std::fs::remove_file(record.join("richieste.sqlite")).expect("removed");
    let mut line = doors.operator("operatore-uno").await;
    assert_eq!(line.get("/vivo").await.expect("an answer").status, 200);
    for (method, path) in [
        ("GET", "/istanze"),
        ("POST", "/ricarica"),
        ("GET", "/record"),
    ] {
        let refused = line.request(method, path, "", "").await.expect("an answer");
        assert_eq!(
            (refused.status, refused.slug().as_str()),
            (503, "scambio-non-registrato"),
            "{path}"
        );
    }
    assert_eq!(doors.gateway.snapshot().generation, 1);
}
