//! What every answer carries, and the resources that ask no back end.

use crate::harness::{Answer, Doors};

fn carries_what_every_answer_carries(answer: &Answer) {
    for header in [
        "x-ratelimit-limit",
        "x-ratelimit-remaining",
        "x-ratelimit-reset",
    ] {
        assert!(
            answer.header(header).parse::<u64>().is_ok(),
            "{header} in {answer:?}"
        );
    }
    assert_eq!(answer.header("x-correlation-id").len(), 36, "{answer:?}");
    assert_eq!(
        answer.header("x-content-type-options"),
        "nosniff",
        "{answer:?}"
    );
    assert!(!answer.header("cache-control").is_empty(), "{answer:?}");
}

#[tokio::test]
async fn the_catalogue_is_paged_and_revalidated() {
    let doors = Doors::open().await;
    let mut line = doors.portal("portale-uno").await;
    let first = line
        .get("/rest/catalogo/v1/enti?limit=1")
        .await
        .expect("an answer");
    carries_what_every_answer_carries(&first);
    assert_eq!(
        (first.status, first.header("content-type")),
        (200, "application/json")
    );
    assert_eq!(first.header("cache-control"), "private, no-cache");
    assert_eq!(first.json()["items"][0]["denominazione"], "Cantù");
    let cursor = first.json()["cursor"]
        .as_str()
        .expect("a cursor")
        .to_owned();
    let second = line
        .get(&format!("/rest/catalogo/v1/enti?limit=1&cursor={cursor}"))
        .await
        .expect("an answer");
    assert_eq!(second.json()["items"][0]["denominazione"], "Como");

    let known = format!("If-None-Match: \"x\", W/{}\r\n", first.header("etag"));
    let unchanged = line
        .request("GET", "/rest/catalogo/v1/enti?limit=1", &known, "")
        .await
        .expect("an answer");
    carries_what_every_answer_carries(&unchanged);
    assert_eq!((unchanged.status, unchanged.body.as_str()), (304, ""));
    assert_eq!(unchanged.header("etag"), first.header("etag"));
    assert_eq!(
        line.get("/rest/catalogo/v1/enti/013075")
            .await
            .expect("an answer")
            .status,
        200
    );
}

#[tokio::test]
async fn requests_out_of_form_are_refused_by_name() {
    let doors = Doors::open().await;
    let mut line = doors.portal("portale-uno").await;
    for (path, status, word) in [
        ("/rest/catalogo/v1/enti?limit=0", 400, "limit"),
        ("/rest/catalogo/v1/enti?limit=201", 400, "limit"),
        ("/rest/catalogo/v1/enti?limit=+5", 400, "limit"),
        ("/rest/catalogo/v1/enti?limit=5&limit=6", 400, "limit"),
        (
            "/rest/catalogo/v1/enti?cursor=RSSMRA80A01C933H",
            400,
            "cursor",
        ),
        (
            "/rest/catalogo/v1/enti?codice_fiscale=RSSMRA80A01C933H",
            400,
            "parametri",
        ),
        ("/rest/catalogo/v1/enti/13075", 400, "codice_istat"),
        ("/rest/catalogo/v1/enti/013075?x=1", 400, "parametri"),
        ("/rest/catalogo/v1/enti/999999", 404, "ISTAT"),
        ("/rest/catalogo/v1/enti/", 404, "risorsa"),
        ("/", 404, "risorsa"),
        ("/rest/catalogo/v1/enti/%ff%fe", 400, "codice_istat"),
    ] {
        let answer = line.get(path).await.expect("an answer");
        carries_what_every_answer_carries(&answer);
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
        assert_eq!(
            answer.header("content-type"),
            "application/problem+json",
            "{path}"
        );
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert!(
            answer.json()["detail"]
                .as_str()
                .is_some_and(|detail| detail.contains(word)),
            "{path}: {}",
            answer.body
        );
        assert!(!answer.body.contains("RSSMRA"), "{path}: {}", answer.body);
        assert_eq!(
            answer.json()["scambio"],
            answer.header("x-correlation-id"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn headers_out_of_form_are_refused_by_name() {
    let doors = Doors::open().await;
    let mut line = doors.portal("portale-uno").await;
    let search = "/rest/anagrafe/v1/enti/013075/ricerche-persona";
    let body = "{\"codice_fiscale\":\"RSSMRA80A01C933H\"}";
    for (headers, slug) in [
        (
            "Content-Type: application/json\r\nPurpose-Id: con spazi\r\n",
            "campo-non-valido",
        ),
        (
            "Content-Type: application/json\r\nPurpose-Id: a\r\nPurpose-Id: b\r\n",
            "campo-non-valido",
        ),
        ("Content-Type: application/json\r\n", "finalita-mancante"),
        ("Purpose-Id: prova\r\n", "tipo-di-contenuto-non-ammesso"),
        (
            "Content-Type: text/plain\r\nPurpose-Id: prova\r\n",
            "tipo-di-contenuto-non-ammesso",
        ),
        (
            "Content-Type: application/json; charset=iso-8859-1\r\nPurpose-Id: prova\r\n",
            "tipo-di-contenuto-non-ammesso",
        ),
        (
            "Content-Type: application/json\r\nContent-Encoding: gzip\r\nPurpose-Id: prova\r\n",
            "tipo-di-contenuto-non-ammesso",
        ),
        (
            "Content-Type: application/json; charset=UTF-8\r\nPurpose-Id: prova\r\n",
            "non-autorizzato",
        ),
    ] {
        let answer = line
            .request("POST", search, headers, body)
            .await
            .expect("an answer");
        assert_eq!(answer.slug(), slug, "{headers}");
    }
}

#[tokio::test]
async fn other_methods_are_told_which_one_is_right() {
    let doors = Doors::open().await;
    let mut line = doors.portal("portale-uno").await;
    for (method, path, allowed) in [
        ("POST", "/rest/catalogo/v1/enti", "GET"),
        ("DELETE", "/rest/catalogo/v1/enti/013075", "GET"),
        (
            "GET",
            "/rest/anagrafe/v1/enti/013075/ricerche-persona",
            "POST",
        ),
        (
            "PUT",
            "/rest/tributi/v1/enti/013075/ricerche-posizione",
            "POST",
        ),
        ("PATCH", "/rest/catalogo/v1/status", "GET"),
    ] {
        let answer = line.request(method, path, "", "").await.expect("an answer");
        assert_eq!(
            (answer.status, answer.header("allow")),
            (405, allowed),
            "{method} {path}"
        );
        assert_eq!(answer.slug(), "metodo-non-ammesso");
    }
}

#[tokio::test]
async fn every_refused_request_is_on_record() {
    let doors = Doors::open().await;
    let mut line = doors.portal("portale-uno").await;
    line.get("/niente").await.expect("an answer");
    line.request("POST", "/rest/catalogo/v1/enti", "", "")
        .await
        .expect("an answer");
    line.request(
        "POST",
        "/rest/anagrafe/v1/enti/013075/ricerche-persona",
        "Content-Type: application/json\r\n",
        "{",
    )
    .await
    .expect("an answer");
    doors
        .portal("sconosciuto")
        .await
        .get("/rest/catalogo/v1/enti")
        .await
        .expect("an answer");
    assert_eq!(doors.gateway.store.health().records, 4);
}

#[tokio::test]
async fn the_status_tells_the_truth_and_leaves_no_record() {
    let doors = Doors::open().await;
    let mut line = doors.portal("portale-uno").await;
    for domain in ["catalogo", "anagrafe", "tributi"] {
        let answer = line
            .get(&format!("/rest/{domain}/v1/status"))
            .await
            .expect("an answer");
        carries_what_every_answer_carries(&answer);
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (200, "application/problem+json")
        );
        assert_eq!(answer.json()["status"], 200);
    }
    assert_eq!(doors.gateway.store.health().records, 0);
    doors.gateway.store.close().await;
    let answer = line
        .get("/rest/catalogo/v1/status")
        .await
        .expect("an answer");
    assert_eq!(
        (answer.status, answer.slug().as_str()),
        (503, "scambio-non-registrato")
    );
    assert!(!answer.header("retry-after").is_empty());
}

#[tokio::test]
async fn the_documents_are_served_to_whoever_has_a_trusted_certificate() {
    let doors = Doors::open().await;
    let mut line = doors.portal("sconosciuto").await;
    let page = line.get("/docs").await.expect("an answer");
    carries_what_every_answer_carries(&page);
    assert_eq!(
        (page.status, page.header("content-type")),
        (200, "text/html; charset=utf-8")
    );
    assert!(
        page.header("content-security-policy")
            .starts_with("default-src 'none'")
    );
    for part in [
        "/rest/anagrafe/v1/enti/{codice_istat}/ricerche-persona",
        "soggetto-non-trovato",
        "Purpose-Id",
    ] {
        assert!(page.body.contains(part), "the page lacks {part}");
    }
    assert!(!page.body.contains("<script") && !page.body.contains("style="));
    let document = line.get("/docs/tributi.yaml").await.expect("an answer");
    assert_eq!(document.body, include_str!("../../openapi/tributi.yaml"));
    assert_eq!(
        line.get("/docs/stile.css")
            .await
            .expect("an answer")
            .header("content-type"),
        "text/css; charset=utf-8"
    );
    assert_eq!(
        line.get("/docs/altro.yaml")
            .await
            .expect("an answer")
            .status,
        404
    );
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let doors = Doors::open().await;
    let mut line = doors.portal("portale-uno").await;
    let requests: String = ["013075", "013041", "013075"]
        .map(|ente| {
            format!("GET /rest/catalogo/v1/enti/{ente} HTTP/1.1\r\nHost: localhost\r\n\r\n")
        })
        .concat();
    line.write(requests).await.expect("three requests");
    for name in ["Como", "Cantù", "Como"] {
        assert_eq!(
            line.answer().await.expect("an answer").json()["denominazione"],
            name
        );
    }
}
