//! Outages, pages of proxies and dates that are none: named for what they are.

use pontile::connectors::error::Kind;
use serde_json::json;

use crate::asking::Town;
use crate::bindings::{CANTU, ERBA};
use crate::harness::province::Province;
use crate::stub::Stub;

/// A client that swallowed every exception took an outage for a person who is not registered.
#[tokio::test]
async fn c01_an_outage_is_never_a_not_found() {
    let province = Province::start();
    let portal = province.portal("portale-uno");
    for fault in [
        "hang",
        "drop",
        "html_502",
        "maintenance",
        "truncated_body",
        "garbage",
        "huge",
        "wrong_charset",
        "auth_fail",
    ] {
        for (dialect, (ente, code)) in [("d1", CANTU), ("d6", ERBA)] {
            province.simulators.mend().await;
            province
                .simulators
                .fault(json!({ "dialect": dialect, "fault": fault }))
                .await;
            let answer = portal.persona(ente, code).await;
            // Without an accent in the answer either charset reads the same.
            let is_answer = fault == "wrong_charset" && answer.status == 200;
            assert!(
                is_answer || [502, 503, 504].contains(&answer.status),
                "{dialect} {fault}: {} {}",
                answer.status,
                answer.body
            );
        }
    }
}

/// «504 Gateway Time-out» in HTML came where XML and JSON were expected.
#[tokio::test]
async fn c03_an_html_page_of_a_proxy_is_an_outage_and_never_an_answer() {
    let page = b"<html><head><title>504 Gateway Time-out</title></head><body><center><h1>504</h1></body></html>";
    for (status, kind) in [
        ("504 Gateway Time-out", Kind::Unavailable),
        ("502 Bad Gateway", Kind::Unavailable),
        ("200 OK", Kind::Unintelligible),
    ] {
        // The page comes under the content type of the answer, too.
        for content_type in ["text/html", "text/xml; charset=utf-8", "application/json"] {
            let stub = Stub::start(status, content_type, page);
            for town in [
                Town::cantu(stub.address.clone()),
                Town::erba(stub.address.clone()),
                Town::screens(stub.address.clone(), ("013041", "B639")),
            ] {
                let error = town.persona(CANTU.1).await.expect_err("a page");
                assert_eq!(error.kind, kind, "{status} {content_type}: {error}");
            }
        }
    }
}

/// Two clients put today's date where they could not read one.
#[tokio::test]
async fn c14_a_date_that_cannot_be_read_is_an_error_and_never_today() {
    let answer = |born: &str| {
        format!(
            "<xapirest><getDatiAnagrafici_Result><RESULT>\nS\n</RESULT><SEQ_Anagrafica><Anagrafica><CodiceSoggetto>1</CodiceSoggetto>\
             <Cognome>BIANCHI</Cognome><Nome>ANNA</Nome><CodiceFiscale>{}</CodiceFiscale><DataNascita>{born}</DataNascita>\
             <Posizione>RESIDENTE</Posizione></Anagrafica></SEQ_Anagrafica></getDatiAnagrafici_Result></xapirest>",
            CANTU.1
        )
    };
    for born in [
        "31-02-1975",
        "1975/31/12",
        "dicembre 1975",
        "31-12-75",
        "0",
        "12/31/1975",
    ] {
        let stub = Stub::start("200 OK", "text/xml", answer(born).as_bytes());
        let town = Town::screens(stub.address.clone(), ("013041", "B639"));
        let error = town.persona(CANTU.1).await.expect_err(born);
        assert_eq!(error.kind, Kind::Unintelligible, "{born}: {error}");
        assert!(
            !error.to_string().contains(born) || born == "0",
            "{error} quotes the answer"
        );
    }
    for born in ["31-12-1975", "31/12/1975"] {
        let stub = Stub::start("200 OK", "text/xml", answer(born).as_bytes());
        let town = Town::screens(stub.address.clone(), ("013041", "B639"));
        let read = crate::asking::shown(&town.persona(CANTU.1).await.expect("a date"));
        assert_eq!(read["data_nascita"], "1975-12-31");
    }
}
