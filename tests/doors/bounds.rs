//! What is bounded: sizes, times, requests, connections; and how a door closes.

use std::time::Duration;

use crate::harness::Doors;

const STATUS: &str = "/rest/catalogo/v1/status";
const SEARCH: &str = "/rest/anagrafe/v1/enti/013075/ricerche-persona";
const JSON: &str = "Content-Type: application/json\r\nPurpose-Id: prova\r\n";

#[tokio::test]
async fn bodies_beyond_the_bound_are_refused_however_they_come() {
    let doors = Doors::with("body_size = \"1KiB\"").await;
    let declared = doors
        .portal("portale-uno")
        .await
        .request("POST", SEARCH, JSON, &" ".repeat(1025))
        .await
        .expect("an answer");
    assert_eq!(
        (declared.status, declared.slug().as_str()),
        (413, "corpo-troppo-grande")
    );

    let mut line = doors.portal("portale-uno").await;
    let head = format!(
        "POST {SEARCH} HTTP/1.1\r\nHost: localhost\r\n{JSON}Transfer-Encoding: chunked\r\n\r\n"
    );
    line.write(head).await.expect("a head");
    for _ in 0..3 {
        line.write(format!("200\r\n{}\r\n", " ".repeat(512)))
            .await
            .expect("a chunk");
    }
    let chunked = line.answer().await.expect("an answer");
    assert_eq!(
        (chunked.status, chunked.slug().as_str()),
        (413, "corpo-troppo-grande")
    );
}

#[tokio::test]
async fn heads_out_of_proportion_are_refused() {
    let doors = Doors::open().await;
    let large = format!("X-Grande: {}\r\n", "a".repeat(17_000));
    let answer = doors
        .portal("portale-uno")
        .await
        .request("GET", "/rest/catalogo/v1/enti", &large, "")
        .await
        .expect("an answer");
    assert_eq!(
        (answer.status, answer.slug().as_str()),
        (431, "intestazioni-troppo-grandi")
    );
}

#[tokio::test]
async fn a_client_that_trickles_its_first_head_is_cut() {
    let doors = Doors::with("slow_client_timeout = \"500ms\"").await;
    let mut line = doors.portal("portale-uno").await;
    trickle(&mut line, "GET / HTTP/1.1\r\nHost: localhost\r\nX: ").await;
    assert!(line.closed_within(Duration::from_secs(3)).await);
}

#[tokio::test]
async fn a_client_that_trickles_a_later_head_is_cut_too() {
    let doors = Doors::with("slow_client_timeout = \"500ms\"").await;
    let mut line = doors.portal("portale-uno").await;
    assert_eq!(line.get(STATUS).await.expect("an answer").status, 200);
    trickle(&mut line, "GET / HTTP/1.1\r\nHost: localhost\r\nX: ").await;
    assert!(line.closed_within(Duration::from_secs(3)).await);
}

#[tokio::test]
async fn a_client_that_trickles_its_body_gets_a_problem() {
    let doors = Doors::with("slow_client_timeout = \"500ms\"").await;
    let mut line = doors.portal("portale-uno").await;
    line.write(format!(
        "POST {SEARCH} HTTP/1.1\r\nHost: localhost\r\n{JSON}Content-Length: 100\r\n\r\n{{"
    ))
    .await
    .expect("a head");
    let answer = line.answer().await.expect("an answer");
    assert_eq!(
        (answer.status, answer.slug().as_str()),
        (408, "richiesta-troppo-lenta")
    );
}

#[tokio::test]
async fn a_client_that_reads_no_answer_is_cut() {
    let doors = Doors::with("slow_client_timeout = \"500ms\"\nrequests_per_address = 100000\nrequests_per_connection = 100000").await;
    let mut line = doors.portal("portale-uno").await;
    let request = "GET /docs HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(100);
    let flood = async { while line.write(&request).await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(15), flood)
        .await
        .expect("the connection is closed");
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_its_time() {
    let doors = Doors::with("idle_timeout = \"400ms\"").await;
    let mut line = doors.portal("portale-uno").await;
    assert_eq!(line.get(STATUS).await.expect("an answer").status, 200);
    assert!(line.closed_within(Duration::from_secs(4)).await);
}

#[tokio::test]
async fn a_flood_from_one_address_is_refused_without_a_record() {
    let doors = Doors::with("requests_per_address = 3").await;
    let mut statuses = Vec::new();
    for _ in 0..5 {
        // New connections do not help: the address counts.
        let answer = doors
            .portal("sconosciuto")
            .await
            .get("/rest/catalogo/v1/enti")
            .await
            .expect("an answer");
        if answer.status == 429 {
            assert_eq!(answer.slug(), "limite-di-frequenza");
            assert_eq!(
                (
                    answer.header("retry-after"),
                    answer.header("x-ratelimit-remaining")
                ),
                ("1", "0")
            );
        }
        statuses.push(answer.status);
    }
    let admitted = statuses.iter().filter(|status| **status == 403).count();
    assert!(statuses.contains(&429), "{statuses:?}");
    assert_eq!(
        doors.gateway.store.health().records,
        admitted as u64,
        "{statuses:?}"
    );
    assert!(doors.metric_reaches(&["limit", "\"address\""], 1.0).await);
}

#[tokio::test]
async fn a_known_portal_that_hammers_over_its_rate_buys_no_more_records_than_the_door_admits() {
    const ADMITTED_PER_SECOND: u64 = 20;
    let doors = Doors::with("requests_per_address = 20\nrequests_per_connection = 10000").await;
    let text = std::fs::read_to_string(doors.config()).expect("the configuration");
    let slow = "rate = { per_second = 1, burst = 1 }";
    let text = text.replace("rate = { per_second = 1000, burst = 1000 }", slow);
    std::fs::write(doors.config(), text).expect("the configuration");
    doors
        .reloader
        .reload()
        .unwrap_or_else(|mistakes| panic!("{mistakes:#?}"));

    let began = std::time::Instant::now();
    let mut statuses = Vec::new();
    for _ in 0..4 {
        let mut line = doors.portal("portale-uno").await;
        let request = "GET /rest/catalogo/v1/enti HTTP/1.1\r\nHost: localhost\r\n\r\n";
        line.write(request.repeat(100)).await.expect("requests");
        for _ in 0..100 {
            let answer = line.answer().await.expect("an answer");
            if answer.status == 429 {
                assert_eq!(answer.slug(), "limite-di-frequenza");
                assert!(!answer.header("retry-after").is_empty());
            }
            statuses.push(answer.status);
        }
    }
    let admitted = ADMITTED_PER_SECOND * (began.elapsed().as_secs() + 2);

    assert!(
        statuses.iter().all(|status| [200, 429].contains(status)),
        "{statuses:?}"
    );
    assert!(statuses.iter().filter(|status| **status == 429).count() >= 300);
    let health = doors.gateway.store.health();
    assert!(
        (ADMITTED_PER_SECOND..=admitted).contains(&health.records),
        "{} records, {admitted} admitted",
        health.records
    );
    assert!(health.commits <= health.records);
    #[expect(clippy::cast_precision_loss, reason = "some hundred requests")]
    let unrecorded = (statuses.len() as u64 - health.records) as f64;
    let counted = doors.metric(&["limits_refused_total", "\"address\""]);
    assert!(
        (counted - unrecorded).abs() < 0.5,
        "{counted} counted, {unrecorded} not on record"
    );
    assert!(doors.metric(&["limits_refused_total", "\"portal\""]) >= 1.0);
}

#[tokio::test]
async fn a_flood_on_one_connection_is_refused_while_others_go_on() {
    let doors = Doors::with("requests_per_connection = 2").await;
    let mut line = doors.portal("portale-uno").await;
    let mut refused = 0;
    for _ in 0..4 {
        refused += u32::from(line.get(STATUS).await.expect("an answer").status == 429);
    }
    assert!(refused >= 1);
    assert_eq!(
        doors
            .portal("portale-uno")
            .await
            .get(STATUS)
            .await
            .expect("an answer")
            .status,
        200
    );
    assert!(
        doors
            .metric_reaches(&["limit", "\"connection\""], 1.0)
            .await
    );
}

#[tokio::test]
async fn connections_beyond_the_bound_are_closed_and_places_come_back() {
    let doors = Doors::with("connections_per_address = 2").await;
    let first = doors.portal("portale-uno").await;
    let mut second = doors.portal("portale-uno").await;
    let third = doors
        .client("portale-uno")
        .connect(doors.portals.address)
        .await;
    assert!(third.is_err(), "a third connection was admitted");
    assert_eq!(second.get(STATUS).await.expect("an answer").status, 200);
    assert!(
        doors
            .metric_reaches(&["handshakes", "\"no_place\""], 1.0)
            .await
    );
    drop(first);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(
        doors
            .portal("portale-uno")
            .await
            .get(STATUS)
            .await
            .expect("an answer")
            .status,
        200
    );
}

#[tokio::test]
async fn a_door_that_closes_answers_what_is_in_flight() {
    let doors = Doors::open().await;
    let mut line = doors.portal("portale-uno").await;
    let body = "{\"codice_fiscale\":\"RSSMRA80A01C933H\"}";
    let head = format!(
        "POST {SEARCH} HTTP/1.1\r\nHost: localhost\r\n{JSON}Content-Length: {}\r\n\r\n{{",
        body.len()
    );
    line.write(head).await.expect("a head");
    tokio::time::sleep(Duration::from_millis(200)).await;
    let address = doors.portals.address;
    let closing = tokio::spawn(doors.portals.close());
    tokio::time::sleep(Duration::from_millis(200)).await;
    line.write(&body[1..]).await.expect("the rest of the body");
    let answer = line.answer().await.expect("an answer");
    assert_eq!(answer.slug(), "non-autorizzato");
    assert!(line.closed_within(Duration::from_secs(3)).await);
    closing.await.expect("no panic").expect("an orderly end");
    assert!(
        tokio::net::TcpStream::connect(address).await.is_err(),
        "the door is still open"
    );
}

/// Sends a head one byte at a time, never ending it.
async fn trickle(line: &mut crate::harness::Line, head: &str) {
    line.write(head).await.expect("a beginning");
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        if line.write("a").await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn a_certificate_that_is_no_portals_cannot_fill_the_record() {
    let doors = Doors::with("requests_per_address = 100000").await;
    let mut line = doors.portal("sconosciuto").await;
    let mut recorded = 0;
    for _ in 0..100 {
        let answer = line.get("/rest/catalogo/v1/enti").await.expect("an answer");
        match answer.status {
            403 => recorded += 1,
            status => assert_eq!(
                (status, answer.slug()),
                (429, "limite-di-frequenza".to_owned())
            ),
        }
    }
    assert!(recorded < 60, "{recorded} of 100 refusals were recorded");
    assert_eq!(doors.gateway.store.health().records, recorded);
    assert!(doors.metric_reaches(&["limit", "\"stranger\""], 1.0).await);

    let mut known = doors.portal("portale-uno").await;
    let answer = known.get(STATUS).await.expect("an answer");
    assert_eq!(
        answer.status, 200,
        "a portal at the same address is not slowed"
    );
}
