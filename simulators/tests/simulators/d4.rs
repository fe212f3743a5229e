//! The rpc/encoded dialect.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;
use simulators::dialects::d4::{
    AMBIGUOUS, BAD_CREDENTIALS, BAD_REQUEST, NOT_FOUND, UNKNOWN_METHOD,
};
use simulators::dialects::password;
use simulators::faults::FaultKind;

use crate::client::{Answer, Outcome, Town, code_of, header, town};

fn envelope(ente: &str, secret: &str, method: &str, parameters: &str) -> String {
    format!(
        "<SOAP-ENV:Envelope xmlns:SOAP-ENV=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\
         <SOAP-ENV:Body xmlns:mes=\"http://tempuri.org/ws_server/message/\">\
         <mes:SICI_WEB_SERVICE SOAP-ENV:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\">\
         <APPLICATIVO xsi:type=\"xsd:string\">ANA</APPLICATIVO><ENTE xsi:type=\"xsd:string\">{ente}</ENTE>\
         <COD_UTENTE xsi:type=\"xsd:string\">gw</COD_UTENTE><PASSWORD xsi:type=\"xsd:string\">{secret}</PASSWORD>\
         <METODO xsi:type=\"xsd:string\">{method}</METODO><XML_PARAM xsi:type=\"xsd:string\"><![CDATA[<PARAM_XML>\
         <?xml version=\"1.0\" encoding=\"UTF-8\"?><Soggetto>{parameters}</Soggetto></PARAM_XML>]]></XML_PARAM>\
         </mes:SICI_WEB_SERVICE></SOAP-ENV:Body></SOAP-ENV:Envelope>"
    )
}

pub async fn send(town: &Town, ente: &str, body: &str) -> Outcome {
    let pair = BASE64_STANDARD.encode(format!("gw:{}", password("d4", ente)));
    let headers = format!("Authorization: Basic {pair}\r\n");
    town.call("d4", "POST /ws_server/ws_server.asp", &headers, body)
        .await
}

async fn call(town: &Town, method: &str, parameters: &str) -> Outcome {
    let body = envelope("C933", &password("d4", "C933"), method, parameters);
    send(town, "C933", &body).await
}

/// Asks for the quoted person of Como.
pub async fn ask(town: &Town) -> Outcome {
    let code = "<CodiceFiscale>RSSMRA80A01C933H</CodiceFiscale>";
    call(town, "RICERCASOGGETTO", code).await
}

/// Faults in the dialect's own language.
pub fn assert_shown(fault: FaultKind, answer: &Answer) {
    let text = answer.text();
    match fault {
        FaultKind::NotFound => assert_refused(&text, NOT_FOUND),
        FaultKind::Ambiguous => assert_refused(&text, AMBIGUOUS),
        FaultKind::AuthFail => assert_refused(&text, BAD_CREDENTIALS),
        FaultKind::Duplicate => assert_eq!(text.matches("<CodSoggetto>").count(), 2),
        FaultKind::InternalError => {
            assert!(answer.status == 500 && text.contains("<faultstring>SoapServer: "));
        }
        FaultKind::Multiref => {
            assert!(text.contains("<XML_RETURN href=\"#id6\"/>"));
            let (_, value) = text.split_once("<multiRef id=\"id6\"").unwrap();
            assert!(value.contains("<CodSoggetto>10001<"));
        }
        other => panic!("{other:?}"),
    }
}

fn assert_refused(text: &str, reason: &str) {
    assert!(text.contains("<Result>false</Result>"), "{text}");
    assert!(text.contains(&reason.replace('\'', "&apos;")), "{text}");
}

async fn case(town: &Town, case: &str) -> String {
    let code = code_of(case, "C933");
    let parameters = format!("<CodiceFiscale>{code}</CodiceFiscale>");
    let answer = call(town, "RICERCASOGGETTO", &parameters).await.answer();
    assert_eq!(answer.status, 200);
    let text = answer.text();
    assert!(text.contains("<Result>true</Result>") && text.contains(">OK: RICERCASOGGETTO<"));
    text
}

#[actix_web::test]
async fn every_input_comes_back_and_the_answer_is_not_well_formed() {
    let town = town().await;
    let known = case(&town, "noto").await;
    assert!(known.contains("<PASSWORD SOAPSDK2:type=\"SOAPSDK1:string\">d4-prova-c933</PASSWORD>"));
    assert!(known.contains("<![CDATA[<PARAM_XML><?xml version"));
    let inner = "<XML_RETURN SOAPSDK2:type=\"SOAPSDK1:string\"><![CDATA[<XML_RETURN><?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Soggetti>";
    assert!(known.contains(inner), "{known}");
}

#[actix_web::test]
async fn people_outside_the_ordinary_are_shown_as_documented() {
    let town = town().await;
    let known = case(&town, "noto").await;
    assert!(
        known.contains("<IstatComuneNascita>13075<") && known.contains("<DataNascita>1980-01-01<")
    );
    let dead = case(&town, "deceduto").await;
    assert!(
        dead.contains(
            "<PosizioneAnagrafica>DECEDUTO</PosizioneAnagrafica><DataPosizione>2026-11-15<"
        )
    );
    let aire = case(&town, "aire").await;
    assert!(aire.contains("<IstatComuneResidenza/><IstatStatoResidenza>241<"));
    let abroad = case(&town, "nato_estero").await;
    assert!(abroad.contains("<IstatComuneNascita/><IstatStatoNascita>241<"));
    let twice = case(&town, "reiscritto").await;
    assert_eq!(twice.matches("<Soggetto><CodSoggetto>").count(), 2);
    assert!(
        case(&town, "accenti")
            .await
            .contains("<Nome>NICCOLÒ</Nome>")
    );
    assert!(
        case(&town, "civico_con_lettera")
            .await
            .contains(" 97/A</Indirizzo>")
    );
    assert!(
        case(&town, "pratica_aperta")
            .await
            .contains("<ProcedimentoAperto>1<")
    );
}

#[actix_web::test]
async fn refusals_say_false_or_are_those_of_the_web_server() {
    let town = town().await;
    for (method, parameters, reason) in [
        (
            "RICERCASOGGETTO",
            "<CodiceFiscale>BNCNNA75T71B639E</CodiceFiscale>",
            NOT_FOUND,
        ),
        (
            "RICERCASOGGETTO",
            "<Cognome>PROVINI</Cognome><Nome>CARLO</Nome>",
            AMBIGUOUS,
        ),
        ("RICERCASOGGETTO", "", BAD_REQUEST),
        ("STATOFAMIGLIA", "<CodFamiglia>7</CodFamiglia>", NOT_FOUND),
        ("ALTRO", "", UNKNOWN_METHOD),
    ] {
        let answer = call(&town, method, parameters).await.answer();
        assert_eq!(answer.status, 200);
        assert_refused(&answer.text(), reason);
    }
    let wrong = envelope("C933", "wrong", "RICERCASOGGETTO", "");
    assert_refused(
        &send(&town, "C933", &wrong).await.answer().text(),
        BAD_CREDENTIALS,
    );
    let other_door = send(&town, "B639", &wrong).await.answer();
    assert_eq!(other_door.status, 401);
    assert_eq!(
        header(&other_door.head, "www-authenticate"),
        Some("basic realm=\"sici\"")
    );
    let nonsense = send(&town, "C933", "not xml").await.answer();
    assert!(nonsense.status == 500 && nonsense.text().contains(":Fault>"));
}

#[actix_web::test]
async fn a_family_is_found_by_number_and_by_member() {
    let town = town().await;
    let code = code_of("convivenza", "C933");
    for (parameters, members) in [
        ("<CodFamiglia>1001</CodFamiglia>".to_owned(), 3),
        (format!("<CodiceFiscale>{code}</CodiceFiscale>"), 12),
    ] {
        let family = call(&town, "STATOFAMIGLIA", &parameters)
            .await
            .answer()
            .text();
        assert_eq!(family.matches("<Componente>").count(), members);
    }
}

#[actix_web::test]
async fn a_second_call_waits_for_the_first() {
    let town = town().await;
    let slow = json!({"dialect": "d4", "fault": "slow", "ms": 250});
    town.fault(&slow.to_string()).await;
    let began = Instant::now();
    futures_util::future::join_all((0..3).map(|_| ask(&town))).await;
    assert!(began.elapsed() >= Duration::from_millis(750));
}
